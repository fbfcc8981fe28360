/**
 * WAP provisioning documents in WBXML, the bootstrap documents of the CP profile.
 * Source: OMA-WAP-ProvCont, "WBXML encoding"; WAP-192-WBXML.
 */
import type { Bytes } from '../../adapter';
import { attempt, Refusal, type Result } from './errors';
import { type CodecLimits, DEFAULT_CODEC_LIMITS } from './limits';
import { bufferOf } from './markup';
import { type ProvisioningElement, STARTS, TAGS, VALUES } from './provisioning-tokens';
import { END, ENTITY, LITERAL, OPAQUE, STR_I, STR_T, SWITCH_PAGE, WbxmlCursor } from './wbxml-cursor';

/** The attribute page, which holds from one attribute list to the next and is not the page of the tags. */
interface AttributePage {
  page: number;
}

/**
 * Decodes a WAP provisioning document. Attributes and value tokens that this file does not list are left out.
 *
 * Errors: NOT_PROVISIONING, EMPTY, WBXML_…, CHARSET_UNSUPPORTED, LIMIT_….
 */
export function decodeProvisioning(
  octets: Bytes,
  limits: CodecLimits = DEFAULT_CODEC_LIMITS,
): Result<ProvisioningElement> {
  return attempt(() => {
    const cursor = new WbxmlCursor(octets, limits);
    if (cursor.header().publicId.vocabulary !== 'provisioning') throw new Refusal('NOT_PROVISIONING');
    return readElements(cursor, limits);
  });
}

function readElements(cursor: WbxmlCursor, limits: CodecLimits): ProvisioningElement {
  type Building = ProvisioningElement & { readonly children: ProvisioningElement[] };
  const stack: Building[] = [];
  const attributePage: AttributePage = { page: 0 };
  for (let elements = 0; ;) {
    const token = cursor.octet();
    if (token === SWITCH_PAGE) {
      cursor.octet();
      continue;
    }
    if (token === END) {
      const closed = stack.pop();
      if (!closed) throw new Refusal('WBXML_TOKEN', 'END before the root element', cursor.at - 1);
      if (stack.length === 0) return closed;
      continue;
    }
    const name = TAGS[token & 0x3f];
    if (!name) throw new Refusal('NOT_PROVISIONING', `token ${token.toString(16)}`, cursor.at - 1);
    if (++elements > limits.maxElements)
      throw new Refusal('LIMIT_ELEMENTS', `${limits.maxElements} allowed`, cursor.at);
    const element: Building = {
      name,
      attributes: token & 0x80 ? readAttributes(cursor, attributePage) : {},
      children: [],
    };
    stack[stack.length - 1]?.children.push(element);
    if (token & 0x40) {
      if (stack.length >= limits.maxDepth)
        throw new Refusal('LIMIT_DEPTH', `${limits.maxDepth} levels allowed`, cursor.at);
      stack.push(element);
    } else if (stack.length === 0) return element;
  }
}

function readAttributes(cursor: WbxmlCursor, at: AttributePage): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  let open: string | undefined;
  const add = (text: string): void => {
    if (open !== undefined) attributes[open] = (attributes[open] ?? '') + text;
  };
  for (;;) {
    const token = cursor.octet();
    if (token === END) return attributes;
    if (token === SWITCH_PAGE) at.page = cursor.octet();
    else if (token === STR_I) add(textOf(cursor.inline()));
    else if (token === STR_T) add(textOf(cursor.reference()));
    else if (token === ENTITY) add(cursor.entity());
    else if (token === OPAQUE) add(textOf(cursor.opaque()));
    else if (token === LITERAL) open = literalAttribute(cursor);
    else if (cursor.skipExtension(token)) continue;
    else if (token >= 0x80) add(VALUES[at.page]?.[token] ?? '');
    else {
      const start = STARTS[at.page]?.get(token);
      open = start?.[0];
      if (open !== undefined) attributes[open] = start?.[1] ?? '';
    }
  }
}

/** An attribute that is named by text is none of these documents'. */
function literalAttribute(cursor: WbxmlCursor): undefined {
  cursor.integer();
  return undefined;
}

function textOf(piece: string | Bytes): string {
  return typeof piece === 'string' ? piece : bufferOf(piece).toString('utf8');
}
