import type { Json, Tree } from '../../adapter';
import { canonical, childUri, decodeName, nodeName } from '../addressing';
import { restoreValue } from '../values';
import type { ListedNodes } from './lists';
import type { StoredItem, Walk, WalkNode } from './machine';

/**
 * Reading a sub-tree with plain Gets, one a node: the only way that every client has. The walk goes on over as many
 * messages as it takes, and stops at its limits, so that a device cannot make the session grow without end.
 */
export interface WalkLimits {
  readonly nodes: number;
  /** Octets of all values together. */
  readonly octets: number;
  readonly depth: number;
}

export const WALK_LIMITS: WalkLimits = { nodes: 4096, octets: 2 * 1024 * 1024, depth: 24 };

/** Longest LocURI that a walk follows, in characters. */
const MAX_URI_LENGTH = 1024;

export function newWalk(root: string): Walk {
  return { nodes: [], queue: [root], octets: 0 };
}

/**
 * Takes what a Get of a node brought. Children of an interior node are queued while `mayDescend`.
 *
 * @param item   the Item of the Results; undefined where the device would not tell: the node exists, no more is known
 */
export function visit(
  walk: Walk,
  uri: string,
  item: StoredItem | undefined,
  mayDescend: boolean,
  limits: WalkLimits,
): WalkNode {
  const node = nodeOf(uri, item);
  walk.nodes.push(node);
  if (node.value !== undefined) {
    walk.octets += Buffer.byteLength(item?.text ?? '', 'utf8');
    if (walk.octets > limits.octets) walk.cut = true;
  }
  if (mayDescend) descend(walk, node, limits);
  return node;
}

/** Queues the children of a node that was visited, as far as the limits let. */
export function descend(walk: Walk, node: WalkNode, limits: WalkLimits): void {
  if (node.children === undefined) return;
  const room = limits.nodes - walk.nodes.length - walk.queue.length;
  const isTooDeep = depthOf(node.uri) + 1 > limits.depth;
  const children = node.children.filter((child) => child.length <= MAX_URI_LENGTH);
  if (isTooDeep ? children.length > 0 : children.length > room || children.length < node.children.length)
    walk.cut = true;
  if (!isTooDeep) for (const child of children.slice(0, Math.max(0, room))) walk.queue.push(child);
}

/**
 * Takes the nodes that a list brought at once. Leaves that it only named are queued.
 *
 * @returns the nodes that found room
 */
export function takeListed(walk: Walk, listed: ListedNodes, limits: WalkLimits): readonly WalkNode[] {
  const known = new Set(walk.nodes.map((node) => canonical(node.uri)));
  const room = Math.max(0, limits.nodes - walk.nodes.length);
  const isFine = (uri: string): boolean => uri.length <= MAX_URI_LENGTH && depthOf(uri) <= limits.depth;
  const fresh = listed.nodes.filter((node) => isFine(node.uri) && !known.has(canonical(node.uri)));
  const taken = fresh.slice(0, room);
  for (const node of taken) {
    walk.nodes.push(node);
    if (node.value !== undefined) walk.octets += Buffer.byteLength(JSON.stringify(node.value), 'utf8');
  }
  const unread = listed.unread.filter(isFine).slice(0, room - taken.length);
  walk.queue.push(...unread);
  const isWhole =
    taken.length === fresh.length &&
    listed.nodes.every((node) => isFine(node.uri)) &&
    unread.length === listed.unread.length;
  if (!isWhole || walk.octets > limits.octets) walk.cut = true;
  return taken;
}

function nodeOf(uri: string, item: StoredItem | undefined): WalkNode {
  const name = nodeName(uri);
  if (item === undefined) return { uri, name, kind: 'hidden' };
  if (item.format !== 'node') return { uri, name, kind: 'leaf', value: item.value };
  return { uri, name, kind: 'node', children: childUris(uri, item.text) };
}

/** LocURIs of the children that an interior node's Data names, each once. */
function childUris(parent: string, data: string): readonly string[] {
  const names = new Set(
    data
      .split('/')
      .map((name) => name.trim())
      .filter((name) => name !== '' && name !== '.' && name !== '..'),
  );
  return [...names].map((name) => childUri(parent, name));
}

/** Levels between the root and a node. */
export function depthOf(uri: string): number {
  return uri === '.' ? 0 : uri.split('/').length - 1;
}

/**
 * The tree that a walk has read at a node.
 *
 * @param depth  levels below the node; absent: all that was read. At the last level interior nodes have no children.
 */
export function treeOf(nodes: readonly WalkNode[], root: string, depth?: number): Tree {
  const byUri = new Map(nodes.map((node) => [canonical(node.uri), node]));
  const build = (uri: string, levels: number): Tree => {
    const node = byUri.get(canonical(uri));
    if (node === undefined) return { name: decodeName(uri.slice(uri.lastIndexOf('/') + 1)) };
    if (levels < 0) return { name: node.name };
    const named = {
      name: node.name,
      ...(node.type ? { moid: node.type } : {}),
      ...(node.props === undefined ? {} : { props: node.props }),
    };
    if (node.kind === 'leaf') return { ...named, value: restoreValue(node.value as Json) };
    if (node.children === undefined) return named;
    return { ...named, children: node.children.map((child) => build(child, levels - 1)), childrenComplete: true };
  };
  return build(root, depth ?? Number.MAX_SAFE_INTEGER);
}

/** Whether a node lies at or below another. Both are LocURIs as the walk writes them. */
export function isWithin(uri: string, root: string): boolean {
  return uri === root || root === '.' || uri.startsWith(`${root}/`);
}
