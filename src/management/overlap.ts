/** Which commands touch the same nodes of a device. Pure. */
import { isWrite, type LiveCommand } from './command-state';
import { normaliseUri, rawName } from './places';

type Addressed = Pick<LiveCommand, 'kind' | 'family' | 'miid' | 'path' | 'uri'>;

/**
 * Whether one address is the other's or lies above it; addresses that cannot be compared count as overlapping. LocURIs are
 * compared without their case, for a device may not tell it.
 */
export function overlap(a: Addressed, b: Addressed): boolean {
  if (a.uri !== null && b.uri !== null) return nests(uriPath(a.uri), uriPath(b.uri));
  if (a.family === null || b.family === null) return true;
  if (a.family !== b.family) return false;
  if (a.miid !== null && b.miid !== null && a.miid !== b.miid) return false;
  return nests(a.path, b.path);
}

/** Whether two commands may not change places: they touch the same nodes, and one of them changes something. */
export function conflict(a: Addressed, b: Addressed): boolean {
  return (isWrite(a.kind) || isWrite(b.kind)) && overlap(a, b);
}

/** Whether a command may change more than what is at its address. */
export function reachesFar({ kind }: Addressed): boolean {
  return kind === 'exec' || kind === 'copy' || kind === 'show';
}

/** Whether two addresses are written alike. */
export function isSameAddress(a: Addressed, b: Addressed): boolean {
  return a.family === b.family && a.miid === b.miid && a.path === b.path && a.uri === b.uri;
}

function nests(a: string, b: string): boolean {
  return a === b || a === '' || b === '' || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

/** Names of a LocURI below the root, decoded where they are percent-encoded. */
function uriPath(uri: string): string {
  const normal = normaliseUri(uri);
  if (normal === '.') return '';
  return normal.slice(2).split('/').map(rawName).join('/').toLowerCase();
}
