import { SqlError } from '../../src/store/sql';
import type { Database } from '../../src/store/database';
import { onPostgres, testDatabase } from '../support/database';

let database: Database;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database.close());

/** A listener whose payloads are awaited one after the other. */
async function listener(channel: string): Promise<{ heard: string[]; next(): Promise<string>; stop(): void }> {
  const heard: string[] = [];
  let wake = (): void => undefined;
  let read = 0;
  const stop = await database.listen(channel, (payload) => {
    heard.push(payload);
    wake();
  });
  const next = async (): Promise<string> => {
    while (heard.length <= read) await new Promise<void>((resolve) => (wake = resolve));
    read += 1;
    return heard[read - 1] ?? '';
  };
  return { heard, next, stop };
}

test('a notification reaches every listener of its channel, and no other', async () => {
  const [one, two, other] = [await listener('events'), await listener('events'), await listener('sessions')];
  database.notify('events', '17');
  expect(await one.next()).toBe('17');
  expect(await two.next()).toBe('17');
  database.notify('sessions', 'x');
  expect(await other.next()).toBe('x');
  expect(other.heard).toEqual(['x']);
  for (const { stop } of [one, two, other]) stop();
});

test('many at once are gathered into one statement, equal ones into one notification', async () => {
  const events = await listener('events');
  const seen: string[] = [];
  const leave = database.onStatement((text) => seen.push(text));
  for (const id of ['1', '2', '1', '3', '2']) database.notify('events', id);
  expect([await events.next(), await events.next(), await events.next()]).toEqual(['1', '2', '3']);
  leave();
  expect(seen).toHaveLength(1);
  events.stop();
});

test('one given inside a transaction is sent beside it', async () => {
  const events = await listener('events');
  await database.sql.transaction(async (tx) => {
    database.notify('events', 'inside');
    await tx.query('SELECT pg_sleep(0.02)');
  });
  expect(await events.next()).toBe('inside');
  events.stop();
});

test('who stopped hears nothing more, and others go on', async () => {
  const [gone, stays] = [await listener('events'), await listener('events')];
  gone.stop();
  gone.stop();
  database.notify('events', 'later');
  expect(await stays.next()).toBe('later');
  expect(gone.heard).toEqual([]);
  stays.stop();
  const again = await listener('events');
  database.notify('events', 'again');
  expect(await again.next()).toBe('again');
  again.stop();
});

test('a name that is no channel and a payload over the limit are refused', () => {
  expect(() => database.notify('Events"; --', 'x')).toThrow(SqlError);
  expect(() => database.notify('events', 'x'.repeat(8_000))).toThrow('7999 octets');
});

(onPostgres ? test : test.skip)(
  'a broken listening connection is made anew, and listeners are told to look again',
  async () => {
    const events = await listener('events');
    await database.sql.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'moql listener' AND datname = current_database()",
    );
    expect(await events.next()).toBe('');
    database.notify('events', 'after');
    expect(await events.next()).toBe('after');
    events.stop();
  },
);

test('after close nobody can listen', async () => {
  const closed = await testDatabase();
  await closed.close();
  await expect(closed.listen('events', () => undefined)).rejects.toThrow();
});
