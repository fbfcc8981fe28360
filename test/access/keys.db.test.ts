import { createHash } from 'node:crypto';

import { bootstrapAdminKey, createKeys, type RunningKeys } from '../../src/access/keys';
import type { Database } from '../../src/store/database';
import { ALICE, refusalOf, untilEventsAreServed } from '../support/administration';
import { testDatabase } from '../support/database';

const START = Date.parse('2026-11-23T12:00:00Z');
let db: Database;
let now: number;
let keys: RunningKeys;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());
beforeEach(async () => {
  await db.prisma.apiKey.deleteMany();
  await db.prisma.event.deleteMany();
  now = START;
  keys = createKeys({ db, adminKey: 'the-admin-key', now: () => now });
});
afterEach(() => keys.stop());

describe('a key', () => {
  test('is 256 random bits behind a prefix, and stored as SHA-256 only', async () => {
    const { key, view } = await keys.create({ name: 'billing' });
    expect(key).toMatch(/^moql_[\w-]{43}$/);
    expect(view).toMatchObject({ name: 'billing', admin: false, expiresAt: null, revokedAt: null, lastUsedAt: null });
    const row = await db.prisma.apiKey.findUniqueOrThrow({ where: { id: BigInt(view.id) } });
    expect(row.sha256).toBe(createHash('sha256').update(key).digest('hex'));
  });

  test('tells its caller', async () => {
    const { key, view } = await keys.create({ name: 'billing', admin: true });
    expect(await keys.authenticate(key)).toEqual({ principal: `key:${view.id}`, name: 'billing', admin: true });
  });

  test('that is unknown, empty or monstrous tells nobody', async () => {
    for (const bearer of ['', 'moql_unknown', 'x'.repeat(1_000_000)])
      expect(await keys.authenticate(bearer)).toBeNull();
  });

  test('from the environment has every right and stands in no table', async () => {
    expect(await keys.authenticate('the-admin-key')).toEqual({
      principal: 'key:admin',
      name: 'administrator',
      admin: true,
    });
    expect(await createKeys({ db }).authenticate('the-admin-key')).toBeNull();
    expect(await db.prisma.apiKey.count()).toBe(0);
  });

  test('is good until it expires, also while it is remembered', async () => {
    const { key } = await keys.create({ name: 'guest', expiresAt: new Date(START + 5_000) });
    expect(await keys.authenticate(key)).not.toBeNull();
    now = START + 5_000;
    expect(await keys.authenticate(key)).toBeNull();
  });

  test('is looked up once in ten seconds', async () => {
    const { key } = await keys.create({ name: 'busy' });
    const statements: string[] = [];
    await keys.authenticate(key);
    const stop = db.onStatement((text) => void statements.push(text));
    await keys.authenticate(key);
    expect(statements).toEqual([]);
    now = START + 10_001;
    await keys.authenticate(key);
    expect(statements.length).toBeGreaterThan(0);
    stop();
  });

  test('ends at once when it is revoked, and once', async () => {
    const { key, view } = await keys.create({ name: 'lost' });
    await keys.authenticate(key);
    const revoked = await keys.revoke(view.id);
    expect(revoked.revokedAt).toEqual(new Date(START));
    expect(await keys.authenticate(key)).toBeNull();
    now = START + 1_000;
    expect((await keys.revoke(view.id)).revokedAt).toEqual(new Date(START));
    expect(await refusalOf(keys.revoke('999'))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusalOf(keys.revoke('x'))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('that another process revokes ends here too', async () => {
    const { key, view } = await keys.create({ name: 'lost' });
    await keys.start();
    await keys.authenticate(key);
    const heard = new Promise<void>(
      (resolve) => void db.listen('moql_key', () => resolve()).then(() => createKeys({ db }).revoke(view.id)),
    );
    await heard;
    expect(await keys.authenticate(key)).toBeNull();
  });

  test('gives way to a new one by rotation, and stays good beside it for a day', async () => {
    const { key, view } = await keys.create({ name: 'old', admin: true });
    await keys.authenticate(key);
    const rotated = await keys.rotate(view.id);
    expect(rotated.view).toMatchObject({ id: view.id, name: 'old', previousUntil: new Date(START + 86_400_000) });
    const caller = { principal: `key:${view.id}`, name: 'old', admin: true };
    for (const text of [key, rotated.key]) expect(await keys.authenticate(text)).toEqual(caller);
    now = START + 86_400_000;
    expect(await keys.authenticate(key)).toBeNull();
    expect(await keys.authenticate(rotated.key)).toEqual(caller);
  });

  test('ends with its rotation where no overlap is wanted, with the next one, and when the key is revoked', async () => {
    const { key, view } = await keys.create({ name: 'old' });
    const second = await keys.rotate(view.id, ALICE, 60_000);
    const third = await keys.rotate(view.id, ALICE, 60_000);
    expect(await keys.authenticate(key)).toBeNull();
    expect(await keys.authenticate(second.key)).not.toBeNull();
    const fourth = await keys.rotate(view.id, ALICE, 0);
    expect(await keys.authenticate(third.key)).toBeNull();
    const fifth = await keys.rotate(view.id);
    await keys.revoke(view.id);
    for (const text of [fourth.key, fifth.key]) expect(await keys.authenticate(text)).toBeNull();
    expect(await refusalOf(keys.rotate(view.id))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusalOf(keys.rotate(view.id, ALICE, 31 * 86_400_000))).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('that expires takes the text before with it', async () => {
    const { key, view } = await keys.create({ name: 'short', expiresAt: new Date(START + 1_000) });
    await keys.rotate(view.id);
    expect(await keys.authenticate(key)).not.toBeNull();
    now = START + 1_000;
    expect(await keys.authenticate(key)).toBeNull();
  });

  test('may be limited to some rights, also in what the gateway does in its name', async () => {
    const { key, view } = await keys.create({ name: 'reader', admin: true, only: ['READ_AUDIT', 'READ'] });
    const only = ['READ', 'READ_AUDIT'];
    expect(view.only).toEqual(only);
    expect(await keys.authenticate(key)).toEqual({ principal: `key:${view.id}`, name: 'reader', admin: true, only });
    expect(await keys.callerOf(`key:${view.id}`)).toMatchObject({ only });
    for (const wrong of [[], ['READ', 'EVERYTHING']])
      expect(await refusalOf(keys.create({ name: 'odd', only: wrong }))).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('remembers its last use to the minute', async () => {
    const { key, view } = await keys.create({ name: 'used' });
    const lastUse = async (): Promise<Date | null | undefined> =>
      (await keys.list(10)).items.find((item) => item.id === view.id)?.lastUsedAt;
    await keys.authenticate(key);
    expect(await lastUse()).toEqual(new Date(START));
    now = START + 30_000;
    await keys.authenticate(key);
    expect(await lastUse()).toEqual(new Date(START));
    now = START + 90_000;
    await keys.authenticate(key);
    expect(await lastUse()).toEqual(new Date(now));
  });

  test.each([
    ['without a name', { name: ' ' }],
    ['that expires in the past', { name: 'n', expiresAt: new Date(START) }],
    ['that is given and too short', { name: 'n', key: 'short' }],
  ])('is refused %s', async (_what, input) => {
    expect(await refusalOf(keys.create(input))).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('that exists cannot be given again', async () => {
    const key = 'a key that somebody brought';
    await keys.create({ name: 'one', key });
    expect(await refusalOf(keys.create({ name: 'two', key }))).toMatchObject({ code: 'ALREADY_EXISTS' });
  });
});

test('keys are listed in pages, without the keys themselves', async () => {
  for (const name of ['a', 'b', 'c']) await keys.create({ name });
  const first = await keys.list(2);
  expect(first).toMatchObject({ hasNext: true, items: [{ name: 'a' }, { name: 'b' }] });
  expect(await keys.list(2, first.items[1]?.id)).toMatchObject({ hasNext: false, items: [{ name: 'c' }] });
  expect(Object.keys(first.items[0] ?? {}).sort()).toEqual([
    'admin',
    'createdAt',
    'expiresAt',
    'id',
    'lastUsedAt',
    'name',
    'only',
    'previousUntil',
    'revokedAt',
  ]);
});

test('the first administrator gets a key when there is none', async () => {
  const key = await bootstrapAdminKey(db, keys);
  expect(await keys.authenticate(key ?? '')).toMatchObject({ admin: true });
  expect(await bootstrapAdminKey(db, keys)).toBeUndefined();
});

test('changes of keys are events that tell who asked, and no key', async () => {
  const { key, view } = await keys.create({ name: 'told' }, ALICE);
  const rotated = await keys.rotate(view.id, ALICE);
  await keys.revoke(view.id, ALICE);
  await untilEventsAreServed(db);
  const events = await db.prisma.event.findMany({ orderBy: { id: 'asc' } });
  expect(events.map(({ type, data }) => [type, data])).toEqual([
    ['apiKeyCreated', { key: view.id, name: 'told', admin: false, by: 'key:7' }],
    ['apiKeyRotated', { key: view.id, name: 'told', by: 'key:7' }],
    ['apiKeyRevoked', { key: view.id, name: 'told', by: 'key:7' }],
  ]);
  expect(JSON.stringify(events.map((event) => event.data))).not.toMatch(new RegExp(`${key}|${rotated.key}`));
});
