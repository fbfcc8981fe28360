import { buildClientSchema, getIntrospectionQuery, graphqlSync, lexicographicSortSchema, printSchema } from 'graphql';
import type { IntrospectionQuery } from 'graphql';

import { buildSchema } from '../../src/graphql/schema';
import type { Gateway, World } from './support/world';
import { ADMIN_KEY, givenWorld, lampDdf, libraryOf, serve } from './support/world';

let world: World;
let gateway: Gateway;

beforeEach(async () => {
  world = givenWorld();
  gateway = await serve(world);
});
afterEach(() => gateway.close());

const sent = async (query: string): Promise<{ readonly text: string; readonly length: string | null }> => {
  const answer = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({ query }),
  });
  expect(answer.status).toBe(200);
  return { text: await answer.text(), length: answer.headers.get('content-length') };
};

/** Text of an answer, its keys in their order, but for lists: in which order a schema tells its types is its own affair. */
function inOneOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOneOrder).sort().join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, part]) => `${JSON.stringify(key)}:${inOneOrder(part)}`)
    .join()}}`;
}

describe('Introspection', () => {
  test('is answered as graphql-js would, the first time and from what is kept', async () => {
    const query = getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true });
    const [first, second, third] = [await sent(query), ...(await Promise.all([sent(query), sent(query)]))];
    const { schema } = buildSchema(libraryOf(lampDdf()));
    const { data } = JSON.parse(first.text) as { data: IntrospectionQuery };
    expect(printSchema(lexicographicSortSchema(buildClientSchema(data)))).toBe(
      printSchema(
        lexicographicSortSchema(
          buildClientSchema(graphqlSync({ schema, source: query }).data as unknown as IntrospectionQuery),
        ),
      ),
    );
    expect(first.length).toBe(String(Buffer.byteLength(first.text)));
    expect([second, third]).toEqual([first, first]);
  });

  test.each([
    ['types before the rest', '{ __schema { types { name } queryType { name } } }'],
    ['types after the rest', '{ __schema { queryType { name } kinds: types { kind } } }'],
    ['types alone', '{ s: __schema { types { name } } }'],
    ['one type', '{ __type(name: "AcmeLamp") { fields { name } } }'],
    ['no types', '{ __schema { queryType { name } } }'],
  ])('that asks for %s is what graphql-js gives', async (_what, query) => {
    const { schema } = buildSchema(libraryOf(lampDdf()));
    const expected = JSON.parse(JSON.stringify(graphqlSync({ schema, source: query }))) as object;
    for (let time = 0; time < 2; time++)
      expect(inOneOrder(JSON.parse((await sent(query)).text))).toBe(inOneOrder(expected));
  });

  test('follows the schema', async () => {
    const query = '{ __schema { types { name } } }';
    expect((await sent(query)).text).toContain('"AcmeLamp"');
    await world.swap(libraryOf());
    expect((await sent(query)).text).not.toContain('"AcmeLamp"');
  });

  test('beside something else is answered too', async () => {
    const { data } = await gateway.ask('{ __schema { queryType { name } } device(deviceId: "IMEI:1") { deviceId } }');
    expect(data).toEqual({ __schema: { queryType: { name: 'Query' } }, device: { deviceId: 'IMEI:1' } });
  });
});
