/** Reading position in a WBXML document: the header and the primitives that all its vocabularies share. */
import { isUtf8 } from 'node:buffer';

import type { Bytes } from '../../adapter';
import { publicIdOfText, type PublicId, PUBLIC_NUMBERS, UNKNOWN_PUBLIC_ID } from './code-pages';
import { Refusal } from './errors';
import type { CodecLimits } from './limits';
import { bufferOf } from './markup';

export const SWITCH_PAGE = 0x00;
export const END = 0x01;
export const ENTITY = 0x02;
export const STR_I = 0x03;
export const LITERAL = 0x04;
export const EXT_I_0 = 0x40;
export const PI = 0x43;
export const EXT_T_0 = 0x80;
export const STR_T = 0x83;
export const EXT_0 = 0xc0;
export const OPAQUE = 0xc3;

/** IANA MIBenum numbers of the charsets that are read. 0 (unknown) and US-ASCII are read as UTF-8. */
const CHARSET_LATIN1 = 4;
const CHARSETS: ReadonlySet<number> = new Set([0, 3, CHARSET_LATIN1, 106]);

export interface Header {
  readonly publicId: PublicId;
  /** Whether the public id came as text in the string table. */
  readonly textual: boolean;
}

/** Refuses by throwing {@link Refusal}; every step takes at least one octet, so a document ends. */
export class WbxmlCursor {
  at = 0;
  private readonly buffer: Buffer;
  /** All octets one to one as characters: cuts of it are text wherever the octets are US-ASCII, and cost nothing. */
  private readonly characters: string;
  private latin1 = false;
  private table: Buffer = Buffer.alloc(0);
  private readonly tableTexts = new Map<number, string | Bytes>();
  private textLeft: number;

  constructor(
    octets: Bytes,
    private readonly limits: CodecLimits,
  ) {
    if (octets.length === 0) throw new Refusal('EMPTY');
    if (octets.length > limits.maxOctets)
      throw new Refusal('LIMIT_OCTETS', `${octets.length} octets, ${limits.maxOctets} allowed`);
    this.buffer = bufferOf(octets);
    this.characters = this.buffer.toString('latin1');
    this.textLeft = limits.maxText;
  }

  /** Version, public id, charset and string table. Errors: WBXML_VERSION, CHARSET_UNSUPPORTED, WBXML_STRING_TABLE, LIMIT_STRING_TABLE. */
  header(): Header {
    const version = this.octet();
    if (version > 0x0f) throw new Refusal('WBXML_VERSION', `octet ${version.toString(16)}`, 0);
    const number = this.integer();
    const index = number === 0 ? this.integer() : undefined;
    if (version > 0x00) this.charset();
    const length = this.integer();
    if (length > this.buffer.length - this.at) throw new Refusal('WBXML_STRING_TABLE', `length ${length}`, this.at);
    if (length > this.limits.maxStringTable) throw new Refusal('LIMIT_STRING_TABLE', `${length} octets`, this.at);
    this.table = this.buffer.subarray(this.at, (this.at += length));
    if (index === undefined) return { publicId: PUBLIC_NUMBERS.get(number) ?? UNKNOWN_PUBLIC_ID, textual: false };
    return { publicId: publicIdOfText(this.nameAt(index)), textual: true };
  }

  private charset(): void {
    const charset = this.integer();
    if (!CHARSETS.has(charset)) throw new Refusal('CHARSET_UNSUPPORTED', `MIBenum ${charset}`, this.at);
    this.latin1 = charset === CHARSET_LATIN1;
  }

  octet(): number {
    const octet = this.buffer[this.at];
    if (octet === undefined) throw new Refusal('WBXML_TRUNCATED', undefined, this.at);
    this.at++;
    return octet;
  }

  /** mb_u_int32: groups of seven bits, at most five octets. */
  integer(): number {
    const start = this.at;
    let value = 0;
    for (let count = 0; count < 5; count++) {
      const octet = this.octet();
      value = value * 128 + (octet & 0x7f);
      if (octet < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw new Refusal('WBXML_INTEGER', undefined, start);
  }

  /** The text behind STR_I, up to its NUL. Octets instead where they are not of the document's charset. */
  inline(): string | Bytes {
    const { buffer, at: start } = this;
    let end = start;
    let high = 0;
    for (;;) {
      const octet = buffer[end];
      if (octet === undefined) throw new Refusal('WBXML_TRUNCATED', 'a string has no end', start);
      if (octet === 0) break;
      high |= octet;
      end++;
    }
    this.at = end + 1;
    this.count(end - start);
    return high < 0x80 || this.latin1 ? this.characters.slice(start, end) : decoded(buffer.subarray(start, end));
  }

  /** The text behind STR_T. Errors: WBXML_STRING_TABLE; LIMIT_TEXT, for few octets can name much text. */
  reference(): string | Bytes {
    const offset = this.integer();
    let text = this.tableTexts.get(offset);
    if (text === undefined) {
      const octets = this.tableOctets(offset);
      text = this.latin1 ? octets.toString('latin1') : decoded(octets);
      this.tableTexts.set(offset, text);
    }
    this.count(text.length);
    return text;
  }

  /** The name behind LITERAL. */
  literalName(): string {
    return this.nameAt(this.integer());
  }

  /** The character behind ENTITY. Errors: WBXML_TOKEN when there is no such character. */
  entity(): string {
    const code = this.integer();
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      throw new Refusal('WBXML_TOKEN', `entity ${code}`, this.at);
    this.count(2);
    return String.fromCodePoint(code);
  }

  /** The octets behind OPAQUE, not copied. Errors: WBXML_OPAQUE. */
  opaque(): Bytes {
    const length = this.integer();
    if (length > this.buffer.length - this.at) throw new Refusal('WBXML_OPAQUE', `length ${length}`, this.at);
    this.count(length);
    const { buffer, at } = this;
    this.at += length;
    return new Uint8Array(buffer.buffer, buffer.byteOffset + at, length);
  }

  /** Passes what belongs to an EXT_… token. False when the token is none of them. */
  skipExtension(token: number): boolean {
    if (token >= EXT_I_0 && token <= EXT_I_0 + 2) this.inline();
    else if (token >= EXT_T_0 && token <= EXT_T_0 + 2) this.integer();
    else if (token < EXT_0 || token > EXT_0 + 2) return false;
    return true;
  }

  /** Passes an attribute list, or the rest of a processing instruction, with its END. What literals name is not looked at. */
  skipAttributes(): void {
    for (;;) {
      const token = this.octet();
      if (token === END) return;
      if (token === SWITCH_PAGE) this.octet();
      else if (token === STR_I) this.inline();
      else if (token === ENTITY || token === STR_T || token === LITERAL) this.integer();
      else if (token === OPAQUE) this.opaque();
      else this.skipExtension(token);
    }
  }

  private nameAt(index: number): string {
    const name = this.tableOctets(index);
    this.count(name.length);
    return name.toString('latin1');
  }

  private tableOctets(offset: number): Buffer {
    const { table } = this;
    if (offset >= table.length) throw new Refusal('WBXML_STRING_TABLE', `offset ${offset} of ${table.length}`, this.at);
    const end = table.indexOf(0, offset);
    return table.subarray(offset, end < 0 ? table.length : end);
  }

  private count(length: number): void {
    this.textLeft -= length;
    if (this.textLeft < 0) throw new Refusal('LIMIT_TEXT', `${this.limits.maxText} characters allowed`, this.at);
  }
}

function decoded(octets: Buffer): string | Bytes {
  return isUtf8(octets) ? octets.toString('utf8') : new Uint8Array(octets);
}
