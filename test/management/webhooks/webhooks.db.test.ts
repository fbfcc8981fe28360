import { createHmac, randomUUID } from 'node:crypto';

import { createWebhooks, type Webhooks } from '../../../src/management/webhooks/webhooks';
import { post, type WebhookTarget } from '../../../src/management/webhooks/post';
import { tellEvents } from '../../../src/store/events';
import type { Database } from '../../../src/store/database';
import { untilEventsAreServed } from '../../support/administration';
import { testDatabase } from '../../support/database';
import { startReceiver, type Answer, type Received, type Receiver } from '../../support/webhook-receiver';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

let db: Database;
let now = Date.parse('2026-11-01T00:00:00Z');
const problems: object[] = [];
const log = {
  warn: (detail: object): void => void problems.push(detail),
  error: (detail: object): void => void problems.push(detail),
};
const open: (() => Promise<void>)[] = [];

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  problems.length = 0;
});

async function receiver(answer?: (request: Received, count: number) => Answer | Promise<Answer>): Promise<Receiver> {
  const made = await startReceiver(answer);
  open.push(() => made.close());
  return made;
}

function targetOf(url: string, more: Partial<WebhookTarget> = {}): WebhookTarget {
  return {
    name: randomUUID(),
    url,
    secret: SECRET,
    timeoutMs: 5_000,
    attempts: 3,
    firstRetryMs: 1_000,
    lastRetryMs: 60_000,
    ...more,
  };
}

/** A process that posts. */
async function posting(target: WebhookTarget, more: { readonly stopWithinMs?: number } = {}): Promise<Webhooks> {
  const webhooks = createWebhooks({
    db,
    targets: [target],
    eventId: (key) => `event-${key}`,
    log,
    now: () => now,
    random: () => 1,
    ...more,
  });
  await webhooks.start();
  open.push(() => webhooks.stop());
  return webhooks;
}

async function write(device: number, ...types: readonly string[]): Promise<void> {
  for (const type of types)
    await db.sql.query(`INSERT INTO event (device_id, type, data) VALUES ($1, $2, '{"n": 1}')`, [device, type]);
  // No timer looks again here, so it is told of when it is served.
  await untilEventsAreServed(db);
  tellEvents(db);
}

/** Statements of the embedded database run between two tasks: requests need a task of their own. */
const othersRun = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Until nothing more of it is on its way that is due. */
async function settled(webhooks: Webhooks, until: (view: { waiting: number; dead: number }) => boolean): Promise<void> {
  await untilEventsAreServed(db);
  for (;;) {
    await othersRun();
    await webhooks.advance();
    const [view] = await webhooks.list();
    if (view !== undefined && until(view)) return;
  }
}

test('An event is posted once, signed as Standard Webhooks says, and what is not asked for is not', async () => {
  const hook = await receiver();
  const target = targetOf(hook.url, { events: ['told', 'also'] });
  await write(0, 'told');
  await untilEventsAreServed(db);
  const webhooks = await posting(target);
  await write(0, 'untold', 'told', 'also');
  await settled(webhooks, ({ waiting }) => waiting === 0 && hook.received.length === 2);
  expect(hook.received.map(({ body }) => body.type)).toEqual(['told', 'also']);
  const [{ headers, text, body } = await hook.until(() => true)] = hook.received;
  expect(body).toEqual({
    id: expect.stringMatching(/^event-\d+\.\d+$/) as unknown,
    type: 'told',
    at: expect.any(String) as unknown,
    deviceId: null,
    data: { n: 1 },
  });
  expect(headers['webhook-id']).toBe(body.id);
  expect(headers['webhook-timestamp']).toBe(String(now / 1000));
  const signed = `${body.id}.${String(headers['webhook-timestamp'])}.${text}`;
  const signature = createHmac('sha256', Buffer.alloc(32, 7)).update(signed).digest('base64');
  expect(headers['webhook-signature']).toBe(`v1,${signature}`);
  expect(await webhooks.list()).toMatchObject([{ name: target.name, state: 'ACTIVE', waiting: 0, dead: 0 }]);
});

