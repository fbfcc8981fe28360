/** XML text as a light tree of elements, with places and within limits. Knows nothing of DDF. */
import { SaxesParser } from 'saxes';

import type { DdfRefusal, Place } from './model';
import { placeAfter } from './place';
import { refusalOf, type RefusalCode } from './refusals';

export interface XmlElement extends Place {
  /** Without prefix. */
  readonly name: string;
  readonly prefix: string;
  readonly namespace: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Own text, CDATA included, of all pieces between children. */
  text: string;
  readonly children: XmlElement[];
  /** Short comments directly inside; absent when there are none. */
  comments?: string[];
}

export interface XmlLimits {
  readonly maxDepth: number;
  readonly maxElements: number;
}

export type XmlResult =
  { readonly ok: true; readonly root: XmlElement } | { readonly ok: false; readonly refusal: DdfRefusal };

/** Longer comments, and more of them in one element, say nothing that a program could use. */
const MAX_COMMENT = 100;
const MAX_COMMENTS = 16;
/** Characters of a start tag, whose attributes the parser collects. */
const MAX_TAG = 131_072;
/** The parser's messages begin with the place, which a refusal tells apart. */
const PARSERS_PLACE = /^(?:[^:\s]+:)?\d+:\d+: /;
/** Characters before the root element: comments and a DOCTYPE, which the parser collects. */
const MAX_PROLOG = 262_144;
const CHUNK = 16_384;

/** Thrown in a handler to stop the parser; never leaves this file. */
class Stop extends Error {
  constructor(readonly refusal: DdfRefusal) {
    super(refusal.message);
  }
}

/**
 * Errors: NOT_XML, ENTITY_DECLARATION (in a DOCTYPE; the DOCTYPE itself is skipped, nothing is fetched), TOO_LARGE,
 * TOO_DEEP, TOO_MANY_ELEMENTS. Never throws.
 */
export function parseXml(text: string, limits: XmlLimits): XmlResult {
  const steps = parseXmlInSteps(text, limits);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps of a few milliseconds. */
export function* parseXmlInSteps(text: string, limits: XmlLimits): Generator<undefined, XmlResult, undefined> {
  const parser = new SaxesParser({ xmlns: false, position: true });
  const stop = (code: RefusalCode, message: string, place: Place = here()): never => {
    throw new Stop(refusalOf(code, message, place));
  };
  const here = (): Place => ({ line: parser.line, column: Math.max(1, parser.columnIndex) });

  const open: XmlElement[] = [];
  const scopes: Scope[] = [{ prefixes: new Map() }];
  let root: XmlElement | undefined;
  let elements = 0;
  let start: Place = { line: 1, column: 1 };

  // Seven handlers at most: with an eighth the parser's properties become a dictionary, and reading takes three times
  // as long. Without a handler for errors the parser throws them.
  parser.on('doctype', (doctype) => {
    if (!/<!ENTITY/i.test(doctype)) return;
    const start = Math.max(0, text.lastIndexOf('<!DOCTYPE', parser.position));
    const before = text.slice(0, start + Math.max(0, text.slice(start).search(/<!ENTITY/i)));
    stop('ENTITY_DECLARATION', 'the DOCTYPE declares an entity; a DDF needs none', placeAfter(before));
  });
  let tagFrom = -1;
  parser.on('opentagstart', (tag) => {
    tagFrom = parser.position;
    // The parser stands behind the name and the character after it.
    start = { line: parser.line, column: Math.max(1, parser.columnIndex - tag.name.length - 1) };
  });
  parser.on('opentag', (tag) => {
    tagFrom = -1;
    elements++;
    if (elements > limits.maxElements) stop('TOO_MANY_ELEMENTS', `more than ${limits.maxElements} elements`, start);
    if (open.length >= limits.maxDepth) stop('TOO_DEEP', `elements nest deeper than ${limits.maxDepth}`, start);
    const scope = declared(tag.attributes, scopes[scopes.length - 1] as Scope);
    scopes.push(scope);
    const colon = tag.name.indexOf(':');
    const prefix = colon > 0 ? tag.name.slice(0, colon) : '';
    const element: XmlElement = {
      name: colon > 0 ? tag.name.slice(colon + 1) : tag.name,
      prefix,
      namespace: namespaceOf(prefix, scope),
      attributes: tag.attributes,
      text: '',
      children: [],
      ...start,
    };
    const parent = open[open.length - 1];
    if (parent) parent.children.push(element);
    else root = element;
    open.push(element);
  });
  parser.on('closetag', () => {
    open.pop();
    scopes.pop();
  });
  parser.on('comment', (comment) => {
    const element = open[open.length - 1];
    if (!element || comment.length > MAX_COMMENT) return;
    element.comments ??= [];
    if (element.comments.length < MAX_COMMENTS) element.comments.push(comment.trim());
  });
  const addText = (piece: string): void => {
    const element = open[open.length - 1];
    if (element) element.text += piece;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);

  try {
    for (let from = 0; from < text.length; from += CHUNK) {
      parser.write(text.slice(from, from + CHUNK));
      if (!root && tagFrom < 0 && from > MAX_PROLOG)
        stop('TOO_LARGE', `no element in the first ${MAX_PROLOG} characters`, placeAfter(text.slice(0, MAX_PROLOG)));
      if (tagFrom >= 0 && from - tagFrom > MAX_TAG)
        stop('TOO_LARGE', `a start tag of more than ${MAX_TAG} characters`, start);
      yield undefined;
    }
    parser.close();
  } catch (error) {
    if (error instanceof Stop) return { ok: false, refusal: error.refusal };
    const message = (error instanceof Error ? error.message : String(error)).replace(PARSERS_PLACE, '');
    return { ok: false, refusal: { code: 'NOT_XML', message, ...here() } };
  }
  if (!root) return { ok: false, refusal: { code: 'NOT_XML', message: 'there is no element', line: 1, column: 1 } };
  return { ok: true, root };
}

/** Declarations of one element that has some; those of its ancestors are above. */
interface Scope {
  readonly prefixes: ReadonlyMap<string, string>;
  readonly above?: Scope;
}

function declared(attributes: Readonly<Record<string, string>>, above: Scope): Scope {
  let prefixes: Map<string, string> | undefined;
  for (const name in attributes) {
    if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue;
    prefixes ??= new Map();
    prefixes.set(name === 'xmlns' ? '' : name.slice(6), attributes[name] ?? '');
  }
  return prefixes ? { prefixes, above } : above;
}

function namespaceOf(prefix: string, scope: Scope): string {
  for (let at: Scope | undefined = scope; at; at = at.above) {
    const found = at.prefixes.get(prefix);
    if (found !== undefined) return found;
  }
  return '';
}
