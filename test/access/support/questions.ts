/** Random questions, each with the answer that the oracle expects. */
import { isObjectType, type GraphQLSchema } from 'graphql';

import { FAMILIES, randomFilter } from './filters';
import { familyOf, type Full, type FullDevice, type FullObject, type Json, type Oracle } from './oracle';
import { FUMO, METER, STRANGE } from './plant';
import type { Chance } from './random';

export interface Expected {
  readonly value: unknown;
  /** Below the question's own field. */
  readonly errors: readonly { readonly path: string; readonly code: string; readonly miids?: unknown }[];
}
export interface Question {
  /** A root field; `$v` stands for the place of its variables. */
  readonly text: string;
  readonly variables: Readonly<Record<string, readonly [type: string, value: unknown]>>;
  expected(oracle: Oracle): Expected;
}

type Make = (chance: Chance, ground: Ground) => Question;

/** What questions are made of. */
export interface Ground {
  readonly full: Full;
  readonly schema: GraphQLSchema;
  readonly accounts: readonly string[];
}

const NONE: Expected = { value: null, errors: [] };
const ABSENT = 'urn:uuid:nobody';

/** Kinds of questions: devices are looked at together and cost little, so that most are of them. */
export const QUESTIONS: readonly Make[] = [
  oneDevice,
  oneDevice,
  oneDevice,
  deviceNode,
  deviceNode,
  deviceList,
  deviceList,
  alertList,
  eventList,
  oneOperation,
];

/** What a device is asked for, with the answer. */
interface Selection {
  readonly text: string;
  of(device: FullDevice, oracle: Oracle): Expected;
}

function selection(chance: Chance): Selection {
  const some = chance.some(PARTS, 0.25).map((make) => make(chance));
  const parts = chance.isSo(0.1) ? [...some, HISTORY] : some;
  const all = [...parts, field('deviceId', (device) => device.deviceId)];
  return {
    text: all.map(({ text }, index) => `f${index}: ${text}`).join(' '),
    of(device, oracle) {
      const found = all.map((part) => part.of(device, oracle));
      return {
        value: Object.fromEntries(found.map(({ value }, index) => [`f${index}`, value])),
        errors: found.flatMap(({ errors }, index) =>
          errors.map((error) => ({ ...error, path: join(`f${index}`, error.path) })),
        ),
      };
    },
  };
}

function field(text: string, value: (device: FullDevice, oracle: Oracle) => unknown): Selection {
  return { text, of: (device, oracle) => ({ value: value(device, oracle), errors: [] }) };
}

/** A statement for each object: seldom asked. */
const HISTORY = field(
  'managementObjects { miid history(first: 2) { nodes { path new } pageInfo { hasNextPage } } }',
  (device, oracle) =>
    oracle.objects(device).map(({ miid, history }) => ({
      miid,
      history: { nodes: history.slice(0, 2), pageInfo: { hasNextPage: history.length > 2 } },
    })),
);

const PARTS: readonly ((chance: Chance) => Selection)[] = [
  () => field('tags', ({ tags }) => tags),
  () => field('supportedMos { moid }', (device, oracle) => oracle.supported(device).map((moid) => ({ moid }))),
  () =>
    field('features { name }', (device, oracle) =>
      oracle.holds(device, 'READ') ? device.features.map((name) => ({ name })) : [],
    ),
  () => field('managementObjects { moid miid values }', (device, oracle) => oracle.objects(device).map(plain)),
  (chance) => {
    const moid = chance.of([METER, FUMO, STRANGE]);
    return field(`managementObjects(moid: ${JSON.stringify(moid)}) { moid miid values }`, (device, oracle) =>
      oracle
        .objects(device)
        .filter(({ family }) => family === familyOf(moid))
        .map(plain),
    );
  },
  (chance) => instance('acmeMeter', METER_FIELDS, meter, chance),
  (chance) => instance('fumo', 'mo { miid } pkgName pkgVersion', firmware, chance),
  () =>
    field(`acmeMeterInstances { ${METER_FIELDS} }`, (device, oracle) =>
      oracle
        .objects(device)
        .filter(({ family }) => family === FAMILIES['acmeMeter'])
        .map(meter),
    ),
];

const METER_FIELDS = 'mo { miid } unit note serial interval enabled tariff { items { nodeName start rate } }';

