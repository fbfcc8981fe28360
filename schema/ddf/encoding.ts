/** Octets of an XML file as text. Source: XML 1.0, section 4.3.3 and appendix F; RFC 3629. */
import type { Place } from './model';
import { placeAfter } from './place';

export interface DecodedText {
  readonly text: string;
  readonly encoding: string;
  /** Where the first octet stands that did not fit the encoding; absent when all did. */
  readonly misfit?: Place & { readonly offset: number };
  /** The encoding that the XML declaration names, where the file is in another. */
  readonly declared?: string;
}

/** Windows-1252 from 80 to 9F; octets without a meaning become the replacement character. */
const UPPER_CONTROLS = [...'€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ'].map((character) =>
  character.charCodeAt(0),
);
/** How this machine lays out the units of UTF-16. */
const ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 'utf-16le' : 'utf-16be';
/** Labels of encodings that are read as Windows-1252, which has more characters at the same places. */
const WINDOWS_1252 = /^(?:iso-?8859-1|latin-?1|windows-1252|cp-?1252|us-ascii|ascii)$/i;
const UTF_8 = /^utf-?8$/i;
const UTF_16 = /^(?:utf-?16(?:le|be)?|ucs-?2|iso-10646-ucs-2|unicode)$/i;

/**
 * Obeys byte-order marks and the look of UTF-16 without one; all else is UTF-8 when it can be, then what the declaration
 * names. Octets that fit neither are read as Windows-1252 one by one: files in the field have a typographic quotation
 * mark of an old editor between good UTF-8. Never throws; time is linear.
 */
export function decodeXml(octets: Uint8Array): DecodedText {
  const utf16 = utf16Of(octets);
  if (utf16) return decodeUtf16(octets, utf16);
  const declared = declaredEncoding(octets);
  const text = tryDecode('utf-8', octets);
  if (text !== undefined) {
    const isOther = declared !== undefined && !UTF_8.test(declared);
    // Text of ASCII alone is in every encoding that extends it.
    const isWrong = isOther && (UTF_16.test(declared) || text.length !== octets.length);
    return { text, encoding: 'UTF-8', ...(isWrong ? { declared } : {}) };
  }
  const hasMark = octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf;
  if (declared === undefined || hasMark || UTF_8.test(declared) || UTF_16.test(declared)) return decodeMixed(octets);
  if (WINDOWS_1252.test(declared)) return { text: decodeWindows1252(octets), encoding: 'windows-1252' };
  const other = tryDecode(declared, octets);
  return other === undefined ? decodeMixed(octets) : { text: other, encoding: declared };
}

function utf16Of([a, b]: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0)) return 'utf-16le';
  return (a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c) ? 'utf-16be' : undefined;
}

function decodeUtf16(octets: Uint8Array, label: 'utf-16le' | 'utf-16be'): DecodedText {
  const strict = tryDecode(label, octets);
  const text = strict ?? new TextDecoder(label).decode(octets);
  const declared = DECLARATION.exec(text.slice(0, 200))?.[1];
  const at = text.indexOf('\ufffd');
  return {
    text,
    encoding: label.toUpperCase(),
    ...(strict === undefined ? { misfit: { ...placeAfter(text.slice(0, at)), offset: 2 * at } } : {}),
    ...(declared === undefined || UTF_16.test(declared) ? {} : { declared }),
  };
}

const DECLARATION = /^\ufeff?\s{0,9}<\?xml[^>]{0,100}?encoding\s{0,9}=\s{0,9}["']([A-Za-z][A-Za-z0-9._-]{0,40})["']/;

function declaredEncoding(octets: Uint8Array): string | undefined {
  return DECLARATION.exec(Buffer.from(octets.subarray(0, 200)).toString('utf8'))?.[1];
}

/** Undefined when an octet does not fit, or nobody knows the label. */
function tryDecode(label: string, octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true }).decode(octets);
  } catch {
    return undefined;
  }
}

/** UTF-8 where it is UTF-8, and Windows-1252 octet by octet where it is not. */
function decodeMixed(octets: Uint8Array): DecodedText {
  // A character takes no more UTF-16 units than it has octets of UTF-8.
  const units = new Uint16Array(octets.length);
  let length = 0;
  let badAt = -1;
  for (let i = 0; i < octets.length;) {
    const size = sequenceLength(octets, i);
    if (size === 0) {
      if (badAt < 0) badAt = i;
      units[length++] = windows1252(octets[i] ?? 0);
      i++;
      continue;
    }
    const point = codePoint(octets, i, size);
    if (point > 0xffff) {
      units[length++] = 0xd800 + ((point - 0x10000) >> 10);
      units[length++] = 0xdc00 + ((point - 0x10000) & 0x3ff);
    } else units[length++] = point;
    i += size;
  }
  const text = textOf(units.subarray(0, length));
  if (badAt < 0) return { text, encoding: 'UTF-8' };
  const before = new TextDecoder('utf-8').decode(octets.subarray(0, badAt));
  return { text, encoding: 'UTF-8', misfit: { ...placeAfter(before), offset: badAt } };
}

/** Some releases of Node.js decode 'windows-1252' as ISO 8859-1, which has control characters at 80 to 9F. */
function decodeWindows1252(octets: Uint8Array): string {
  return textOf(Uint16Array.from(octets, windows1252));
}

function windows1252(octet: number): number {
  return octet >= 0x80 && octet <= 0x9f ? (UPPER_CONTROLS[octet - 0x80] ?? 0xfffd) : octet;
}

function textOf(units: Uint16Array): string {
  return new TextDecoder(ENDIAN, { ignoreBOM: true }).decode(units);
}

function codePoint(octets: Uint8Array, at: number, size: number): number {
  const first = octets[at] ?? 0;
  if (size === 1) return first;
  let point = first & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) point = (point << 6) | ((octets[at + i] ?? 0) & 0x3f);
  return point;
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
