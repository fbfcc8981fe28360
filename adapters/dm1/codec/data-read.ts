/** What the content of a Data, NextNonce or Cred element is: text, octets or a document. */
import type { Bytes } from '../../adapter';
import type { Data, Element } from '../message';
import { attempt } from './errors';
import type { CodecLimits } from './limits';
import { bufferOf, isBase64, looksBase64, type Markup, octetsOf, textOf, utf8Of } from './markup';
import { parseWbxml } from './wbxml-parse';

/** What the Meta of an Item, or of its command, says of the Data. */
export interface DataContext {
  readonly format?: string;
  readonly type?: string;
  /** A part of a large object: no document begins in it. */
  readonly partial?: boolean;
}

/** Characters of text that an embedded document may have for each of its octets: string tables repeat. */
const EMBEDDED_EXPANSION = 8;

const isBlank = (text: string): boolean => text.trim() === '';

/**
 * An element that the message model keeps as it is. Text between child elements goes when it is white space alone;
 * opaque octets that are no text become base64, as they would have travelled in XML.
 */
export function readElement(markup: Markup): Element {
  const octets = octetsOf(markup);
  const text = octets ? (utf8Of(octets) ?? bufferOf(octets).toString('base64')) : markup.text;
  const children = markup.children.map(readElement);
  const element: { name: string; namespace?: string; children: readonly Element[]; text: string } = {
    name: markup.name,
    children,
    text: children.length > 0 && isBlank(text) ? '' : text,
  };
  if (markup.namespace !== undefined) element.namespace = markup.namespace;
  return element;
}

/**
 * Data of an Item. One child element is that element; several, or text beside them, are an element named as the
 * Data itself that holds them. Opaque octets are judged by Meta and by themselves:
 *
 * - a complete WBXML document of a known vocabulary, where Type does not speak of something else: that document
 *   (the label may say `+xml`; it lies in the field);
 * - Format `bin`: octets; `b64`: the base64 text (a chunk may be cut anywhere), or octets when they are none;
 * - else text, or octets when they are not UTF-8.
 *
 * Source: OMA SyncML RepPro 1.2, "Data"; OMA-TS-DM_TND, "Serialization".
 */
export function readData(markup: Markup, context: DataContext, limits: CodecLimits): Data {
  if (markup.children.length > 0) {
    const [only] = markup.children;
    const alone = markup.children.length === 1 && only !== undefined && isBlank(textOf(markup));
    return { kind: 'element', element: readElement(alone ? only : markup) };
  }
  const octets = octetsOf(markup);
  if (!octets) return { kind: 'text', text: markup.text };
  const embedded = embeddedDocument(octets, context, limits);
  if (embedded) return { kind: 'element', element: embedded };
  const format = context.format?.toLowerCase();
  if (format === 'bin') return { kind: 'octets', octets };
  const text = utf8Of(octets);
  if (text === undefined || (format === 'b64' && !looksBase64(text))) return { kind: 'octets', octets };
  return { kind: 'text', text };
}

/** NextNonce or credential: base64 text, with white space round it taken off; opaque octets that are no base64 text stay octets. */
export function readSecret(markup: Markup): Data {
  const octets = octetsOf(markup);
  if (!octets) return { kind: 'text', text: markup.text.trim() };
  const text = utf8Of(octets);
  return text !== undefined && isBase64(text) ? { kind: 'text', text: text.trim() } : { kind: 'octets', octets };
}

function embeddedDocument(octets: Bytes, context: DataContext, limits: CodecLimits): Element | undefined {
  const [first] = octets;
  if (first === undefined || first < 0x01 || first > 0x03 || context.partial) return undefined;
  if (context.type && !/xml/i.test(context.type)) return undefined;
  // Many embedded documents must not each name as much text as a whole message may.
  const own = { ...limits, maxText: Math.min(limits.maxText, octets.length * EMBEDDED_EXPANSION) };
  const document = attempt(() => parseWbxml(octets, own));
  if (!document.ok) return undefined;
  const { vocabulary } = document.value.publicId;
  return vocabulary === 'unknown' || vocabulary === 'provisioning' ? undefined : readElement(document.value.root);
}
