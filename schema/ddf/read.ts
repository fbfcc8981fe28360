/**
 * Reads a DDF file into the plain model. Tolerant where real files are odd (each oddity gives a warning), strict about
 * what is no description at all.
 */
import { assemble, type RawNode, type RawRoot } from './assemble';
import { decodeXml } from './encoding';
import { toExtension } from './extensions';
import { familyOf, versionOf } from './identity';
import type { DdfDocument, DdfNode, DdfRefusal, ExtensionElement, MoDefinition, Place } from './model';
import { placeAfter } from './place';
import { isClassic, readProperties } from './properties';
import { refusalOf, type RefusalCode } from './refusals';
import { readRunTime, readStatus } from './run-time';
import { WarningLog } from './warnings';
import { parseXmlInSteps, type XmlElement } from './xml';

export interface ReadOptions {
  /** Octets (of bytes) or characters (of text). */
  readonly maxSize?: number;
  /** Nesting of elements; a Node takes one level. */
  readonly maxDepth?: number;
  /** There may also be no more than 64 elements for each node, and 500,000 in all. */
  readonly maxNodes?: number;
}

export type ReadResult =
  { readonly ok: true; readonly document: DdfDocument } | { readonly ok: false; readonly refusal: DdfRefusal };

/** Octets of the largest file that is read. */
export const MAX_SIZE = 16 * 1024 * 1024;
const DEFAULTS = { maxSize: MAX_SIZE, maxDepth: 100, maxNodes: 100_000 };
/** Generous: a Node of the richest dialect has about 60 elements. */
const ELEMENTS_PER_NODE = 64;
/** Bounds memory to about 300 MB; the richest file known has 59,006. */
const MAX_ELEMENTS = 500_000;
const MAX_MOID = 255;
/** What octets never decode to, but texts may hold: neither XML nor a database takes it. */
const HALF_A_PAIR = /[\ud800-\udfff]/u;
const VERSIONS: ReadonlySet<string> = new Set(['1.1.2', '1.2', '1.3']);
/** What MgmtTree may hold by the DTD. */
const TREE_PARTS: ReadonlySet<string> = new Set(['VerDTD', 'Man', 'Mod', 'Node']);
/** What a Node may hold by the DTD, beside itself. */
const NODE_PARTS: ReadonlySet<string> = new Set(['NodeName', 'Path', 'RTProperties', 'DFProperties', 'Node', 'Value']);

/**
 * Never throws; time and memory are linear in the size of the source.
 *
 * Errors: each of `REFUSALS`, with the place of its cause. What was tolerated is in the document's warnings (`WARNINGS`).
 */
export function readDdf(source: Uint8Array | string, options: ReadOptions = {}): ReadResult {
  const steps = readDdfInSteps(source, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps of a few milliseconds, for a process that has other things to do meanwhile. */
export function* readDdfInSteps(
  source: Uint8Array | string,
  options: ReadOptions = {},
): Generator<undefined, ReadResult, undefined> {
  const limits = { ...DEFAULTS, ...options };
  const start: Place = { line: 1, column: 1 };
  if (source.length > limits.maxSize)
    return refusal('TOO_LARGE', `${source.length} octets, more than ${limits.maxSize}`, start);

  const warnings = new WarningLog();
  const decoded = typeof source === 'string' ? { text: source } : decodeXml(source);
  if ('misfit' in decoded && decoded.misfit)
    warnings.add('ENCODING', decoded.misfit, `the first at offset ${decoded.misfit.offset}`);
  if ('declared' in decoded && decoded.declared !== undefined)
    warnings.add('ENCODING_DECLARED', start, `${decoded.encoding}, not ${decoded.declared}`);

  const text = decoded.text.charCodeAt(0) === 0xfeff ? decoded.text.slice(1) : decoded.text;
  const half = typeof source === 'string' ? text.search(HALF_A_PAIR) : -1;
  if (half >= 0) return refusal('NOT_XML', 'half of a surrogate pair is no character', placeAfter(text.slice(0, half)));
  const maxElements = Math.min(limits.maxNodes * ELEMENTS_PER_NODE, MAX_ELEMENTS);
  const parsed = yield* parseXmlInSteps(text, { maxDepth: limits.maxDepth, maxElements });
  if (!parsed.ok) return parsed;
  const tree = parsed.root;
  if (tree.name !== 'MgmtTree')
    return refusal('NOT_A_DDF', `the root element is ${tree.name.slice(0, 100)}, not MgmtTree`, tree);

  const nodes = tree.children.filter((child) => child.name === 'Node' && isClassic(child));
  const first = nodes[0];
  if (!first) return refusal('NOT_A_DDF', 'MgmtTree has no Node', tree);
  const census = count(nodes, limits.maxNodes);
  if (census.tooMany) return refusal('TOO_MANY_NODES', `more than ${limits.maxNodes} nodes`, census.tooMany);
  if (census.dumped > census.described) {
    return refusal(
      'INSTANCE_DUMP',
      'the nodes have values and no DFProperties: this is a dump of an instance (TNDS), not a description',
      first,
    );
  }

  const verDtd = childText(tree, 'VerDTD');
  if (verDtd !== undefined && !VERSIONS.has(verDtd)) warnings.add('VERSION', tree, verDtd);
  yield undefined;
  const assembled = assemble(nodes, warnings);
  yield undefined;
  if (!assembled.ok) return assembled;
  const mos: MoDefinition[] = [];
  for (const root of assembled.roots) {
    const mo = yield* readMo(root, warnings);
    if ('code' in mo) return { ok: false, refusal: mo };
    mos.push(mo);
  }
  return {
    ok: true,
    document: {
      verDtd,
      manufacturer: childText(tree, 'Man'),
      model: childText(tree, 'Mod'),
      mos,
      extensions: readTopExtensions(tree, warnings),
      warnings: warnings.list(),
    },
  };
}

function refusal(code: RefusalCode, message: string, at: Place): ReadResult {
  return { ok: false, refusal: refusalOf(code, message, at) };
}

function readTopExtensions(tree: XmlElement, warnings: WarningLog): readonly ExtensionElement[] {
  const extensions = tree.children.filter((child) => !(isClassic(child) && TREE_PARTS.has(child.name)));
  for (const element of extensions) if (isClassic(element)) warnings.add('ELEMENT_UNKNOWN', element, element.name);
  return extensions.map(toExtension);
}

function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name && isClassic(child))?.text.trim() || undefined;
}

