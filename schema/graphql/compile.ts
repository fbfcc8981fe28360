/** Types, Device fields, filters and mutations of all families of a library; families that stayed the same keep their types. */
import type { GraphQLFieldConfig, GraphQLInputFieldConfig, GraphQLNamedType } from 'graphql';

import type { DdfLibrary } from '../ddf/library';
import type { MoDefinition } from '../ddf/model';
import { sayTheSame } from './content';
import { moDirective, nodeDirective, nodeInfoDirective } from './directives';
import { mergeFamily } from './family';
import { familyNameOf, isFamilyName } from './family-names';
import { makeFamilyPart, namesTakenBy, type FamilyPart } from './family-part';
import { OPERATOR_TYPE_NAMES } from './operator-types';
import type { CompiledSchemaPart, CompileOptions, CompileRefusal, MoFamily, OutsideTypes, Steps } from './types';

const OWN_TYPES: readonly string[] = [
  'Query',
  'Mutation',
  'Subscription',
  'String',
  'Int',
  'Float',
  'Boolean',
  'ID',
  ...OPERATOR_TYPE_NAMES,
];

/** Families whose names are taken in one step when nothing of them has to be made. */
const FAMILIES_PER_STEP = 10;

/** A family as it was compiled last. */
interface Known {
  readonly definitions: readonly MoDefinition[];
  readonly family: MoFamily;
  readonly taken: ReturnType<typeof namesTakenBy>;
  /** Made when the family first comes into a schema. */
  part?: FamilyPart;
}

/**
 * Compiles libraries one after the other. Types are immutable and are used again as long as the definitions of their family say
 * the same, so a schema of the next library is built around them; what two runs back was used no more is forgotten.
 *
 * @param outside  types that stay the same objects for the compiler's life
 * @param onMade   called once for the types of each family that is made, before any schema has them: to attach resolvers
 */
export class FamilyCompiler {
  private current: ReadonlyMap<string, Known> = new Map();
  private previous: ReadonlyMap<string, Known> = new Map();

  constructor(
    private readonly outside: OutsideTypes,
    private readonly onMade: (types: readonly GraphQLNamedType[]) => void = () => undefined,
  ) {}

  /**
   * The generated part of the schema. It follows from the definitions alone: their order, and what was compiled before, change
   * nothing.
   *
   * Families whose names meet (with each other or with `options.taken`) are left out, but for the first by identity, and told
   * in `refusals`; the caller refuses the DDF that brought them and asks for a name. Never throws for any library.
   */
  compile(library: DdfLibrary, options: CompileOptions = {}): CompiledSchemaPart {
    const steps = this.steps(library, options);
    for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
  }

  /** The same in steps: yields every few milliseconds. Steps of two runs must not mix. */
  *steps(library: DdfLibrary, options: CompileOptions = {}): Steps<CompiledSchemaPart> {
    const refusals: CompileRefusal[] = [];
    const registry = new Registry(options.taken);
    const used = new Map<string, Known>();
    const parts: FamilyPart[] = [];
    const fresh: GraphQLNamedType[] = [];
    let looked = 0;
    for (const family of library.families()) {
      if (++looked % FAMILIES_PER_STEP === 0) yield undefined;
      const name = options.names?.get(family) ?? familyNameOf(family);
      if (!isFamilyName(name) && options.names?.has(family)) {
        const message = `${name.slice(0, 100)} is no name for a type: letters and digits, a capital first`;
        refusals.push({ code: 'BAD_NAME', message, families: [family] });
        continue;
      }
      const known = yield* this.know(family, name, library.family(family));
      used.set(keyOf(family, name), known);
      const clash = registry.claim(family, known.taken);
      if (clash) {
        const message = `${family} and ${clash.family} both need the name ${clash.name}: give one of them a name of its own`;
        refusals.push({ code: 'NAME_CLASH', message, families: [clash.family, family] });
        continue;
      }
      if (!known.part) {
        // What merging took is a step of its own.
        yield undefined;
        known.part = yield* makeFamilyPart(known.family, this.outside);
        this.onMade(known.part.types);
        fresh.push(...known.part.types);
        yield undefined;
      }
      parts.push(known.part);
    }
    this.previous = this.current;
    this.current = used;
    return { ...join(parts), fresh, refusals };
  }

  private *know(family: string, name: string, definitions: readonly MoDefinition[]): Steps<Known> {
    const key = keyOf(family, name);
    for (const known of [this.current.get(key), this.previous.get(key)])
      if (known && sayTheSame(known.definitions, definitions)) return known;
    const merged = yield* mergeFamily(family, name, definitions);
    return { definitions, family: merged, taken: namesTakenBy(merged) };
  }
}

/** One library alone; see {@link FamilyCompiler}. */
export function compileFamilies(
  library: DdfLibrary,
  outside: OutsideTypes,
  options: CompileOptions = {},
): CompiledSchemaPart {
  return new FamilyCompiler(outside).compile(library, options);
}

function keyOf(family: string, name: string): string {
  return `${name}\n${family}`;
}

function join(unsorted: readonly FamilyPart[]): Omit<CompiledSchemaPart, 'fresh' | 'refusals'> {
  const parts = [...unsorted].sort((a, b) => (a.family.name < b.family.name ? -1 : 1));
  const deviceFields: Record<string, GraphQLFieldConfig<unknown, unknown>> = {};
  const mutationFields: Record<string, GraphQLFieldConfig<unknown, unknown>> = {};
  const filterFields: Record<string, GraphQLInputFieldConfig> = {};
  for (const part of parts) {
    Object.assign(deviceFields, part.deviceFields);
    Object.assign(mutationFields, part.mutationFields);
    Object.assign(filterFields, part.filterFields);
  }
  return {
    families: parts.map(({ family }) => family),
    deviceFields,
    mutationFields,
    filterFields,
    types: parts.flatMap(({ roots }) => roots),
    directives: [moDirective, nodeDirective, nodeInfoDirective],
  };
}

/** Names that are taken, and by whom. */
class Registry {
  private readonly types = new Map<string, string>();
  private readonly fields = new Map<string, string>();

  constructor(taken: CompileOptions['taken']) {
    const own = "the gateway's own schema";
    for (const name of [...OWN_TYPES, ...(taken?.types ?? [])]) this.types.set(name, own);
    for (const name of taken?.deviceFields ?? []) this.fields.set(`Device.${name}`, own);
    for (const name of taken?.mutationFields ?? []) this.fields.set(`Mutation.${name}`, own);
  }

  /** All names of a family, or none and who holds one of them. */
  claim(
    family: string,
    { types, fields }: ReturnType<typeof namesTakenBy>,
  ): { readonly name: string; readonly family: string } | undefined {
    for (const [names, known] of [
      [types, this.types],
      [fields, this.fields],
    ] as const) {
      for (const name of names) {
        const holder = known.get(name);
        if (holder !== undefined) return { name, family: holder };
      }
    }
    for (const name of types) this.types.set(name, family);
    for (const name of fields) this.fields.set(name, family);
    return undefined;
  }
}
