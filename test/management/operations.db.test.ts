import type { CommandInput, OperationView } from '../../src/management/types';
import { SESSION_MS } from './fake-adapter';
import { CALLER, openWorld, type World } from './world';

const LAMP = 'urn:example:lamp';
const GET: CommandInput = { kind: 'get', address: { moid: LAMP, path: 'Name' } };
const EXEC: CommandInput = { kind: 'exec', address: { moid: LAMP, path: 'Blink' } };
const REPLACE: CommandInput = { kind: 'replace', address: { moid: LAMP, path: 'Name' }, value: { text: 'Hall' } };

describe('an operation', () => {
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
  const submit = (commands: readonly CommandInput[], more: object = {}): Promise<OperationView> =>
    world.operations.submit({ deviceId: device, commands, ...more }, CALLER);
  const look = async (id: string): Promise<[string, ...string[]]> => {
    const view = await world.operations.get(key, id);
    return [view?.state ?? 'none', ...(view?.commands ?? []).map((command) => command.state)];
  };
  const answer = (command: string, outcome: 'OK' | 'NOT_FOUND' = 'OK') =>
    ({ kind: 'commandAnswered', command, outcome }) as const;
  const ends = (id: string): Promise<unknown[]> =>
    world.rows(
      `SELECT data ->> 'state' AS state FROM event WHERE device_id = $1 AND type = 'operationEnded' AND data ->> 'operation' = $2`,
      [key, id],
    );

  describe('that is submitted', () => {
    test('is refused when it holds no command, too many, or lives too long', async () => {
      await expect(submit([])).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      await expect(submit(Array.from({ length: 1_001 }, () => GET))).rejects.toMatchObject({ code: 'LIMIT_COMMANDS' });
      await expect(submit([GET], { expiresInMs: 0 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      await expect(submit([GET], { expiresInMs: 91 * 86_400_000 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      await expect(submit([GET], { idempotencyKey: 'a\u0000' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      await expect(submit([GET], { deviceId: 'IMEI:none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(submit([REPLACE, GET], { atomic: true })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      const both = { atomic: true, sequence: true };
      await expect(submit([REPLACE, REPLACE], both)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    });

    test('as a dry run is judged and not stored', async () => {
      expect(await submit([GET], { dryRun: true })).toMatchObject({
        id: '',
        state: 'QUEUED',
        commands: [{ kind: 'get', miid: 'L1' }],
      });
      expect(await world.rows('SELECT 1 FROM operation WHERE device_id = $1', [key])).toEqual([]);
    });

    test('twice under one key is one operation, also when it could not be judged well any more', async () => {
      const remove: CommandInput = { kind: 'delete', address: { moid: LAMP, miid: 'L1' } };
      const first = await submit([remove], { idempotencyKey: 'k' });
      await world.says({ device, no: 1 });
      await world.says({ device, no: 2, effects: [answer(`${first.id}.0`)], ends: true });
      expect(await submit([remove], { idempotencyKey: 'k' })).toMatchObject({ id: first.id, state: 'SUCCEEDED' });
      await expect(submit([remove], { idempotencyKey: 'other' })).rejects.toMatchObject({ code: 'NO_SUCH_MO' });
      await expect(submit([GET], { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    });

    test('many times at once under one key is one operation', async () => {
      const all = await Promise.all(Array.from({ length: 5 }, () => submit([GET], { idempotencyKey: 'k' })));
      expect(new Set(all.map((view) => view.id)).size).toBe(1);
    });
  });

  describe('that is waited for', () => {
    test('wakes its caller when it ends', async () => {
      const operation = await submit([GET]);
      const ended = world.operations.wait(key, operation.id, 20_000);
      await world.says({ device, no: 1 });
      await world.says({ device, no: 2, effects: [answer(`${operation.id}.0`)], ends: true });
      expect(await ended).toMatchObject({ state: 'SUCCEEDED' });
    });

    test('is given as it is when the time is over', async () => {
      const view = await submit([GET], { waitMs: 1 });
      expect(view).toMatchObject({ state: 'QUEUED', endedAt: null });
    });

    test('and does not exist is NOT_FOUND', async () => {
      await expect(world.operations.wait(key, '999999', 1_000)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(world.operations.wait(key, 'x', 1_000)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(world.operations.cancel('x', '1', CALLER)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await world.operations.get('1', "1'")).toBeNull();
    });
  });

  describe('that shares its way with others', () => {
    const set = (text: string): CommandInput => ({
      kind: 'replace',
      address: { moid: LAMP, path: 'Name' },
      value: { text },
    });

    test('by an equal read ends with an event of its own, by one command of the device', async () => {
      const [first, second] = [await submit([GET]), await submit([GET])];
      expect((await world.says({ device, no: 1 })).commands).toMatchObject([{ id: `${first.id}.0` }]);
      await world.says({ device, no: 2, effects: [answer(`${first.id}.0`)], ends: true });
      for (const { id } of [first, second]) {
        expect(await look(id)).toEqual(['SUCCEEDED', 'ANSWERED']);
        expect(await ends(id)).toEqual([{ state: 'SUCCEEDED' }]);
      }
    });

    test('and joined what ended meanwhile has the answer all the same', async () => {
      const [first, second] = [await submit([GET]), await submit([GET])];
      await world.says({ device, no: 1 });
      await world.db.sql.query('DELETE FROM operation WHERE device_id = $1 AND id = $2', [key, first.id]);
      await world.says({ device, no: 2, effects: [answer(`${first.id}.0`)], ends: true });
      expect(await look(second.id)).toEqual(['SUCCEEDED', 'ANSWERED']);
    });

    test('by a newer replace is superseded when that one goes out, with one event, and not before', async () => {
      const [first, second] = [await submit([set('a')]), await submit([set('b')])];
      await world.operations.cancel(key, second.id, CALLER);
      const third = await submit([set('c')]);
      expect((await world.says({ device, no: 1, wants: 1 })).commands).toMatchObject([{ id: `${first.id}.0` }]);
      await world.says({ device, no: 2, effects: [answer(`${first.id}.0`)] });
      expect(await look(third.id)).toEqual(['RUNNING', 'SENT']);
      const [fourth, fifth] = [await submit([set('d')]), await submit([set('e')])];
      expect((await world.says({ device, no: 3, effects: [answer(`${third.id}.0`)] })).commands).toMatchObject([
        { id: `${fifth.id}.0`, value: { data: 'e' } },
      ]);
      expect(await look(fourth.id)).toEqual(['SUPERSEDED', 'SUPERSEDED']);
      expect(await ends(fourth.id)).toEqual([{ state: 'SUPERSEDED' }]);
    });

    test('and has a higher priority comes first, and says which it has', async () => {
      const usual = await submit([set('a')]);
      const first = await submit([set('b')], { priority: 3 });
      expect([usual.priority, first.priority]).toEqual([0, 3]);
      // What came later by its acceptance is not superseded by what comes later in the queue.
      expect((await world.says({ device, no: 1 })).commands).toMatchObject([{ id: `${first.id}.0` }]);
      for (const priority of [11, -11, 0.5])
        await expect(submit([GET], { priority })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    });
  });

  describe('that is cancelled', () => {
    test('before anything was sent ends at once, and never reaches the device', async () => {
      const operation = await submit([GET, EXEC]);
      expect(await world.operations.cancel(key, operation.id, CALLER)).toMatchObject({ state: 'CANCELLED' });
      expect((await world.says({ device, no: 1 })).commands).toEqual([]);
      expect(await ends(operation.id)).toEqual([{ state: 'CANCELLED' }]);
      expect(await world.operations.cancel(key, operation.id, CALLER)).toMatchObject({ state: 'CANCELLED' });
      expect(await ends(operation.id)).toHaveLength(1);
    });

    test('after a command was sent says that cancelling was asked for, and ends with the answer', async () => {
      const operation = await submit([GET, EXEC]);
      await world.says({ device, no: 1 });
      const asked = await world.operations.cancel(key, operation.id, CALLER);
      expect(asked).toMatchObject({
        state: 'RUNNING',
        endedAt: null,
        commands: [{ state: 'SENT' }, { state: 'CANCELLED' }],
      });
      expect(asked.cancelRequestedAt).not.toBeNull();
      expect((await world.says({ device, no: 2, effects: [answer(`${operation.id}.0`)] })).commands).toEqual([]);
      expect(await look(operation.id)).toEqual(['CANCELLED', 'ANSWERED', 'CANCELLED']);
      expect(await ends(operation.id)).toEqual([{ state: 'CANCELLED' }]);
    });

    test('when its only command was sent and answered has succeeded', async () => {
      const operation = await submit([GET]);
      await world.says({ device, no: 1 });
      await world.operations.cancel(key, operation.id, CALLER);
      await world.says({ device, no: 2, effects: [answer(`${operation.id}.0`)] });
      expect(await look(operation.id)).toEqual(['SUCCEEDED', 'ANSWERED']);
    });
  });

  describe('whose time runs out', () => {
    const later = (ms: number): void => void (world.now += ms);

    test('expires where it was not sent, and tells so once', async () => {
      const operation = await submit([GET], { expiresInMs: 1_000 });
      later(1_001);
      expect((await world.says({ device, no: 1 })).commands).toEqual([]);
      await Promise.all([world.timers.runOnce(), world.timers.runOnce()]);
      expect(await look(operation.id)).toEqual(['EXPIRED', 'EXPIRED']);
      expect(await ends(operation.id)).toEqual([{ state: 'EXPIRED' }]);
    });

    test('waits for the answer to what was sent while the session lasts', async () => {
      const operation = await submit([GET, EXEC], { expiresInMs: 1_000 });
      await world.says({ device, no: 1 });
      later(1_001);
      await world.timers.runOnce();
      expect(await look(operation.id)).toEqual(['RUNNING', 'SENT', 'EXPIRED']);
      await world.says({ device, no: 2, effects: [answer(`${operation.id}.0`)] });
      expect(await look(operation.id)).toEqual(['EXPIRED', 'ANSWERED', 'EXPIRED']);
      expect(await ends(operation.id)).toHaveLength(1);
    });

    test('while the device was silent ends with the session: reads expire, writes are in doubt', async () => {
      const read = await submit([GET], { expiresInMs: 1_000 });
      const write = await submit([REPLACE], { expiresInMs: 1_000 });
      expect((await world.says({ device, no: 1 })).commands).toHaveLength(1);
      await world.rows(`UPDATE command SET state = 'SENT' WHERE device_id = $1`, [key]);
      await world.rows(`UPDATE operation SET state = 'RUNNING' WHERE device_id = $1`, [key]);
      later(SESSION_MS + 1);
      await world.timers.runOnce();
      expect(await world.rows('SELECT end_reason, phase FROM session WHERE device_id = $1', [key])).toEqual([
        { end_reason: 'EXPIRED', phase: 'ended' },
      ]);
      expect(await look(read.id)).toEqual(['EXPIRED', 'EXPIRED']);
      expect(await look(write.id)).toEqual(['IN_DOUBT', 'IN_DOUBT']);
      expect([await ends(read.id), await ends(write.id)]).toEqual([[{ state: 'EXPIRED' }], [{ state: 'IN_DOUBT' }]]);
    });

    test('while the device is still at an exec that it accepted has timed out', async () => {
      const operation = await submit([EXEC], { expiresInMs: 1_000 });
      await world.says({ device, no: 1 });
      await world.says({
        device,
        no: 2,
        effects: [{ kind: 'commandAccepted', command: `${operation.id}.0`, code: 202 }],
        ends: true,
      });
      later(1_001);
      await world.timers.runOnce();
      expect(await world.operations.get(key, operation.id)).toMatchObject({
        state: 'FAILED',
        commands: [{ outcome: 'TIMED_OUT' }],
      });
    });
  });

  describe('in a session that goes silent', () => {
    test('goes back into the queue where it may be sent again, or is in doubt; the alert of that end is kept', async () => {
      const exec = await submit([EXEC]);
      await world.says({ device, no: 1 });
      world.now += SESSION_MS + 1;
      await world.timers.runOnce();
      expect(await look(exec.id)).toEqual(['IN_DOUBT', 'IN_DOUBT']);
      expect(await ends(exec.id)).toEqual([{ state: 'IN_DOUBT' }]);
      expect(await world.rows('SELECT type FROM alert WHERE device_id = $1', [key])).toEqual([
        { type: 'example:silent' },
      ]);

      const read = await submit([GET]);
      await world.says({ device, no: 1 });
      world.now += SESSION_MS + 1;
      await world.timers.runOnce();
      expect(await look(read.id)).toEqual(['QUEUED', 'QUEUED']);
      expect((await world.says({ device, no: 1 })).commands).toMatchObject([{ id: `${read.id}.0` }]);
    });

    test('does not end before its time, and a broken one does not keep the others waiting', async () => {
      await world.says({ device, no: 1 });
      const other = `${device}-other`;
      const otherKey = await world.device(other);
      await world.says({ device: other, no: 1 });
      await world.timers.runOnce();
      expect(
        await world.rows('SELECT 1 AS open FROM session WHERE device_id = $1 AND ended_at IS NULL', [key]),
      ).toHaveLength(1);
      await world.rows(
        `UPDATE session SET state = '{"a": 1, "n": 7}', expires_at = expires_at - interval '1 second' WHERE device_id = $1`,
        [key],
      );
      world.now += SESSION_MS + 1;
      await world.timers.runOnce();
      expect(world.errors).toHaveLength(1);
      expect(
        await world.rows('SELECT 1 AS open FROM session WHERE device_id = $1 AND ended_at IS NULL', [otherKey]),
      ).toEqual([]);
      await world.rows('DELETE FROM session WHERE device_id = $1', [key]);
    });
  });
});
