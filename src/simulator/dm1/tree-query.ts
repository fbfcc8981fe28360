/**
 * Answers to tree queries, and writes of whole trees as one document. Both are optional parts of a device.
 * Source: OMA-TS-DM_TND, "Serialization" and "Get"; dm1 6.4, 14, 19.
 */
import type { Tree, Value } from '../../../adapters/adapter';
import { decodeTnds, encodeTnds } from '../../../adapters/dm1/codec/tnds';
import { elementToXml } from '../../../adapters/dm1/codec/xml-encode';
import type { Data, Item } from '../../../adapters/dm1/message';
import type { DeviceTree, Path, TreeError, TreeNode } from '../tree';
import { locUriOf } from './address';
import { itemContent, textData, textOf } from './data';

export type ListName = 'TNDS' | 'StructData' | 'Struct' | 'MORoot';

/** What a simulated device has of them; all is off unless it is named. */
export interface TreeQueryOptions {
  readonly lists?: readonly ListName[];
  /** Add and Replace of TNDS documents; else 406. */
  readonly writesTnds?: boolean;
  /** Documents as elements in Data in place of text; such a one cannot be sent in chunks. */
  readonly inlineTnds?: boolean;
  /** Whether MO roots tell their MOID; default true. */
  readonly tellsMoids?: boolean;
  /** Optional properties that nodes have, by LocURI. */
  readonly properties?: Readonly<Record<string, Readonly<Partial<Record<'Title' | 'TStamp' | 'VerNo', string>>>>>;
}

export const TNDS_XML = 'application/vnd.syncml.dmtnds+xml';

export interface Asked {
  readonly tree: DeviceTree;
  readonly actor: string;
  readonly wbxml: boolean;
  readonly options: TreeQueryOptions;
}

/**
 * Items that answer `?list=` of a node that may be read; undefined: there is no such list here.
 *
 * @param asked  LocURI as the server wrote it
 * @param item   of the Get: its Data names the MO for MORoot
 */
export function answerList(
  run: Asked,
  path: Path,
  list: string,
  asked: string,
  item: Item,
): readonly Item[] | undefined {
  const name = list.replace(/[+-].*$/s, '') as ListName;
  if (run.options.lists?.includes(name) !== true) return undefined;
  switch (name) {
    case 'TNDS':
      return [tndsItem(run, path, asked)];
    case 'Struct':
    case 'StructData':
      return structItems(run, path, name === 'StructData');
    case 'MORoot':
      return run.tree
        .instances(textOf(item.data).trim())
        .map((mo) => ({ source: { locUri: locUriOf(mo.path) }, meta: { format: 'node' } }));
  }
}

function readable(run: Asked, path: Path): TreeNode | undefined {
  const got = run.tree.get(path, run.actor);
  return got.ok ? got.value : undefined;
}

function structItems(run: Asked, path: Path, hasData: boolean): Item[] {
  const node = readable(run, path);
  if (node === undefined) return [];
  const source = { locUri: locUriOf(path) };
  const below = [...(node.children?.keys() ?? [])].flatMap((name) => structItems(run, [...path, name], hasData));
  if (node.children !== undefined) {
    const moid = moidOf(run, node);
    return [{ source, meta: { format: 'node', ...(moid === undefined ? {} : { type: moid }) } }, ...below];
  }
  const { meta, data } = itemContent(node, run.wbxml);
  return [{ source, ...(meta === undefined ? {} : { meta }), ...(hasData ? { data } : {}) }];
}

function moidOf(run: Asked, node: TreeNode): string | undefined {
  return run.options.tellsMoids === false ? undefined : node.definition.moid;
}

function tndsItem(run: Asked, path: Path, asked: string): Item {
  const tree = treeOf(run, path);
  const document = encodeTnds({ nodes: [{ path: locUriOf(path.slice(0, -1)), tree }] });
  const data: Data =
    run.options.inlineTnds === true ? { kind: 'element', element: document } : textData(elementToXml(document));
  return { source: { locUri: asked }, meta: { format: 'xml', type: TNDS_XML }, data };
}

