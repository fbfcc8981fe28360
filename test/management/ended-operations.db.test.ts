import { createEndedOperations, type EndedOperations } from '../../src/management/ended-operations';
import type { CommandInput, OperationView } from '../../src/management/types';
import { ENDED_COMMANDS, ENDED_OPERATIONS } from '../../src/store/ended-operations';
import { movePartitions } from '../../src/store/partitions';
import { onPostgres } from '../support/database';
import { CALLER, openWorld, type World } from './world';

const LAMP = 'urn:example:lamp';
const GET: CommandInput = { kind: 'get', address: { moid: LAMP, path: 'Name' } };
const LONG: CommandInput = {
  kind: 'replace',
  address: { moid: LAMP, path: 'Name' },
  value: { text: 'long '.repeat(4_000) },
};
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let world: World;
let job: EndedOperations;
let key: string;
let number = 0;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  number += 1;
  key = await world.device(`IMEI:${number}`);
  job = createEndedOperations({ db: world.db, recentMs: DAY, keptMs: 10 * DAY, now: () => world.now });
});

const submit = (commands: readonly CommandInput[], more: object = {}): Promise<OperationView> =>
  world.operations.submit({ deviceId: `IMEI:${number}`, commands, ...more }, CALLER);
const counts = async (): Promise<unknown> =>
  (
    await world.rows<Record<string, number>>(
      `SELECT (SELECT count(*)::int FROM operation WHERE device_id = $1) AS operations, (SELECT count(*)::int FROM command WHERE device_id = $1) AS commands,
         (SELECT count(*)::int FROM blob WHERE device_id = $1) AS blobs, (SELECT count(*)::int FROM ended_operation WHERE device_id = $1) AS ended,
         (SELECT count(*)::int FROM ended_command WHERE device_id = $1) AS commands_ended`,
      [key],
    )
  )[0];

