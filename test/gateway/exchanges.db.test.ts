/** Messages that carried a command, as those see them who may: without any secret. */
import { inflateRawSync } from 'node:zlib';

import type { Dm1Device, Dm2Device } from '../../src/simulator';
import { EXCHANGES } from '../../src/store/exchanges';
import { movePartitions } from '../../src/store/partitions';
import { METER, PROTOCOLS, SERVER_SECRET, ask, contact, createKey, startWorld, submit } from './support/world';
import type { Protocol, World } from './support/world';

let world: World;
const devices = {} as Record<Protocol, Dm1Device | Dm2Device>;

beforeAll(async () => {
  world = await startWorld();
  for (const protocol of PROTOCOLS) {
    const known = protocol === 'dm1' ? { serverSecret: SERVER_SECRET } : {};
    devices[protocol] = await world.device(protocol, `urn:uuid:kept-${protocol}`, known);
    await contact(devices[protocol]);
  }
});
afterAll(() => world.close());

interface Exchange {
  readonly at: string;
  readonly direction: string;
  readonly status: number | null;
  readonly mediaType: string;
  readonly octets: string;
  readonly text: string;
}
const QUERY = `query ($id: ID!) { operation(id: $id) { commands { exchanges { at direction status mediaType octets text } } } }`;

async function exchangesOf(id: string, key?: string): Promise<readonly (readonly Exchange[] | null)[]> {
  const { data } = await world.gateway.graphql(QUERY, { id }, ...(key === undefined ? [] : [key]));
  const { operation } = data as { operation: { commands: readonly { exchanges: readonly Exchange[] | null }[] } };
  return operation.commands.map(({ exchanges }) => exchanges);
}

const kept = (): Promise<readonly { request: Buffer; reply: Buffer }[]> =>
  world.gateway.db.sql.query('SELECT request, reply FROM exchange ORDER BY at, id');

test('a check-in without commands is not kept', async () => {
  for (const protocol of PROTOCOLS) await contact(devices[protocol]);
  expect(await kept()).toEqual([]);
});

describe.each(PROTOCOLS)('A command of a %s device', (protocol) => {
  test('has the messages that carried it and its answer, for those alone who hold READ_EXCHANGES', async () => {
    const { deviceId } = devices[protocol];
    const first = await submit(world.gateway, deviceId, [
      { replace: { address: { moid: METER, path: 'Unit' }, value: { text: 'GWh' } } },
    ]);
    await contact(devices[protocol]);
    const second = await submit(world.gateway, deviceId, [{ get: { address: { moid: METER, path: 'Unit' } } }]);
    expect(await exchangesOf(second.id)).toEqual([[]]);
    await contact(devices[protocol]);
    const [found] = await exchangesOf(second.id);
    expect(found?.map(({ direction }) => direction)).toEqual(['REQUEST', 'REPLY', 'REQUEST', 'REPLY']);
    const carried = found?.[1];
    const answered = found?.[2];
    if (protocol === 'dm1') {
      expect(carried?.mediaType).toContain('wbxml');
      expect(carried?.text).toMatch(/^<\?xml.*\n<SyncML/);
      expect(carried?.text).toMatch(/<Get>[^]*Vendor\/Acme\/Meter\/Unit[^]*<\/Get>/);
      expect(answered?.text).toMatch(/<Results>[^]*<Data>GWh<\/Data>/);
      expect(Buffer.from(answered?.octets ?? '', 'base64').toString('latin1')).toContain('GWh');
    } else {
      expect(JSON.parse(carried?.text ?? '')).toMatchObject({ CMD: expect.anything() as unknown });
      expect(carried?.text).toContain('GET');
    }
    expect(carried).toMatchObject({ status: 200 });
    const none = await createKey(world.gateway, deviceId, { right: 'READ' });
    expect(await exchangesOf(first.id, none)).toEqual([null]);
    const some = await createKey(world.gateway, deviceId, { right: 'READ' }, { right: 'READ_EXCHANGES' });
    expect((await exchangesOf(second.id, some))[0]).toEqual(found);
  });
});

