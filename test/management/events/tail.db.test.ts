import { EventTail, NEXT_EVENTS } from '../../../src/management/events/tail';
import { createPartitionRetention } from '../../../src/management/partition-retention';
import type { EventStream } from '../../../src/management/events/follower';
import { OTHER_EVENTS, VALUE_EVENTS, tellEvents } from '../../../src/store/events';
import { movePartitions } from '../../../src/store/partitions';
import type { Database } from '../../../src/store/database';
import type { EventView } from '../../../src/management/types';
import { untilEventsAreServed } from '../../support/administration';
import { onPostgres, testDatabase } from '../../support/database';

let db: Database;
let tail: EventTail;
const errors: unknown[] = [];
const log = { error: (detail: object): void => void errors.push(detail) };

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  // Notifications alone wake it, and the end of a wait for events that are held back.
  tail = new EventTail({ db, log, most: 5, tickMs: 3_600_000 });
  await tail.start();
});
afterEach(async () => {
  await tail.stop();
  expect(errors.splice(0)).toEqual([]);
});

async function write(...types: readonly string[]): Promise<void> {
  for (const type of types) await db.sql.query('INSERT INTO event (type) VALUES ($1)', [type]);
  tellEvents(db);
}

async function take(stream: EventStream, count: number): Promise<EventView[]> {
  const found = [];
  while (found.length < count) {
    const { done, value } = await stream.next();
    if (done === true) throw new Error('the stream ended');
    found.push(value);
  }
  return found;
}
const typesOf = (events: readonly EventView[]): string[] => events.map(({ type }) => type);

test('Who follows is told of what comes, each of it once, by one reader for all', async () => {
  await write('before');
  await untilEventsAreServed(db);
  const streams = [
    await tail.follow(),
    await tail.follow(),
    await tail.follow({ wanted: ({ type }) => type === 'two' }),
  ];
  const texts: string[] = [];
  const stop = db.onStatement((text) => void texts.push(text));
  // On PostgreSQL transactions of other tests hold events back, and then they are looked for again.
  await db.sql.query(`INSERT INTO event (type) VALUES ('one'), ('two'), ('three')`);
  await untilEventsAreServed(db);
  tellEvents(db);
  expect(typesOf(await take(streams[0] as EventStream, 3))).toEqual(['one', 'two', 'three']);
  expect(typesOf(await take(streams[1] as EventStream, 3))).toEqual(['one', 'two', 'three']);
  expect(typesOf(await take(streams[2] as EventStream, 1))).toEqual(['two']);
  stop();
  const readings = texts.filter((text) => text.includes('ORDER BY xact, id'));
  expect(readings.length).toBeGreaterThan(0);
  // One of them would be three for three readers.
  expect(readings.length).toBeLessThan(9);
  for (const stream of streams) await stream.return();
});

(onPostgres ? test : test.skip)(
  'What a transaction tells of another comes after what that one told, also where it began before it',
  async () => {
    const stream = await tail.follow();
    let begins = (): void => undefined;
    let goesOn = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begins = resolve));
    const mayGoOn = new Promise<void>((resolve) => (goesOn = resolve));
    const older = db.sql.transaction(async (tx) => {
      await tx.query('SELECT pg_current_xact_id()');
      begins();
      await mayGoOn;
      await tx.query(`INSERT INTO event (type) SELECT 'ended' FROM event WHERE type = 'accepted'`);
    });
    await hasBegun;
    await write('accepted');
    goesOn();
    await older;
    tellEvents(db);
    expect(typesOf(await take(stream, 2))).toEqual(['accepted', 'ended']);
    await stream.return();
  },
);

test('Nothing is read while nobody follows', async () => {
  const stream = await tail.follow();
  await stream.return();
  const texts: string[] = [];
  const stop = db.onStatement((text) => void texts.push(text));
  await write('one');
  tail.wake();
  await untilEventsAreServed(db);
  stop();
  expect(texts.filter((text) => text.includes('ORDER BY xact, id'))).toEqual([]);
});

test('Who goes on after an event gets all that came since, however much, and then what comes', async () => {
  await write('mark');
  await untilEventsAreServed(db);
  const [mark] = await db.sql.query<{ id: string }>(
    `SELECT xact || '.' || id AS id FROM event WHERE type = 'mark' ORDER BY xact DESC LIMIT 1`,
  );
  await db.sql.query(`INSERT INTO event (type) SELECT 'old ' || n FROM generate_series(1, 1200) n`);
  const stream = await tail.follow({ after: mark?.id });
  const old = await take(stream, 1_200);
  expect(typesOf(old)).toEqual(Array.from({ length: 1_200 }, (_, n) => `old ${n + 1}`));
  const next = take(stream, 1);
  await write('new');
  expect(typesOf(await next)).toEqual(['new']);
  await stream.return();
});

