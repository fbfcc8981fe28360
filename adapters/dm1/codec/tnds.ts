/**
 * TNDS: a sub-tree of the management tree as one document (MgmtTree).
 * Source: OMA-TS-DM_TND 1.2 and 1.3, "Device Management Tree Serialization".
 */
import type { Tree, Value } from '../../adapter';
import { decodeName } from '../addressing';
import type { Data, Element } from '../message';
import { NAMESPACE_DMDDF } from './code-pages';
import { readElement } from './data-read';
import { attempt, Refusal, type Result } from './errors';
import { type CodecLimits, DEFAULT_CODEC_LIMITS } from './limits';
import { isBase64, type Markup } from './markup';
import { formatOf, readValue, valueText } from './value';
import { parseWbxml } from './wbxml-parse';
import { parseXml, parseXmlText } from './xml-parse';

/** A Node directly below MgmtTree. */
export interface TndsNode {
  /** URI up to the node, without it, as the document has it: from the root, or relative to the command's target. */
  readonly path?: string;
  /** `name` is '' where the target's last segment names it. */
  readonly tree: Tree;
}

export interface TndsDocument {
  readonly verDtd?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly nodes: readonly TndsNode[];
}

/** Properties that go to `Tree.props` under their own names, in DTD order; Format and Type stand among them. */
const BEFORE_TYPE = ['Name', 'Size', 'Title', 'TStamp'] as const;

/**
 * Reads a TNDS document from Data: inline elements, XML as text, XML or WBXML as octets (told by the first one), or
 * base64 of these.
 *
 * Interior nodes have `children`, also empty ones; a leaf without Value has neither `children` nor `value`, and its
 * Format and Type are among `props`, as is the Format of a value that it does not fit. A Node with neither Format nor
 * Value nor Nodes in it may be either.
 *
 * Errors: NOT_TNDS, EMPTY and those of the form.
 */
export function decodeTnds(data: Data, limits: CodecLimits = DEFAULT_CODEC_LIMITS): Result<TndsDocument> {
  return attempt(() => {
    const root = data.kind === 'element' ? data.element : readElement(parse(data, limits));
    if (root.name !== 'MgmtTree') throw new Refusal('NOT_TNDS', root.name.slice(0, 40));
    return {
      verDtd: textOfChild(root, 'VerDTD'),
      manufacturer: textOfChild(root, 'Man'),
      model: textOfChild(root, 'Mod'),
      nodes: root.children
        .filter((child) => child.name === 'Node')
        .map((node) => ({ path: textOfChild(node, 'Path'), tree: readNode(node) })),
    };
  });
}

function parse(data: Exclude<Data, { kind: 'element' }>, limits: CodecLimits): Markup {
  if (data.kind === 'octets') return parseOctets(data.octets, limits);
  const text = data.text.trimStart();
  if (text === '') throw new Refusal('EMPTY');
  if (text.length > limits.maxOctets) throw new Refusal('LIMIT_OCTETS', `${limits.maxOctets} allowed`);
  if (text.startsWith('<') || !isBase64(text)) return parseXmlText(text, limits);
  return parseOctets(new Uint8Array(Buffer.from(text, 'base64')), limits);
}

function parseOctets(octets: Uint8Array, limits: CodecLimits): Markup {
  const [first] = octets;
  return first !== undefined && first < 0x09 ? parseWbxml(octets, limits).root : parseXml(octets, limits);
}

function childOf(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((child) => child.name === name);
}

function textOfChild(element: Element | undefined, name: string): string | undefined {
  return childOf(element, name)?.text.trim();
}

function readNode(node: Element): Tree {
  const properties = childOf(node, 'RTProperties');
  const name = textOfChild(node, 'NodeName') ?? '';
  const format = childOf(properties, 'Format')?.children[0]?.name.toLowerCase();
  const type = childOf(properties, 'Type');
  const props: Record<string, string> = {};
  for (const key of ['ACL', ...BEFORE_TYPE, 'VerNo']) {
    const text = textOfChild(properties, key);
    if (text !== undefined) props[key] = text;
  }
  const inner = node.children.filter((child) => child.name === 'Node').map(readNode);
  const value = childOf(node, 'Value');
  const isInterior = format === 'node' || inner.length > 0;
  if (isInterior || (!format && !value)) {
    const moid = textOfChild(type, 'DDFName');
    return { name, ...(moid ? { moid } : {}), ...withProps(props), ...(isInterior ? { children: inner } : {}) };
  }
  const mime = textOfChild(type, 'MIME') || undefined;
  const read = readLeaf(format, mime, value);
  if (!read || (format && read.format !== formatOf(format))) props['Format'] = format ?? 'chr';
  if (!read && mime) props['Type'] = mime;
  return { name, ...withProps(props), ...(read ? { value: read } : {}) };
}

function readLeaf(format: string | undefined, mime: string | undefined, value: Element | undefined): Value | undefined {
  if (!value) return format === 'null' ? readValue(format, mime, { kind: 'text', text: '' }) : undefined;
  const [only] = value.children;
  if (!only) return readValue(format, mime, { kind: 'text', text: value.text });
  // An XML value that was not escaped: what stands in Value is the value.
  return readValue(format, mime, { kind: 'element', element: { ...value, name: 'Data' } });
}

