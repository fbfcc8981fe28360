import { EventTail } from '../../../src/management/events/tail';
import type { Database } from '../../../src/store/database';

/** A database that answers for pages of events when the test lets it. */
function heldDatabase(): { db: Database; pages: ((rows: readonly object[]) => void)[]; letGo: () => void } {
  let isHeld = true;
  const pages: ((rows: readonly object[]) => void)[] = [];
  const query = (text: string): Promise<unknown> => {
    if (text.includes('AS held')) return Promise.resolve([{ held: false }]);
    if (text.includes('AS xmin')) return Promise.resolve([{ xmin: '10', at: new Date(0) }]);
    return isHeld ? new Promise((resolve) => pages.push(resolve)) : Promise.resolve([]);
  };
  const db = { sql: { query }, listen: () => Promise.resolve(() => undefined) };
  const letGo = (): void => {
    isHeld = false;
    for (const page of pages) page([]);
  };
  return { db: db as unknown as Database, pages, letGo };
}

const event = (id: number): object => ({
  device: '1',
  id: String(id),
  xact: String(10 + id),
  at: new Date(0),
  writtenAt: new Date(0),
  type: 'some',
  data: null,
});
const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.each(Array.from({ length: 12 }, (_, steps) => [steps]))(
  'Who begins to follow %i steps after the tail read on is handed what comes next, and told when it is too much',
  async (steps) => {
    const { db, pages, letGo } = heldDatabase();
    const tail = new EventTail({ db, log: { error: (detail) => expect(detail).toBe('no error') }, most: 2 });
    await tail.start();
    await tail.follow();
    await macrotask();
    pages.shift()?.([event(1)]);
    for (let step = 0; step < steps; step++) await Promise.resolve();
    const late = await tail.follow();
    await macrotask();
    tail.wake();
    await macrotask();
    pages.shift()?.([2, 3, 4, 5].map(event));
    await macrotask();
    letGo();
    // It never asked, and so would never have read pages of its own.
    await expect(late.next()).rejects.toMatchObject({ code: 'LIMIT_BUFFER' });
    await tail.stop();
  },
  2_000,
);