test('Who goes on after the last event waits for the next one as others do, without reading on and on', async () => {
  const other = await tail.follow();
  await write('mark');
  const [mark] = await take(other, 1);
  await other.return();
  // The tail begins beyond it.
  const beside = await tail.follow();
  const stream = await tail.follow({ after: mark?.id });
  const texts: string[] = [];
  const stop = db.onStatement((text) => void texts.push(text));
  const next = take(stream, 1);
  for (let n = 0; n < 20; n++) await db.sql.query('SELECT 1');
  expect(texts.filter((text) => text.includes('ORDER BY xact, id')).length).toBeLessThan(5);
  stop();
  await write('next');
  expect(typesOf(await next)).toEqual(['next']);
  for (const each of [stream, beside]) await each.return();
});

test('A reader that is too slow is told so, and goes on where it was', async () => {
  const slow = await tail.follow();
  const quick = await tail.follow();
  await write('first');
  const [last] = await take(slow, 1);
  const types = Array.from({ length: 8 }, (_, n) => `n${n}`);
  for (const type of types) {
    await write(type);
    await take(quick, quick === slow ? 0 : 1).catch(() => undefined);
  }
  await expect(slow.next()).rejects.toMatchObject({ code: 'LIMIT_BUFFER' });
  expect(await slow.next()).toMatchObject({ done: true });
  const again = await tail.follow({ after: last?.id });
  expect(typesOf(await take(again, 8))).toEqual(types);
  await again.return();
  await quick.return();
});

test('An `after` that is no event, or none any more, is refused: nothing is left out silently', async () => {
  for (const after of ['nonsense', '1.1', '999999999999.5'])
    await expect(tail.follow({ after })).rejects.toMatchObject({ code: 'EVENTS_GONE' });
});

test('A waiting reader is answered when it leaves, and when the process stops', async () => {
  const left = await tail.follow();
  const leaving = left.next();
  await left.return();
  expect(await leaving).toMatchObject({ done: true });
  const stopped = await tail.follow();
  const waiting = stopped.next();
  await tail.stop();
  expect(await waiting).toMatchObject({ done: true });
});

test('Events go by days when their time is over, those of values later', async () => {
  const now = Date.now();
  const day = 86_400_000;
  const { sql } = db;
  // Days that are past already, as if the gateway had run then.
  for (const table of [OTHER_EVENTS, VALUE_EVENTS])
    await movePartitions(sql, table, {
      from: new Date(now - 9 * day),
      now: new Date(now),
      keepFrom: new Date(now - 20 * day),
    });
  for (const [type, age] of [
    ['young', 1],
    ['old', 4],
    ['old', 30],
    ['valuesChanged', 4],
    ['valuesChanged', 9],
  ] as const)
    await sql.query(
      'INSERT INTO event (type, at, written_at, data) VALUES ($1, $2::timestamptz, $2::timestamptz, $3)',
      [type, new Date(now - age * day), JSON.stringify({ age, kind: 'kept' })],
    );
  const keep = { exchangesMs: day, eventsMs: 2 * day, historyMs: 5 * day, operationsMs: day, auditMs: day };
  await createPartitionRetention({ db, keep, log: { warn: log.error } }).run();
  const left = await sql.query<{ told: string }>(
    `SELECT type || ' ' || (data ->> 'age') AS told FROM event WHERE data ->> 'kind' = 'kept' ORDER BY id`,
  );
  expect(left.map(({ told }) => told)).toEqual(['young 1', 'valuesChanged 4']);
  const days = await sql.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_inherits WHERE inhparent IN ('event_other'::regclass, 'event_values'::regclass)`,
  );
  // With a rest each: today, two days ahead, and 2 or 5 days back, of which the first one is not over.
  expect(days).toEqual([{ n: 2 * (1 + 1 + 2) + 2 + 5 }]);
});

test('A reader goes on through indexes alone, and only of days that can have something new', async () => {
  const plan = await db.sql.transaction(async (tx) => {
    // So few rows are best sorted; the indexes must be able to give any number in order.
    await tx.exec(`SET LOCAL plan_cache_mode = force_generic_plan;
      SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off;
      PREPARE next_events (bigint, bigint, timestamptz) AS ${NEXT_EVENTS}`);
    const rows = await tx.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN EXECUTE next_events (5, 5, now() - interval '1 day')`,
    );
    await tx.exec('DEALLOCATE next_events');
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });
  expect(plan).toContain('Subplans Removed');
  expect(plan).not.toMatch(/Seq Scan|Bitmap|Sort {2}\(/);
  // Yesterday, today, two days ahead and the rest, of either kind.
  expect(plan.match(/Index Scan using \w+/g)?.every((one) => one.includes('xact_id'))).toBe(true);
  expect(plan.match(/Index Scan/g)).toHaveLength(2 * 5);
});

