/**
 * Filter inputs of one family: each mirrors what can be read.
 *
 * - a leaf takes tests of its value; an interior node an object with `and`, `or`, `not`, `exists` and its children;
 * - an unnamed node takes `some`, `every`, `none`, each with a filter of one entry, which has `nodeName` (and `value` where
 *   the entries are leaves);
 * - all that is given in one object must hold.
 */
import {
  GraphQLBoolean,
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLInputFieldConfig,
  type GraphQLInputFieldConfigMap,
} from 'graphql';

import { deprecationOf, extensionOf, summaryOf } from './describe';
import type { FamilyTypes } from './family-types';
import { filterTypeName, listFilterTypeName } from './names';
import { isReadable } from './object-types';
import { enumOperators, operatorTypes } from './operator-types';
import type { MoNode } from './types';

const ENTRIES: Readonly<Record<'some' | 'every' | 'none', string>> = {
  some: 'At least one entry fits.',
  every: 'All entries fit, or there is none.',
  none: 'No entry fits.',
};

/** Absent when nothing of the family can be read. */
export function filterType(types: FamilyTypes): GraphQLInputObjectType | undefined {
  return isReadable(types.family.root) ? objectFilter(types, types.family.root) : undefined;
}

function objectFilter(types: FamilyTypes, node: MoNode): GraphQLInputObjectType {
  const type: GraphQLInputObjectType = new GraphQLInputObjectType({
    name: filterTypeName(node.typeName),
    description: summaryOf(node),
    extensions: extensionOf('filter', types.family, node),
    fields: () => fieldsOf(types, node, type),
  });
  return type;
}

function fieldsOf(types: FamilyTypes, node: MoNode, self: GraphQLInputObjectType): GraphQLInputFieldConfigMap {
  const operators = operatorTypes(types.outside);
  const selves = new GraphQLList(new GraphQLNonNull(self));
  const fields: Record<string, GraphQLInputFieldConfig> = {
    and: { type: selves, description: 'All of these hold.' },
    or: { type: selves, description: 'One of these holds; none does when the list is empty.' },
    not: { type: self, description: 'This does not hold.' },
  };
  if (node.isList) fields['nodeName'] = { type: operators.String, description: 'Name of the entry on the device.' };
  else fields['exists'] = { type: GraphQLBoolean, description: 'Whether the node is there.' };
  if (node.kind === 'leaf') {
    if (!node.isList || node.scalar !== 'Presence')
      fields['value'] = { type: leafFilter(types, node), description: summaryOf(node) };
    return fields;
  }
  for (const child of node.children) {
    if (!isReadable(child)) continue;
    fields[child.filterName] = {
      type: childFilter(types, child),
      description: summaryOf(child),
      deprecationReason: deprecationOf(child),
      extensions: extensionOf('filterNode', types.family, child),
    };
  }
  return fields;
}

function childFilter(types: FamilyTypes, child: MoNode): GraphQLInputObjectType {
  if (child.isList) return listFilter(types, child);
  if (child.kind === 'leaf') return leafFilter(types, child);
  // Of its own type even where it is only there or not: nodes below that another DDF brings must not change the type.
  return objectFilter(types, child);
}

function leafFilter(types: FamilyTypes, leaf: MoNode): GraphQLInputObjectType {
  const type = types.leafType(leaf);
  if ('getValues' in type) return enumOperators(type, { ...extensionOf('filter', types.family, leaf) });
  return operatorTypes(types.outside)[leaf.scalar ?? 'String'];
}

function listFilter(types: FamilyTypes, node: MoNode): GraphQLInputObjectType {
  const entry = objectFilter(types, node);
  return new GraphQLInputObjectType({
    name: listFilterTypeName(node.typeName),
    description: summaryOf(node),
    extensions: extensionOf('filter', types.family, node),
    fields: {
      some: { type: entry, description: ENTRIES.some },
      every: { type: entry, description: ENTRIES.every },
      none: { type: entry, description: ENTRIES.none },
    },
  });
}