function instance(name: string, fields: string, show: (object: FullObject) => unknown, chance: Chance): Selection {
  const miid = chance.isSo(0.5) ? chance.of(['i1', 'i2', 'i9']) : undefined;
  return {
    text: `${name}${miid === undefined ? '' : `(miid: "${miid}")`} { ${fields} }`,
    of(device, oracle) {
      const found = oracle
        .objects(device)
        .filter((object) => object.family === FAMILIES[name] && (miid === undefined || object.miid === miid));
      if (found.length > 1)
        return { value: null, errors: [{ path: '', code: 'MO_AMBIGUOUS', miids: found.map((object) => object.miid) }] };
      return { value: found[0] === undefined ? null : show(found[0]), errors: [] };
    },
  };
}

function meter({ miid, values }: FullObject): unknown {
  const tariff = at(values, 'Tariff');
  return {
    mo: { miid },
    unit: at(values, 'Unit') ?? null,
    note: at(values, 'Note') ?? null,
    serial: at(values, 'Serial') ?? null,
    interval: at(values, 'Interval') ?? null,
    enabled: at(values, 'Enabled') ?? null,
    tariff:
      tariff === undefined
        ? null
        : {
            items: Object.entries(tariff as Readonly<Record<string, Json>>).map(([nodeName, item]) => ({
              nodeName,
              start: at(item, 'Start') ?? null,
              rate: at(item, 'Rate') ?? null,
            })),
          },
  };
}

function firmware({ miid, values }: FullObject): unknown {
  return { mo: { miid }, pkgName: at(values, 'PkgName') ?? null, pkgVersion: at(values, 'PkgVersion') ?? null };
}

function at(node: Json, name: string): Json {
  return (node as Readonly<Record<string, Json>>)[name];
}

function plain({ moid, miid, values }: FullObject): unknown {
  return { moid, miid, values };
}

function oneDevice(chance: Chance, { full }: Ground): Question {
  const deviceId = chance.isSo(0.1) ? ABSENT : chance.of(full.devices).deviceId;
  const { text, of } = selection(chance);
  return {
    text: `device(deviceId: "${deviceId}") { ${text} }`,
    variables: {},
    expected(oracle) {
      const device = oracle.device(deviceId);
      return device === undefined ? NONE : of(device, oracle);
    },
  };
}

function deviceNode(chance: Chance, { full }: Ground): Question {
  const { id, deviceId } = chance.of(full.devices);
  const { text, of } = selection(chance);
  return {
    text: `node(id: "${id}") { id ... on Device { ${text} } }`,
    variables: {},
    expected(oracle) {
      const device = oracle.device(deviceId);
      if (device === undefined) return NONE;
      const { value, errors } = of(device, oracle);
      return { value: { id, ...(value as object) }, errors };
    },
  };
}

/** A page of what is seen of a list, as Relay has it. `after` may be something that the caller does not see. */
function page<T extends { readonly id: string }>(
  all: readonly { readonly id: string }[],
  seen: readonly T[],
  first: number,
  after: string | undefined,
): { readonly items: readonly T[]; readonly info: object } {
  const from = after === undefined ? -1 : all.findIndex(({ id }) => id === after);
  const rest = seen.filter(({ id }) => all.findIndex((one) => one.id === id) > from);
  const items = rest.slice(0, first);
  return {
    items,
    info: {
      hasNextPage: rest.length > first,
      hasPreviousPage: after !== undefined,
      startCursor: items[0]?.id ?? null,
      endCursor: items.at(-1)?.id ?? null,
    },
  };
}

const PAGE_INFO = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

function deviceList(chance: Chance, { full, schema, accounts }: Ground): Question {
  const ids = full.devices.map(({ deviceId }) => deviceId);
  const where = chance.isSo(0.85) ? randomFilter(chance, accounts, ids) : {};
  const first = chance.of([1, 2, 5, 500]);
  const after = chance.isSo(0.3) ? chance.of(full.devices).id : undefined;
  const { text, of } = selection(chance);
  const isCounted = has(schema, 'DeviceConnection', 'totalCount');
  return {
    text: `devices(where: $v_where, first: ${first}${after === undefined ? '' : `, after: "${after}"`}) {
      nodes { ${text} } edges { cursor } ${PAGE_INFO} ${isCounted ? 'totalCount { value exact }' : ''} }`,
    variables: { where: ['DeviceFilter', where] },
    expected(oracle) {
      const fitting = oracle.fitting(where);
      const { items, info } = page(full.devices, fitting, first, after);
      const found = items.map((device) => of(device, oracle));
      return {
        value: {
          nodes: found.map(({ value }) => value),
          edges: items.map(({ id }) => ({ cursor: id })),
          pageInfo: info,
          ...(isCounted ? { totalCount: { value: fitting.length, exact: true } } : {}),
        },
        errors: found.flatMap(({ errors }, index) =>
          errors.map((error) => ({ ...error, path: join(`nodes.${index}`, error.path) })),
        ),
      };
    },
  };
}

