/** WBXML octets → elements and text, within limits. */
import type { Bytes } from '../../adapter';
import { NAMESPACE_DMDDF, NAMESPACE_METINF, PAGE_DMDDF, TAG_NAMES, type PublicId } from './code-pages';
import { Refusal } from './errors';
import type { CodecLimits } from './limits';
import type { Markup } from './markup';
import { END, ENTITY, LITERAL, OPAQUE, PI, STR_I, STR_T, SWITCH_PAGE, WbxmlCursor } from './wbxml-cursor';

const HAS_CONTENT = 0x40;
const HAS_ATTRIBUTES = 0x80;

export interface WbxmlDocument {
  readonly publicId: PublicId;
  readonly textual: boolean;
  readonly root: Markup;
}

/**
 * Parses a whole document. Attributes and processing instructions are passed over; tags that no page knows become
 * elements without a known name; octets behind the root element do not count.
 *
 * Refuses (throws {@link Refusal}): EMPTY, WBXML_…, CHARSET_UNSUPPORTED, LIMIT_….
 */
export function parseWbxml(octets: Bytes, limits: CodecLimits): WbxmlDocument {
  const cursor = new WbxmlCursor(octets, limits);
  const { publicId, textual } = cursor.header();
  return { publicId, textual, root: parseElements(cursor, publicId, limits) };
}

function parseElements(cursor: WbxmlCursor, publicId: PublicId, limits: CodecLimits): Markup {
  // Documents of page 2 alone may leave out the switch to it.
  const namespaces = [publicId.namespace, NAMESPACE_METINF, NAMESPACE_DMDDF];
  const firstPage = publicId.page === PAGE_DMDDF ? PAGE_DMDDF : 0;
  let page: number = firstPage;
  let elements = 0;
  const stack: Markup[] = [];
  let top: Markup | undefined;

  for (;;) {
    const token = cursor.octet();
    if (token === STR_I) {
      append(top, cursor.inline(), cursor);
      continue;
    }
    if (token === END) {
      const closed = stack.pop();
      if (!closed) throw new Refusal('WBXML_TOKEN', 'END before the root element', cursor.at - 1);
      if (stack.length === 0) return closed;
      top = stack[stack.length - 1];
      continue;
    }
    if (token === SWITCH_PAGE) {
      page = cursor.octet() || firstPage;
      continue;
    }
    const low = token & 0x3f;
    if (low < LITERAL) {
      readGlobal(token, cursor, top);
      continue;
    }
    if (++elements > limits.maxElements)
      throw new Refusal('LIMIT_ELEMENTS', `${limits.maxElements} allowed`, cursor.at);
    const element: Markup = {
      name: low === LITERAL ? localName(cursor.literalName()) : (TAG_NAMES[page]?.[low] ?? `unknown-${page}-${low}`),
      namespace: low === LITERAL ? undefined : namespaces[page],
      children: [],
      text: '',
      pieces: undefined,
    };
    if (token & HAS_ATTRIBUTES) cursor.skipAttributes();
    if (top) top.children.push(element);
    if (token & HAS_CONTENT) {
      if (stack.length >= limits.maxDepth)
        throw new Refusal('LIMIT_DEPTH', `${limits.maxDepth} levels allowed`, cursor.at);
      stack.push(element);
      top = element;
    } else if (!top) return element;
  }
}

/** Global tokens that carry content other than STR_I. */
function readGlobal(token: number, cursor: WbxmlCursor, top: Markup | undefined): void {
  if (token === OPAQUE) append(top, cursor.opaque(), cursor);
  else if (token === STR_T) append(top, cursor.reference(), cursor);
  else if (token === ENTITY) append(top, cursor.entity(), cursor);
  else if (token === PI) cursor.skipAttributes();
  else if (!cursor.skipExtension(token)) throw new Refusal('WBXML_TOKEN', `token ${token.toString(16)}`, cursor.at - 1);
}

function append(element: Markup | undefined, piece: string | Bytes, cursor: WbxmlCursor): void {
  if (!element) throw new Refusal('WBXML_TOKEN', 'text outside of the root element', cursor.at);
  if (element.pieces) element.pieces.push(piece);
  else if (typeof piece === 'string') element.text += piece;
  else element.pieces = element.text === '' ? [piece] : [element.text, piece];
}

const NAME = /^[A-Za-z_][\w.-]{0,127}$/;

/** Name of a literal tag; what could not be a name in XML either is not kept. */
function localName(name: string): string {
  const local = name.slice(name.lastIndexOf(':') + 1);
  return NAME.test(local) ? local : 'unknown';
}
