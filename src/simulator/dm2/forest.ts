/** The device's tree as DM 2.0 sees it: instances of MOs, values as JSON. Source: dm2 1 (DM Tree), 8.3, 10. */
import { createHash } from 'node:crypto';

import type { DmFormat, Tree, Value } from '../../../adapters/adapter';
import { printClientUri, type Forest } from '../../../adapters/dm2/client-uri';
import { jsonFromValue } from '../../../adapters/dm2/leaf-value';
import { definitionOfChild, type NodeDefinition, type Stored } from '../definition';
import type { DeviceTree, Path, TreeNode } from '../tree';

/** A node and where it is. */
export interface Place {
  readonly path: Path;
  readonly node: TreeNode;
}

export function forestOf(tree: DeviceTree): Forest<Place> {
  return {
    instances: (moid) =>
      tree.instances(moid).map(({ miid, path }) => ({ miid, root: { path, node: tree.find(path) as TreeNode } })),
    children: ({ path, node }) =>
      [...(node.children ?? new Map<string, TreeNode>())].map(([name, child]) => ({
        name,
        node: { path: [...path, name], node: child },
      })),
    child: ({ path, node }, name) => {
      const child = node.children?.get(name);
      return child === undefined ? undefined : { path: [...path, name], node: child };
    },
    text: ({ node }) => {
      if (node.children !== undefined) return undefined;
      const json = jsonFromValue(valueOf(node));
      return typeof json === 'string' ? json : JSON.stringify(json);
    },
  };
}

export function valueOf(node: TreeNode): Value {
  const { format, mime } = node.definition;
  const more = mime === undefined ? {} : { mime };
  return { format, ...more, data: dataOf(format, node.value ?? '') };
}

function dataOf(format: DmFormat, stored: Stored): Value['data'] {
  if (typeof stored !== 'string') return stored;
  switch (format) {
    case 'int':
      return Number(stored);
    case 'float':
      return stored === 'INF' ? Infinity : stored === '-INF' ? -Infinity : Number(stored);
    case 'bool':
      return stored === 'true';
    case 'null':
      return null;
    default:
      return stored;
  }
}

/** A value in the form that the tree keeps. */
export function storedOf(value: Value): Stored {
  const { data } = value;
  if (data instanceof Uint8Array) return data;
  if (data === null || typeof data === 'object') return '';
  if (data === Infinity) return 'INF';
  return data === -Infinity ? '-INF' : String(data);
}

/**
 * A sub-tree to send. What may not be read is left out; nodes that may only be executed are shown as null.
 *
 * @param levels  levels below the node (`lv`); interior nodes cut off have no children
 */
export function treeOf(node: TreeNode, levels = Number.POSITIVE_INFINITY): Tree {
  if (node.children === undefined) return { name: node.name, value: valueOf(node) };
  const children: Tree[] = [];
  if (levels > 0) {
    for (const child of node.children.values()) {
      const { access } = child.definition;
      if (access.includes('Get') || (access.includes('Exec') && child.definition.format === 'null'))
        children.push(treeOf(child, levels - 1));
    }
  }
  return { name: node.name, children };
}

/** The concrete ClientURI of a path, or undefined outside of every MO. */
export function clientUriOf(tree: DeviceTree, path: Path): string | undefined {
  const address = addressOf(tree, path);
  return address === undefined ? undefined : printClientUri(address);
}

export function addressOf(
  tree: DeviceTree,
  path: Path,
): { readonly moid: string; readonly miid: string; readonly path: Path } | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const node = tree.find(path.slice(0, length));
    const moid = node?.definition.moid;
    if (node !== undefined && moid !== undefined)
      return { moid, miid: node.definition.miid ?? node.name, path: path.slice(length) };
  }
  return undefined;
}

/** The definition at raw names below an MO's root. */
export function definitionAt(root: NodeDefinition | undefined, names: Path): NodeDefinition | undefined {
  let at = root;
  for (const name of names) at = at === undefined ? undefined : definitionOfChild(at, name);
  return at;
}

/** A validator that changes with anything in the instance (dm2 16). */
export function validatorOf(node: TreeNode): string {
  const hash = createHash('sha256');
  const walk = (one: TreeNode): void => {
    hash
      .update(JSON.stringify(one.name))
      .update(one.children === undefined ? 'l' : 'i')
      .update(one.value ?? '');
    for (const child of one.children?.values() ?? []) walk(child);
    hash.update('.');
  };
  walk(node);
  return `v-${hash.digest('hex').slice(0, 12)}`;
}
