import { AsyncLocalStorage } from 'node:async_hooks';

import { httpTransport } from '../../src/simulator';
import type { Transport } from '../../src/simulator';
import type { Database } from '../../src/store/database';
import type { Sql } from '../../src/store/sql';
import { testDatabase } from '../support/database';
import {
  METER,
  PROTOCOLS,
  ask,
  contact,
  createAccount,
  faultless,
  simulated,
  startWorld,
  submit,
} from './support/world';
import type { World } from './support/world';

const turn = new AsyncLocalStorage<true>();
const CONTROL = /^\s*(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b/i;

/** The same database, which knows what belongs to a transaction: notifications ask outside of one. */
function marking(db: Database): Database {
  const sql: Sql = Object.create(db.sql, {
    transaction: {
      value: (work: (tx: Sql) => Promise<unknown>, options?: object): Promise<unknown> =>
        turn.run(true, () => db.sql.transaction(work, options)),
    },
  }) as Sql;
  return Object.create(db, { sql: { value: sql } }) as Database;
}

const http = httpTransport();
/** Statements of each message, in the order sent; what a device fetches from the repository is no message. */
let counts: number[] = [];
const counting: Transport = (request) => {
  if (request.url.includes('/dm/')) counts.push(0);
  return http(request);
};

let world: World;

beforeAll(async () => {
  const db = await testDatabase();
  world = await startWorld({ db: marking(db) });
  // Timers have transactions too.
  await world.gateway.timers.stop();
  db.onStatement((text) => {
    if (turn.getStore() === true && !CONTROL.test(text)) counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1;
  });
});
beforeEach(() => {
  counts = [];
});
afterAll(async () => {
  http.close();
  await world.close();
});

const address = (path: string): object => ({ moid: METER, path });
const WORK = [
  { get: { address: address('') } },
  { get: { address: address('Serial') } },
  { replace: { address: address('Interval'), value: { int: 30 } } },
  { replace: { address: address('Unit'), value: { text: 'MWh' } } },
  { add: { address: address('Tariff/peak') } },
  { add: { address: address('Tariff/peak/Start'), value: { text: '1700' } } },
  { delete: { address: address('Tariff/peak') } },
  { exec: { address: address('Ops/Reset') } },
];

describe.each(PROTOCOLS)('A message of a %s session', (protocol) => {
  const deviceId = `urn:uuid:statements-${protocol}`;

  test('takes at most 4 statements while the device is searched for management objects, the first at most 5', async () => {
    const device = await world.device(protocol, deviceId, {}, counting);
    await contact(device);
    expect(counts.length).toBeGreaterThan(2);
    expect(counts[0]).toBeLessThanOrEqual(5);
    expect(Math.max(...counts.slice(1))).toBeLessThanOrEqual(4);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  test('takes at most 4 statements whatever work it carries, and however much', async () => {
    const device = await world.device(protocol, `${deviceId}-work`, {}, counting);
    await contact(device);
    counts = [];
    for (let n = 0; n < 5; n += 1) await submit(world.gateway, device.deviceId, WORK);
    await contact(device);
    expect(counts.length).toBeGreaterThan(1);
    expect(Math.max(...counts)).toBeLessThanOrEqual(4);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  test('takes at most 4 statements with each chunk of a large object, in either direction', async () => {
    const device = await world.device(protocol, `${deviceId}-large`, { maxMsgSize: 2048 }, counting);
    await contact(device);
    const value = { text: 'long '.repeat(4000) };
    await submit(world.gateway, device.deviceId, [{ replace: { address: address('Unit'), value } }]);
    counts = [];
    await contact(device);
    await submit(world.gateway, device.deviceId, [{ get: { address: address('Unit') } }]);
    await contact(device);
    if (protocol === 'dm1') expect(counts.length).toBeGreaterThan(10);
    expect(Math.max(...counts)).toBeLessThanOrEqual(4);
  });

  test('takes at most 4 statements while it is brought to what profiles desire, and rules follow', async () => {
    const device = await world.device(protocol, `${deviceId}-profiled`, {}, counting);
    await contact(device);
    const ids: string[] = [];
    for (const entry of [
      { path: 'Interval', value: { int: 45 } },
      { path: 'Unit', value: { text: 'GWh' } },
    ]) {
      const { path, value } = entry;
      const entries = [{ address: address(path), value }];
      const { createProfile } = await ask<{ createProfile: { id: string } }>(
        world.gateway,
        'mutation ($input: CreateProfileInput!) { createProfile(input: $input) { id } }',
        { input: { name: path, where: { deviceId: { eq: device.deviceId } }, entries } },
      );
      ids.push(createProfile.id);
    }
    const { createRule } = await ask<{ createRule: { id: string } }>(
      world.gateway,
      'mutation ($input: CreateRuleInput!) { createRule(input: $input) { id } }',
      {
        input: {
          name: 'each ended operation',
          where: { deviceId: { eq: device.deviceId } },
          on: { events: ['operationEnded'] },
          do: { commands: [{ get: { address: address('Serial') } }], addTags: ['ruled'] },
        },
      },
    );
    await submit(world.gateway, device.deviceId, WORK);
    counts = [];
    await contact(device);
    await ask(world.gateway, 'mutation ($id: ID!) { deleteRule(id: $id) { id } }', { id: createRule.id });
    const [ruled] = await world.gateway.db.sql.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM operation o JOIN device d ON d.id = o.device_id
       WHERE d.device_id = $1 AND d.tags = '{ruled}' AND o.caller LIKE 'rule:%' AND o.state = 'SUCCEEDED'`,
      [device.deviceId],
    );
    expect(ruled?.count).toBe(1);
    const { profile } = await ask<{ profile: { figures: { inSync: number } } }>(
      world.gateway,
      'query ($id: ID!) { profile(id: $id) { figures { inSync } } }',
      { id: ids[0] },
    );
    expect(profile.figures.inSync).toBe(1);
    expect(Math.max(...counts)).toBeLessThanOrEqual(4);
    for (const id of ids) await ask(world.gateway, 'mutation ($id: ID!) { removeProfile(id: $id) { id } }', { id });
  });

  test('takes 2 statements at a check-in that brings no news, and what it tells counts as observed then', async () => {
    const device = await world.device(protocol, `${deviceId}-idle`, {}, counting);
    await contact(device);
    await contact(device);
    const observedAt = async (): Promise<Date | undefined> => {
      const [row] = await world.gateway.db.sql.query<{ at: Date }>(
        `SELECT m.observed_at AS at FROM management_object m JOIN device d ON d.id = m.device_id
         WHERE d.device_id = $1 AND m.family = 'urn:oma:mo:oma-dm-devinfo'`,
        [device.deviceId],
      );
      return row?.at;
    };
    const before = await observedAt();
    counts = [];
    await contact(device);
    expect(counts).toEqual(protocol === 'dm1' ? [2] : counts.map(() => expect.any(Number) as number));
    expect(Math.max(...counts)).toBeLessThanOrEqual(4);
    if (protocol === 'dm1') expect((await observedAt())?.getTime()).toBeGreaterThan(before?.getTime() ?? Infinity);
  });

  test('takes at most 5 statements at the first contact of a device that registers itself', async () => {
    const clientAuth = { type: 'BASIC', username: `all ${protocol}`, secret: 'for all' };
    await createAccount(world.gateway, { serverId: `${protocol}.example`, autoRegister: true, clientAuth });
    const login = { auth: 'basic', user: clientAuth.username, secret: clientAuth.secret } as const;
    const device = simulated(protocol, world.gateway.deviceUrl, `${deviceId}-new`, login, counting);
    faultless(await device.connect());
    expect(counts[0]).toBeLessThanOrEqual(5);
    expect(Math.max(...counts.slice(1))).toBeLessThanOrEqual(4);
  });
});
