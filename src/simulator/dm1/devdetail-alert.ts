/** DevDetail as TNDS in a generic alert, as the Hotspot 2.0 client tells it with every Package 1. Source: dm1 14, 20; client-quirks 24. */
import type { Tree } from '../../../adapters/adapter';
import { elementToXml, encodeTnds } from '../../../adapters/dm1/codec';
import type { DeviceTree, TreeNode } from '../tree';
import type { DeviceAlert } from './memory';

export function devDetailAlert(tree: DeviceTree, type: string): DeviceAlert {
  const node = tree.find(['DevDetail']);
  const nodes = node === undefined ? [] : [{ path: '.', tree: branchOf(node) }];
  return { type, format: 'xml', source: './DevDetail', data: elementToXml(encodeTnds({ nodes })) };
}

function branchOf(node: TreeNode): Tree {
  if (node.children !== undefined) return { name: node.name, children: [...node.children.values()].map(branchOf) };
  const data = typeof node.value === 'string' ? node.value : '';
  return { name: node.name, value: { format: node.definition.format === 'bool' ? 'bool' : 'chr', data } };
}
