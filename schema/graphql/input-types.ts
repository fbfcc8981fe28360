/**
 * Input types of one family's mutations. Each mirrors the part of the tree that its command can reach:
 *
 * - replace and add: a leaf takes its value (a null-format leaf a Boolean: true writes it);
 * - delete: a leaf takes a Boolean; exec: a leaf takes its argument, or a Boolean where its format is null; an argument may be
 *   left out by naming the node's path in `withoutArgument`;
 * - an interior node takes an object; where nothing below it can be reached, a Boolean;
 * - an unnamed node takes a list of objects with `nodeName`;
 * - `_self` in an object means the node itself. `add` makes nodes below the root by default; an object that can hold
 *   nothing but `nodeName` means the node itself always.
 *
 * null and false are the same as nothing at all.
 */
import {
  GraphQLBoolean,
  GraphQLID,
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLInt,
  GraphQLString,
  type GraphQLInputFieldConfig,
  type GraphQLInputFieldConfigMap,
  type GraphQLInputType,
} from 'graphql';

import type { AccessVerb } from '../ddf/model';
import { deprecationOf, descriptionOf, inputExtensionOf, nodeNameTextOf } from './describe';
import type { FamilyTypes } from './family-types';
import { inputTypeName } from './names';
import type { MoNode, MutationKind, OutsideTypes } from './types';

/** No node's name begins so. */
export const SELF_FIELD = '_self';

/** Paths of nodes that are executed without the argument that their format would allow. */
export const WITHOUT_ARGUMENT = 'withoutArgument';

export const VERBS: Readonly<Record<MutationKind, AccessVerb>> = {
  replace: 'Replace',
  add: 'Add',
  delete: 'Delete',
  exec: 'Exec',
};
const SELF_TEXTS: Readonly<Record<MutationKind, string>> = {
  replace: 'Write this node itself, as an interior node.',
  add: 'Make this node itself; false when it is there already and only nodes below it are to be added.',
  delete: 'Delete this node itself, with all that is below it.',
  exec: 'Execute this node itself.',
};

/** Whether a command can reach a node or something below it. */
export function canReach(kind: MutationKind, node: MoNode): boolean {
  return node.access.includes(VERBS[kind]) || node.children.some((child) => canReach(kind, child));
}

/** Children that the input object of a node has fields for. */
export function reachable(kind: MutationKind, node: MoNode): readonly MoNode[] {
  return node.children.filter((child) => canReach(kind, child));
}

/** Absent when no node of the family takes the command. */
export function mutationInput(kind: MutationKind, types: FamilyTypes): GraphQLInputObjectType | undefined {
  const { family, outside } = types;
  if (!canReach(kind, family.root)) return undefined;
  return new GraphQLInputObjectType({
    name: inputTypeName(kind, family.root.typeName),
    description: descriptionOf(family.root),
    extensions: inputExtensionOf('input', kind, family, family.root),
    fields: () => ({
      deviceId: { type: new GraphQLNonNull(GraphQLID), description: 'DevId of the device.' },
      miid: {
        type: GraphQLString,
        description: 'Instance of the MO; may be left out where the device has exactly one.',
      },
      ...fieldsOf(kind, types, family.root),
      ...(kind === 'exec' && takesArgument(family.root) ? { [WITHOUT_ARGUMENT]: withoutArgument() } : {}),
      ...controls(outside),
    }),
  });
}

/** Whether some node that can be executed takes an argument. */
function takesArgument(node: MoNode): boolean {
  const takes = node.kind === 'leaf' && node.scalar !== 'Presence' && node.access.includes(VERBS.exec);
  return takes || node.children.some(takesArgument);
}

function withoutArgument(): GraphQLInputFieldConfig {
  return {
    type: new GraphQLList(new GraphQLNonNull(GraphQLString)),
    description:
      'Paths of nodes that are executed without an argument, such as `Ops/Reset`; after those that have one, in the order given.',
  };
}

