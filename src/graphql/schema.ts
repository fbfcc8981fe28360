/** The whole schema: the fixed part and, joined to it, what the DDFs describe. */
import type {
  GraphQLEnumType,
  GraphQLFieldConfig,
  GraphQLFieldConfigMap,
  GraphQLInputFieldConfig,
  GraphQLInputFieldConfigMap,
  GraphQLNamedType,
  GraphQLType,
} from 'graphql';
import {
  GraphQLInputObjectType,
  GraphQLObjectType,
  GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
  isSpecifiedScalarType,
  validateSchema,
} from 'graphql';

import type { DdfLibrary } from '../../schema/ddf/library';
import { FamilyCompiler } from '../../schema/graphql/compile';
import { moqlOf } from '../../schema/graphql/describe';
import { printAnnotatedSchema } from '../../schema/graphql/directives';
import type { CompileRefusal, CompiledSchemaPart, MoFamily } from '../../schema/graphql/types';
import { auditFields } from './audited';
import { FixedPart, inputType, objectType, outputOf, withType, type FixedCopy } from './fixed-part';
import { attachResolvers, withResolvers } from './generated';
import { Base64Scalar, BigIntScalar, DateScalar, DurationScalar, TimeScalar } from './scalars';
import { inOneGo, inTurns, type Steps } from '../management/steps';

/** Kept for types that later releases of the fixed part bring. */
const RESERVED_TYPES: readonly string[] = ['Subscription', 'Campaign', 'Profile', 'Rule', 'Session', 'Exchange'];
/** Types that are validated, or fields that are added, in one step. */
const STEP = 50;

export interface BuiltSchema {
  readonly schema: GraphQLSchema;
  /** Families that were left out because their names meet. */
  readonly refusals: readonly CompileRefusal[];
  /** SDL with `@mo` and `@node`; printed when first asked for. */
  readonly sdl: () => string;
}

type Names = Readonly<Record<string, string>>;
type Field = GraphQLFieldConfig<unknown, unknown>;

/** Types of a family, and those that it shares with others. */
interface FamilyTypes {
  readonly own: readonly GraphQLNamedType[];
  readonly shared: readonly GraphQLNamedType[];
}

/** One library alone. */
export function buildSchema(library: DdfLibrary, names: Names = {}): BuiltSchema {
  return new SchemaBuilder().build(library, names);
}

/**
 * Builds schemas one after the other. The types of families that stay the same are used again; all types by which a schema is
 * entered are its own, so requests that run on an older one are not disturbed.
 *
 * Builds throw an Error when the result is no valid schema, which a family whose names are legal cannot cause.
 */
export class SchemaBuilder {
  private readonly fixed = new FixedPart();
  private readonly families = new WeakMap<MoFamily, FamilyTypes>();
  private readonly compiler = new FamilyCompiler(
    {
      scalars: {
        BigInt: BigIntScalar,
        Base64: Base64Scalar,
        Date: DateScalar,
        Time: TimeScalar,
        Duration: DurationScalar,
      },
      MoInfo: this.fixed.get('MoInfo'),
      Operation: this.fixed.get('Operation'),
      OnFailure: this.fixed.pattern.getType('OnFailure') as GraphQLEnumType,
    },
    (types) => this.take(types),
  );
  private last: Promise<unknown> = Promise.resolve();

  build(library: DdfLibrary, names: Names = {}): BuiltSchema {
    return inOneGo(this.steps(library, names));
  }

  /** The same beside what the process serves: nothing waits long for it. One build after the other. */
  async buildInTurns(library: DdfLibrary, names: Names = {}): Promise<BuiltSchema> {
    const built = this.last.then(() => inTurns(this.steps(library, names)));
    this.last = built.catch(() => undefined);
    return built;
  }

  private *steps(library: DdfLibrary, names: Names): Steps<BuiltSchema> {
    const { pattern } = this.fixed;
    const part = yield* this.compiler.steps(library, {
      names: new Map(Object.entries(names)),
      taken: {
        types: [...Object.keys(pattern.getTypeMap()), ...RESERVED_TYPES, 'Date', 'Time'],
        // A family has a field of the same name in both.
        deviceFields: [
          ...Object.keys(this.fixed.get('Device').getFields()),
          ...Object.keys(inputType(pattern, 'DeviceFilter').getFields()),
        ],
        mutationFields: Object.keys(this.fixed.get('Mutation').getFields()),
      },
    });
    yield* this.validate(part.fresh);
    const copy = this.fixed.copy(part.directives);
    yield undefined;
    yield* this.join(copy, part);
    const { schema } = copy;
    let printed: string | undefined;
    return { schema, refusals: part.refusals, sdl: () => (printed ??= printAnnotatedSchema(schema)) };
  }

