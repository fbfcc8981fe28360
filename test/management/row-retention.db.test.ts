import { createRowRetention, type RowRetention } from '../../src/management/row-retention';
import { loadSituation } from '../../src/store/explain';
import { onPostgres } from '../support/database';
import { openWorld, type World } from './world';

const MINUTE = 60_000;
const DAY = 86_400_000;

let world: World;
let job: RowRetention;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  job = createRowRetention({
    db: world.db,
    keep: { sessionsMs: 30 * DAY, alertsMs: 60 * DAY, securityMs: 90 * DAY },
    now: () => world.now,
  });
});
afterEach(async () => {
  for (const table of ['device', 'security_log', 'exchange']) await world.rows(`DELETE FROM ${table}`);
});

const ago = (days: number): Date => new Date(world.now - days * DAY);
/** Sessions that all ended at one moment. */
const ended = (device: string, days: number, count = 1): Promise<unknown> =>
  world.rows(
    `INSERT INTO session (device_id, protocol, session_key, token, phase, message_no, state, last_sha256, last_status, last_headers,
       last_body, last_at, opened_at, expires_at, ended_at, end_reason)
     SELECT $1, 'DM_1_2', 'S', 'T', 'ended', 1, '{}', '', 200, '{}', '', $2::timestamptz, $2, $2, $2, 'COMPLETED' FROM generate_series(1, $3)`,
    [device, ago(days), count],
  );
const sessionsOf = async (device: string): Promise<unknown[]> =>
  (
    await world.rows<{ days: number }>(
      `SELECT round(extract(epoch FROM $2::timestamptz - ended_at) / 86400)::int AS days FROM session WHERE device_id = $1 ORDER BY id`,
      [device, new Date(world.now)],
    )
  ).map(({ days }) => days);
