/** The whole schema: the fixed part and, joined to it, what the DDFs describe. */
import type { GraphQLEnumType, GraphQLFieldConfigMap, GraphQLNamedType } from 'graphql';
import { GraphQLObjectType, GraphQLSchema, validateSchema } from 'graphql';

import type { DdfLibrary } from '../../schema/ddf/library';
import { compileFamilies } from '../../schema/graphql/compile';
import { printAnnotatedSchema } from '../../schema/graphql/directives';
import type { CompileRefusal } from '../../schema/graphql/types';
import { buildFixedSchema } from './fixed-schema';
import { attachResolvers, withResolvers } from './generated';
import { Base64Scalar, BigIntScalar, DateScalar, DurationScalar, TimeScalar } from './scalars';

/** Kept for types that later releases of the fixed part bring. */
const RESERVED_TYPES: readonly string[] = ['Subscription', 'Campaign', 'Profile', 'Rule', 'Session', 'Exchange'];

export interface BuiltSchema {
  readonly schema: GraphQLSchema;
  /** Families that were left out because their names meet. */
  readonly refusals: readonly CompileRefusal[];
  /** SDL with `@mo` and `@node`; printed when first asked for. */
  readonly sdl: () => string;
}

/**
 * Builds a schema of its own types throughout, so that requests that run on an older one are not disturbed.
 *
 * @throws Error when the result is no valid schema, which a family whose names are legal cannot cause
 */
export function buildSchema(library: DdfLibrary, names: Readonly<Record<string, string>> = {}): BuiltSchema {
  const fixed = buildFixedSchema();
  const device = objectType(fixed, 'Device');
  const mutation = objectType(fixed, 'Mutation');
  const part = compileFamilies(
    library,
    {
      scalars: {
        BigInt: BigIntScalar,
        Base64: Base64Scalar,
        Date: DateScalar,
        Time: TimeScalar,
        Duration: DurationScalar,
      },
      MoInfo: objectType(fixed, 'MoInfo'),
      Operation: objectType(fixed, 'Operation'),
      OnFailure: fixed.getType('OnFailure') as GraphQLEnumType,
    },
    {
      names: new Map(Object.entries(names)),
      taken: {
        types: [...Object.keys(fixed.getTypeMap()), ...RESERVED_TYPES, 'Date', 'Time'],
        deviceFields: Object.keys(device.getFields()),
        mutationFields: Object.keys(mutation.getFields()),
      },
    },
  );
  join(device, part.deviceFields);
  join(mutation, part.mutationFields);
  const config = fixed.toConfig();
  const types = new Map<string, GraphQLNamedType>([...config.types, ...part.types].map((type) => [type.name, type]));
  const schema = new GraphQLSchema({
    ...config,
    types: [...types.values()],
    directives: [...config.directives, ...part.directives],
  });
  const [problem] = validateSchema(schema);
  if (problem) throw problem;
  attachResolvers(schema);
  let printed: string | undefined;
  return { schema, refusals: part.refusals, sdl: () => (printed ??= printAnnotatedSchema(schema)) };
}

function objectType(schema: GraphQLSchema, name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!(type instanceof GraphQLObjectType)) throw new Error(`the fixed part has no object type ${name}`);
  return type;
}

/** The type is of a schema made for this alone, so its field map is ours to add to. */
function join(type: GraphQLObjectType, fields: GraphQLFieldConfigMap<unknown, unknown>): void {
  Object.assign(
    type.getFields(),
    new GraphQLObjectType({ name: type.name, fields: withResolvers(fields) }).getFields(),
  );
}
