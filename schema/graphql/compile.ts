/** Types, Device fields and mutations of all families of a library. */
import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
  type GraphQLFieldConfig,
  type GraphQLNamedType,
  type GraphQLObjectType,
} from 'graphql';

import type { DdfLibrary } from '../ddf/library';
import { descriptionOf, extensionOf, inputExtensionOf } from './describe';
import { moDirective, nodeDirective } from './directives';
import { mergeFamily } from './family';
import { familyNameOf, isFamilyName } from './family-names';
import { mutationInput } from './input-types';
import { camelCase } from './names';
import { resolveLate, rootType } from './object-types';
import type {
  CompiledSchemaPart,
  CompileOptions,
  CompileRefusal,
  MoFamily,
  MoNode,
  MutationKind,
  OutsideTypes,
} from './types';

type Field = GraphQLFieldConfig<unknown, unknown>;

const KINDS: readonly MutationKind[] = ['replace', 'add', 'delete', 'exec'];
const EFFECTS: Readonly<Record<MutationKind, string>> = {
  replace: 'Changes values of',
  add: 'Adds nodes to',
  delete: 'Deletes nodes of',
  exec: 'Executes nodes of',
};

/**
 * The generated part of the schema. It follows from the definitions alone: their order changes nothing.
 *
 * Families whose names meet (with each other or with `options.taken`) are left out, but for the first by identity, and told
 * in `refusals`; the caller refuses the DDF that brought them and asks for a name. Never throws for any library.
 */
export function compileFamilies(
  library: DdfLibrary,
  outside: OutsideTypes,
  options: CompileOptions = {},
): CompiledSchemaPart {
  const refusals: CompileRefusal[] = [];
  const registry = new Registry(options.taken);
  const families: MoFamily[] = [];
  for (const family of library.families()) {
    const name = options.names?.get(family) ?? familyNameOf(family);
    if (!isFamilyName(name) && options.names?.has(family)) {
      refusals.push({
        code: 'BAD_NAME',
        message: `${name.slice(0, 100)} is no name for a type: letters and digits, a capital first`,
        families: [family],
      });
      continue;
    }
    const merged = mergeFamily(family, name, library.family(family));
    const clash = registry.claim(merged);
    if (clash) {
      const message = `${family} and ${clash.family} both need the name ${clash.name}: give one of them a name of its own`;
      refusals.push({ code: 'NAME_CLASH', message, families: [clash.family, family] });
      continue;
    }
    families.push(merged);
  }
  families.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { families, ...partOf(families, outside), directives: [moDirective, nodeDirective], refusals };
}

function partOf(
  families: readonly MoFamily[],
  outside: OutsideTypes,
): Pick<CompiledSchemaPart, 'deviceFields' | 'mutationFields' | 'types'> {
  const deviceFields: Record<string, Field> = {};
  const mutationFields: Record<string, Field> = {};
  const types: GraphQLNamedType[] = [];
  for (const family of families) {
    const type = rootType(family, outside);
    types.push(type);
    Object.assign(deviceFields, fieldsOfDevice(family, type, outside));
    for (const kind of KINDS) {
      const input = mutationInput(kind, family, outside);
      if (!input) continue;
      mutationFields[`${kind}${family.name}`] = {
        type: new GraphQLNonNull(resolveLate(outside.Operation)),
        args: { input: { type: new GraphQLNonNull(input) } },
        description: `${EFFECTS[kind]} ${family.name} on a device, as one operation.`,
        extensions: inputExtensionOf('mutation', kind, family, family.root),
      };
    }
  }
  return { deviceFields, mutationFields, types };
}

function fieldsOfDevice(
  family: MoFamily,
  type: GraphQLObjectType,
  outside: OutsideTypes,
): Readonly<Record<string, Field>> {
  const freshness = {
    maxAge: { type: outside.scalars.Duration, description: 'Values older than this are fetched first.' },
    wait: { type: outside.scalars.Duration, description: 'How long the answer may wait for the device.' },
  };
  const { fieldName } = family.root;
  return {
    [fieldName]: {
      type,
      description: descriptionOf(family.root),
      args: {
        miid: { type: GraphQLString, description: 'Instance; may be left out where the device has exactly one.' },
        ...freshness,
      },
      extensions: extensionOf('instance', family, family.root),
    },
    [`${fieldName}Instances`]: {
      type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(type))),
      description: `All instances of ${family.name}.`,
      args: freshness,
      extensions: extensionOf('instances', family, family.root),
    },
  };
}

/** Names that are taken, and by whom. */
class Registry {
  private readonly types = new Map<string, string>();
  private readonly fields = new Map<string, string>();

  constructor(taken: CompileOptions['taken']) {
    const own = "the gateway's own schema";
    for (const name of [
      ...(taken?.types ?? []),
      'Query',
      'Mutation',
      'Subscription',
      'String',
      'Int',
      'Float',
      'Boolean',
      'ID',
    ])
      this.types.set(name, own);
    for (const name of taken?.deviceFields ?? []) this.fields.set(`Device.${name}`, own);
    for (const name of taken?.mutationFields ?? []) this.fields.set(`Mutation.${name}`, own);
  }

  /** All names of a family, or none and who holds one of them. */
  claim(family: MoFamily): { readonly name: string; readonly family: string } | undefined {
    const types = typeNamesOf(family.root, []);
    const fields = [
      `Device.${camelCase(family.name)}`,
      `Device.${camelCase(family.name)}Instances`,
      ...KINDS.map((kind) => `Mutation.${kind}${family.name}`),
    ];
    for (const [names, known] of [
      [types, this.types],
      [fields, this.fields],
    ] as const) {
      for (const name of names) {
        const holder = known.get(name);
        if (holder !== undefined) return { name, family: holder };
      }
    }
    for (const name of types) this.types.set(name, family.family);
    for (const name of fields) this.fields.set(name, family.family);
    return undefined;
  }
}

function typeNamesOf(node: MoNode, names: string[]): readonly string[] {
  if (node.typeName !== '') {
    names.push(node.typeName);
    for (const kind of ['Replace', 'Add', 'Delete', 'Exec']) names.push(`${kind}${node.typeName}Input`);
  }
  for (const child of node.children) typeNamesOf(child, names);
  return names;
}