interface Census {
  readonly described: number;
  /** Nodes that have values and no DFProperties. */
  readonly dumped: number;
  /** The first node beyond the limit. */
  readonly tooMany?: Place;
}

function count(roots: readonly XmlElement[], limit: number): Census {
  let [total, described, dumped] = [0, 0, 0];
  const pending = [...roots].reverse();
  for (let node = pending.pop(); node; node = pending.pop()) {
    total++;
    if (total > limit) return { described, dumped, tooMany: node };
    let [isDescribed, hasValues] = [false, false];
    for (let i = node.children.length - 1; i >= 0; i--) {
      const child = node.children[i] as XmlElement;
      if (child.name === 'Node') pending.push(child);
      else if (child.name === 'DFProperties') isDescribed = true;
      else if (child.name === 'RTProperties' || child.name === 'Value') hasValues = true;
    }
    if (isDescribed) described++;
    else if (hasValues) dumped++;
  }
  return { described, dumped };
}

function* readMo(
  { node, place }: RawRoot,
  warnings: WarningLog,
): Generator<undefined, MoDefinition | DdfRefusal, undefined> {
  const root = yield* readUpperNode(node, warnings, 1);
  const moid = root.ddfName ?? identityOf(root, place);
  if (moid === undefined) {
    return refusalOf('NO_IDENTITY', 'the root has neither a MOID (DFType/DDFName) nor a name or Path', node.at);
  }
  if (moid.length > MAX_MOID + (place?.length ?? 0))
    return refusalOf('BAD_MOID', `a MOID of ${moid.length} characters, more than ${MAX_MOID}`, node.at);
  if (/\p{Cc}/u.test(moid))
    return refusalOf('BAD_MOID', 'a MOID with a line break or another control character', node.at);
  if (root.ddfName !== undefined && !/[\p{L}\p{N}]/u.test(moid))
    return refusalOf('BAD_MOID', 'a MOID without a letter or digit', node.at);
  const where = place ?? (root.ddfName === undefined && root.name !== '' ? `./${root.name}` : undefined);
  return {
    moid,
    family: familyOf(moid, where),
    version: versionOf(moid),
    ...(where === undefined ? {} : { place: where }),
    root,
  };
}

function identityOf(root: DdfNode, place: string | undefined): string | undefined {
  if (root.name !== '') return place ?? `./${root.name}`;
  if (place !== undefined && place !== '.') return `${place}/*`;
  // OMA's own file of the DM account object names neither.
  const names = new Set(root.children.map((child) => child.name));
  if (['AppID', 'ServerID', 'AppAddr', 'AppAuth'].every((name) => names.has(name)))
    return 'urn:oma:mo:oma-dm-dmacc:1.0';
  return undefined;
}

/** Nodes down to this depth are read in steps. */
const UPPER_DEPTH = 3;

function* readUpperNode(raw: RawNode, warnings: WarningLog, depth: number): Generator<undefined, DdfNode, undefined> {
  if (depth > UPPER_DEPTH) return readNode(raw, warnings);
  const parts = partsOf(raw, warnings);
  const children: DdfNode[] = [];
  for (const child of raw.children) {
    children.push(yield* readUpperNode(child, warnings, depth + 1));
    yield undefined;
  }
  return nodeOf(raw, parts, children, warnings);
}

function readNode(raw: RawNode, warnings: WarningLog): DdfNode {
  const parts = partsOf(raw, warnings);
  const children = raw.children.map((child) => readNode(child, warnings));
  return nodeOf(raw, parts, children, warnings);
}

interface Parts {
  readonly properties?: XmlElement;
  /** Elements that a Node does not have by the DTD. */
  readonly extras: readonly XmlElement[];
}

function partsOf({ element, at, name }: RawNode, warnings: WarningLog): Parts {
  let properties: XmlElement | undefined;
  const extras: XmlElement[] = [];
  for (const child of element?.children ?? []) {
    if (child.name === 'DFProperties' && isClassic(child)) {
      if (properties) warnings.add('PROPERTY_TWICE', child, child.name);
      properties ??= child;
    } else if (!NODE_PARTS.has(child.name) || !isClassic(child)) extras.push(child);
  }
  for (const extra of extras) if (isClassic(extra)) warnings.add('ELEMENT_UNKNOWN', extra, extra.name);
  if (element && !properties) warnings.add('PROPERTIES_MISSING', at, name);
  return { properties, extras };
}

function nodeOf(
  { element, at, name }: RawNode,
  { properties, extras }: Parts,
  children: readonly DdfNode[],
  warnings: WarningLog,
): DdfNode {
  const status = element && readStatus(element);
  return {
    name,
    ...readProperties(properties, extras, children.length > 0, name !== '', at, warnings),
    ...(element && readRunTime(element)),
    ...(status === undefined ? {} : { status }),
    children,
    at: { line: at.line, column: at.column },
  };
}
