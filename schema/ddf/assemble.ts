/**
 * Nodes of a file put into trees: nested, flat (siblings that carry their whole Path) or mixed.
 * Source: OMA-TS-DM_TND 1.2 and 1.3, "Path"; absolute Paths below nested nodes as real files have them.
 */
import { canonicalPlace } from './identity';
import type { DdfRefusal, Place } from './model';
import { isClassic } from './properties';
import { refusalOf, type RefusalCode } from './refusals';
import type { WarningLog } from './warnings';
import type { XmlElement } from './xml';

/** A Node before its properties are read. */
export interface RawNode {
  readonly name: string;
  readonly at: Place;
  /** Absent for a node that a relative Path implies. */
  element?: XmlElement;
  children: RawNode[];
}

/** A root with its place; `place` absent: the file says nothing, so anywhere. Of an unnamed root: its parent's place. */
export interface RawRoot {
  readonly node: RawNode;
  readonly place?: string;
}

export type Assembled =
  { readonly ok: true; readonly roots: readonly RawRoot[] } | { readonly ok: false; readonly refusal: DdfRefusal };

const MAX_NAME = 512;
/** Of a node's whole address, in characters and segments; the longest in the field has 157 and 12. */
const MAX_PATH = 1_024;
const MAX_SEGMENTS = 128;
/** A "/" at the end, two in a row, one at the beginning, or "." as a segment. */
const NEEDLESS = /\/$|\/\/|^\/|\/\.(?:\/|$)/;
const CONTROLS = /\p{Cc}/u;
/** Nodes that relative Paths imply, in one file. */
const MAX_IMPLIED = 10_000;

class Refused extends Error {
  constructor(readonly refusal: DdfRefusal) {
    super(refusal.message);
  }
}

function refuse(code: RefusalCode, message: string, at: Place): never {
  throw new Refused(refusalOf(code, message, at));
}

interface TopLevel extends RawRoot {
  /** Segments down to the node itself, '*' for unnamed ones; absent when the place is not told. */
  readonly segments?: readonly string[];
}

/** Errors: BAD_NAME, BAD_PATH, PATH_DISAGREES, TOO_DEEP, TOO_MANY_NODES. */
export function assemble(elements: readonly XmlElement[], warnings: WarningLog): Assembled {
  try {
    const reader = new NodeReader(warnings);
    const tops = elements.map((element) => reader.top(element));
    const roots = attach(tops).flatMap(openDeviceRoot);
    const merged = mergeRoots(roots, warnings);
    for (const { node } of merged) mergeSiblings(node, warnings);
    return { ok: true, roots: merged };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refusal: error.refusal };
    throw error;
  }
}

/** Segments above a root that tells no Path, as the first whole Path of a node below it tells them. */
interface Anchor {
  above?: readonly string[];
}

class NodeReader {
  private implied = 0;

  constructor(private readonly warnings: WarningLog) {}

  top(element: XmlElement): TopLevel {
    const path = pathOf(element);
    const name = nameOf(element, this.warnings);
    if (path === undefined && name !== '.') {
      const anchor: Anchor = {};
      const own = [name === '' ? '*' : name];
      const node = this.node(element, name, own, anchor);
      const { above } = anchor;
      if (!above) return { node };
      return { node, segments: [...above, ...own], place: placeOf(name === '' ? above : [...above, name]) };
    }
    const above = segmentsOf(path ?? '', element, this.warnings);
    const segments = name === '.' ? above : [...above, name === '' ? '*' : name];
    const node = this.node(element, name, segments, { above: [] });
    return { node, segments, place: placeOf(name === '' ? above : segments) };
  }

  /**
   * @param chain   names from the device's root (or, when that is unknown, from the MO's root) down to the node
   * @param anchor  what stands above the chain's first name; filled in when it is not known yet
   */
  private node(element: XmlElement, name: string, chain: readonly string[], anchor: Anchor): RawNode {
    checkAddress(chain, element);
    const node: RawNode = { name, at: element, element, children: [] };
    for (const child of element.children) {
      if (child.name !== 'Node' || !isClassic(child)) continue;
      const childName = nameOf(child, this.warnings);
      if (childName === '.')
        refuse('BAD_NAME', 'NodeName "." of a node that is nested: it is the root of a device', child);
      const between = segmentsBetween(child, chain, anchor, this.warnings);
      const parent = between.length === 0 ? node : this.imply(node, between, child);
      parent.children.push(
        this.node(child, childName, [...chain, ...between, childName === '' ? '*' : childName], anchor),
      );
    }
    return node;
  }

  private imply(node: RawNode, segments: readonly string[], at: XmlElement): RawNode {
    this.implied += segments.length;
    if (this.implied > MAX_IMPLIED) refuse('TOO_MANY_NODES', `relative Paths imply more than ${MAX_IMPLIED} nodes`, at);
    let parent = node;
    for (const segment of segments) {
      const implied: RawNode = { name: segment === '*' ? '' : segment, at, children: [] };
      parent.children.push(implied);
      parent = implied;
    }
    return parent;
  }
}

function checkAddress(chain: readonly string[], at: Place): void {
  if (chain.length > MAX_SEGMENTS)
    refuse('TOO_DEEP', `a node at ${chain.length} segments, more than ${MAX_SEGMENTS}`, at);
  const length = chain.reduce((sum, segment) => sum + segment.length + 1, 0);
  if (length > MAX_PATH) refuse('BAD_PATH', `an address of ${length} characters, more than ${MAX_PATH}`, at);
}

