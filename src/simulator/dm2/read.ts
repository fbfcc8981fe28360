/** Reading commands: what a ClientURI brings. Source: dm2 6, 7, 8, 16. */
import type { Bytes } from '../../../adapters/adapter';
import { parseClientUri, resolveClientUri, type ClientUri } from '../../../adapters/dm2/client-uri';
import { encodeBareValue } from '../../../adapters/dm2/leaf-value';
import { encodeMoJson, type OutgoingEntry } from '../../../adapters/dm2/mo-json';
import { MEDIA_TYPES } from '../../../adapters/dm2/package';
import type { DeviceTree } from '../tree';
import { forestOf, treeOf, validatorOf, valueOf, type Place } from './forest';

export type Read =
  | {
      readonly ok: true;
      readonly entries: readonly OutgoingEntry[];
      /** The one leaf that was addressed. */ readonly leaf?: Place;
    }
  /** 304, 400, 403, 404, 501. */
  | { readonly ok: false; readonly sc: number };

export interface Reader {
  readonly tree: DeviceTree;
  readonly actor: string;
  readonly caching: boolean;
  /** Whether it understands query fields, x-names and wildcards. */
  readonly query: boolean;
}

/** Resolves an address to exactly one node; undefined for none or several. */
export function findOne(tree: DeviceTree, uri: ClientUri): Place | undefined {
  const found = resolveClientUri(uri, forestOf(tree));
  return found.ok && !found.value.list && found.value.nodes.length === 1 ? found.value.nodes[0]?.node : undefined;
}

export function readNodes(reader: Reader, text: string): Read {
  const { tree, actor, caching } = reader;
  const uri = parseClientUri(text);
  if (!uri.ok) return { ok: false, sc: 400 };
  if (!reader.query && !isPlain(text)) return { ok: false, sc: 501 };
  const found = resolveClientUri(uri.value, forestOf(tree));
  if (!found.ok) return { ok: false, sc: 404 };
  const { nodes, list } = found.value;
  if (nodes.some(({ node }) => tree.may(node.path, 'Get', actor) !== undefined)) return { ok: false, sc: 403 };
  const entries: OutgoingEntry[] = [];
  let fresh = true;
  for (const { miid, path, node } of nodes) {
    const rootPath = node.path.slice(0, node.path.length - path.length);
    const root = tree.find(rootPath);
    const validator = caching && root !== undefined ? validatorOf(root) : undefined;
    if (validator === undefined || validator !== uri.value.validator) fresh = false;
    entries.push({
      at: { moid: uri.value.moid, miid, path },
      tree: treeOf(node.node, uri.value.level),
      ...(validator !== undefined && path.length === 0 ? { validator } : {}),
    });
  }
  if (fresh) return { ok: false, sc: 304 };
  const [only] = nodes;
  const leaf = !list && only !== undefined && only.node.node.children === undefined ? only.node : undefined;
  return { ok: true, entries, ...(leaf === undefined ? {} : { leaf }) };
}

/** A client needs to know no more than the scheme of ClientURIs (8). */
function isPlain(text: string): boolean {
  return !/[?*(]/.test(text);
}

/** The body of an answer: the bare value of a single leaf where wanted, else MO data. */
export function bodyOf(
  read: Extract<Read, { ok: true }>,
  bare: boolean,
): { readonly mediaType: string; readonly body: Bytes } | undefined {
  if (bare && read.leaf !== undefined) {
    const value = encodeBareValue(valueOf(read.leaf.node));
    if (value !== undefined) return value;
  }
  const encoded = encodeMoJson(read.entries);
  return encoded.ok ? { mediaType: MEDIA_TYPES.moJson, body: encoded.value } : undefined;
}