function withProps(props: Readonly<Record<string, string>>): { readonly props?: Readonly<Record<string, string>> } {
  return Object.keys(props).length > 0 ? { props } : {};
}

/** An element without children. */
function leaf(name: string, text = ''): Element {
  return { name, namespace: NAMESPACE_DMDDF, children: [], text };
}

function parent(name: string, children: readonly Element[]): Element {
  return { name, namespace: NAMESPACE_DMDDF, children, text: '' };
}

/**
 * Writes a TNDS document as a MgmtTree element. As Data it stands as elements in XML and as an embedded document in
 * WBXML; `elementToXml` gives the text that every reader takes.
 *
 * Nodes without `value` are interior ones unless `props.Format` says otherwise. Octets become base64. Values that
 * stand in the store have to be loaded before.
 */
export function encodeTnds(document: TndsDocument): Element {
  const head = [leaf('VerDTD', document.verDtd ?? '1.2')];
  if (document.manufacturer !== undefined) head.push(leaf('Man', document.manufacturer));
  if (document.model !== undefined) head.push(leaf('Mod', document.model));
  return parent('MgmtTree', [...head, ...document.nodes.map(({ path, tree }) => writeNode(tree, path))]);
}

function writeNode(tree: Tree, path?: string): Element {
  const { value } = tree;
  const parts = [leaf('NodeName', tree.name)];
  if (path !== undefined) parts.push(leaf('Path', path));
  parts.push(writeProperties(tree));
  for (const child of tree.children ?? []) parts.push(writeNode(child));
  if (value && value.format !== 'null') parts.push(leaf('Value', valueText(value)));
  return parent('Node', parts);
}

function writeProperties(tree: Tree): Element {
  const { value, props = {} } = tree;
  const property = (name: string): Element[] => (props[name] === undefined ? [] : [leaf(name, props[name])]);
  const format = props['Format'] ?? value?.format ?? 'node';
  const mime = value?.mime ?? props['Type'] ?? '';
  const type = format === 'node' ? leaf('DDFName', tree.moid ?? '') : leaf('MIME', mime);
  return parent('RTProperties', [
    ...property('ACL'),
    parent('Format', [leaf(format)]),
    ...BEFORE_TYPE.flatMap(property),
    parent('Type', [type]),
    ...property('VerNo'),
  ]);
}

/** Levels below the target that a Path may lead to; no device has as many. */
const MAX_LEVELS = 64;

/** A node while the pieces of a document are put together. */
interface Place {
  tree?: Tree;
  readonly children: Map<string, Place>;
}

/**
 * Puts the Nodes of a `?list=TNDS` answer where they belong and returns the tree at the target; undefined when the
 * document says nothing of it. A Path may count from the root or from the target; a Node without Path that bears the
 * name of the target, or none, is the target, any other is its child.
 */
export function placeTnds(document: TndsDocument, target: string): Tree | undefined {
  const at = segments(target.replace(/\?.*$/s, ''));
  const root: Place = { children: new Map() };
  let found = false;
  for (const { path, tree } of document.nodes) {
    const below = placeBelow(at, path, tree.name);
    if (below.length > MAX_LEVELS) continue;
    let place = root;
    for (const segment of below) place = childPlace(place, segment);
    merge(place, tree);
    found = true;
  }
  return found ? collect(root, at[at.length - 1] ?? '') : undefined;
}

/** Raw names of a URI: some devices write them percent-encoded, some do not. */
function segments(uri: string): readonly string[] {
  return uri
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .map(decodeName);
}

/** Segments from the target down to a node. */
function placeBelow(at: readonly string[], path: string | undefined, told: string): readonly string[] {
  const name = decodeName(told);
  const last = at[at.length - 1] ?? '';
  const above = path === undefined ? [] : segments(path);
  if (path === undefined || path.trim() === '')
    return told === '' || name === last || isRootName(at, told) ? [] : [name];
  const own = told === '' ? [last] : isRootName(at, told) ? [] : [name];
  const whole = [...above, ...own];
  return at.every((segment, index) => whole[index] === segment) ? whole.slice(at.length) : whole;
}

/** The root of the tree has no name of its own; devices write `.`. */
function isRootName(at: readonly string[], told: string): boolean {
  return at.length === 0 && (told === '.' || told === './' || told === '/');
}

function childPlace(place: Place, name: string): Place {
  let child = place.children.get(name);
  if (!child) place.children.set(name, (child = { children: new Map() }));
  return child;
}

function merge(place: Place, tree: Tree): void {
  place.tree = { ...place.tree, ...tree };
  for (const child of tree.children ?? []) merge(childPlace(place, child.name), child);
}

function collect(place: Place, name: string): Tree {
  const children = [...place.children].map(([childName, child]) => collect(child, childName));
  const { tree } = place;
  if (tree?.value && children.length === 0) return { ...tree, name };
  const interior = children.length > 0 || tree?.children !== undefined;
  return { ...tree, name, ...(interior ? { children } : {}) };
}
