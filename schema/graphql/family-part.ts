/** All that one family adds to the schema: its types, and its fields of Device, Mutation and DeviceFilter. */
import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
  type GraphQLEnumType,
  type GraphQLFieldConfig,
  type GraphQLInputFieldConfig,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from 'graphql';

import { deprecationOf, descriptionOf, extensionOf, inputExtensionOf, moqlOf, summaryOf } from './describe';
import { FamilyTypes } from './family-types';
import { filterType } from './filter-types';
import { mutationInput } from './input-types';
import { namesAround } from './names';
import { resolveLate, rootType } from './object-types';
import type { MoFamily, MoNode, MutationKind, OutsideTypes, Steps } from './types';

type Field = GraphQLFieldConfig<unknown, unknown>;

const KINDS: readonly MutationKind[] = ['replace', 'add', 'delete', 'exec'];
const EFFECTS: Readonly<Record<MutationKind, string>> = {
  replace: 'Changes values of',
  add: 'Adds nodes to',
  delete: 'Deletes nodes of',
  exec: 'Executes nodes of',
};

export interface FamilyPart {
  readonly family: MoFamily;
  readonly deviceFields: Readonly<Record<string, Field>>;
  readonly mutationFields: Readonly<Record<string, Field>>;
  readonly filterFields: Readonly<Record<string, GraphQLInputFieldConfig>>;
  /** The root's object type and filter. */
  readonly roots: readonly GraphQLNamedType[];
  /** All types that are the family's own. */
  readonly types: readonly GraphQLNamedType[];
}

/** How many fields are made in one step: a millisecond or two. */
const FIELDS_PER_STEP = 250;

/** Fields of all types are made, so that a schema around them need not; in steps, between which others may run. */
export function* makeFamilyPart(family: MoFamily, outside: OutsideTypes): Steps<FamilyPart> {
  const types = new FamilyTypes(family, outside);
  const root = rootType(types);
  const filter = filterType(types);
  const inputs = KINDS.flatMap((kind) => {
    const input = mutationInput(kind, types);
    return input ? [[kind, input] as const] : [];
  });
  const roots = filter ? [root, filter] : [root];
  return {
    family,
    deviceFields: fieldsOfDevice(family, root, outside),
    mutationFields: Object.fromEntries(
      inputs.map(([kind, input]) => [`${kind}${family.name}`, mutationField(kind, family, input, outside)]),
    ),
    filterFields: filter
      ? {
          [family.root.fieldName]: {
            type: filter,
            description: `Some instance of ${family.name} fulfils this.`,
            deprecationReason: deprecationOf(family.root),
            extensions: extensionOf('filterNode', family, family.root),
          },
        }
      : {},
    roots,
    types: yield* ownTypes(family, [...roots, ...inputs.map(([, input]) => input)]),
  };
}

/** Names that a family takes, whether or not it makes all of these types. */
export function namesTakenBy(family: MoFamily): {
  readonly types: readonly string[];
  readonly fields: readonly string[];
} {
  const types: string[] = [];
  const visit = (node: MoNode): void => {
    if (node.typeName !== '') types.push(...namesAround(node.typeName));
    if (node.enumeration) types.push(...namesAround(node.enumeration.typeName));
    node.children.forEach(visit);
  };
  visit(family.root);
  const { fieldName } = family.root;
  const fields = [
    `Device.${fieldName}`,
    `Device.${fieldName}Instances`,
    ...KINDS.map((kind) => `Mutation.${kind}${family.name}`),
  ];
  return { types, fields };
}

function mutationField(
  kind: MutationKind,
  family: MoFamily,
  input: GraphQLInputObjectType,
  outside: OutsideTypes,
): Field {
  return {
    type: new GraphQLNonNull(resolveLate(outside.Operation)),
    args: { input: { type: new GraphQLNonNull(input) } },
    description: `${EFFECTS[kind]} ${family.name} on a device, as one operation.`,
    deprecationReason: deprecationOf(family.root),
    extensions: inputExtensionOf('mutation', kind, family, family.root),
  };
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
      deprecationReason: deprecationOf(family.root),
      args: {
        miid: { type: GraphQLString, description: 'Instance; may be left out where the device has exactly one.' },
        ...freshness,
      },
      extensions: extensionOf('instance', family, family.root),
    },
    [`${fieldName}Instances`]: {
      type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(type))),
      description: summaryOf(family.root) ?? `All instances of ${family.name}.`,
      deprecationReason: deprecationOf(family.root),
      args: freshness,
      extensions: extensionOf('instances', family, family.root),
    },
  };
}

function* ownTypes(family: MoFamily, roots: readonly GraphQLNamedType[]): Steps<readonly GraphQLNamedType[]> {
  const own = new Set<GraphQLNamedType>();
  let made = 0;
  const pending: GraphQLNamedType[] = [...roots];
  for (let type = pending.pop(); type; type = pending.pop()) {
    if (own.has(type) || !isOwn(family, type)) continue;
    own.add(type);
    if (isEnumType(type)) continue;
    const fields: readonly { readonly type: GraphQLOutputType | GraphQLInputType }[] = Object.values(type.getFields());
    for (const field of fields) pending.push(getNamedType(field.type));
    made += fields.length;
    if (made >= FIELDS_PER_STEP) {
      made = 0;
      yield undefined;
    }
  }
  return [...own];
}

function isOwn(
  family: MoFamily,
  type: GraphQLNamedType,
): type is GraphQLObjectType | GraphQLInputObjectType | GraphQLEnumType {
  if (!isObjectType(type) && !isInputObjectType(type) && !isEnumType(type)) return false;
  return moqlOf(type)?.family === family;
}
