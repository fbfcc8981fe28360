import type { ExecutionResult } from 'graphql';
import { execute } from 'graphql';

import { Rights } from '../../src/access/rights';
import { Compiling } from '../../src/graphql/compiled';
import { RequestContext } from '../../src/graphql/context';
import { DEFAULT_LIMITS } from '../../src/graphql/limits';
import { Preparing, type Prepared } from '../../src/graphql/prepare/prepare';
import { Usage } from '../../src/graphql/prepare/usage';
import { buildSchema } from '../../src/graphql/schema';
import { formatted } from '../../src/graphql/streams';
import { device, givenWorld, lampDdf, libraryOf, mo, operation } from './support/world';

const world = givenWorld({
  devices: [
    device('1', { tags: ['a', 'b'], lastContactAt: new Date('2026-01-04T05:06:07Z') }),
    device('2'),
    device('3'),
  ],
  objects: [
    mo('1', 'Lamp', { Colour: 'red', Level: 7 }),
    mo('2', 'A', { Colour: 'blue', Level: 'much' }),
    mo('2', 'B', { Level: 1 }),
  ],
});
world.onSubmit = () => Promise.resolve(operation());
const { schema } = buildSchema(libraryOf(lampDdf()));
const preparing = new Preparing({ limits: DEFAULT_LIMITS, usage: new Usage(DEFAULT_LIMITS) });

function prepared(query: string, variables?: Readonly<Record<string, unknown>>): Prepared {
  const found = preparing.prepare(schema, { query, ...(variables ? { variables } : {}) }, 'key:1');
  if (!found.ok) throw new Error(JSON.stringify(found.errors));
  return found;
}

const context = (): RequestContext => {
  const caller = { principal: 'key:1', name: 'operator', admin: true };
  return new RequestContext(caller, world.services, new Rights(true, [], 0), () => Date.parse('2026-01-05T00:00:00Z'));
};

/** What a caller sees; ids of log entries differ, and in which order fields fail is nobody's affair. */
function seen(result: ExecutionResult, of: RequestContext): unknown {
  const { data, errors, extensions } = formatted(result, () => undefined, of);
  const told = JSON.parse(JSON.stringify({ data, errors, extensions })) as { errors?: unknown[] };
  const texts = (told.errors ?? []).map((error) => JSON.stringify(error).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID'));
  return { ...told, errors: texts.sort() };
}

const SAME: readonly (readonly [what: string, query: string, variables?: Readonly<Record<string, unknown>>])[] = [
  ['a scalar', '{ device(deviceId: "IMEI:1") { acmeLamp { colour } } }'],
  ['nothing', '{ device(deviceId: "IMEI:404") { deviceId } }'],
  [
    'lists, enums and own scalars',
    '{ devices { nodes { deviceId protocol tags lastContactAt createdAt account { id serverId } } } }',
  ],
  [
    'names of types and aliases',
    '{ t: __typename a: device(deviceId: "IMEI:1") { __typename b: deviceId c: deviceId } }',
  ],
  ['pages', '{ devices(first: 2) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }'],
  [
    'variables',
    'query ($id: ID!, $n: Int = 1) { device(deviceId: $id) { deviceId } devices(first: $n) { nodes { id } } }',
    { id: 'IMEI:1' },
  ],
  ['null for a variable', 'query ($n: Int) { devices(first: $n) { nodes { id } } }', { n: null }],
  ['a variable that does not fit', 'query ($n: Int) { devices(first: $n) { nodes { id } } }', { n: 'many' }],
  ['a variable that is missing', 'query ($id: ID!) { device(deviceId: $id) { id } }'],
  [
    'fragments within fragments, on types and on interfaces',
    '{ device(deviceId: "IMEI:2") { ...D ... on Node { id } } } fragment D on Device { deviceId ...E } fragment E on Node { id __typename }',
  ],
  ['an error of a field', '{ devices { nodes { deviceId acmeLamp { colour } } } }'],
  [
    'an error that is not told',
    '{ device(deviceId: "IMEI:1") { deviceId wakeUps { nodes { id } } } devices { nodes { wakeUps { nodes { id } } } } }',
  ],
  ['an error of the whole', '{ devices(first: 501) { nodes { id } } }'],
  [
    'a value that does not fit, with a warning',
    '{ device(deviceId: "IMEI:2") { acmeLampInstances { level colour mo { miid observedAt freshness } } } }',
  ],
  [
    'a value that is old, with a warning',
    '{ device(deviceId: "IMEI:1") { acmeLamp(maxAge: "PT1S", wait: "PT1S") { colour mo { freshness operation { id state } } } } }',
  ],
  ['JSON', '{ device(deviceId: "IMEI:1") { managementObjects { moid values observedAt } } }'],
  [
    'the same field twice',
    '{ device(deviceId: "IMEI:1") { acmeLamp { colour } acmeLamp { level } ...F } } fragment F on Device { acmeLamp { mo { miid } } }',
  ],
];

describe('What graphql-jit made of a document', () => {
  test.each(SAME.map(([what, query, variables = {}]) => [what, query, variables] as const))(
    'answers as graphql-js does: %s',
    async (_what, query, variables) => {
      const asked = prepared(query, variables);
      const compiled = new Compiling({ after: 0 }).find(asked);
      if (!compiled) throw new Error('it was not compiled');
      const [mine, its] = [context(), context()];
      const byCode = (await compiled(mine, variables)) ?? (await execute({ ...asked, contextValue: mine }));
      const byInterpreter = await execute({ ...asked, contextValue: its });
      expect(seen(byCode, mine)).toEqual(seen(byInterpreter, its));
    },
  );

  test.each([
    ['a mutation', 'mutation { cancelOperation(id: "x") { id } }'],
    ['a question about the schema', '{ __schema { queryType { name } } }'],
    ['an interface', '{ node(id: "x") { id ... on Device { deviceId } } }'],
    ['@include', 'query ($a: Boolean = true) { devices { nodes { id @include(if: $a) } } }'],
    ['a filter as a variable', 'query ($w: DeviceFilter) { devices(where: $w) { nodes { id } } }'],
    ['a variable within a literal', 'query ($t: String) { alerts(where: { type: $t }) { nodes { id } } }'],
    [
      'many fields',
      `{ device(deviceId: "x") { ${'...F '} } } fragment F on Device { ${Array.from({ length: 501 }, (_, i) => (i % 2 ? 'id' : 'deviceId')).join(' ')} }`,
    ],
  ])('is not made of %s', (_what, query) => {
    expect(new Compiling({ after: 0 }).find(prepared(query))).toBeUndefined();
  });

  test('is made when the document came several times, once, and soon', () => {
    const times: number[] = [];
    const compiling = new Compiling({ after: 2, told: (ms) => times.push(ms) });
    const query = `{ devices(first: 9) { nodes { ${Array.from({ length: 90 }, (_, i) => `a${i}: acmeLamp { colour level mo { moid } }`).join(' ')} } } }`;
    const found = Array.from({ length: 6 }, () => compiling.find(prepared(query)) !== undefined);
    expect(found).toEqual([false, false, true, true, true, true]);
    expect(times).toHaveLength(1);
    expect(times[0]).toBeLessThan(2_000);
  });
});