function controls(outside: OutsideTypes): GraphQLInputFieldConfigMap {
  return {
    atomic: { type: GraphQLBoolean, defaultValue: false, description: 'All commands or none.' },
    onFailure: {
      type: outside.OnFailure,
      defaultValue: stopValue(outside),
      description: 'Whether commands after a failed one are still sent.',
    },
    priority: {
      type: GraphQLInt,
      defaultValue: 0,
      description: 'From -10 to 10; the device gets operations of a higher one first.',
    },
    expiresIn: {
      type: outside.scalars.Duration,
      defaultValue: durationValue(outside, 'P30D'),
      description: 'How long commands may wait for the device.',
    },
    wait: { type: outside.scalars.Duration, description: 'Answer when the operation ends, or after this long.' },
    dryRun: { type: GraphQLBoolean, defaultValue: false, description: 'Judge every command, queue nothing.' },
    idempotencyKey: { type: GraphQLString, description: 'The same key from the same caller gives the same operation.' },
  };
}

/** Internal value of STOP, which need not be its name. */
function stopValue(outside: OutsideTypes): unknown {
  return outside.OnFailure.getValue('STOP')?.value;
}

function durationValue(outside: OutsideTypes, text: string): unknown {
  return outside.scalars.Duration.parseValue(text);
}

function fieldsOf(kind: MutationKind, types: FamilyTypes, node: MoNode): GraphQLInputFieldConfigMap {
  const { family } = types;
  const fields: Record<string, GraphQLInputFieldConfig> = {};
  const isRoot = node === family.root;
  if (node.isList) fields['nodeName'] = { type: new GraphQLNonNull(GraphQLString), description: nodeNameTextOf(node) };
  const hasVerb = node.access.includes(VERBS[kind]);
  if (node.kind === 'leaf') {
    const value = hasVerb ? valueType(kind, node, types) : undefined;
    if (value)
      fields['value'] = { type: kind === 'exec' ? value : new GraphQLNonNull(value), description: descriptionOf(node) };
    else if (isRoot && hasVerb) fields[SELF_FIELD] = { type: GraphQLBoolean, description: SELF_TEXTS[kind] };
    return fields;
  }
  const children = reachable(kind, node);
  if (hasVerb && (children.length > 0 || isRoot)) {
    fields[SELF_FIELD] = {
      type: GraphQLBoolean,
      description: SELF_TEXTS[kind],
      ...(kind === 'add' && !isRoot ? { defaultValue: true } : {}),
    };
  }
  for (const child of children) {
    fields[isRoot ? child.inputName : child.fieldName] = {
      type: childType(kind, types, child),
      description: descriptionOf(child),
      deprecationReason: deprecationOf(child),
      extensions: inputExtensionOf('inputNode', kind, family, child),
    };
  }
  return fields;
}

function childType(kind: MutationKind, types: FamilyTypes, child: MoNode): GraphQLInputType {
  if (child.isList) return new GraphQLList(new GraphQLNonNull(objectInput(kind, types, child)));
  if (child.kind === 'leaf') return valueType(kind, child, types) ?? GraphQLBoolean;
  return reachable(kind, child).length > 0 ? objectInput(kind, types, child) : GraphQLBoolean;
}

function objectInput(kind: MutationKind, types: FamilyTypes, node: MoNode): GraphQLInputObjectType {
  return new GraphQLInputObjectType({
    name: inputTypeName(kind, node.typeName),
    description: descriptionOf(node),
    extensions: inputExtensionOf('input', kind, types.family, node),
    fields: () => fieldsOf(kind, types, node),
  });
}

/** Type of the value that a command carries to a leaf; absent where it carries none. */
function valueType(kind: MutationKind, leaf: MoNode, types: FamilyTypes): GraphQLInputType | undefined {
  if (kind === 'delete' || leaf.scalar === 'Presence') return undefined;
  return types.leafType(leaf);
}
