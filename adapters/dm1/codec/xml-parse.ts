/** XML octets → elements and text, within limits. */
import { isUtf8 } from 'node:buffer';

import { SaxesParser } from 'saxes';

import type { Bytes } from '../../adapter';
import { Refusal } from './errors';
import type { CodecLimits } from './limits';
import { bufferOf, type Markup } from './markup';

const UTF8_NAMES = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);
const LATIN1_NAMES = new Set(['iso-8859-1', 'iso8859-1', 'iso_8859-1', 'latin1', 'latin-1']);
const DECLARED = /^\s*<\?xml\s[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']/;

/**
 * Octets as text. A byte-order mark comes before what HTTP says, that before the declaration, else UTF-8.
 * NUL octets are dropped: a client in the field sends its C strings with them.
 *
 * Errors: CHARSET_UNSUPPORTED, CHARSET_MISMATCH.
 */
function textOfDocument(octets: Bytes, charset: string | undefined): string {
  let buffer = bufferOf(octets);
  const marked = buffer.length >= 3 && buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf;
  if (marked) buffer = buffer.subarray(3);
  const name = (marked ? 'utf-8' : (charset ?? declaredCharset(buffer) ?? 'utf-8')).toLowerCase();
  if (LATIN1_NAMES.has(name)) return withoutNul(buffer.toString('latin1'));
  if (!UTF8_NAMES.has(name)) throw new Refusal('CHARSET_UNSUPPORTED', name.slice(0, 40));
  if (!isUtf8(buffer)) throw new Refusal('CHARSET_MISMATCH', 'it is not UTF-8');
  return withoutNul(buffer.toString('utf8'));
}

function declaredCharset(buffer: Buffer): string | undefined {
  return DECLARED.exec(buffer.toString('latin1', 0, 256))?.[1];
}

function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '') : text;
}

interface Open {
  readonly element: Markup;
  /** Namespaces by prefix that are in force inside the element. */
  readonly scope: Scope;
}
type Scope = Readonly<Record<string, string>>;

const NO_NAMESPACES: Scope = Object.freeze(Object.create(null) as Scope);

/**
 * Own table for the namespaces that the attributes declare; the outer one when there are none. It inherits from the
 * outer one: a copy would let a document with many prefixes cost their number times its elements.
 */
function scopeWithin(outer: Scope, attributes: Readonly<Record<string, string>>): Scope {
  let scope: Record<string, string> | undefined;
  for (const name in attributes) {
    if (!name.startsWith('xmlns') || (name.length > 5 && name[5] !== ':')) continue;
    scope ??= Object.create(outer) as Record<string, string>;
    scope[name.slice(6)] = attributes[name] ?? '';
  }
  return scope ?? outer;
}

/** A tag with its prefix taken off. A prefix that was never declared is no error: names alone decide. */
function elementOf(qualified: string, scope: Scope): Markup {
  const colon = qualified.indexOf(':');
  const prefix = colon < 0 ? '' : qualified.slice(0, colon);
  return {
    name: colon < 0 ? qualified : qualified.slice(colon + 1),
    namespace: scope[prefix] || undefined,
    children: [],
    text: '',
    pieces: undefined,
  };
}

/**
 * Parses a whole document. Comments, processing instructions and attributes are passed over; a DOCTYPE too, and
 * nothing that it names is fetched.
 *
 * Refuses (throws {@link Refusal}): LIMIT_…, CHARSET_…, XML_…, EMPTY.
 */
export function parseXml(octets: Bytes, limits: CodecLimits, charset?: string): Markup {
  if (octets.length === 0) throw new Refusal('EMPTY');
  if (octets.length > limits.maxOctets)
    throw new Refusal('LIMIT_OCTETS', `${octets.length} octets, ${limits.maxOctets} allowed`);
  return parseXmlText(textOfDocument(octets, charset), limits);
}

/** Parses a document that is text already. White space before it is tolerated. */
export function parseXmlText(document: string, limits: CodecLimits): Markup {
  const parser = new SaxesParser({ xmlns: false, position: false });
  const stack: Open[] = [];
  let top: Markup | undefined;
  let root: Markup | undefined;
  let scope = NO_NAMESPACES;
  let elements = 0;
  let characters = 0;

  const addText = (text: string): void => {
    characters += text.length;
    if (characters > limits.maxText)
      throw new Refusal('LIMIT_TEXT', `${limits.maxText} characters allowed`, parser.position);
    if (top) top.text += text;
  };
  parser.on('error', (error) => {
    const detail = error.message.replace(/^[\d:]*\s*/, '');
    throw new Refusal(/entity/.test(detail) ? 'XML_ENTITY' : 'XML_MALFORMED', detail, parser.position);
  });
  parser.on('doctype', (doctype) => {
    if (doctype.includes('[')) throw new Refusal('XML_SUBSET', undefined, parser.position);
  });
  parser.on('opentag', (tag) => {
    if (++elements > limits.maxElements)
      throw new Refusal('LIMIT_ELEMENTS', `${limits.maxElements} allowed`, parser.position);
    if (stack.length >= limits.maxDepth)
      throw new Refusal('LIMIT_DEPTH', `${limits.maxDepth} levels allowed`, parser.position);
    scope = scopeWithin(scope, tag.attributes);
    const element = elementOf(tag.name, scope);
    if (top) top.children.push(element);
    else root ??= element;
    stack.push({ element, scope });
    top = element;
  });
  parser.on('closetag', () => {
    stack.pop();
    const outer = stack[stack.length - 1];
    top = outer?.element;
    scope = outer?.scope ?? NO_NAMESPACES;
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(document.trimStart()).close();
  if (!root) throw new Refusal('XML_MALFORMED', 'there is no element');
  return root;
}
