/** Object types of one family: what can be read. */
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  type GraphQLOutputType,
  type GraphQLScalarType,
} from 'graphql';

import { deprecationOf, descriptionOf, extensionOf } from './describe';
import type { Late, LeafScalar, MoFamily, MoNode, OutsideTypes } from './types';

type Field = GraphQLFieldConfig<unknown, unknown>;

/** Names of an interior node's children, where a DDF leaves open what they are. */
export const NODE_NAMES_FIELD = 'nodeNames';

export function scalarType(scalar: LeafScalar, outside: OutsideTypes): GraphQLScalarType {
  switch (scalar) {
    case 'String':
      return GraphQLString;
    case 'Int':
      return GraphQLInt;
    case 'Float':
      return GraphQLFloat;
    case 'Boolean':
    case 'Presence':
      return GraphQLBoolean;
    case 'BigInt':
    case 'Base64':
    case 'Date':
    case 'Time':
      return outside.scalars[scalar];
  }
}

export function resolveLate<T extends object>(late: Late<T>): T {
  return typeof late === 'function' ? (late as () => T)() : late;
}

/** Whether a query can show anything of a node. */
export function isReadable(node: MoNode): boolean {
  return node.access.includes('Get') || node.children.some(isReadable);
}

/** The type of the family's root; the others are reached from it. */
export function rootType(family: MoFamily, outside: OutsideTypes): GraphQLObjectType {
  return objectType(family, family.root, outside);
}

function objectType(family: MoFamily, node: MoNode, outside: OutsideTypes): GraphQLObjectType {
  const isRoot = node === family.root;
  // Types below are made once, when the fields are asked for the first time.
  return new GraphQLObjectType({
    name: node.typeName,
    description: descriptionOf(node),
    extensions: extensionOf(isRoot ? 'mo' : 'node', family, node),
    fields: () => fieldsOf(family, node, isRoot, outside),
  });
}

function fieldsOf(
  family: MoFamily,
  node: MoNode,
  isRoot: boolean,
  outside: OutsideTypes,
): GraphQLFieldConfigMap<unknown, unknown> {
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
      description: 'Name that this node has on the device.',
      extensions: extensionOf('nodeName', family, node),
    };
  }
  if (node.kind === 'leaf') {
    if (node.scalar !== undefined && !(node.isList && node.scalar === 'Presence') && isReadable(node)) {
      fields['value'] = { ...leafField(family, node, outside), extensions: extensionOf('value', family, node) };
    }
    return fields;
  }
  let isEmpty = true;
  for (const child of node.children) {
    if (!isReadable(child)) continue;
    isEmpty = false;
    fields[child.fieldName] = childField(family, child, outside);
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

function childField(family: MoFamily, child: MoNode, outside: OutsideTypes): Field {
  if (!child.isList && child.kind === 'leaf') return leafField(family, child, outside);
  const type = objectType(family, child, outside);
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

function leafField(family: MoFamily, node: MoNode, outside: OutsideTypes): Field {
  const scalar = node.scalar ?? 'String';
  const type = scalarType(scalar, outside);
  return describedField(family, node, 'leaf', scalar === 'Presence' ? new GraphQLNonNull(type) : type);
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