function alertList(chance: Chance, { full }: Ground): Question {
  const first = chance.of([1, 3, 12]);
  const after = chance.isSo(0.3) ? chance.of(full.alerts).id : undefined;
  const { deviceId, type, where } = reportFilter(chance, full, 'urn:test:one');
  return {
    text: `alerts(where: $v_where, first: ${first}${after === undefined ? '' : `, after: "${after}"`}) {
      nodes { id type source data resultCode correlator device { deviceId } } ${PAGE_INFO} }`,
    variables: { where: ['AlertFilter', where] },
    expected(oracle) {
      if (deviceId !== undefined && oracle.device(deviceId) === undefined) return EMPTY;
      const seen = oracle
        .alerts()
        .filter((one) => (deviceId ?? one.deviceId) === one.deviceId && (type ?? one.type) === one.type);
      const { items, info } = page(full.alerts, seen, first, after);
      const nodes = items.map(({ deviceId: own, ...alert }) => ({ ...alert, device: { deviceId: own } }));
      return { value: { nodes, pageInfo: info }, errors: [] };
    },
  };
}

function eventList(chance: Chance, { full }: Ground): Question {
  const first = chance.of([1, 3, 12]);
  const after = chance.isSo(0.3) ? chance.of(full.events).id : undefined;
  const { deviceId, type, where } = reportFilter(
    chance,
    full,
    chance.of(['valuesChanged', 'operationEnded', 'grantCreated']),
  );
  return {
    text: `events(where: $v_where, first: ${first}${after === undefined ? '' : `, after: "${after}"`}) {
      nodes { id type data device { deviceId } } ${PAGE_INFO} }`,
    variables: { where: ['EventFilter', where] },
    expected(oracle) {
      if (deviceId !== undefined && oracle.device(deviceId) === undefined) return EMPTY;
      const seen = oracle
        .events()
        .filter((one) => (deviceId ?? one.deviceId) === one.deviceId && (type ?? one.type) === one.type);
      const { items, info } = page(full.events, seen, first, after);
      const nodes = items.map(({ deviceId: own, ...event }) => ({ ...event, device: { deviceId: own } }));
      return { value: { nodes, pageInfo: info }, errors: [] };
    },
  };
}

const EMPTY: Expected = {
  value: { nodes: [], pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null } },
  errors: [],
};

function reportFilter(
  chance: Chance,
  full: Full,
  kind: string,
): { readonly deviceId?: string; readonly type?: string; readonly where: object } {
  const deviceId = chance.isSo(0.3) ? { deviceId: chance.isSo(0.1) ? ABSENT : chance.of(full.devices).deviceId } : {};
  const type = chance.isSo(0.3) ? { type: kind } : {};
  return { ...deviceId, ...type, where: { ...deviceId, ...type } };
}

function oneOperation(chance: Chance, { full }: Ground): Question {
  const { id } = chance.of(full.operations);
  const fields = 'state device { deviceId } commands { kind result }';
  const text = chance.isSo(0.5)
    ? `operation(id: "${id}") { ${fields} }`
    : `node(id: "${id}") { ... on Operation { ${fields} } }`;
  return {
    text,
    variables: {},
    expected(oracle) {
      const found = oracle.operation(id);
      if (found === undefined) return NONE;
      const commands = found.commands.map(({ kind, result }) => ({ kind, result: result ?? null }));
      return { value: { state: found.state, device: { deviceId: found.deviceId }, commands }, errors: [] };
    },
  };
}

function has(schema: GraphQLSchema, type: string, name: string): boolean {
  const found = schema.getType(type);
  return isObjectType(found) && name in found.getFields();
}

function join(above: string, below: string): string {
  return below === '' ? above : `${above}.${below}`;
}