function treeOf(run: Asked, path: Path): Tree {
  const node = run.tree.find(path) as TreeNode;
  const props = { ...run.options.properties?.[locUriOf(path)], ...(node.acl === '' ? {} : { ACL: node.acl }) };
  const moid = moidOf(run, node);
  const common = { name: node.name, ...(Object.keys(props).length === 0 ? {} : { props }) };
  if (node.children === undefined) return { ...common, value: valueOf(node) };
  const children = [...node.children.keys()].flatMap((name) => {
    const below = [...path, name];
    return readable(run, below) === undefined ? [] : [treeOf(run, below)];
  });
  return { ...common, ...(moid === undefined ? {} : { moid }), children };
}

function valueOf({ definition, value }: TreeNode): Value {
  const { format, mime } = definition;
  return { format, mime: mime ?? 'text/plain', data: format === 'null' ? null : (value ?? '') };
}

/** What writing a document came to: all of it, or the problem of the node that failed and nothing. */
export type WrittenTree = { readonly ok: true } | { readonly ok: false; readonly error: TreeError | 'GARBLED' };

/** Adds a document below its target, or makes the sub-trees that it holds equal to it. */
export function writeTnds(run: Asked, kind: 'Add' | 'Replace', target: Path, item: Item): WrittenTree {
  const decoded = item.data === undefined ? undefined : decodeTnds(item.data);
  if (decoded?.ok !== true) return { ok: false, error: 'GARBLED' };
  const before = run.tree.snapshot();
  for (const { path = '', tree } of decoded.value.nodes) {
    const own = tree.name === '' ? [] : [tree.name];
    const names = path.split('/').filter((segment) => segment !== '' && segment !== '.');
    const error = writeNode(run, kind, [...target, ...names, ...own], tree);
    if (error === undefined) continue;
    run.tree.restore(before);
    return { ok: false, error };
  }
  return { ok: true };
}

/** @param isNew  the parent was just made: what it brought with it takes the document's values */
function writeNode(run: Asked, kind: 'Add' | 'Replace', path: Path, node: Tree, isNew = false): TreeError | undefined {
  const { value, children } = node;
  const given = value === undefined ? { format: 'node' } : { format: value.format, value: storedOf(value) };
  const exists = run.tree.find(path) !== undefined;
  const isInterior = children !== undefined || value === undefined;
  let isMade = isNew;
  if (!exists || (kind === 'Add' && !isInterior && !isNew)) {
    const added = run.tree.add(path, given, run.actor);
    if (!added.ok) return added.error;
    isMade = true;
  } else if (!isInterior) {
    const replaced = run.tree.replace(path, given, isNew ? undefined : run.actor);
    if (!replaced.ok) return replaced.error;
  }
  return (
    (kind === 'Replace' && exists ? dropOthers(run, path, node) : undefined) ??
    writeBelow(run, kind, path, node, isMade)
  );
}

/** What stands below a node and not in the document goes. */
function dropOthers(run: Asked, path: Path, node: Tree): TreeError | undefined {
  const kept = new Set((node.children ?? []).map((child) => child.name));
  for (const name of [...(run.tree.find(path)?.children?.keys() ?? [])]) {
    const gone = kept.has(name) ? undefined : run.tree.delete([...path, name], run.actor);
    if (gone?.ok === false) return gone.error;
  }
  return undefined;
}

function writeBelow(
  run: Asked,
  kind: 'Add' | 'Replace',
  path: Path,
  node: Tree,
  isNew: boolean,
): TreeError | undefined {
  for (const child of node.children ?? []) {
    const error = writeNode(run, kind, [...path, child.name], child, isNew);
    if (error !== undefined) return error;
  }
  return undefined;
}

function storedOf({ data }: Value): string | Uint8Array {
  if (data instanceof Uint8Array) return data;
  return data === null || typeof data === 'object' ? '' : String(data);
}
