/** Trees of nodes as the JSON that callers see and the store keeps. */
import type { DmFormat, Json, Tree, Value } from '../../adapters/adapter';
import { encodeName } from '../../schema/ddf/library';

const LONE_SURROGATE = /\p{Cs}/u;
const LONE_SURROGATES = /\p{Cs}/gu;

/** Whether text can stand in a document: PostgreSQL's JSON cannot hold U+0000 and lone surrogates. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && !LONE_SURROGATE.test(text);
}

/** The text with U+FFFD in place of what cannot be stored. */
export function storableText(text: string): string {
  return isStorable(text) ? text : text.replaceAll('\0', '\ufffd').replace(LONE_SURROGATES, '\ufffd');
}

/** JSON without what cannot be stored: text with U+0000 or lone surrogates becomes null, members of such names go. */
export function storable(json: Json): Json {
  if (typeof json === 'string') return isStorable(json) ? json : null;
  if (json === null || typeof json !== 'object') return json;
  if (Array.isArray(json)) return (json as readonly Json[]).map(storable);
  return Object.fromEntries(
    Object.entries(json as { readonly [key: string]: Json })
      .filter(([name]) => isStorable(name))
      .map(([name, value]) => [name, storable(value)]),
  );
}

/**
 * A leaf's value as a scalar: octets as Base64 text, integers beyond 2^53−1 as decimal text, a null-format leaf null.
 * Undefined when it cannot be stored.
 */
export function scalarOf(value: Value): Json | undefined {
  const { data } = value;
  if (data === null || typeof data === 'boolean') return data;
  if (typeof data === 'string') return isStorable(data) ? data : undefined;
  if (typeof data === 'bigint')
    return data >= -9007199254740991n && data <= 9007199254740991n ? Number(data) : data.toString();
  if (typeof data === 'number') return Number.isFinite(data) ? data : String(data);
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  return undefined;
}

/** Nodes of which nothing is known but that they exist. */
export function isBare(tree: Tree): boolean {
  return tree.value === undefined && tree.children === undefined;
}

/**
 * A tree as JSON keyed by raw node names: a leaf its scalar, an interior node an object. Nodes whose name or value cannot
 * be stored are left out.
 *
 * @param depth levels below the node to give; absent: all. Interior nodes that are cut off are `{}`.
 */
export function jsonOf(tree: Tree, depth = Number.POSITIVE_INFINITY): Json | undefined {
  if (tree.value !== undefined) return scalarOf(tree.value);
  const object: Record<string, Json> = {};
  if (depth <= 0) return object;
  for (const child of tree.children ?? []) {
    if (!isStorable(child.name)) continue;
    const json = jsonOf(child, depth - 1);
    if (json !== undefined) setOwn(object, child.name, json);
  }
  return object;
}

/** What a get gives: the tree as JSON; with depth 0 the names of an interior node's children. */
export function resultOf(tree: Tree, depth?: number): Json {
  if (depth === 0 && tree.value === undefined)
    return (tree.children ?? [])
      .map((c) => c.name)
      .filter(isStorable)
      .sort();
  return jsonOf(tree, depth) ?? null;
}

/** What the DDFs say of a node at a path below an MO's root. */
export type DescribedNode =
  { readonly format?: DmFormat; readonly mime?: string; readonly access?: readonly string[] } | undefined;

/** Whether a node is shown at all: one that can be read, or executed without value; of others a device may keep silent. */
export function isShown(node: DescribedNode): boolean {
  const { access, format } = node ?? {};
  return access === undefined || access.includes('Get') || (format === 'null' && access.includes('Exec'));
}

/** A node with those of its children that are shown. */
export function withShownChildren(tree: Tree, path: string, nodeAt: (path: string) => DescribedNode): Tree {
  const children = (tree.children ?? []).filter(({ name }) => {
    const below = encodeName(name);
    return isShown(nodeAt(path === '' ? below : `${path}/${below}`));
  });
  return { ...tree, children };
}

/**
 * A tree with what the DDFs know of nodes that the device only named: such a leaf of null format has its value, null; any
 * other such leaf, and an interior node that must not be read, is left out. Leaves without a MIME type get the DDF's, else their format's.
 */
export function describedTree(tree: Tree, path: string, nodeAt: (path: string) => DescribedNode): Tree | undefined {
  const { value } = tree;
  if (value !== undefined) {
    const mime = value.mime ?? nodeAt(path)?.mime ?? defaultMime(value.format);
    return mime === undefined ? tree : { ...tree, value: { ...value, mime } };
  }
  if (isBare(tree)) {
    const node = nodeAt(path);
    if (node?.format === 'null') return { ...tree, value: { format: 'null', data: null } };
    return node?.format === undefined || (node.format === 'node' && (path === '' || isShown(node))) ? tree : undefined;
  }
  const children = (tree.children ?? []).flatMap((child) => {
    const below = path === '' ? encodeName(child.name) : `${path}/${encodeName(child.name)}`;
    return describedTree(child, below, nodeAt) ?? [];
  });
  return { ...tree, children };
}

function defaultMime(format: DmFormat): string | undefined {
  if (format === 'null' || format === 'node') return undefined;
  return format === 'bin' ? 'application/octet-stream' : 'text/plain';
}

/**
 * Format and MIME type of each leaf by path below the tree's root ('' = the root).
 *
 * @param depth levels below the node, as the result has them; absent: all
 */
export function metaOf(tree: Tree, depth?: number): Record<string, { format: string; type?: string }> {
  const meta: Record<string, { format: string; type?: string }> = {};
  const note = (path: string, { format, mime }: Value): void =>
    setOwn(meta, path, mime === undefined ? { format } : { format, type: storableText(mime) });
  eachLeaf(tree, '', note, depth);
  return meta;
}

/** Visits each leaf that has a value, at most `depth` levels down, with its path below the root. */
export function eachLeaf(
  tree: Tree,
  path: string,
  visit: (path: string, value: Value) => void,
  depth = Number.POSITIVE_INFINITY,
): void {
  if (tree.value !== undefined) visit(path, tree.value);
  if (depth <= 0) return;
  for (const child of tree.children ?? []) {
    if (isStorable(child.name))
      eachLeaf(child, path === '' ? encodeName(child.name) : `${path}/${encodeName(child.name)}`, visit, depth - 1);
  }
}

/** Sets a member even where its name is `__proto__`. */
export function setOwn<T>(object: Record<string, T>, name: string, value: T): void {
  // The plain way is many times as fast.
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}