test('no secret stands in what is kept: credentials, nonces, values of secret nodes, tokens of addresses', async () => {
  const { deviceId } = devices.dm1;
  const { sql } = world.gateway.db;
  const secretNode = 'a value nobody may see';
  const commands = [
    { add: { address: { uri: './DMAcc/x/AppAuth/1/AAuthSecret' }, value: { text: secretNode, format: 'CHR' } } },
    { get: { address: { uri: './DMAcc' } } },
  ];
  await submit(world.gateway, deviceId, commands, { onFailure: 'CONTINUE' });
  for (const protocol of PROTOCOLS) await contact(devices[protocol]);
  const rows = await kept();
  const texts = rows.flatMap(({ request, reply }) =>
    [request, reply].map((octets) => inflateRawSync(octets).toString('latin1')),
  );
  expect(texts.some((text) => text.includes('AAuthSecret'))).toBe(true);
  const nonces = await sql.query<{ nonce: Buffer | null; previous: Buffer | null }>(
    'SELECT nonce, previous_nonce AS previous FROM device_credential',
  );
  const sessions = await sql.query<{ token: string }>('SELECT token FROM session');
  const secrets = [
    SERVER_SECRET,
    secretNode,
    ...PROTOCOLS.map((protocol) => devices[protocol].options.secret ?? ''),
    ...nonces
      .flatMap(({ nonce, previous }) => [nonce, previous])
      .flatMap((octets) => (octets === null ? [] : octets.toString('base64'))),
    ...sessions.map(({ token }) => token),
  ].filter((secret) => secret !== '');
  expect(secrets.length).toBeGreaterThan(6);
  const told = secrets.filter((secret) =>
    texts.some((text) => text.includes(secret) || text.includes(Buffer.from(secret).toString('base64'))),
  );
  expect(told).toEqual([]);
});

test('messages stand in partitions of a day, which go as a whole; what came before its partition moves in', async () => {
  const { sql } = world.gateway.db;
  const partitions = async (): Promise<readonly string[]> => {
    const found = await sql.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'exchange'::regclass ORDER BY 1`,
    );
    return found.map(({ name }) => name);
  };
  const day = (text: string): Date => new Date(`${text}T12:00:00Z`);
  const insert = (at: Date): Promise<unknown> =>
    sql.query(
      `INSERT INTO exchange (device_id, at, protocol, status, request_type, request, reply_type, reply)
       SELECT id, $1::timestamptz, 'DM_1_2', 200, 'x', '', 'x', '' FROM device LIMIT 1`,
      [at],
    );
  const counted = async (table: string): Promise<number> =>
    Number(
      (
        await sql.query<{ n: string }>(
          `SELECT count(*) AS n FROM ${table} WHERE at < '2031-01-01' AND at >= '2030-01-01'`,
        )
      )[0]?.n,
    );
  await insert(day('2030-03-01'));
  expect(await counted('exchange_rest')).toBe(1);
  await movePartitions(sql, EXCHANGES, { now: day('2030-03-01'), keepFrom: day('2026-01-01') });
  expect(await partitions()).toEqual(
    expect.arrayContaining(['exchange_p20300301', 'exchange_p20300302', 'exchange_p20300303']),
  );
  expect([await counted('exchange_rest'), await counted('exchange_p20300301')]).toEqual([0, 1]);
  await insert(day('2030-03-02'));
  // The second day is kept until its last moment is old enough.
  await movePartitions(sql, EXCHANGES, { now: day('2030-03-04'), keepFrom: day('2030-03-02') });
  expect(await partitions()).not.toContain('exchange_p20300301');
  expect(await partitions()).toContain('exchange_p20300302');
  expect(await counted('exchange')).toBe(1);
  // Twice changes nothing, and a deleted device takes its messages along.
  const before = await partitions();
  await movePartitions(sql, EXCHANGES, { now: day('2030-03-04'), keepFrom: day('2030-03-02') });
  expect(await partitions()).toEqual(before);
  for (const protocol of PROTOCOLS)
    await ask(world.gateway, 'mutation ($id: ID!) { deleteDevice(deviceId: $id) { id } }', {
      id: devices[protocol].deviceId,
    });
  expect(await sql.query('SELECT 1 FROM exchange')).toEqual([]);
});