// The embedded database has one connection: no transaction runs beside another.
(onPostgres ? describe : describe.skip)('Transactions that commit out of order', () => {
  test('are told in the order of their numbers, none left out and none twice, with a break between', async () => {
    let stream = await tail.follow();
    const seen: EventView[] = [];
    const held: { readonly release: () => void; readonly done: Promise<unknown> }[] = [];
    const hold = async (type: string): Promise<void> => {
      let release = (): void => undefined;
      const wait = new Promise<void>((resolve) => (release = resolve));
      let isWritten = (): void => undefined;
      const written = new Promise<void>((resolve) => (isWritten = resolve));
      const done = db.sql
        .transaction(async (tx) => {
          await tx.query('INSERT INTO event (type) VALUES ($1)', [type]);
          isWritten();
          await wait;
        })
        .then(() => tellEvents(db));
      await written;
      held.push({ release, done });
    };
    await hold('slow 1');
    await write('fast 1', 'fast 2');
    await hold('slow 2');
    await write('fast 3');
    held[0]?.release();
    await held[0]?.done;
    // Nobody tells again when the last transaction before an event ends.
    seen.push(...(await take(stream, 2)));
    await stream.return();
    stream = await tail.follow({ after: seen.at(-1)?.id });
    const rest = take(stream, 3);
    await write('fast 4');
    held[1]?.release();
    await held[1]?.done;
    seen.push(...(await rest), ...(await take(stream, 1)));
    expect(typesOf(seen)).toEqual(['slow 1', 'fast 1', 'fast 2', 'slow 2', 'fast 3', 'fast 4']);
    await stream.return();
  });

  test('what an idle transaction held back comes soon after it ended, though nobody tells of it', async () => {
    const stream = await tail.follow();
    let release = (): void => undefined;
    const wait = new Promise<void>((resolve) => (release = resolve));
    let isBegun = (): void => undefined;
    const begun = new Promise<void>((resolve) => (isBegun = resolve));
    const idle = db.sql.transaction(async (tx) => {
      await tx.query('SELECT pg_current_xact_id()');
      isBegun();
      await wait;
    });
    await begun;
    await write('held');
    const next = take(stream, 1);
    release();
    await idle;
    expect(typesOf(await next)).toEqual(['held']);
    await stream.return();
  });

  test('also where it ended between the reading that it was held back from and the look for such events', async () => {
    let release = (): void => undefined;
    const wait = new Promise<void>((resolve) => (release = resolve));
    let isBegun = (): void => undefined;
    const begun = new Promise<void>((resolve) => (isBegun = resolve));
    let hasLooked = (): void => undefined;
    const looked = new Promise<void>((resolve) => (hasLooked = resolve));
    let beforeLook = (): Promise<void> => Promise.resolve();
    const query: Database['sql']['query'] = async (text, values) => {
      if (!text.includes('AS held')) return db.sql.query(text, values);
      await beforeLook();
      const rows = await db.sql.query(text, values);
      hasLooked();
      return rows as never;
    };
    const sql = Object.create(db.sql, { query: { value: query } }) as Database['sql'];
    const slow = new EventTail({ db: Object.create(db, { sql: { value: sql } }) as Database, log, tickMs: 3_600_000 });
    await slow.start();
    const stream = await slow.follow();
    await looked;
    const idle = db.sql.transaction(async (tx) => {
      await tx.query('SELECT pg_current_xact_id()');
      isBegun();
      await wait;
    });
    await begun;
    beforeLook = async () => {
      release();
      await idle;
      await untilEventsAreServed(db);
    };
    await write('held');
    expect(typesOf(await take(stream, 1))).toEqual(['held']);
    await slow.stop();
  });
});
