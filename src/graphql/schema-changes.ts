/** What callers of one schema would notice of another. */
import type {
  GraphQLEnumType,
  GraphQLField,
  GraphQLInputField,
  GraphQLInputObjectType,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLSchema,
} from 'graphql';
import {
  findBreakingChanges,
  findDangerousChanges,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
} from 'graphql';

import { moqlOf } from '../../schema/graphql/describe';
import type { SchemaChange } from '../management/types';
import { inOneGo, type Steps } from '../management/steps';

type TypeMap = ReturnType<GraphQLSchema['getTypeMap']>;
type Field = GraphQLField<unknown, unknown> | GraphQLInputField;
type Extended = Parameters<typeof moqlOf>[0];

/** Types that are compared in one step. */
const STEP = 50;
const ORDER: readonly SchemaChange['severity'][] = ['BREAKING', 'DANGEROUS', 'SAFE'];

/**
 * Breaking and dangerous ones as graphql-js sees them, and what it does not tell as safe: what is added, and what only reads
 * otherwise. The most severe first, then by path. The time follows from the types that are not the same objects in both.
 */
export function changesBetween(before: GraphQLSchema, after: GraphQLSchema): readonly SchemaChange[] {
  return inOneGo(changesInSteps(before, after));
}

/** The same in steps of a few milliseconds. */
export function* changesInSteps(before: GraphQLSchema, after: GraphQLSchema): Steps<readonly SchemaChange[]> {
  const found: SchemaChange[] = [];
  for (const [older, newer] of differing(before.getTypeMap(), after.getTypeMap())) {
    yield undefined;
    leaveOutWhatStayed(older, newer);
    const from = schemaOf(older);
    const to = schemaOf(newer);
    const told = [
      ...findBreakingChanges(from, to).map((change) => changeOf('BREAKING', change)),
      ...findDangerousChanges(from, to).map((change) => judged(changeOf('DANGEROUS', change))),
    ];
    const known = new Set(told.map(({ path }) => path));
    found.push(...told);
    for (const change of softChanges(older, newer)) if (!known.has(change.path)) found.push(change);
  }
  yield undefined;
  return found
    .map((change) => ({ change, rank: ORDER.indexOf(change.severity) }))
    .sort((a, b) => a.rank - b.rank || compareText(a.change.path, b.change.path))
    .map(({ change }) => change);
}

/** Types of each side that the other does not have as the very same object, some at a time: those of one name together. */
function* differing(before: TypeMap, after: TypeMap): Generator<readonly [TypeMap, TypeMap], void, undefined> {
  let [older, newer, size] = [emptyMap(), emptyMap(), 0];
  for (const name in before) {
    const type = before[name];
    const next = after[name];
    if (type === undefined || type === next || isIntrospectionType(type) || isOfSameFamily(type, next)) continue;
    older[name] = type;
    if (next !== undefined) newer[name] = next;
    if (++size < STEP) continue;
    yield [older, newer];
    [older, newer, size] = [emptyMap(), emptyMap(), 0];
  }
  for (const name in after) {
    const type = after[name];
    if (type === undefined || before[name] !== undefined) continue;
    newer[name] = type;
    if (++size < STEP) continue;
    yield [older, newer];
    [older, newer, size] = [emptyMap(), emptyMap(), 0];
  }
  yield [older, newer];
}

/** Each schema has roots and fields of its own around what a family is; they say the same as long as the family is the same. */
function isOfSameFamily(before: Extended, after: Extended | undefined): boolean {
  const family = moqlOf(before)?.family;
  return family !== undefined && after !== undefined && moqlOf(after)?.family === family;
}

/** `Device`, `Mutation` and `DeviceFilter` have up to a thousand fields, of which a DDF brings or takes a few. */
function leaveOutWhatStayed(older: TypeMap, newer: TypeMap): void {
  for (const [name, before] of Object.entries(older)) {
    const after = newer[name];
    if (!hasFields(before) || !hasFields(after)) continue;
    const [fields, newFields] = [membersOf(before), membersOf(after)];
    const stayed = new Set(
      Object.keys(fields).filter((key) => {
        const [field, newField] = [fields[key], newFields[key]];
        return field && newField && (field === newField || isOfSameFamily(field, newField));
      }),
    );
    if (stayed.size === 0) continue;
    older[name] = without(before, stayed);
    newer[name] = without(after, stayed);
  }
}

type WithFields = GraphQLObjectType | GraphQLInputObjectType;

function hasFields(type: GraphQLNamedType | undefined): type is WithFields {
  return isObjectType(type) || isInputObjectType(type);
}

function membersOf(type: WithFields): Readonly<Record<string, Field>> {
  return type.getFields();
}

/** The type as it is, but for some of its fields. */
function without<T extends WithFields>(type: T, names: ReadonlySet<string>): T {
  const fields = Object.fromEntries(Object.entries(membersOf(type)).filter(([name]) => !names.has(name)));
  return Object.create(type, { getFields: { value: () => fields } }) as T;
}

function emptyMap(): TypeMap {
  return Object.create(null) as TypeMap;
}

