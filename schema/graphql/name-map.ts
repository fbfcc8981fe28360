/** Between raw paths and GraphQL names of one family, both ways. */
import type { DdfFormat } from '../ddf/model';
import type { MoFamily, MoNode, NodeVariant } from './types';

/** A node by its names in GraphQL. */
export interface NamedNode {
  /** Names of fields below the root's type; a list is one field. Empty for the root. */
  readonly fields: readonly string[];
  readonly node: MoNode;
  /** How the versions that have this very path and format describe it. */
  readonly variant: NodeVariant;
}

/**
 * The field of a raw path as DDFs describe it: names joined by `/`, `*` for an unnamed node. One path has several fields where
 * versions disagree on its shape; without a format it is the one that the newest version has.
 */
export function fieldOfPath(family: MoFamily, path: string, format?: DdfFormat): NamedNode | undefined {
  let level: readonly { readonly node: MoNode; readonly fields: readonly string[] }[] = [
    { node: family.root, fields: [] },
  ];
  const segments = path === '' ? [] : path.split('/');
  for (let i = 0; i < segments.length; i++) {
    const prefix = segments.slice(0, i + 1).join('/');
    level = level.flatMap(({ node, fields }) =>
      node.children
        .filter((child) => child.variants.some((variant) => variant.path === prefix))
        .map((child) => ({ node: child, fields: [...fields, child.fieldName] })),
    );
  }
  for (const { node, fields } of level) {
    const variant = node.variants.find(
      (known) => known.path === path && (format === undefined || known.format === format),
    );
    if (variant) return { fields, node, variant };
  }
  return undefined;
}

/** The node that a chain of fields below the root's type shows; `nodeName` picks nothing here. */
export function nodeOfFields(family: MoFamily, fields: readonly string[]): MoNode | undefined {
  let node: MoNode | undefined = family.root;
  for (const field of fields) {
    node = node.children.find((child) => child.fieldName === field);
    if (!node) return undefined;
  }
  return node;
}
