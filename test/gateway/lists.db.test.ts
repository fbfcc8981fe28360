import { familyOf } from '../../schema/ddf/identity';
import { ask, codesOf, FUMO, METER, startWorld, type World } from './support/world';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  const { sql } = world.gateway.db;
  await sql.query(
    `INSERT INTO device (device_id, account_id, protocol, tags, last_contact_at)
     SELECT 'list-' || n, (SELECT max(id) FROM account), CASE WHEN n < 4 THEN 'DM_1_2' END, ARRAY['t' || n % 2], now() - n * interval '2 hours'
     FROM generate_series(1, 5) n`,
  );
  await sql.query(
    `INSERT INTO management_object (device_id, family, miid, moid, version, recognised_by, "values")
     SELECT id, $1, 'a', $2, '1.0', 'MOID', jsonb_build_object('State', 10 * (id % 3), 'PkgName', device_id) FROM device WHERE device_id <> 'list-5'`,
    [familyOf(FUMO), FUMO],
  );
});
afterAll(() => world.close());

const STATE = `{ node: { moid: "${FUMO}", path: "State" } }`;

interface Listed {
  readonly devices: {
    readonly nodes: readonly { readonly deviceId: string }[];
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
    readonly totalCount: { readonly value: number; readonly exact: boolean };
  };
}

async function list(args: string, key?: string): Promise<Listed['devices']> {
  const query = `{ devices(${args}) { nodes { deviceId } pageInfo { endCursor hasNextPage } totalCount { value exact } } }`;
  const answer = await world.gateway.graphql(query, {}, key);
  expect(answer.errors).toBeUndefined();
  return (answer.data as Listed).devices;
}

const names = ({ nodes }: Listed['devices']): readonly string[] => nodes.map(({ deviceId }) => deviceId);

test('a caller pages through an order of fields, and knows how many there are', async () => {
  const order = 'orderBy: [{ field: PROTOCOL }, { field: LAST_CONTACT_AT }]';
  const one = await list(`${order}, first: 2`);
  expect(names(one)).toEqual(['list-3', 'list-2']);
  expect(one.totalCount).toEqual({ value: 5, exact: true });
  const two = await list(`${order}, first: 9, after: "${one.pageInfo.endCursor}"`);
  expect(names(two)).toEqual(['list-1', 'list-5', 'list-4']);
  expect(two.pageInfo.hasNextPage).toBe(false);

  const other = await world.gateway.graphql(`{ devices(after: "${one.pageInfo.endCursor}") { nodes { id } } }`);
  expect(codesOf(other)).toEqual(['BAD_USER_INPUT']);
  for (const [bad, code] of [
    ['orderBy: [{}]', 'BAD_USER_INPUT'],
    [`orderBy: [{ field: PROTOCOL, node: { moid: "${FUMO}", path: "State" } }]`, 'BAD_USER_INPUT'],
    ['orderBy: [{ node: { moid: "urn:oma:mo:nothing:1.0", path: "State" } }]', 'NO_SUCH_MO'],
    [`orderBy: [{ node: { moid: "${FUMO}", path: "Nothing" } }]`, 'NOT_IN_DDF'],
    [`orderBy: [${STATE}]`, 'NOT_INDEXED'],
  ])
    expect(codesOf(await world.gateway.graphql(`{ devices(${bad}) { nodes { id } } }`))).toEqual([code]);
});

test('a node that was marked orders devices, for each caller by what may be read', async () => {
  const mark = `mutation { indexNode(input: { moid: "${FUMO}", path: "State" }) { path } }`;
  const { createApiKey } = await ask<{ createApiKey: { key: string; apiKey: { principal: string } } }>(
    world.gateway,
    'mutation { createApiKey(input: { name: "reader" }) { key apiKey { principal } } }',
  );
  const reader = { key: createApiKey.key, principal: createApiKey.apiKey.principal };
  expect(codesOf(await world.gateway.graphql(mark, {}, reader.key))).toEqual(['FORBIDDEN']);
  await ask(world.gateway, mark);
  for (;;) {
    const { indexedNodes } = await ask<{ indexedNodes: { state: string }[] }>(
      world.gateway,
      '{ indexedNodes { state } }',
    );
    if (indexedNodes[0]?.state === 'READY') break;
    expect(indexedNodes[0]?.state).toBe('BUILDING');
  }
  const rows = await world.gateway.db.sql.query<{ device_id: string; state: number | null }>(
    `SELECT d.device_id, (o."values" ->> 'State')::int AS state FROM device d LEFT JOIN management_object o ON o.device_id = d.id ORDER BY state DESC NULLS LAST, d.id DESC`,
  );
  const order = `orderBy: [{ node: { moid: "${FUMO}", path: "State" }, direction: DESC }]`;
  const expected = rows.map(({ device_id: name }) => name);
  const one = await list(`${order}, first: 3`);
  expect([...names(one), ...names(await list(`${order}, after: "${one.pageInfo.endCursor}"`))]).toEqual(expected);

  // Sees all devices, and reads the state of none but those with one tag.
  for (const input of [
    { principal: reader.principal, right: 'READ', moid: METER },
    { principal: reader.principal, right: 'READ', moid: FUMO, path: 'State', tag: 't1' },
  ])
    await ask(world.gateway, 'mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }', { input });
  const seen = new Map(rows.map(({ device_id: name, state }) => [name, /[135]$/.test(name) ? state : null]));
  const own = names(await list(order, reader.key));
  const states = own.map((name) => seen.get(name) ?? null);
  expect([...own].sort()).toEqual([...expected].sort());
  expect(states).toEqual([...states].sort((a, b) => (b ?? -1) - (a ?? -1)));

  const groups = async (key?: string): Promise<unknown> =>
    (
      (
        await world.gateway.graphql(
          `{ deviceCounts(groupBy: ${STATE}) { groups { key count } otherGroups otherCount } }`,
          {},
          key,
        )
      ).data as { deviceCounts: unknown }
    ).deviceCounts;
  const counted = (values: readonly (number | null)[]): unknown => ({
    groups: expect.arrayContaining(
      [...new Set(values)].map((value) => ({ key: value, count: values.filter((one) => one === value).length })),
    ) as unknown,
    otherGroups: 0,
    otherCount: 0,
  });
  expect(await groups()).toEqual(counted(rows.map(({ state }) => state)));
  expect(await groups(reader.key)).toEqual(counted([...seen.values()]));
});