test('What ended a day ago stands in partitions of its day, and is seen, waited for, repeated and cancelled as before', async () => {
  const more = { idempotencyKey: 'k', onFailure: 'CONTINUE' };
  const { id } = await submit([GET, LONG], more);
  await world.says({ device: `IMEI:${number}`, no: 1 });
  const answers = [
    { kind: 'commandAnswered', command: `${id}.0`, outcome: 'OK' },
    { kind: 'commandAnswered', command: `${id}.1`, outcome: 'NOT_FOUND' },
  ] as const;
  await world.says({ device: `IMEI:${number}`, no: 2, effects: answers, ends: true });
  const before = await world.operations.get(key, id);
  expect(before).toMatchObject({ state: 'FAILED', endedAt: expect.any(Date) as Date });
  await world.operations.cancel(key, (await submit([GET])).id, CALLER);

  world.now += DAY - HOUR;
  await job.run();
  expect(await counts()).toEqual({ operations: 2, commands: 3, blobs: 1, ended: 0, commands_ended: 0 });

  const open = await submit([LONG]);
  world.now += 2 * HOUR;
  await job.run();
  expect(await counts()).toEqual({ operations: 1, commands: 1, blobs: 1, ended: 2, commands_ended: 3 });
  const day = before?.endedAt?.toISOString().slice(0, 10).replaceAll('-', '') ?? '';
  expect(
    await world.rows(
      `SELECT tableoid::regclass::text AS place FROM ended_operation WHERE device_id = $1 AND id = $2
       UNION ALL SELECT DISTINCT tableoid::regclass::text FROM ended_command WHERE device_id = $1 AND operation_id = $2`,
      [key, id],
    ),
  ).toEqual([{ place: `ended_operation_p${day}` }, { place: `ended_command_p${day}` }]);
  expect(await world.operations.get(key, id)).toEqual(before);
  expect(await world.operations.wait(key, id, 20_000)).toEqual(before);
  expect(await world.operations.cancel(key, id, CALLER)).toEqual(before);
  expect(await submit([GET, LONG], more)).toEqual(before);
  await expect(submit([GET], more)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  expect(await world.operations.get(key, open.id)).toMatchObject({ state: 'QUEUED' });

  // Kept to the day, then gone as a whole; a deleted device takes its own along.
  const span = { now: new Date(world.now), keepFrom: new Date(world.now - 10 * DAY) };
  for (const table of [ENDED_OPERATIONS, ENDED_COMMANDS]) await movePartitions(world.db.sql, table, span);
  expect(await world.operations.get(key, id)).toEqual(before);
  const other = await world.device('IMEI:other');
  await world.rows(
    `INSERT INTO ended_operation SELECT (jsonb_populate_record(e, jsonb_build_object('device_id', $2::bigint))).* FROM ended_operation e WHERE e.device_id = $1`,
    [key, other],
  );
  await world.rows('DELETE FROM device WHERE id = $1', [other]);
  expect(await world.rows('SELECT 1 FROM ended_operation WHERE device_id = $1', [other])).toEqual([]);
  const later = { now: new Date(world.now + 11 * DAY), keepFrom: new Date(world.now + DAY) };
  for (const table of [ENDED_OPERATIONS, ENDED_COMMANDS]) await movePartitions(world.db.sql, table, later);
  expect(await world.operations.get(key, id)).toBeNull();
  expect((await submit([GET], more)).id).not.toBe(id);
});

test('What a profile, a subscription or a delegation still looks at stays, and goes when it is needed no more', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 4; n += 1) ids.push((await submit([GET])).id);
  for (const id of ids) await world.operations.cancel(key, id, CALLER);
  await world.rows(
    `WITH p AS (INSERT INTO profile (name, caller, condition, entries, max_age_ms, created_at, updated_at)
       VALUES ('p', 'key:1', '{}', '[]', 0, now(), now()) RETURNING id)
     INSERT INTO profile_device (device_id, profile_id, state, changed_at, operation_id) SELECT $1, id, 'PENDING', now(), $2 FROM p`,
    [key, ids[0]],
  );
  await world.rows(
    `INSERT INTO mo_subscription (device_id, family, miid, moid, token, operation_id, caller) VALUES ($1, 'f', 'm', 'f', 't', $2, 'key:1')`,
    [key, ids[1]],
  );
  await world.rows(
    `WITH p AS (INSERT INTO peer (name, url, device_url, server_id, secret, secret_sha256) VALUES ('p', '', '', '', '', '') RETURNING id)
     INSERT INTO delegation (direction, ref, peer_id, device_id, state, moids, caller, operation_id)
       SELECT 'GIVEN', 'r', id, $1, 'PREPARING', '{}', 'key:1', $2 FROM p`,
    [key, ids[2]],
  );
  world.now += 2 * DAY;
  await job.run();
  expect(await counts()).toMatchObject({ operations: 3, ended: 1 });
  await world.rows('UPDATE profile_device SET operation_id = NULL');
  await world.rows('DELETE FROM mo_subscription');
  await world.rows('UPDATE delegation SET ended_at = now()');
  // Those that had to stay are looked at again after an hour.
  world.now += HOUR;
  await job.run();
  expect(await counts()).toMatchObject({ operations: 0, ended: 4 });
});

const ownersOfPartitions: readonly (readonly [string, string])[] = [
  ['another process is at it', "SELECT pg_advisory_xact_lock(5019001, hashtext('ended_operation'))"],
  ['its table is in use', 'LOCK TABLE ended_operation_rest IN SHARE MODE'],
];
// The embedded database has one connection.
(onPostgres ? test : test.skip).each(ownersOfPartitions)('While %s, it is left for the next tick', async (_, lock) => {
  const { sql } = world.db;
  const span = { now: new Date(world.now + 40 * DAY), keepFrom: new Date(world.now - DAY) };
  let release = (): void => undefined;
  let holding: Promise<void> | undefined;
  await new Promise<void>((locked) => {
    holding = sql.transaction(async (tx) => {
      await tx.exec(lock);
      locked();
      await new Promise<void>((resolve) => (release = resolve));
    });
  });
  expect(await movePartitions(sql, ENDED_OPERATIONS, span)).toBe(false);
  release();
  await holding;
  expect(await movePartitions(sql, ENDED_OPERATIONS, span)).toBe(true);
});
