/** Object types of one family: what can be read. */
import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  type GraphQLOutputType,
} from 'graphql';

import { deprecationOf, descriptionOf, extensionOf, nodeNameTextOf } from './describe';
import type { FamilyTypes } from './family-types';
import type { Late, MoFamily, MoNode } from './types';

type Field = GraphQLFieldConfig<unknown, unknown>;

/** Names of an interior node's children, where a DDF leaves open what they are. */
export const NODE_NAMES_FIELD = 'nodeNames';

export function resolveLate<T extends object>(late: Late<T>): T {
  return typeof late === 'function' ? (late as () => T)() : late;
}

/** Whether a query can show anything of a node. */
export function isReadable(node: MoNode): boolean {
  return node.access.includes('Get') || node.children.some(isReadable);
}

/** The type of the family's root; the others are reached from it. */
export function rootType(types: FamilyTypes): GraphQLObjectType {
  return objectType(types, types.family.root);
}

function objectType(types: FamilyTypes, node: MoNode): GraphQLObjectType {
  const { family } = types;
  const isRoot = node === family.root;
  // Types below are made once, when the fields are asked for the first time.
  return new GraphQLObjectType({
    name: node.typeName,
    description: descriptionOf(node),
    extensions: extensionOf(isRoot ? 'mo' : 'node', family, node),
    fields: () => fieldsOf(types, node, isRoot),
  });
}

function fieldsOf(types: FamilyTypes, node: MoNode, isRoot: boolean): GraphQLFieldConfigMap<unknown, unknown> {
  const { family, outside } = types;
  const fields: Record<string, Field> = {};
  if (isRoot) {
    fields['mo'] = {
      type: new GraphQLNonNull(resolveLate(outside.MoInfo)),
      description: 'Which instance this is, and how fresh its values are.',
      extensions: extensionOf('mo', family, node),
    };
  }
  if (node.isList) {
    fields['nodeName'] = {
      type: new GraphQLNonNull(GraphQLString),
      description: nodeNameTextOf(node),
      extensions: extensionOf('nodeName', family, node),
    };
  }
  if (node.kind === 'leaf') {
    if (node.scalar !== undefined && !(node.isList && node.scalar === 'Presence') && isReadable(node)) {
      fields['value'] = { ...leafField(types, node), extensions: extensionOf('value', family, node) };
    }
    return fields;
  }
  let isEmpty = true;
  for (const child of node.children) {
    if (!isReadable(child)) continue;
    isEmpty = false;
    fields[child.fieldName] = childField(types, child);
  }
  if ((isEmpty && !isRoot && !node.isList) || (node.isOpen && fields[NODE_NAMES_FIELD] === undefined)) {
    fields[NODE_NAMES_FIELD] = {
      type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLString))),
      description: 'Names of all nodes below this one, as far as they were read.',
      extensions: extensionOf('nodeNames', family, node),
    };
  }
  return fields;
}

function childField(types: FamilyTypes, child: MoNode): Field {
  if (!child.isList && child.kind === 'leaf') return leafField(types, child);
  const { family } = types;
  const type = objectType(types, child);
  if (!child.isList) return describedField(family, child, 'interior', type);
  return {
    ...describedField(family, child, 'list', new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(type)))),
    args: {
      nodeName: {
        type: new GraphQLList(new GraphQLNonNull(GraphQLString)),
        description: 'Only the nodes with these names.',
      },
    },
  };
}

function leafField(types: FamilyTypes, node: MoNode): Field {
  const type = types.leafType(node);
  return describedField(types.family, node, 'leaf', node.scalar === 'Presence' ? new GraphQLNonNull(type) : type);
}

function describedField(
  family: MoFamily,
  node: MoNode,
  kind: 'leaf' | 'interior' | 'list',
  type: GraphQLOutputType,
): Field {
  return {
    type,
    description: descriptionOf(node),
    deprecationReason: deprecationOf(node),
    extensions: extensionOf(kind, family, node),
  };
}
