/** Percent-encoding of RFC 3986 that never throws, for names and values inside ClientURIs and ServerURIs. */
import { partOf } from '../http/utf8';

const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

/** Encodes everything but unreserved characters and those in `literal`; a lone surrogate becomes U+FFFD. */
export function percentEncode(text: string, literal = ''): string {
  let encoded = '';
  for (const octet of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(octet);
    const plain = UNRESERVED.test(character) || literal.includes(character);
    encoded += plain ? character : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** Decodes `%XX`; `undefined` when a `%` is followed by no two hex digits or the octets are not UTF-8. A plus stays one. */
export function percentDecode(text: string): string | undefined {
  if (!text.includes('%')) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;

  const octets = Buffer.from(text, 'utf8');
  const decoded: number[] = [];
  for (let at = 0; at < octets.length; at += 1) {
    const octet = octets[at] ?? 0;
    if (octet !== 0x25) {
      decoded.push(octet);
      continue;
    }
    decoded.push(parseInt(octets.toString('latin1', at + 1, at + 3), 16));
    at += 2;
  }
  return partOf(Uint8Array.from(decoded));
}
