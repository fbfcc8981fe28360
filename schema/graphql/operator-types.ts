/** Inputs that test one value: the same for every family. */
import {
  GraphQLBoolean,
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
  type GraphQLEnumType,
  type GraphQLInputFieldConfigMap,
  type GraphQLInputType,
} from 'graphql';

import { scalarType } from './family-types';
import type { FilterOperator, LeafScalar, OutsideTypes } from './types';

const EQUALITY: readonly FilterOperator[] = ['eq', 'ne', 'in'];
const ORDER: readonly FilterOperator[] = ['lt', 'lte', 'gt', 'gte'];
const TEXT: readonly FilterOperator[] = ['startsWith', 'contains'];

/** Operators beside `exists`, which every value has. */
const OPERATORS: Readonly<Record<LeafScalar, readonly FilterOperator[]>> = {
  String: [...EQUALITY, ...ORDER, ...TEXT],
  Int: [...EQUALITY, ...ORDER],
  BigInt: [...EQUALITY, ...ORDER],
  Float: [...EQUALITY, ...ORDER],
  Date: [...EQUALITY, ...ORDER],
  Time: [...EQUALITY, ...ORDER],
  Boolean: ['eq', 'ne'],
  Base64: EQUALITY,
  Presence: [],
};
const TEXTS: Readonly<Record<FilterOperator, string>> = {
  eq: 'Equal.',
  ne: 'There, and not equal.',
  in: 'Equal to one of these.',
  lt: 'Less than.',
  lte: 'Less than or equal to.',
  gt: 'Greater than.',
  gte: 'Greater than or equal to.',
  startsWith: 'Begins with this text, letter by letter.',
  contains: 'Holds this text, letter by letter.',
  exists: 'Whether the node is there.',
};

export type OperatorTypes = Readonly<Record<LeafScalar, GraphQLInputObjectType>>;

const made = new WeakMap<OutsideTypes, OperatorTypes>();

/** `StringFilter`, `IntFilter` …; the same objects for the same outside types. */
export function operatorTypes(outside: OutsideTypes): OperatorTypes {
  const known = made.get(outside);
  if (known) return known;
  const types = Object.fromEntries(
    Object.entries(OPERATORS).map(([scalar, operators]) => [
      scalar,
      operatorInput(`${scalar}Filter`, operators, scalarType(scalar as LeafScalar, outside)),
    ]),
  ) as OperatorTypes;
  made.set(outside, types);
  return types;
}

/** Tests of a value that has names. */
export function enumOperators(
  type: GraphQLEnumType,
  extensions: GraphQLInputObjectType['extensions'],
): GraphQLInputObjectType {
  return operatorInput(`${type.name}Filter`, EQUALITY, type, extensions);
}

/** Names of all types that {@link operatorTypes} makes. */
export const OPERATOR_TYPE_NAMES: readonly string[] = Object.keys(OPERATORS).map((scalar) => `${scalar}Filter`);

function operatorInput(
  name: string,
  operators: readonly FilterOperator[],
  value: GraphQLInputType,
  extensions: GraphQLInputObjectType['extensions'] = {},
): GraphQLInputObjectType {
  const fields: GraphQLInputFieldConfigMap = {};
  for (const operator of operators) {
    const isText = operator === 'startsWith' || operator === 'contains';
    const type = operator === 'in' ? new GraphQLList(new GraphQLNonNull(value)) : isText ? GraphQLString : value;
    fields[operator] = { type, description: TEXTS[operator] };
  }
  fields['exists'] = { type: GraphQLBoolean, description: TEXTS.exists };
  return new GraphQLInputObjectType({
    name,
    description: 'Tests of a value; all that are given must hold.',
    extensions,
    fields,
  });
}
