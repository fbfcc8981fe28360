/** Properties of nodes as the device tells them beside their values. Source: OMA-TS-DM_TND, "Properties of nodes". */
import type { Tree } from '../../adapters/adapter';
import { encodeName } from '../../schema/ddf/library';
import { isStorable, storableText } from './tree';

/** Properties by their names in the protocol. */
export type NodeProperties = Readonly<Partial<Record<PropertyName, string>>>;

export const PROPERTY_NAMES = ['ACL', 'Format', 'Name', 'Size', 'Title', 'TStamp', 'Type', 'VerNo'] as const;
export type PropertyName = (typeof PROPERTY_NAMES)[number];

/** Characters kept of a property; an ACL may be longer than the others. */
const LONGEST = { ACL: 4_096, other: 255 } as const;

/** What the device told of a node; undefined where it told nothing. The Type of an interior node is its MOID. */
export function propertiesOf(node: Tree): NodeProperties | undefined {
  const told: Partial<Record<PropertyName, string>> = {};
  if (node.moid !== undefined) told.Type = storableText(node.moid).slice(0, LONGEST.other);
  for (const name of PROPERTY_NAMES) {
    const text = node.props?.[name];
    if (text !== undefined) told[name] = storableText(text).slice(0, name === 'ACL' ? LONGEST.ACL : LONGEST.other);
  }
  return Object.keys(told).length === 0 ? undefined : told;
}

/** Visits each node of a tree with its path, parents first; what lies below a name that cannot be stored is left out. */
export function eachNode(tree: Tree, path: string, visit: (path: string, node: Tree) => void): void {
  visit(path, tree);
  for (const child of tree.children ?? []) {
    if (!isStorable(child.name)) continue;
    eachNode(child, path === '' ? encodeName(child.name) : `${path}/${encodeName(child.name)}`, visit);
  }
}
