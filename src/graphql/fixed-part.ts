/** The fixed part as a pattern of which each schema gets its own copy: scalars and enums are shared by all of them. */
import type { GraphQLDirective, GraphQLField, GraphQLInputType, GraphQLNamedType, GraphQLOutputType } from 'graphql';
import {
  GraphQLInputObjectType,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  isInterfaceType,
  isInputObjectType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

import { buildFixedSchema } from './fixed-schema';

/** Object types, interfaces and inputs of a copy, by those of the pattern. */
export type Copies = ReadonlyMap<GraphQLNamedType, GraphQLNamedType>;

export interface FixedCopy {
  /** Nothing has looked at it yet: fields and types may still be added. */
  readonly schema: GraphQLSchema;
  readonly copies: Copies;
}

export class FixedPart {
  /** Never served. Types of generated families point to its types until a schema is made around them. */
  readonly pattern: GraphQLSchema = buildFixedSchema();

  get(name: string): GraphQLObjectType {
    return objectType(this.pattern, name);
  }

  /** A schema of its own object types, so that what is added to it does not touch the others. It counts as valid. */
  copy(directives: readonly GraphQLDirective[]): FixedCopy {
    const copies = new Map<GraphQLNamedType, GraphQLNamedType>();
    const config = this.pattern.toConfig();
    const types = config.types.filter((type) => !isIntrospectionType(type));
    for (const type of types) {
      if (isObjectType(type)) {
        const interfaces = (): GraphQLInterfaceType[] => type.getInterfaces().map((one) => copyOf(one, copies));
        copies.set(type, new GraphQLObjectType({ ...headOf(type), isTypeOf: type.isTypeOf, interfaces, fields: {} }));
      } else if (isInterfaceType(type)) {
        copies.set(type, new GraphQLInterfaceType({ ...headOf(type), resolveType: type.resolveType, fields: {} }));
      } else if (isInputObjectType(type)) {
        copies.set(type, new GraphQLInputObjectType({ ...headOf(type), isOneOf: type.isOneOf, fields: {} }));
      }
    }
    for (const [type, copy] of copies) {
      if (isInputObjectType(type)) {
        const fields = (copy as typeof type).getFields();
        for (const field of Object.values(type.getFields()))
          fields[field.name] = { ...field, type: inputOf(field.type, copies) };
      }
      if (!isObjectType(type) && !isInterfaceType(type)) continue;
      const fields = (copy as typeof type).getFields();
      for (const field of Object.values(type.getFields())) fields[field.name] = withType(field, copies);
    }
    const schema = new GraphQLSchema({
      ...config,
      query: config.query && copyOf(config.query, copies),
      mutation: config.mutation && copyOf(config.mutation, copies),
      subscription: config.subscription && copyOf(config.subscription, copies),
      types: types.map((type) => copyOf(type, copies)),
      directives: [...config.directives, ...directives],
      assumeValid: true,
    });
    return { schema, copies };
  }
}

export function objectType(schema: GraphQLSchema, name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!(type instanceof GraphQLObjectType)) throw new Error(`the fixed part has no object type ${name}`);
  return type;
}

export function inputType(schema: GraphQLSchema, name: string): GraphQLInputObjectType {
  const type = schema.getType(name);
  if (!(type instanceof GraphQLInputObjectType)) throw new Error(`the fixed part has no input ${name}`);
  return type;
}

export function copyOf<T extends GraphQLNamedType>(type: T, copies: Copies): T {
  return (copies.get(type) ?? type) as T;
}

/** The same field, of the copy's types. */
export function withType<S, C>(field: GraphQLField<S, C>, copies: Copies): GraphQLField<S, C> {
  const type = outputOf(field.type, copies);
  const args = field.args.map((arg) => ({ ...arg, type: inputOf(arg.type, copies) }));
  return { ...field, type, args };
}

export function inputOf(type: GraphQLInputType, copies: Copies): GraphQLInputType {
  if (isNonNullType(type)) return new GraphQLNonNull(inputOf(type.ofType as GraphQLInputType, copies) as never);
  if (isListType(type)) return new GraphQLList(inputOf(type.ofType, copies));
  return copyOf(type, copies);
}

export function outputOf(type: GraphQLOutputType, copies: Copies): GraphQLOutputType {
  if (isNonNullType(type)) {
    const inner = outputOf(type.ofType as GraphQLOutputType, copies);
    return inner === type.ofType ? type : (new GraphQLNonNull(inner as never) as GraphQLOutputType);
  }
  if (isListType(type)) {
    const inner = outputOf(type.ofType as GraphQLOutputType, copies);
    return inner === type.ofType ? type : new GraphQLList(inner);
  }
  return copyOf(type, copies);
}

function headOf({
  name,
  description,
  extensions,
}: GraphQLNamedType): Pick<GraphQLNamedType, 'name' | 'description' | 'extensions'> {
  return { name, description, extensions };
}