test('Events of one device go one after the other; those of others do not wait for them', async () => {
  let release = (): void => undefined;
  const held = new Promise<Answer>((resolve) => (release = () => resolve({})));
  const hook = await receiver(({ body }) => (body.type === 'a1' ? held : {}));
  const webhooks = await posting(targetOf(hook.url));
  await write(71, 'a1', 'a2', 'a3');
  await write(72, 'b1', 'b2');
  await hook.until(({ body }) => body.type === 'b2');
  expect(hook.received.map(({ body }) => body.type).filter((type) => type.startsWith('a'))).toEqual(['a1']);
  release();
  await settled(webhooks, ({ waiting }) => waiting === 0);
  expect(hook.received.map(({ body }) => body.type).filter((type) => type.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  expect(hook.received).toHaveLength(5);
});

test('What fails is tried again after a while with the same id, and holds back its device alone', async () => {
  let isDown = true;
  const hook = await receiver(({ body }) => (isDown && body.type === 'first' ? { status: 500 } : {}));
  const webhooks = await posting(targetOf(hook.url));
  await write(73, 'first', 'second');
  await write(74, 'other');
  await hook.until(({ body }) => body.type === 'other');
  await settled(webhooks, ({ waiting }) => waiting === 2 && hook.received.length === 2);
  for (;;) {
    await othersRun();
    if ((await webhooks.list())[0]?.state === 'FAILING') break;
  }
  await webhooks.advance();
  expect(hook.received).toHaveLength(2);
  now += 1_001;
  isDown = false;
  await settled(webhooks, ({ waiting }) => waiting === 0);
  expect(hook.received.map(({ body }) => body.type).sort()).toEqual(['first', 'first', 'other', 'second']);
  const ids = hook.received.filter(({ body }) => body.type === 'first').map(({ headers }) => headers['webhook-id']);
  expect(new Set(ids).size).toBe(1);
});

test('What fails too often is given up, seen, and tried again or thrown away when asked', async () => {
  let isDown = true;
  const hook = await receiver(({ body }) => (isDown && body.type.startsWith('bad') ? { status: 404 } : {}));
  const target = targetOf(hook.url, { attempts: 2 });
  const webhooks = await posting(target);
  await write(75, 'bad 1', 'bad 2', 'good');
  for (let tries = 0; tries < 2; tries++) {
    await settled(webhooks, ({ dead, waiting }) => dead === tries || waiting === 0);
    for (;;) {
      await othersRun();
      if ((await webhooks.list())[0]?.state === 'FAILING') break;
    }
    now += 100_000;
    await settled(webhooks, ({ dead }) => dead === tries + 1);
  }
  await settled(webhooks, ({ waiting }) => waiting === 0);
  expect(hook.received.map(({ body }) => body.type)).toEqual(['bad 1', 'bad 1', 'bad 2', 'bad 2', 'good']);
  const { items } = await webhooks.deadLetters(target.name, 10);
  expect(items).toMatchObject([
    { type: 'bad 1', device: '75', attempts: 2, problem: 'the receiver answered 404', data: { n: 1 } },
    { type: 'bad 2' },
  ]);
  expect(problems).toHaveLength(2);
  isDown = false;
  await webhooks.retry(items[0]?.id ?? '');
  await webhooks.discard(items[1]?.id ?? '');
  await settled(webhooks, ({ waiting, dead }) => waiting === 0 && dead === 0);
  expect(hook.received.map(({ body }) => body.type).slice(5)).toEqual(['bad 1']);
  await expect(webhooks.retry(items[0]?.id ?? '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(webhooks.discard('x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('Of two processes each event is posted by one', async () => {
  const hook = await receiver();
  const target = targetOf(hook.url);
  const processes = [await posting(target), await posting(target)];
  for (let n = 0; n < 10; n++) await write(80 + (n % 3), `e${n}`);
  await Promise.all(processes.map((one) => settled(one, ({ waiting }) => waiting === 0 && hook.received.length >= 10)));
  expect(hook.received.map(({ body }) => body.type).sort()).toEqual(Array.from({ length: 10 }, (_, n) => `e${n}`));
  for (const device of [0, 1, 2]) {
    const own = hook.received.map(({ body }) => Number(body.type.slice(1))).filter((n) => n % 3 === device);
    expect(own).toEqual([...own].sort((a, b) => a - b));
  }
});

test('What a process had on its way when it was killed is posted by another, with the same id', async () => {
  const hook = await receiver((_request, count) => (count === 1 ? new Promise<Answer>(() => undefined) : {}));
  const target = targetOf(hook.url, { timeoutMs: 1_000 });
  let isKilled = false;
  const query: Database['sql']['query'] = (text, values) =>
    isKilled ? new Promise(() => undefined) : db.sql.query(text, values);
  const sql = Object.create(db.sql, { query: { value: query } }) as Database['sql'];
  const dead = createWebhooks({
    db: Object.create(db, { sql: { value: sql } }) as Database,
    targets: [target],
    eventId: (key) => `event-${key}`,
    log,
    now: () => now,
  });
  await dead.start();
  await write(91, 'lost', 'next');
  await hook.until(({ body }) => body.type === 'lost');
  isKilled = true;
  const alive = await posting(target);
  await alive.advance();
  expect(hook.received).toHaveLength(1);
  now += 12_000;
  await settled(alive, ({ waiting }) => waiting === 0);
  expect(hook.received.map(({ body }) => body.type)).toEqual(['lost', 'lost', 'next']);
  expect(new Set(hook.received.slice(0, 2).map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(await alive.list()).toMatchObject([{ waiting: 0, dead: 0, state: 'ACTIVE' }]);
});

test('A process that stops does not wait for a receiver that hangs; another one posts what it had', async () => {
  const hook = await receiver((_request, count) => (count === 1 ? new Promise<Answer>(() => undefined) : {}));
  const target = targetOf(hook.url, { timeoutMs: 60_000 });
  const stopping = await posting(target, { stopWithinMs: 1 });
  await write(92, 'left');
  await hook.until(() => true);
  await stopping.stop();
  const other = await posting(target);
  await settled(other, ({ waiting }) => waiting === 0);
  expect(hook.received.map(({ body }) => body.type)).toEqual(['left', 'left']);
});

describe('A receiver', () => {
  const message = { id: 'id', body: '{}' };

  test('that redirects is not followed', async () => {
    const other = await receiver();
    const hook = await receiver(() => ({ status: 307, headers: { location: other.url } }));
    expect(await post(targetOf(hook.url), message, now)).toBe('the receiver answered 307');
    expect(other.received).toEqual([]);
  });

  test('that does not answer in time has failed', async () => {
    const hook = await receiver(() => new Promise<Answer>(() => undefined));
    expect(await post(targetOf(hook.url, { timeoutMs: 100 }), message, now)).toBe('it did not answer in time');
  });

  test('that answers at length is not listened to', async () => {
    const hook = await receiver(() => ({ status: 200, text: 'x'.repeat(10_000_000) }));
    expect(await post(targetOf(hook.url), message, now)).toBeUndefined();
  });

  test('that is not there has failed', async () => {
    const hook = await startReceiver();
    await hook.close();
    expect(await post(targetOf(hook.url), message, now)).toMatch(/^it could not be reached \(ECONNREFUSED\)$/);
  });
});