  /** Sets the resolvers of types that were made, and notes what a schema must have beside them. */
  private take(types: readonly GraphQLNamedType[]): void {
    attachResolvers(types);
    const [first] = types;
    const family = first && moqlOf(first)?.family;
    if (family) this.families.set(family, { own: types, shared: sharedTypes(types) });
  }

  /** Types that were valid once stay so: only new ones are looked at. */
  private *validate(fresh: readonly GraphQLNamedType[]): Steps<void> {
    for (let from = 0; from < fresh.length; from += STEP) {
      const types = fresh.slice(from, from + STEP);
      const [problem] = validateSchema(new GraphQLSchema({ query: this.fixed.get('Query'), types }));
      if (problem) throw problem;
      yield undefined;
    }
  }

  /** Fields and types are put into a schema that nobody has seen yet, so the constructor need not walk through all of them. */
  private *join({ schema, copies }: FixedCopy, part: CompiledSchemaPart): Steps<void> {
    const known = schema.getTypeMap();
    const put = (type: GraphQLNamedType): void => {
      const holder = known[type.name];
      if (holder !== undefined && holder !== type) throw new Error(`two types are called ${type.name}`);
      known[type.name] = type;
    };
    const families = part.families.flatMap((family) => this.families.get(family) ?? []);
    const shared = new Set(families.flatMap((family) => family.shared));
    for (const type of [...shared].sort((a, b) => (a.name < b.name ? -1 : 1))) if (!known[type.name]) put(type);
    const roots = new Map<GraphQLNamedType, GraphQLNamedType>(copies);
    let done = 0;
    for (const type of families.flatMap(({ own }) => own)) {
      const moql = moqlOf(type);
      if (isObjectType(type) && moql?.kind === 'mo') roots.set(type, rootCopy(type, copies));
      put(roots.get(type) ?? type);
      if (++done % (10 * STEP) === 0) yield undefined;
    }
    yield* addFields(objectType(schema, 'Device'), part.deviceFields, roots);
    yield* addFields(objectType(schema, 'Mutation'), part.mutationFields, roots);
    auditFields(objectType(schema, 'Mutation'));
    yield* addFilters(inputType(schema, 'DeviceFilter'), part.filterFields);
  }
}

/** Of the types that a family's own ones point to: scalars and filters that no schema of the fixed part has. */
function sharedTypes(own: readonly GraphQLNamedType[]): readonly GraphQLNamedType[] {
  const shared = new Set<GraphQLNamedType>();
  const seen = new Set(own);
  const look = (type: GraphQLNamedType): void => {
    if (seen.has(type)) return;
    seen.add(type);
    // Object types outside of the family are of the fixed part.
    if (isObjectType(type) || isSpecifiedScalarType(type)) return;
    shared.add(type);
    follow(type);
  };
  const follow = (type: GraphQLNamedType): void => {
    if (!isObjectType(type) && !isInputObjectType(type)) return;
    const fields: readonly { readonly type: GraphQLType }[] = Object.values(type.getFields());
    for (const field of fields) look(getNamedType(field.type));
  };
  for (const type of own) if (!isEnumType(type)) follow(type);
  return [...shared];
}

/** A root as one schema has it: its field `mo` leads to that schema's own types. */
function rootCopy(root: GraphQLObjectType, copies: FixedCopy['copies']): GraphQLObjectType {
  const { name, description, extensions } = root;
  const copy = new GraphQLObjectType({ name, description, extensions, fields: {} });
  const fields = copy.getFields();
  for (const field of Object.values(root.getFields())) fields[field.name] = withType(field, copies);
  return copy;
}

function* addFields(
  type: GraphQLObjectType,
  fields: GraphQLFieldConfigMap<unknown, unknown>,
  copies: FixedCopy['copies'],
): Steps<void> {
  const names = Object.keys(fields);
  for (let from = 0; from < names.length; from += STEP) {
    yield undefined;
    const step = Object.fromEntries(names.slice(from, from + STEP).map((name) => [name, fields[name] as Field]));
    const some = Object.entries(withResolvers(step)).map(([name, field]) => {
      return [name, { ...field, type: outputOf(field.type, copies) }] as const;
    });
    Object.assign(
      type.getFields(),
      new GraphQLObjectType({ name: type.name, fields: Object.fromEntries(some) }).getFields(),
    );
  }
}

function* addFilters(type: GraphQLInputObjectType, fields: GraphQLInputFieldConfigMap): Steps<void> {
  const names = Object.keys(fields);
  for (let from = 0; from < names.length; from += STEP) {
    yield undefined;
    const step = Object.fromEntries(
      names.slice(from, from + STEP).map((name) => [name, fields[name] as GraphQLInputFieldConfig]),
    );
    Object.assign(type.getFields(), new GraphQLInputObjectType({ name: type.name, fields: step }).getFields());
  }
}
