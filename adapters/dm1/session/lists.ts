import type { Context, Effect, Json, Tree } from '../../adapter';
import { absolute, canonical, childUri, nodeName } from '../addressing';
import { DEFAULT_CODEC_LIMITS } from '../codec/limits';
import { decodeTnds, placeTnds } from '../codec/tnds';
import type { Data } from '../message';
import { STATUS } from '../status-codes';
import { restoreValue, storeValue, textOf } from '../values';
import { FEATURE_LARGE_OBJECTS } from './large-object-features';
import type { Machine, StoredItem, WalkNode } from './machine';

/**
 * Tree queries, `URI?list=…`: a whole sub-tree by one Get. Clients support all, some or none of them, and each kind is
 * tried once in a device's life: what came of it is a feature. Source: OMA-TS-DM_TND, "Get" and "Serialization"; dm1 6.4.
 */
export type ListKind = 'tnds' | 'structdata' | 'struct' | 'moroot';

/** Kinds that read a sub-tree, the one that tells most first. */
export const READING_KINDS = ['tnds', 'structdata', 'struct'] as const;

const QUERIES: Readonly<Record<ListKind, string>> = {
  tnds: 'TNDS',
  structdata: 'StructData',
  struct: 'Struct',
  moroot: 'MORoot',
};

/**
 * Feature of a kind: true or false as the device's answer showed, `asked` from the moment of the question on. A device
 * that never answered it is not asked again.
 */
export function listFeature(kind: ListKind): string {
  return `dm1.list.${kind}`;
}

export function listUri(uri: string, kind: ListKind): string {
  return `${uri}?list=${QUERIES[kind]}`;
}

/** The kind of list that a LocURI asks for. */
export function listKindOf(uri: string): ListKind | undefined {
  const query = /\?list=([A-Za-z]+)/.exec(uri)?.[1];
  return (Object.keys(QUERIES) as ListKind[]).find((kind) => QUERIES[kind] === query);
}

/** The node that a LocURI with a property or a query speaks of. */
export function withoutQuery(uri: string): string {
  const mark = uri.indexOf('?');
  return mark < 0 ? uri : uri.slice(0, mark);
}

/** Whether a device answers a kind; undefined while nobody asked. One whose try has no answer yet counts as none. */
export function supports(kind: ListKind, machine: Machine, context: Context): boolean | undefined {
  const known = machine.lists?.[kind] ?? context.device?.features[listFeature(kind)];
  return typeof known === 'boolean' ? known : known === 'asked' ? false : undefined;
}

/**
 * The best kind by which a sub-tree can be read; undefined: node by node.
 *
 * @param tried     kinds that this very sub-tree was refused by
 * @param mayTry    whether one may be asked that the device was never asked
 */
export function bestKind(
  machine: Machine,
  context: Context,
  tried: readonly string[],
  mayTry: boolean,
): (typeof READING_KINDS)[number] | undefined {
  return READING_KINDS.find((kind) => {
    if (tried.includes(kind)) return false;
    // A whole tree is one object. Without large objects it has to fit a message, and nobody knows before whether it does;
    // Items of the other kinds can be spread over messages.
    if (kind === 'tnds' && context.device?.features[FEATURE_LARGE_OBJECTS] === false) return false;
    const known = supports(kind, machine, context);
    return known ?? mayTry;
  });
}

/** A question by a kind whose answer will tell whether the device has it. */
export function noteAsked(uri: string, machine: Machine, context: Context): readonly Effect[] {
  const kind = listKindOf(uri);
  if (kind === undefined || supports(kind, machine, context) !== undefined) return [];
  return learnList(kind, 'asked', `it was asked for ${uri}`, machine);
}

/**
 * What an answer tells of a kind.
 *
 * @param isGarbled  the device said that it is well, and sent nothing that can be read
 */
export function learnFromAnswer(
  uri: string,
  code: number | undefined,
  isGarbled: boolean,
  machine: Machine,
  context: Context,
): readonly Effect[] {
  const kind = listKindOf(uri);
  if (kind === undefined) return [];
  const said = machine.lists?.[kind] ?? context.device?.features[listFeature(kind)];
  const isGood = code !== undefined && code >= 200 && code < 300;
  if (isGood && !isGarbled) return said === true ? [] : learnList(kind, true, `${uri} was answered`, machine);
  const why =
    code === undefined ? 'was not answered' : isGood ? 'was answered by what is no list' : `is answered ${code}`;
  const evidence = `${uri} ${why}`;
  if (said === true) {
    const isGivenUp = isGood || code === STATUS.UNSUPPORTED || code === STATUS.NOT_IMPLEMENTED || code === 415;
    return isGivenUp ? learnList(kind, false, evidence, machine) : [];
  }
  // Of the node's size or its ACL: it tells nothing of the kind, which is not asked for again all the same.
  return code !== undefined && SAYS_NOTHING.has(code) ? [] : learnList(kind, false, evidence, machine);
}

const SAYS_NOTHING: ReadonlySet<number> = new Set([401, 407, 408, 413, 416, 425, 503]);

function learnList(kind: ListKind, value: Json, evidence: string, machine: Machine): readonly Effect[] {
  machine.lists = { ...machine.lists, [kind]: value };
  return [{ kind: 'featureLearned', feature: listFeature(kind), value, evidence }];
}

/** Data as JSON, without loss of an octet. */
export function keepRaw(data: Data): Json {
  if (data.kind === 'octets') return { b64: Buffer.from(data.octets).toString('base64') };
  return { text: textOf(data) };
}

