/** Message → XML octets. */
import type { BodyCommand, Data, Element, Message } from '../message';
import { type CodePage, NAMESPACE_METINF, PAGE_METINF } from './code-pages';
import { bufferOf } from './markup';
import { type MarkupWriter, writeCommand, writeMessage } from './message-write';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** Element that stands for the Data itself when its content is not one element alone; see the reader. */
export const WHOLE_DATA = 'Data';

/** What no XML 1.0 document can hold, not even as a reference; lone surrogates among it. */
const FORBIDDEN =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const FORBIDDEN_ALL = new RegExp(FORBIDDEN.source, 'g');
const SPECIAL = /[<>&"']/;
const SPECIAL_ALL = /[<>&"']/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};

/**
 * Whether XML carries a text unchanged. It cannot carry most control characters, and readers turn CR into LF:
 * such a value has to travel as base64 or in WBXML.
 */
export function fitsXml(text: string): boolean {
  return !FORBIDDEN.test(text) && !text.includes('\r');
}

/** Only the five named entities: numeric references make one client drop the session. What XML cannot hold becomes U+FFFD. */
export function escaped(text: string): string {
  const legal = FORBIDDEN.test(text) ? text.replace(FORBIDDEN_ALL, '\ufffd') : text;
  return SPECIAL.test(legal) ? legal.replace(SPECIAL_ALL, (character) => ENTITIES[character] ?? '') : legal;
}

class XmlWriter implements MarkupWriter {
  xml = '';

  /** @param namespace  default namespace in force where writing begins */
  constructor(private readonly namespace: string | undefined) {}

  open(page: CodePage, name: string): void {
    this.xml += page === PAGE_METINF ? `<${name} xmlns="${NAMESPACE_METINF}">` : `<${name}>`;
  }

  close(name: string): void {
    this.xml += `</${name}>`;
  }

  empty(page: CodePage, name: string): void {
    this.xml += page === PAGE_METINF ? `<${name} xmlns="${NAMESPACE_METINF}"/>` : `<${name}/>`;
  }

  text(page: CodePage, name: string, text: string): void {
    if (text === '') return this.empty(page, name);
    this.open(page, name);
    this.xml += `${escaped(text)}</${name}>`;
  }

  data(page: CodePage, name: string, data: Data): void {
    if (data.kind === 'text') return this.text(page, name, data.text);
    if (data.kind === 'octets') return this.text(page, name, bufferOf(data.octets).toString('base64'));
    if (data.element.name === WHOLE_DATA) {
      this.xml += elementText(data.element, this.namespace);
      return;
    }
    this.open(page, name);
    this.xml += `${elementText(data.element, this.namespace)}</${name}>`;
  }
}

function elementText(element: Element, outer: string | undefined): string {
  const namespace = element.namespace ?? outer;
  const declaration = namespace === outer || namespace === undefined ? '' : ` xmlns="${escaped(namespace)}"`;
  if (element.text === '' && element.children.length === 0) return `<${element.name}${declaration}/>`;
  let xml = `<${element.name}${declaration}>${escaped(element.text)}`;
  for (const child of element.children) xml += elementText(child, namespace);
  return `${xml}</${element.name}>`;
}

/** An element as XML text with its namespace declared and no declaration before it, as TNDS travels inside Data. */
export function elementToXml(element: Element): string {
  if (element.name !== WHOLE_DATA) return elementText(element, undefined);
  return escaped(element.text) + element.children.map((child) => elementText(child, undefined)).join('');
}

/**
 * Encodes a message as XML in UTF-8: elements in DTD order, no white space between them, `syncml:metinf` declared on
 * each child of Meta. Octets in Data are written as base64; the caller has set Format `b64`.
 *
 * @param bare  leaves the XML declaration out
 */
export function encodeXml(message: Message, bare = false): Uint8Array {
  const writer = new XmlWriter(message.namespace);
  writeMessage(writer, message);
  const root = message.namespace === undefined ? '<SyncML>' : `<SyncML xmlns="${escaped(message.namespace)}">`;
  return Buffer.from(`${bare ? '' : DECLARATION}${root}${writer.xml}</SyncML>`, 'utf8');
}

/** Octets that a command takes in a message. Exact, or a namespace declaration more where Data holds elements. */
export function xmlSizeOf(command: BodyCommand): number {
  const writer = new XmlWriter(undefined);
  writeCommand(writer, command);
  return Buffer.byteLength(writer.xml, 'utf8');
}
