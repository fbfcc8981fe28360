/** What the object types, inputs and filters of one family share: its enums, and the types that are made elsewhere. */
import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLInt,
  GraphQLString,
  type GraphQLScalarType,
} from 'graphql';

import { descriptionOf, enumExtensionOf, enumValueExtensionOf } from './describe';
import { markdownOf } from './markdown';
import type { LeafScalar, MoFamily, MoNode, OutsideTypes } from './types';

export class FamilyTypes {
  private readonly enums = new Map<MoNode, GraphQLEnumType>();

  constructor(
    readonly family: MoFamily,
    readonly outside: OutsideTypes,
  ) {}

  /** Type of a leaf's value. An enum's internal values are the raw ones. */
  leafType(leaf: MoNode): GraphQLScalarType | GraphQLEnumType {
    return leaf.enumeration ? this.enumType(leaf, leaf.enumeration) : scalarType(leaf.scalar ?? 'String', this.outside);
  }

  private enumType(leaf: MoNode, { typeName, values }: NonNullable<MoNode['enumeration']>): GraphQLEnumType {
    const known = this.enums.get(leaf);
    if (known) return known;
    const type = new GraphQLEnumType({
      name: typeName,
      description: descriptionOf(leaf),
      extensions: enumExtensionOf(this.family, leaf),
      values: Object.fromEntries(
        values.map((value) => [
          value.name,
          {
            value: value.raw,
            description: value.description === undefined ? undefined : markdownOf(value.description),
            extensions: enumValueExtensionOf(this.family, leaf, value),
          },
        ]),
      ),
    });
    this.enums.set(leaf, type);
    return type;
  }
}

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
