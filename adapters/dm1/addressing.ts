import type { Address } from '../adapter';

/**
 * DM 1.x addresses. On the wire a node is a LocURI, `./A/B`, perhaps with `?prop=` or `?list=`. A path of the
 * middle is raw node names with only `/` and `%` percent-encoded. ASCII characters that RFC 2396 forbids are
 * percent-encoded on the wire; others travel as UTF-8, for clients compare without decoding.
 * Source: OMA-TS-DM_TND, "Node addressing".
 */

/** Characters of a segment that may not stand in a LocURI as they are. `?` would begin a property. */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0020"#%/<>?[\\\]^`{|}\u007f]/g;
const ENCODED = /^(?:[^%]|%[0-9A-Fa-f]{2})*$/;

/** LocURI of an address; undefined when the middle knows no place for the MO. */
export function locUriOf(address: Address): string | undefined {
  if ('uri' in address) return absolute(address.uri);
  if (address.place === undefined) return undefined;
  const below = address.path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => encodeName(decodeName(segment)));
  const place = absolute(address.place);
  return below.length === 0 ? place : `${place}/${below.join('/')}`;
}

/** The same LocURI written from the root: `./A/B`, without a slash at the end; the root itself is `.`. */
export function absolute(uri: string): string {
  const text = uri.trim();
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const query = mark < 0 ? '' : text.slice(mark);
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  return (segments.length === 0 ? '.' : `./${segments.join('/')}`) + query;
}

/** Text by which two spellings of one LocURI are equal: relative or absolute, percent-encoded or not. */
export function canonical(uri: string): string {
  const text = absolute(uri);
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const query = mark < 0 ? '' : text.slice(mark);
  return (
    path
      .split('/')
      .map((segment) => pathSegment(decodeName(segment)))
      .join('/') + query
  );
}

/** LocURI of a child, by its name as the device tells it (some clients tell names percent-encoded). */
export function childUri(parent: string, told: string): string {
  return `${parent}/${told.includes('%') && ENCODED.test(told) ? told.replace(FORBIDDEN, keepPercent) : encodeName(told)}`;
}

/** Raw name of the node that a LocURI ends in; `.` for the root. */
export function nodeName(uri: string): string {
  const text = absolute(uri);
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  return decodeName(path.slice(path.lastIndexOf('/') + 1));
}

/** Percent-decodes one segment; a text that is no percent-encoded UTF-8 is a raw name already. */
export function decodeName(segment: string): string {
  if (!segment.includes('%') || !ENCODED.test(segment)) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** One name as a segment of the middle's paths. */
export function pathSegment(name: string): string {
  return name.replace(/[%/]/g, (character) => (character === '%' ? '%25' : '%2F'));
}

/** Path of the middle for a LocURI at or below a place; undefined when it lies elsewhere. */
export function pathBelow(place: string, uri: string): string | undefined {
  const root = canonical(place);
  const node = canonical(uri);
  if (node === root) return '';
  return node.startsWith(`${root}/`) ? node.slice(root.length + 1) : undefined;
}

function encodeName(name: string): string {
  return name.replace(FORBIDDEN, percent);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function keepPercent(character: string): string {
  return character === '%' ? character : percent(character);
}