/** Data that {@link keepRaw} kept. */
export function rawData(raw: Json): Data {
  const { text, b64 } = raw as { readonly text?: string; readonly b64?: string };
  if (text !== undefined) return { kind: 'text', text };
  const octets = Buffer.from(b64 ?? '', 'base64');
  // WBXML begins with its version. Anything else is XML, or Base64 of one of the two.
  const isWbxml = octets[0] !== undefined && octets[0] < 0x04;
  return isWbxml ? { kind: 'octets', octets: new Uint8Array(octets) } : { kind: 'text', text: octets.toString('utf8') };
}

/** Nodes of a list, the root first and parents before children; undefined when the answer is none. */
export interface ListedNodes {
  readonly nodes: readonly WalkNode[];
  /** LocURIs of leaves whose value was not told. */
  readonly unread: readonly string[];
}

/**
 * Reads the Items of an answer. Sub-trees that the server may not Get are left out by the device.
 *
 * @param uri    the node that was asked about, without the query
 * @param items  Items of all its Results, in any order, their Source with or without the query
 * @param mayBeLeaf  whether the node may be a leaf: else the answer of one is none
 */
export function readList(
  uri: string,
  kind: ListKind,
  items: readonly StoredItem[],
  mayBeLeaf: boolean,
): ListedNodes | undefined {
  const listed = kind === 'tnds' ? readTndsAnswer(uri, items) : readStruct(uri, items, kind === 'structdata');
  const root = listed?.nodes.find((node) => node.uri === uri);
  return mayBeLeaf || root?.kind === 'node' ? listed : undefined;
}

function readTndsAnswer(uri: string, items: readonly StoredItem[]): ListedNodes | undefined {
  for (const item of items) {
    if (item.raw === undefined) continue;
    const data = rawData(item.raw);
    const decoded = decodeTnds(data, DEFAULT_CODEC_LIMITS);
    const tree = decoded.ok ? placeTnds(decoded.value, uri) : undefined;
    if (tree !== undefined) return { nodes: flatten(tree, uri), unread: [] };
  }
  return undefined;
}

/** Every node of a tree, parents first. */
function flatten(tree: Tree, uri: string): WalkNode[] {
  const nodes: WalkNode[] = [];
  const visit = (node: Tree, at: string): void => {
    const children = node.children?.map((child) => ({ child, at: childUri(at, child.name) }));
    nodes.push({
      uri: at,
      name: nodeName(at),
      kind: node.value !== undefined ? 'leaf' : children === undefined ? 'hidden' : 'node',
      ...(node.value === undefined ? {} : { value: storeValue(node.value) }),
      ...(children === undefined ? {} : { children: children.map((child) => child.at) }),
      ...(node.props === undefined ? {} : { props: node.props }),
      ...(node.moid === undefined ? {} : { type: node.moid }),
    });
    for (const child of children ?? []) visit(child.child, child.at);
  };
  visit(tree, uri);
  return nodes;
}

interface Listed {
  readonly uri: string;
  item?: StoredItem;
  readonly children: string[];
}

/** Nodes of Struct and StructData: their order and whether parents are named is the device's choice. */
function readStruct(uri: string, items: readonly StoredItem[], hasData: boolean): ListedNodes | undefined {
  const root = canonical(uri);
  const byUri = new Map<string, Listed>([[root, { uri, children: [] }]]);
  for (const item of items) {
    const own = absolute(withoutQuery(item.uri));
    const key = canonical(own);
    if (key !== root && !key.startsWith(root === '.' ? './' : `${root}/`)) continue;
    place(byUri, root, key, own).item = item;
  }
  const own = byUri.get(root)?.item;
  // A client that does not look at the query answers with the names of the children.
  const isPlain = own !== undefined && own.format === 'node' && own.text.trim() !== '';
  if (byUri.size === 1 && (own === undefined || isPlain)) return undefined;
  const nodes: WalkNode[] = [];
  const unread: string[] = [];
  const visit = (key: string): void => {
    const listed = byUri.get(key) as Listed;
    const node = structNode(listed, byUri, hasData);
    if (node === undefined) unread.push(listed.uri);
    else nodes.push(node);
    for (const child of listed.children) visit(child);
  };
  visit(root);
  return { nodes, unread };
}

/** The entry of a node, made with those of its ancestors up to the root where they are not there yet. */
function place(byUri: Map<string, Listed>, root: string, key: string, uri: string): Listed {
  const known = byUri.get(key);
  if (known !== undefined) return known;
  const listed: Listed = { uri, children: [] };
  byUri.set(key, listed);
  const parentKey = key.slice(0, key.lastIndexOf('/'));
  place(byUri, root, parentKey, uri.slice(0, uri.lastIndexOf('/'))).children.push(key);
  return listed;
}

/** A node as a list tells it; undefined for a leaf whose value is still to be asked for. */
function structNode(listed: Listed, byUri: ReadonlyMap<string, Listed>, hasData: boolean): WalkNode | undefined {
  const { uri, item, children } = listed;
  const name = nodeName(uri);
  if (children.length > 0 || item?.format === 'node') {
    const type = item === undefined ? '' : (mimeOf(item) ?? '');
    return {
      uri,
      name,
      kind: 'node',
      children: children.map((key) => (byUri.get(key) as Listed).uri),
      ...(type === '' || type.toLowerCase() === 'text/plain' ? {} : { type }),
    };
  }
  if (item === undefined) return undefined;
  if (item.format === 'null') return { uri, name, kind: 'leaf', value: item.value };
  if (!hasData) return undefined;
  // A value that is none, and empty: the device names a leaf that it does not tell.
  return item.misfit !== undefined && item.text === ''
    ? { uri, name, kind: 'hidden' }
    : { uri, name, kind: 'leaf', value: item.value };
}

function mimeOf(item: StoredItem): string | undefined {
  return restoreValue(item.value).mime;
}
