import type { Effect, Tree } from '../../adapters/adapter';
import type { OperationView } from '../../src/management/types';
import { onPostgres } from '../support/database';
import { changedTables, CALLER, openWorld, type World } from './world';

const LAMP = 'urn:example:lamp';

function get(path: string): { kind: 'get'; address: { moid: string; path: string } } {
  return { kind: 'get', address: { moid: LAMP, path } };
}

function answer(command: string, value: string): Effect {
  return {
    kind: 'commandAnswered',
    command,
    outcome: 'OK',
    code: 200,
    tree: { name: 'x', value: { format: 'chr', data: value } },
  };
}

describe('a turn', () => {
  let world: World;
  let number = 0;
  let device: string;
  let key: string;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    number += 1;
    device = `IMEI:${number}`;
    key = await world.device(device);
    world.errors.length = 0;
  });
  const submit = (
    commands: Parameters<World['operations']['submit']>[0]['commands'],
    more: object = {},
  ): Promise<OperationView> => world.operations.submit({ deviceId: device, commands, ...more }, CALLER);

  test('takes work to the device, brings its answer back, and keeps what was seen', async () => {
    const operation = await submit([get('Name')]);
    const heard = await world.says({ device, no: 1 });
    expect(heard.commands).toMatchObject([
      { id: `${operation.id}.0`, kind: 'get', at: { miid: 'L1', path: 'Name', place: './Lamps/L1' } },
    ]);
    expect(await world.operations.get(key, operation.id)).toMatchObject({
      state: 'RUNNING',
      commands: [{ state: 'SENT', carrier: 'get' }],
    });

    await world.says({ device, no: 2, effects: [answer(`${operation.id}.0`, 'Hall')], ends: true });
    expect(await world.operations.get(key, operation.id)).toMatchObject({
      state: 'SUCCEEDED',
      commands: [{ state: 'ANSWERED', outcome: 'OK', statusCode: 200, result: 'Hall' }],
    });
    expect(await world.rows('SELECT "values" FROM management_object WHERE device_id = $1', [key])).toEqual([
      { values: { Name: 'Hall' } },
    ]);
    expect(await world.rows('SELECT end_reason FROM session WHERE device_id = $1', [key])).toEqual([
      { end_reason: 'DONE' },
    ]);
    expect(await world.rows(`SELECT type FROM event WHERE device_id = $1 ORDER BY id`, [key])).toEqual([
      { type: 'operationAccepted' },
      { type: 'operationChanged' },
      { type: 'operationEnded' },
    ]);
  });

  test('registers a device on first contact with an account that allows it, and keeps what it told', async () => {
    const stranger = 'IMEI:new';
    const heard = await world.says({
      device: stranger,
      user: 'fleet',
      no: 1,
      discovery: true,
      effects: [
        { kind: 'deviceBound', deviceId: stranger, protocol: 'DM_1_2' },
        { kind: 'moAnnounced', moid: 'urn:oma:mo:oma-dm-devinfo:1.1', place: './DevInfo', recognisedBy: 'PLACE' },
        {
          kind: 'valuesObserved',
          at: { uri: './DevInfo/Man' },
          tree: { name: 'Man', value: { format: 'chr', data: 'Acme' } },
          complete: true,
        },
      ],
    });
    expect(heard.commands).toMatchObject([{ kind: 'discover' }]);
    expect(
      await world.rows(
        `SELECT d.protocol, m.miid, m."values" FROM device d JOIN management_object m ON m.device_id = d.id WHERE d.device_id = $1`,
        [stranger],
      ),
    ).toEqual([{ protocol: 'DM_1_2', miid: 'DevInfo', values: { Man: 'Acme' } }]);
    expect(
      (
        await world.says({
          device: stranger,
          no: 2,
          effects: [{ kind: 'discoveryComplete', complete: true }],
        })
      ).commands,
    ).toEqual([]);
  });

  test('answers a stranger and stores nothing', async () => {
    const before = await world.dump();
    expect((await world.says({ device: 'IMEI:unknown', user: 'nobody', no: 1 })).status).toBe(200);
    expect((await world.says({ device: 'IMEI:\u0000', user: '\ud800', no: 1 })).status).toBe(200);
    expect(
      (
        await world.says({
          device,
          no: 1,
          stateless: true,
          effects: [{ kind: 'alertRaised', type: 'x', mark: '', data: null }],
        })
      ).status,
    ).toBe(200);
    expect(changedTables(before, await world.dump())).toEqual([]);
    expect(world.errors).toEqual([]);
  });

  test('of a refused message changes nonces, failures and the security log, and nothing else', async () => {
    await submit([get('Name')]);
    await world.says({ device, no: 1 });
    const before = await world.dump();
    for (const no of [1, 2, 3]) {
      const heard = await world.says({
        device,
        no,
        refused: { counted: true },
        effects: [
          { kind: 'nonceChanged', direction: 'CLIENT', nonce: Buffer.alloc(16, no) },
          { kind: 'deviceBound', deviceId: device, protocol: 'DM_2_0' },
          {
            kind: 'valuesObserved',
            at: { uri: './Lamps/L1/Name' },
            tree: { name: 'Name', value: { format: 'chr', data: 'lie' } },
            complete: true,
          },
          { kind: 'alertRaised', type: 'lie', mark: '', data: null },
        ],
      });
      expect(heard.commands).toEqual([]);
    }
    expect(changedTables(before, await world.dump())).toEqual(['device_credential', 'security_log']);
    expect(
      await world.rows(
        'SELECT failures, locked_until IS NOT NULL AS locked, refusals FROM device_credential WHERE device_id = $1',
        [key],
      ),
    ).toEqual([{ failures: 3, locked: true, refusals: { seen: 3 } }]);
    await world.says({ device, no: 2 });
    expect(
      await world.rows('SELECT failures, locked_until, refusals FROM device_credential WHERE device_id = $1', [key]),
    ).toEqual([{ failures: 0, locked_until: null, refusals: null }]);
  });

  test('of a repeated message gives the stored octets and changes nothing', async () => {
    await submit([get('Name'), get('Level')]);
    const saying = { device, no: 1 };
    const first = await world.post(saying);
    const before = await world.dump();
    expect(await world.post(saying)).toEqual(first);
    expect(changedTables(before, await world.dump())).toEqual([]);
  });

  test.each(['open', 'receive', 'respond'] as const)(
    'whose adapter fails in %s is answered with "later" and changes nothing',
    async (throws) => {
      const operation = await submit([get('Name')]);
      await world.says({ device, no: 1 });
      const before = await world.dump();
      const effects = [answer(`${operation.id}.0`, 'Hall')];
      expect(await world.says({ device, no: 2, effects, throws })).toMatchObject({ status: 503 });
      expect(changedTables(before, await world.dump())).toEqual([]);
      expect(world.errors).toHaveLength(1);
      await world.says({ device, no: 2, effects });
      expect(await world.operations.get(key, operation.id)).toMatchObject({ state: 'SUCCEEDED' });
    },
  );

  test('takes at most four statements, whatever the number of commands and nodes', async () => {
    const operation = await submit(Array.from({ length: 124 }, () => get('Name')));
    const opening = await world.statements(() => world.says({ device, no: 1 }));
    expect(opening.length).toBeLessThanOrEqual(4);
    const children = Array.from({ length: 500 }, (_, i): Tree => ({
      name: `n${i}`,
      children: [{ name: 'Red', value: { format: 'int', data: i } }],
    }));
    const effects: Effect[] = [
      ...Array.from({ length: 60 }, (_, i) => answer(`${operation.id}.${i}`, `value ${i}`)),
      {
        kind: 'valuesObserved',
        at: { uri: './Lamps/L1/Colours' },
        tree: { name: 'Colours', children, childrenComplete: true },
        complete: true,
      },
      { kind: 'alertRaised', type: 'example:tick', mark: '', data: 1 },
      { kind: 'nonceChanged', direction: 'CLIENT', nonce: Buffer.alloc(16, 1) },
    ];
    const statements = await world.statements(async () => {
      const heard = await world.says({ device, no: 2, effects });
      expect(heard.commands).toHaveLength(0);
    });
    expect(statements.length).toBeLessThanOrEqual(4);
    await world.says({
      device,
      no: 3,
      effects: Array.from({ length: 4 }, (_, i) => answer(`${operation.id}.${60 + i}`, 'late')),
    });
    expect((await world.operations.get(key, operation.id))?.commands.filter((c) => c.state === 'SENT')).toHaveLength(
      60,
    );
    const [row] = await world.rows<{ values: { Colours: object } }>(
      'SELECT "values" FROM management_object WHERE device_id = $1',
      [key],
    );
    expect(Object.keys(row?.values.Colours ?? {})).toHaveLength(500);
  });

  test('follows the one before it when two messages come at once, and neither loses anything', async () => {
    await world.says({ device, no: 1 });
    const raise = (type: string): Effect => ({ kind: 'alertRaised', type, mark: '', data: null });
    const observe = (node: string): Effect => ({
      kind: 'valuesObserved',
      at: { uri: `./Lamps/L1/${node}` },
      tree: { name: node, value: { format: 'chr', data: node } },
      complete: true,
    });
    const replies = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => world.says({ device, no: 2, effects: [raise(name), observe(`N${name}`)] })),
    );
    expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200, 200]);
    expect(await world.rows('SELECT type FROM alert WHERE device_id = $1 ORDER BY type', [key])).toEqual(
      ['a', 'b', 'c', 'd'].map((type) => ({ type })),
    );
    expect(await world.rows('SELECT "values" FROM management_object WHERE device_id = $1', [key])).toEqual([
      { values: { Na: 'Na', Nb: 'Nb', Nc: 'Nc', Nd: 'Nd' } },
    ]);
    expect(await world.rows('SELECT version FROM session WHERE device_id = $1', [key])).toEqual([{ version: 5 }]);
  });

  test('hands no command out twice when two messages open sessions at once', async () => {
    await submit([{ kind: 'exec', address: { moid: LAMP, path: 'Blink' } }]);
    const replies = await Promise.all([world.says({ device, no: 1, effects: [] }), world.says({ device, no: 1 })]);
    expect(replies.flatMap((reply) => reply.commands)).toHaveLength(1);
    expect(
      await world.rows('SELECT count(*)::int AS open FROM session WHERE device_id = $1 AND ended_at IS NULL', [key]),
    ).toEqual([{ open: 1 }]);
  });

  test('counts each of several refusals that come at once', async () => {
    await Promise.all([1, 2, 3].map((no) => world.says({ device, no, refused: { counted: true } })));
    expect(await world.rows('SELECT failures FROM device_credential WHERE device_id = $1', [key])).toEqual([
      { failures: 3 },
    ]);
  });

  test('registers a device once when its first messages come at once', async () => {
    const stranger = 'IMEI:twins';
    const effects: Effect[] = [{ kind: 'deviceBound', deviceId: stranger, protocol: 'DM_1_2' }];
    const replies = await Promise.all(
      [1, 1, 1].map((no, i) => world.says({ device: stranger, user: 'fleet', no, effects, wants: i })),
    );
    expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200]);
    expect(await world.rows('SELECT count(*)::int AS n FROM device WHERE device_id = $1', [stranger])).toEqual([
      { n: 1 },
    ]);
    expect(world.errors).toEqual([]);
  });

  test('keeps what a command that ends in the reply itself tells', async () => {
    await world.says({
      device,
      no: 1,
      effects: [
        {
          kind: 'valuesObserved',
          at: { uri: './Lamps/L1/Name' },
          tree: { name: 'Name', value: { format: 'chr', data: 'Hall' } },
          complete: true,
        },
      ],
    });
    const operation = await submit([get('Name')]);
    await world.says({
      device,
      no: 2,
      inReply: [{ kind: 'commandAnswered', command: `${operation.id}.0`, outcome: 'NOT_FOUND' }],
    });
    expect(await world.operations.get(key, operation.id)).toMatchObject({ state: 'FAILED' });
    expect(await world.rows('SELECT "values" FROM management_object WHERE device_id = $1', [key])).toEqual([
      { values: {} },
    ]);
  });

  test('that opens a session settles what an earlier session sent and the device never answered', async () => {
    const read = await submit([get('Name')]);
    await world.says({ device, no: 1 });
    const heard = await world.says({ device, no: 1, effects: [] });
    expect(heard.commands).toMatchObject([{ id: `${read.id}.0` }]);
    expect(await world.rows('SELECT end_reason FROM session WHERE device_id = $1 ORDER BY id', [key])).toEqual([
      { end_reason: 'SUPERSEDED' },
      { end_reason: null },
    ]);
  });

  test('that ends its session leaves no command behind as sent', async () => {
    const exec = await submit([{ kind: 'exec', address: { moid: LAMP, path: 'Blink' } }]);
    await world.says({ device, no: 1 });
    await world.says({ device, no: 2, wants: 0, ends: true });
    expect(await world.operations.get(key, exec.id)).toMatchObject({
      state: 'IN_DOUBT',
      commands: [{ state: 'IN_DOUBT' }],
    });
  });

  test('offers a document, which only its own address gives', async () => {
    const operation = await submit([get('Name')]);
    const token = world.secrets.makeToken(BigInt(key));
    await world.says({
      device,
      no: 1,
      inReply: [
        {
          kind: 'itemOffered',
          token,
          command: `${operation.id}.0`,
          direction: 'DOWNLOAD',
          mime: 'text/plain',
          body: Buffer.from('x'),
        },
      ],
    });
    expect(
      await world.rows('SELECT token, operation_id, contents FROM repository_item WHERE device_id = $1', [key]),
    ).toEqual([{ token, operation_id: operation.id, contents: [{ mime: 'text/plain', base64: 'eA==' }] }]);
  });

  test('is not kept from others by commands behind an exec that the device is still at', async () => {
    const long = await submit([{ kind: 'exec', address: { moid: LAMP, path: 'Blink' } }, get('Name'), get('Name')]);
    await world.says({ device, no: 1 });
    const other = await submit([get('Level')]);
    const heard = await world.says({
      device,
      no: 2,
      wants: 1,
      effects: [{ kind: 'commandAccepted', command: `${long.id}.0`, code: 202 }],
    });
    expect(heard.commands).toMatchObject([{ id: `${other.id}.0` }]);
    await world.says({
      device,
      no: 3,
      effects: [{ kind: 'alertRaised', type: 'x', mark: '', correlator: `${long.id}.0`, data: null, resultCode: 200 }],
    });
    expect(await world.operations.get(key, long.id)).toMatchObject({
      commands: [{ state: 'ANSWERED', outcome: 'OK' }, { state: 'SENT' }, { state: 'SENT' }],
    });
  });

  (onPostgres ? test : test.skip)(
    'that waited for the lock while an operation was cancelled knows of it (PostgreSQL)',
    async () => {
      const operation = await submit([get('Name'), { kind: 'exec', address: { moid: LAMP, path: 'Blink' } }]);
      await world.says({ device, no: 1 });
      let commit: () => void = () => undefined;
      const mayCommit = new Promise<void>((resolve) => (commit = resolve));
      let locked: () => void = () => undefined;
      const isLocked = new Promise<void>((resolve) => (locked = resolve));
      const blocker = world.db.sql.transaction(async (tx) => {
        await tx.query('SELECT 1 FROM device WHERE id = $1 FOR NO KEY UPDATE', [key]);
        locked();
        await mayCommit;
      });
      await isLocked;
      // The cancel waits for the lock first, the turn behind it: its statement began before the cancel was there.
      const cancelled = world.operations.cancel(key, operation.id, CALLER);
      await waiters(1);
      const heard = world.says({ device, no: 2, effects: [answer(`${operation.id}.0`, 'Hall')] });
      await waiters(2);
      commit();
      await Promise.all([blocker, cancelled]);
      expect((await heard).commands).toEqual([]);
      expect(await world.operations.get(key, operation.id)).toMatchObject({
        state: 'CANCELLED',
        commands: [{ state: 'ANSWERED' }, { state: 'CANCELLED' }],
      });
    },
  );

  /** Resolves when so many sessions of the database wait for a lock. */
  async function waiters(count: number): Promise<void> {
    for (;;) {
      const [row] = await world.rows<{ n: number }>(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      if ((row?.n ?? 0) >= count) return;
    }
  }
});