test('accounts and DDFs tell how many there are', async () => {
  const answer = await ask<Record<string, { totalCount: { value: number; exact: boolean } }>>(
    world.gateway,
    '{ accounts(first: 1) { totalCount { value exact } } ddfs(first: 1) { totalCount { value exact } } }',
  );
  const [row] = await world.gateway.db.sql.query<{ a: string; d: string }>(
    'SELECT (SELECT count(*) FROM account) AS a, (SELECT count(*) FROM ddf) AS d',
  );
  expect(answer['accounts']?.totalCount).toEqual({ value: Number(row?.a), exact: true });
  expect(answer['ddfs']?.totalCount).toEqual({ value: Number(row?.d), exact: true });
});

test('a device tells its operations, open and ended, and its sessions, the last first', async () => {
  const { sql } = world.gateway.db;
  const [device] = await sql.query<{ id: string }>(`SELECT id FROM device WHERE device_id = 'list-1'`);
  for (const text of [
    `INSERT INTO operation (device_id, id, caller, expires_at) OVERRIDING SYSTEM VALUE SELECT $1, n, CASE WHEN n = 1001 THEN 'key:other' ELSE 'key:admin' END, now() + interval '1 day' FROM generate_series(1000, 1002) n`,
    `INSERT INTO ended_operation (device_id, id, ended_at, created_at, expires_at, priority, atomic, sequence, state, on_failure, caller)
     SELECT $1, n, now(), now(), now(), 0, false, false, 'SUCCEEDED', 'STOP', 'key:other' FROM generate_series(998, 999) n`,
    `INSERT INTO command (device_id, operation_id, position, kind) SELECT $1, n, 0, 'get' FROM generate_series(1000, 1002) n`,
    `INSERT INTO ended_command (device_id, operation_id, ended_at, position, repeatable, emulated, kind, state, path, request)
     SELECT device_id, id, ended_at, 0, false, false, 'get', 'ANSWERED', '', '{}' FROM ended_operation WHERE device_id = $1`,
    `INSERT INTO session (device_id, protocol, session_key, token, phase, message_no, state, last_sha256, last_status, last_headers, last_body, last_at, expires_at, ended_at)
     SELECT $1, 'DM_1_2', 's', 's' || n, 'DONE', n, '{}', repeat('0', 64), 200, '{}', '', now(), now(), now() FROM generate_series(1, 3) n`,
  ])
    await sql.query(text, [device?.id]);

  interface Page<T> {
    readonly nodes: readonly T[];
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
  }
  const page = async <T>(field: string, args: string, body: string, key?: string): Promise<Page<T>> => {
    const query = `{ device(deviceId: "list-1") { page: ${field}(${args}) { nodes { ${body} } pageInfo { endCursor hasNextPage } } } }`;
    const answer = await world.gateway.graphql(query, {}, key);
    expect(answer.errors).toBeUndefined();
    return (answer.data as { device: { page: Page<T> } }).device.page;
  };
  const numbers = ({ nodes }: Page<{ id: string }>): readonly number[] =>
    nodes.map(({ id }) => Number(Buffer.from(id, 'base64url').toString().split(':').at(-1)));

  const one = await page<{ id: string }>('operations', 'first: 2', 'id');
  expect(numbers(one)).toEqual([1002, 1001]);
  const two = await page<{ id: string }>('operations', `first: 9, after: "${one.pageInfo.endCursor}"`, 'id');
  expect(numbers(two)).toEqual([1000, 999, 998]);
  expect([one, two].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, false]);
  expect((await page<{ messages: number }>('sessions', 'first: 2', 'messages')).nodes).toEqual([
    { messages: 3 },
    { messages: 2 },
  ]);

  // Who may read a part of the device alone knows of what he submitted.
  const { createApiKey } = await ask<{ createApiKey: { key: string; apiKey: { principal: string } } }>(
    world.gateway,
    'mutation { createApiKey(input: { name: "part" }) { key apiKey { principal } } }',
  );
  const { principal } = createApiKey.apiKey;
  await ask(world.gateway, 'mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }', {
    input: { principal, right: 'READ', moid: METER },
  });
  await sql.query('UPDATE ended_operation SET caller = $2 WHERE device_id = $1 AND id = 998', [device?.id, principal]);
  expect(numbers(await page<{ id: string }>('operations', 'first: 9', 'id', createApiKey.key))).toEqual([998]);
});
