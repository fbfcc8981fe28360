/** A document as elements and text: what both parsers make and the message reader takes. */
import { isUtf8 } from 'node:buffer';

import type { Bytes } from '../../adapter';

export interface Markup {
  /** Local name, without prefix. */
  readonly name: string;
  readonly namespace?: string;
  readonly children: Markup[];
  /** All text of the element itself, joined. Where `pieces` is present, read that instead. */
  text: string;
  /** Text and opaque octets in their order, as soon as any of it is opaque (WBXML). */
  pieces?: (string | Bytes)[];
}

/** The element's content as octets, when any of it was opaque. */
export function octetsOf(element: Markup): Bytes | undefined {
  const { pieces } = element;
  if (!pieces) return undefined;
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined && typeof first !== 'string') return first;
  return new Uint8Array(
    Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece))),
  );
}

/** Octets as text, or undefined when they are not UTF-8. */
export function utf8Of(octets: Bytes): string | undefined {
  return isUtf8(octets) ? bufferOf(octets).toString('utf8') : undefined;
}

/** The element's content as text, whichever way it came. What is not UTF-8 shows as U+FFFD. */
export function textOf(element: Markup): string {
  const octets = octetsOf(element);
  return octets ? bufferOf(octets).toString('utf8') : element.text;
}

/** The same octets as a Buffer, not copied. */
export function bufferOf(octets: Bytes): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Whether a text has the characters of base64 alone: a part of base64 text, cut anywhere. */
export function looksBase64(text: string): boolean {
  return /^[A-Za-z0-9+/\s]*[=\s]*$/.test(text);
}

/** Whether a text is base64 with padding; line breaks and white space do not count. */
export function isBase64(text: string): boolean {
  const compact = text.replace(/\s+/g, '');
  return compact.length % 4 === 0 && BASE64.test(compact);
}