/** All that graphql-js asks of a schema when it compares two. */
function schemaOf(types: TypeMap): GraphQLSchema {
  const seen: Pick<GraphQLSchema, 'getTypeMap' | 'getDirectives'> = {
    getTypeMap: () => types,
    // The same in all our schemas.
    getDirectives: () => [],
  };
  return seen as GraphQLSchema;
}

function changeOf(
  severity: SchemaChange['severity'],
  { type, description }: { readonly type: string; readonly description: string },
): SchemaChange {
  return { severity, kind: type, path: pathOf(description), message: description };
}

/** A further way to choose devices changes nothing for those who do not use it. */
function judged(change: SchemaChange): SchemaChange {
  const isFilter = change.kind === 'OPTIONAL_INPUT_FIELD_ADDED' && change.path.startsWith('DeviceFilter.');
  return isFilter ? { ...change, severity: 'SAFE', kind: 'FIELD_ADDED' } : change;
}

/** graphql-js tells the place only in words. */
const PLACES: readonly (readonly [RegExp, string])[] = [
  [/^An? (?:required|optional) field (\S+) on input type (\S+) was added\.$/, '$2.$1'],
  [/^An? (?:required|optional) arg (\S+) on (\S+) was added\.?$/i, '$2($1:)'],
  [/^(\S+)\.(\S+) arg (\S+) .*$/s, '$1.$2($3:)'],
  [/^(\S+) was (?:added to|removed from) (?:union|enum) type (\S+)\.$/, '$2.$1'],
  [/^\S+ added to interfaces implemented by (\S+)\.$/, '$1'],
  [/^Standard scalar (\S+) .*$/s, '$1'],
  [/^(\S+) .*$/s, '$1'],
];

function pathOf(description: string): string {
  for (const [form, path] of PLACES) if (form.test(description)) return description.replace(form, path);
  return '';
}

function* softChanges(older: TypeMap, newer: TypeMap): Generator<SchemaChange, void, undefined> {
  for (const [name, type] of Object.entries(newer)) {
    const before = older[name];
    if (before === undefined) yield safe('TYPE_ADDED', name, `${name} was added.`);
    else yield* changesOfType(before, type);
  }
}

function* changesOfType(before: GraphQLNamedType, after: GraphQLNamedType): Generator<SchemaChange, void, undefined> {
  if (before.description !== after.description)
    yield safe('DESCRIPTION_CHANGED', after.name, `${after.name} is described in other words.`);
  if (isEnumType(before) && isEnumType(after)) {
    yield* changesOfValues(before, after);
    return;
  }
  const older = fieldsOf(before);
  const newer = fieldsOf(after);
  if (!older || !newer) return;
  for (const [name, field] of Object.entries(newer)) {
    const known = older[name];
    const path = `${after.name}.${name}`;
    if (known === field) continue;
    if (known === undefined) yield safe('FIELD_ADDED', path, `${path} was added.`);
    else yield* changesOfField(path, known, field);
  }
}

function* changesOfField(path: string, before: Field, after: Field): Generator<SchemaChange, void, undefined> {
  const [type, newType] = [String(before.type), String(after.type)];
  if (type !== newType) yield safe('FIELD_CHANGED_KIND', path, `${path} changed type from ${type} to ${newType}.`);
  if (before.deprecationReason !== after.deprecationReason)
    yield safe('DEPRECATION_CHANGED', path, `${path} is ${after.deprecationReason ? '' : 'no longer '}deprecated.`);
  if (before.description !== after.description)
    yield safe('DESCRIPTION_CHANGED', path, `${path} is described in other words.`);
  const [node, newNode] = [moqlOf(before)?.node, moqlOf(after)?.node];
  if (!node || !newNode || node === newNode) return;
  if (written(node.rules) !== written(newNode.rules))
    yield dangerous('ALLOWED_VALUES_CHANGED', path, `${path} takes other values than before.`);
  if (written(node.variants) !== written(newNode.variants))
    yield safe('NODE_CHANGED', path, `${path} stands for a node that its DDF describes otherwise.`);
}

function* changesOfValues(before: GraphQLEnumType, after: GraphQLEnumType): Generator<SchemaChange, void, undefined> {
  for (const value of after.getValues()) {
    const known = before.getValue(value.name);
    const path = `${after.name}.${value.name}`;
    if (known && known.value !== value.value)
      yield dangerous(
        'VALUE_CHANGED',
        path,
        `${path} is ${String(value.value)} on devices, no longer ${String(known.value)}.`,
      );
    else if (known && known.description !== value.description)
      yield safe('DESCRIPTION_CHANGED', path, `${path} is described in other words.`);
  }
}

function fieldsOf(type: GraphQLNamedType): Readonly<Record<string, Field>> | undefined {
  return isObjectType(type) || isInterfaceType(type) || isInputObjectType(type) ? type.getFields() : undefined;
}

function safe(kind: string, path: string, message: string): SchemaChange {
  return { severity: 'SAFE', kind, path, message };
}

function dangerous(kind: string, path: string, message: string): SchemaChange {
  return { severity: 'DANGEROUS', kind, path, message };
}

function written(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? one.toString() : one));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
