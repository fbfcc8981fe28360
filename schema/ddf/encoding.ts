/** Octets of an XML file as text. */

export interface DecodedText {
  readonly text: string;
  readonly encoding: string;
  /** Offset of the first octet that did not fit the encoding; absent when all did. */
  readonly badOctetAt?: number;
}

/** Windows-1252 from 80 to 9F; octets without a meaning become the replacement character. */
const UPPER_CONTROLS = [...'€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ'];

/**
 * Obeys byte-order marks and the look of UTF-16 without one; all else is UTF-8, unless the declaration names a one-octet
 * encoding. Octets that are no UTF-8 are read as Windows-1252 one by one: files in the field have a typographic quotation
 * mark of an old editor between good UTF-8. Never throws; time is linear.
 */
export function decodeXml(octets: Uint8Array): DecodedText {
  const [a, b, c] = [octets[0], octets[1], octets[2]];
  if (a === 0xff && b === 0xfe) return { text: new TextDecoder('utf-16le').decode(octets), encoding: 'UTF-16LE' };
  if (a === 0xfe && b === 0xff) return { text: new TextDecoder('utf-16be').decode(octets), encoding: 'UTF-16BE' };
  if (a === 0x3c && b === 0) return { text: new TextDecoder('utf-16le').decode(octets), encoding: 'UTF-16LE' };
  if (a === 0 && b === 0x3c) return { text: new TextDecoder('utf-16be').decode(octets), encoding: 'UTF-16BE' };
  const hasMark = a === 0xef && b === 0xbb && c === 0xbf;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(octets);
    return { text, encoding: 'UTF-8' };
  } catch {
    if (!hasMark && declaresOneOctetEncoding(octets)) {
      return { text: decodeWindows1252(octets), encoding: 'windows-1252' };
    }
    return decodeMixed(octets);
  }
}

function declaresOneOctetEncoding(octets: Uint8Array): boolean {
  const head = new TextDecoder('latin1').decode(octets.subarray(0, 200));
  return /^\s*<\?xml[^>]{0,100}encoding\s{0,9}=\s{0,9}["'](?:iso-8859-1|latin1|windows-1252|us-ascii)["']/i.test(head);
}

function decodeMixed(octets: Uint8Array): DecodedText {
  const utf8 = new TextDecoder('utf-8');
  const parts: string[] = [];
  let badOctetAt: number | undefined;
  let goodFrom = 0;
  let i = 0;
  while (i < octets.length) {
    const length = sequenceLength(octets, i);
    if (length > 0) {
      i += length;
      continue;
    }
    badOctetAt ??= i;
    if (goodFrom < i) parts.push(utf8.decode(octets.subarray(goodFrom, i)));
    const badFrom = i;
    while (i < octets.length && sequenceLength(octets, i) === 0) i++;
    parts.push(decodeWindows1252(octets.subarray(badFrom, i)));
    goodFrom = i;
  }
  if (goodFrom < octets.length) parts.push(utf8.decode(octets.subarray(goodFrom)));
  return { text: parts.join(''), encoding: 'UTF-8', badOctetAt };
}

/** Some releases of Node.js decode 'windows-1252' as ISO 8859-1, which has control characters at 80 to 9F. */
function decodeWindows1252(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length)
    .toString('latin1')
    .replace(/[\u0080-\u009f]/g, (character) => UPPER_CONTROLS[character.charCodeAt(0) - 0x80] ?? character);
}

/** Octets of the UTF-8 character that begins here; 0 when none does (RFC 3629, section 4). */
function sequenceLength(octets: Uint8Array, at: number): number {
  const first = octets[at] ?? 0;
  if (first < 0x80) return 1;
  const second = octets[at + 1] ?? 0;
  if (first >= 0xc2 && first <= 0xdf) return isTail(second) ? 2 : 0;
  const third = octets[at + 2] ?? 0;
  if (first >= 0xe0 && first <= 0xef) {
    const low = first === 0xe0 ? 0xa0 : 0x80;
    const high = first === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && isTail(third) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const low = first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high && isTail(third) && isTail(octets[at + 3] ?? 0) ? 4 : 0;
  }
  return 0;
}

function isTail(octet: number): boolean {
  return (octet & 0xc0) === 0x80;
}