const count = async (table: string): Promise<unknown> =>
  (await world.rows<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`))[0]?.n;

test('Sessions that ended long ago go with their chunks; the last three of a device stay, and one that runs', async () => {
  const [often, seldom, silent] = [
    await world.device('often'),
    await world.device('seldom'),
    await world.device('silent'),
  ];
  for (const days of [40, 35, 31, 29, 2, 1]) await ended(often, days);
  for (const days of [200, 150, 100, 50]) await ended(seldom, days);
  await ended(silent, 300);
  await world.rows(
    `INSERT INTO session (device_id, protocol, session_key, token, phase, message_no, state, last_sha256, last_status, last_headers,
       last_body, last_at, opened_at, expires_at)
     SELECT device_id, protocol, session_key, token, 'work', 1, state, '', 200, '{}', '', last_at, opened_at, expires_at FROM session WHERE device_id = $1`,
    [silent],
  );
  await world.rows(
    `INSERT INTO message_chunk (device_id, session_id, ref, position, octets) SELECT device_id, id, 'r', 0, 'x' FROM session`,
  );
  await world.rows(
    `INSERT INTO exchange (device_id, at, session_id, protocol, message_no, status, request_type, request, reply_type, reply)
     SELECT device_id, opened_at, id, protocol, 1, 200, '', '', '', '' FROM session WHERE device_id = $1`,
    [often],
  );
  await job.run();
  expect(await sessionsOf(often)).toEqual([29, 2, 1]);
  expect(await sessionsOf(seldom)).toEqual([150, 100, 50]);
  expect(await sessionsOf(silent)).toEqual([300, null]);
  expect(await count('message_chunk')).toBe(8);
  expect(await count('exchange')).toBe(6);
  // How often it comes is known as before.
  expect((await loadSituation(world.db.sql, seldom, new Date(world.now)))?.sessions).toEqual([50, 100, 150].map(ago));

  // What had to stay is looked at again after a day.
  await ended(seldom, 0);
  world.now += DAY - MINUTE;
  await job.run();
  expect(await sessionsOf(seldom)).toEqual([151, 101, 51, 1]);
  world.now += MINUTE;
  await job.run();
  expect(await sessionsOf(seldom)).toEqual([101, 51, 1]);
});

test('A message that is repeated after all that time still gets the octets of its reply', async () => {
  const device = await world.device('IMEI:1');
  const last = { device: 'IMEI:1', no: 2, ends: true };
  for (let n = 0; n < 5; n += 1) {
    world.now += MINUTE;
    await world.says({ device: 'IMEI:1', no: 1 });
    await world.says(last);
  }
  const before = await world.post(last);
  world.now += 31 * DAY;
  await job.run();
  expect(await sessionsOf(device)).toHaveLength(3);
  expect(await world.post(last)).toEqual(before);
  expect(world.errors).toEqual([]);
});

test('A tick deletes some thousands at most, the next one goes on, and where all was done is looked once a minute', async () => {
  const device = await world.device('IMEI:1');
  await ended(device, 31, 5_010);
  const log = (days: number, rows: number): Promise<unknown> =>
    world.rows(
      `WITH a AS (INSERT INTO alert (device_id, at, type, mark) SELECT $1, $2::timestamptz, 't', 'minor' FROM generate_series(1, $3))
       INSERT INTO security_log (device_id, at, what) SELECT $1, $2::timestamptz, 'w' FROM generate_series(1, $3)`,
      [device, ago(days), rows],
    );
  await log(91, 5_010);
  await log(61, 2);
  await log(59, 1);
  const counts = async (): Promise<unknown[]> => Promise.all(['session', 'alert', 'security_log'].map(count));
  expect(await counts()).toEqual([5_010, 5_013, 5_013]);
  await job.run();
  expect(await counts()).toEqual([10, 13, 13]);
  await job.run();
  expect(await counts()).toEqual([3, 1, 3]);
  await log(91, 1);
  world.now += MINUTE - 1;
  await job.run();
  expect(await counts()).toEqual([3, 2, 4]);
  world.now += 1;
  await job.run();
  expect(await counts()).toEqual([3, 1, 3]);
});

test('Old rows are found by an index', async () => {
  const plans = await world.db.sql.transaction(async (tx) => {
    await tx.exec('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
    const plan = async (text: string): Promise<string> =>
      JSON.stringify(await tx.query(`EXPLAIN ${text} FOR UPDATE SKIP LOCKED`));
    return [
      await plan(
        `SELECT id FROM session WHERE ended_at >= now() - interval '9 days' AND ended_at < now() ORDER BY ended_at LIMIT 5`,
      ),
      await plan('SELECT id FROM alert WHERE at < now() ORDER BY at LIMIT 5'),
      await plan('SELECT id FROM security_log WHERE at < now() ORDER BY at LIMIT 5'),
    ];
  });
  expect(plans).toEqual(
    ['session_ended', 'alert_at', 'security_log_at'].map(
      (name) => expect.stringContaining(`Index Scan using ${name}`) as string,
    ),
  );
});

// The embedded database has one connection.
(onPostgres ? test : test.skip)(
  'What another process is at is neither waited for nor kept from going later',
  async () => {
    const device = await world.device('IMEI:1');
    await ended(device, 31, 5);
    await world.rows(
      `INSERT INTO alert (device_id, at, type, mark) SELECT $1, $2, 't', 'minor' FROM generate_series(1, 2)`,
      [device, ago(61)],
    );
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let held: Promise<void> | undefined;
    await new Promise<void>((locked) => {
      held = world.db.sql.transaction(async (tx) => {
        await tx.query('SELECT FROM session WHERE id = (SELECT min(id) FROM session) FOR UPDATE');
        await tx.query('SELECT FROM alert WHERE id = (SELECT min(id) FROM alert) FOR UPDATE');
        locked();
        await released;
      });
    });
    await job.run();
    expect([await count('session'), await count('alert')]).toEqual([4, 1]);
    release();
    await held;
    world.now += DAY;
    await job.run();
    expect([await count('session'), await count('alert')]).toEqual([3, 0]);
  },
);
