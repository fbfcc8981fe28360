/** LocURI ⇄ path in the device's tree. Source: dm1 6.1. */
import type { Path } from '../tree';

export interface LocUri {
  readonly path: Path;
  /** `?prop=NAME`. */
  readonly prop?: string;
  /** `?list=…`. */
  readonly list?: string;
}

const MAX_LENGTH = 1024;

export type LocUriProblem = 'MALFORMED' | 'TOO_LONG';

/** Reads a LocURI: `.`, `./A/B`, `A/B`, with an optional `?prop=` or `?list=`. */
export function readLocUri(
  text: string,
): { readonly ok: true; readonly value: LocUri } | { readonly ok: false; readonly problem: LocUriProblem } {
  const trimmed = text.trim();
  if (trimmed.length > MAX_LENGTH) return { ok: false, problem: 'TOO_LONG' };
  const at = trimmed.indexOf('?');
  const place = at < 0 ? trimmed : trimmed.slice(0, at);
  const query = at < 0 ? undefined : trimmed.slice(at + 1);
  const path = readPlace(place);
  if (path === undefined) return { ok: false, problem: 'MALFORMED' };
  if (query === undefined) return { ok: true, value: { path } };
  if (query.startsWith('prop=')) return { ok: true, value: { path, prop: query.slice(5) } };
  return query.startsWith('list=')
    ? { ok: true, value: { path, list: query.slice(5) } }
    : { ok: false, problem: 'MALFORMED' };
}

function readPlace(place: string): Path | undefined {
  // `./?prop=…` is taken for the root as well.
  if (place === '.' || place === './') return [];
  const relative = place.startsWith('./') ? place.slice(2) : place;
  if (relative === '' || relative.startsWith('/') || relative.endsWith('/')) return undefined;
  const names: string[] = [];
  for (const segment of relative.split('/')) {
    const name = decode(segment);
    if (name === undefined || name === '' || name === '.' || name === '..') return undefined;
    names.push(name);
  }
  return names;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** A name as it stands in a URI: what RFC 2396 does not allow in a segment is percent-encoded. */
export function segmentOf(name: string): string {
  return encodeURIComponent(name).replace(/%(?:3A|40|26|3D|2B|24|2C)/g, (code) => decodeURIComponent(code));
}

export function locUriOf(path: Path): string {
  return path.length === 0 ? '.' : `./${path.map(segmentOf).join('/')}`;
}
