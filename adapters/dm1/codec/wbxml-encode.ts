/** Message → WBXML octets. */
import type { Bytes } from '../../adapter';
import type { BodyCommand, Data, Element, Message } from '../message';
import {
  type CodePage,
  NAMESPACE_METINF,
  PAGE_DMDDF,
  PAGE_METINF,
  PAGE_SYNCML,
  PUBLIC_TEXT_DMDDF,
  publicNumberOf,
  publicTextOf,
  TOKENS,
} from './code-pages';
import { bufferOf } from './markup';
import { type MarkupWriter, writeCommand, writeMessage } from './message-write';
import { END, OPAQUE, STR_I, SWITCH_PAGE } from './wbxml-cursor';
import { elementToXml } from './xml-encode';

const VERSION_1_2 = 0x02;
const CHARSET_UTF8 = 0x6a;
const HAS_CONTENT = 0x40;
const FIRST_CAPACITY = 1024;

class WbxmlWriter implements MarkupWriter {
  /** Page that is in force. */
  page: CodePage = PAGE_SYNCML;
  private buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  private length = 0;

  octets(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** Header with the public id as a number, or as the only text in the string table. */
  header(publicId: number | string): void {
    this.put(VERSION_1_2);
    if (typeof publicId === 'number') {
      this.integer(publicId);
      this.put(CHARSET_UTF8);
      this.put(0);
      return;
    }
    this.put(0);
    this.put(0);
    this.put(CHARSET_UTF8);
    this.integer(publicId.length);
    this.bytes(Buffer.from(publicId, 'latin1'));
  }

  open(page: CodePage, name: string): void {
    this.tag(page, name, HAS_CONTENT);
  }

  close(): void {
    this.put(END);
  }

  empty(page: CodePage, name: string): void {
    this.tag(page, name, 0);
  }

  text(page: CodePage, name: string, text: string): void {
    if (text === '') return this.empty(page, name);
    this.open(page, name);
    this.string(text);
    this.close();
  }

  data(page: CodePage, name: string, data: Data): void {
    if (data.kind === 'text') return this.text(page, name, data.text);
    this.open(page, name);
    if (data.kind === 'octets') this.opaque(data.octets);
    else this.document(data.element);
    this.close();
  }

  /**
   * A document inside Data: Meta Information as elements, a MgmtTree as a document of its own in an opaque, any other,
   * for which there are no tokens, as XML text in an opaque.
   */
  private document(element: Element): void {
    if (element.namespace === NAMESPACE_METINF && isOf(PAGE_METINF, element)) return this.element(PAGE_METINF, element);
    this.opaque(isOf(PAGE_DMDDF, element) ? encodeDmddf(element) : Buffer.from(elementToXml(element), 'utf8'));
  }

  element(page: CodePage, element: Element): void {
    if (element.text === '' && element.children.length === 0) return this.empty(page, element.name);
    this.open(page, element.name);
    if (element.text !== '') this.string(element.text);
    for (const child of element.children) this.element(page, child);
    this.close();
  }

  private tag(page: CodePage, name: string, flags: number): void {
    if (page !== this.page) {
      this.put(SWITCH_PAGE);
      this.put(page);
      this.page = page;
    }
    const token = TOKENS[page].get(name);
    if (token === undefined) throw new Error(`WBXML has no token for ${name}`);
    this.put(token | flags);
  }

  private string(text: string): void {
    if (text.includes('\0')) return this.opaque(Buffer.from(text, 'utf8'));
    this.reserve(text.length * 3 + 2);
    this.buffer[this.length++] = STR_I;
    this.length += this.buffer.write(text, this.length, 'utf8');
    this.buffer[this.length++] = 0;
  }

  private opaque(octets: Bytes): void {
    this.put(OPAQUE);
    this.integer(octets.length);
    this.bytes(octets);
  }

  private integer(value: number): void {
    for (const shift of [28, 21, 14, 7]) {
      if (value >= 2 ** shift) this.put(0x80 | (Math.floor(value / 2 ** shift) & 0x7f));
    }
    this.put(value & 0x7f);
  }

  private bytes(octets: Bytes): void {
    this.reserve(octets.length);
    this.buffer.set(bufferOf(octets), this.length);
    this.length += octets.length;
  }

  private put(octet: number): void {
    this.reserve(1);
    this.buffer[this.length++] = octet;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + more));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

/** Whether all names of a document have tokens on a page. */
function isOf(page: CodePage, element: Element): boolean {
  return TOKENS[page].has(element.name) && element.children.every((child) => isOf(page, child));
}

function encodeDmddf(element: Element): Uint8Array {
  const writer = new WbxmlWriter();
  // With its NUL, as this table is written everywhere; that of a message has none.
  writer.header(`${PUBLIC_TEXT_DMDDF}\0`);
  writer.element(PAGE_DMDDF, element);
  return writer.octets();
}

/**
 * Encodes a message as WBXML 1.2: text as STR_I (as OPAQUE when it holds NUL), octets as OPAQUE, no string table but
 * for the public id where the client writes it as text.
 *
 * Source: WAP-192-WBXML; OMA SyncML RepPro 1.2, "WBXML Definitions".
 */
export function encodeWbxml(message: Message, publicId: 'number' | 'text' = 'number'): Uint8Array {
  const writer = new WbxmlWriter();
  const number = publicNumberOf(message.namespace, message.header.verDtd);
  writer.header(publicId === 'text' ? publicTextOf(number) : number);
  writer.open(PAGE_SYNCML, 'SyncML');
  writeMessage(writer, message);
  writer.close();
  return writer.octets();
}

/** Octets that a command takes in a message. Exact, or the two octets of a page switch more behind the last command. */
export function wbxmlSizeOf(command: BodyCommand): number {
  const writer = new WbxmlWriter();
  writeCommand(writer, command);
  return writer.octets().length + (writer.page === PAGE_SYNCML ? 0 : 2);
}
