/** Points of an MO type, and the way from each to those below it: what a walk over a tree goes along with. */
import type { AccessVerb, DdfFormat, DdfNode } from './model';

/** A node at a path: the union over the versions that were asked for. */
export interface KnownNode {
  /** Of the newest version. */
  readonly format: DdfFormat;
  readonly access: readonly AccessVerb[];
  readonly mime?: string;
  readonly permanent: boolean;
  /** The node as each version describes it, oldest first. */
  readonly nodes: readonly DdfNode[];
}

/**
 * A node of an MO type as some of its versions have it. All names that an unnamed node matches lead to one branch, so an MO
 * type never has more branches than its DDFs have nodes, whatever devices send.
 */
export class Branch {
  #node: KnownNode | undefined;
  #named: ReadonlyMap<string, Branch> | undefined;
  #unnamed: Branch | undefined;

  /** @param nodes of the oldest version first; none: of this path no version knows anything */
  constructor(private readonly nodes: readonly DdfNode[]) {}

  /** What is known of the node. */
  get node(): KnownNode | undefined {
    if (this.nodes.length === 0) return undefined;
    return (this.#node ??= merge(this.nodes));
  }

  /** The child of a raw name. Unnamed nodes match any name that no sibling bears. */
  below(name: string): Branch {
    this.#named ??= this.#children();
    return this.#named.get(name) ?? (this.#unnamed ??= this.#child(''));
  }

  #children(): ReadonlyMap<string, Branch> {
    const named = new Map<string, Branch>();
    for (const node of this.nodes) {
      for (const { name } of node.children) if (name !== '' && !named.has(name)) named.set(name, this.#child(name));
    }
    return named;
  }

  #child(name: string): Branch {
    const nodes = this.nodes.flatMap((node) => {
      const children = childrenByName(node);
      return children.get(name) ?? children.get('') ?? [];
    });
    return nodes.length === 0 ? NOWHERE : new Branch(nodes);
  }
}

/** Where no DDF has anything. */
export const NOWHERE = new Branch([]);

const indexes = new WeakMap<DdfNode, ReadonlyMap<string, DdfNode>>();

function childrenByName(node: DdfNode): ReadonlyMap<string, DdfNode> {
  const known = indexes.get(node);
  if (known) return known;
  const index = new Map(node.children.map((child) => [child.name, child]));
  indexes.set(node, index);
  return index;
}

function merge(nodes: readonly DdfNode[]): KnownNode {
  const newest = nodes[nodes.length - 1] as DdfNode;
  const access = nodes.length === 1 ? newest.access : [...new Set(nodes.flatMap((node) => node.access))].sort();
  const mime = newest.mimeTypes[0];
  return {
    format: newest.format,
    access,
    ...(mime !== undefined && newest.format !== 'node' ? { mime } : {}),
    permanent: nodes.every((node) => node.permanent),
    nodes,
  };
}