/** Nodes that a nested node's Path puts between it and the node that encloses it: none, but for relative Paths. */
function segmentsBetween(
  element: XmlElement,
  chain: readonly string[],
  anchor: Anchor,
  warnings: WarningLog,
): readonly string[] {
  const path = pathOf(element);
  if (path === undefined || path === '') return [];
  const segments = segmentsOf(path, element, warnings);
  const isWhole = path.startsWith('.');
  const known = [...(anchor.above ?? []), ...chain];
  if (isSame(segments, known)) {
    if (isWhole) anchor.above ??= [];
    return [];
  }
  if (!isWhole) return segments;
  const above = segments.slice(0, -chain.length);
  if (!anchor.above && isSame(segments.slice(above.length), chain)) {
    anchor.above = above;
    return [];
  }
  return refuse(
    'PATH_DISAGREES',
    `Path ${path.slice(0, 200)} of a node that is nested in ./${known.join('/').slice(0, 200)}`,
    element,
  );
}

/** Unnamed nodes are written in many ways in a Path. */
function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((segment, i) => segment === b[i] || segment === '*' || b[i] === '*');
}

function pathOf(element: XmlElement): string | undefined {
  const path = element.children.find((child) => child.name === 'Path' && isClassic(child))?.text.trim();
  return path === undefined || path === '…' || path === '...' ? undefined : path;
}

/** Segments of a Path, '*' for each that a specification would write as `<X>` or `{}`. */
function segmentsOf(path: string, at: Place, warnings: WarningLog): readonly string[] {
  if (path.length > MAX_PATH) refuse('BAD_PATH', `a Path of ${path.length} characters, more than ${MAX_PATH}`, at);
  const place = canonicalPlace(path);
  if (NEEDLESS.test(path)) warnings.add('PATH_SPELLING', at, path);
  const segments =
    place === '.'
      ? []
      : place
          .slice(2)
          .split('/')
          .map((segment) => (isPlaceholder(segment) ? '*' : segment));
  if (segments.includes('..')) refuse('BAD_PATH', `Path ${path.slice(0, 200)} leads upwards`, at);
  return segments;
}

function placeOf(segments: readonly string[]): string {
  return canonicalPlace(`./${segments.join('/')}`);
}

function nameOf(element: XmlElement, warnings: WarningLog): string {
  const found = element.children.find((child) => child.name === 'NodeName' && isClassic(child));
  if (!found) {
    warnings.add('NAME_MISSING', element);
    return '';
  }
  const name = found.text.trim();
  if (name !== found.text && name !== '') warnings.add('NAME_TRIMMED', found, name);
  if (name.length > MAX_NAME)
    refuse('BAD_NAME', `a NodeName of ${name.length} characters, more than ${MAX_NAME}`, found);
  if (name.includes('/')) refuse('BAD_NAME', `NodeName ${name.slice(0, 200)} has a "/"`, found);
  if (name === '..') refuse('BAD_NAME', 'NodeName ".." leads upwards', found);
  if (CONTROLS.test(name)) refuse('BAD_NAME', 'a NodeName with a line break or another control character', found);
  if (isPlaceholder(name)) warnings.add('NAME_PLACEHOLDER', found, name);
  return name === '*' || isPlaceholder(name) ? '' : name;
}

/** How specifications write an unnamed node: `<X>`, `<x>`, `<MOID>`, `{}`. No segment of an address may hold "<". */
function isPlaceholder(name: string): boolean {
  return name === '{}' || (name.startsWith('<') && name.endsWith('>'));
}

/** Flat style: a top-level node whose parent is described in the same file becomes its child. */
function attach(tops: readonly TopLevel[]): readonly TopLevel[] {
  if (tops.length < 2) return tops;
  const byPlace = new Map<string, RawNode>();
  for (const { node, segments } of tops) if (segments) index(node, `./${segments.join('/')}`, byPlace);
  return tops.filter(({ node, segments }) => {
    if (!segments || segments.length === 0) return true;
    const parent = byPlace.get(`./${segments.slice(0, -1).join('/')}`);
    if (!parent) return true;
    parent.children.push(node);
    return false;
  });
}

function index(node: RawNode, place: string, byPlace: Map<string, RawNode>): void {
  if (!byPlace.has(place)) byPlace.set(place, node);
  const prefix = place === './' ? './' : `${place}/`;
  for (const child of node.children) index(child, `${prefix}${child.name === '' ? '*' : child.name}`, byPlace);
}

/** A file may describe a whole device, root and all: then the children of `.` are its MOs. */
function openDeviceRoot(root: TopLevel): readonly RawRoot[] {
  if (root.node.name !== '.') return [root];
  const above = root.segments ?? [];
  return root.node.children.map((node) => ({ node, place: placeOf(node.name === '' ? above : [...above, node.name]) }));
}

function mergeRoots(roots: readonly RawRoot[], warnings: WarningLog): readonly RawRoot[] {
  const known = new Map<string, RawRoot>();
  for (const root of roots) {
    const key = JSON.stringify([root.place, root.node.name]);
    const first = known.get(key);
    if (first) mergeInto(first.node, root.node, warnings);
    else known.set(key, root);
  }
  return [...known.values()];
}

function mergeSiblings(node: RawNode, warnings: WarningLog): void {
  if (node.children.length > 1) {
    const known = new Map<string, RawNode>();
    for (const child of node.children) {
      const first = known.get(child.name);
      if (first) mergeInto(first, child, warnings);
      else known.set(child.name, child);
    }
    if (known.size < node.children.length) node.children = [...known.values()];
  }
  for (const child of node.children) mergeSiblings(child, warnings);
}

function mergeInto(first: RawNode, second: RawNode, warnings: WarningLog): void {
  if (first.element && second.element) warnings.add('DUPLICATE_SIBLING', second.at, second.name);
  first.element ??= second.element;
  for (const child of second.children) first.children.push(child);
}
