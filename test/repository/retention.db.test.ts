import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createRepository } from '../../src/repository/items';
import { createRetention } from '../../src/repository/retention';
import { directoryStorage } from '../../src/repository/storage/directory';
import type { Storage } from '../../src/repository/storage/storage';
import { LIMITS, ask, repositoryWorld, type RepositoryWorld } from './support/world';

const KEYS = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(32));
let world: RepositoryWorld;

beforeEach(async () => {
  world = await repositoryWorld();
});
afterEach(() => world.close());

const isThere = (key: string): boolean => existsSync(join(world.directory, key.slice(0, 2), key));

/** An object in the storage, as it is known of in the database. */
async function object(key: string, state: string, createdAt = world.now): Promise<void> {
  mkdirSync(join(world.directory, key.slice(0, 2)), { recursive: true });
  writeFileSync(join(world.directory, key.slice(0, 2), key), key);
  await world.db.sql.query('INSERT INTO repository_object (storage_key, state, created_at) VALUES ($1, $2, $3)', [
    key,
    state,
    new Date(createdAt),
  ]);
}

async function file(key: string, expiresAt: Date | null): Promise<void> {
  await object(key, 'KEPT');
  await world.db.sql.query(
    `INSERT INTO repository_file (mime, created_by, length, sha256, storage_key, uploaded_at, expires_at)
     VALUES ('text/plain', 'key:1', 32, '', $1, $2, $3)`,
    [key, new Date(world.now), expiresAt],
  );
}

const count = async (table: string): Promise<number> =>
  Number((await world.db.sql.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`))[0]?.n);

test('a file goes when it ends, with its octets; one without an end stays', async () => {
  const [ending = '', lasting = ''] = KEYS;
  await file(ending, new Date(world.now + 1_000));
  await file(lasting, null);
  const retention = createRetention({ ...world.deps, sweepMs: 0 });
  await retention.run();
  expect(await count('repository_file')).toBe(2);
  world.now += 1_001;
  await retention.run();
  expect([await count('repository_file'), isThere(ending), isThere(lasting)]).toEqual([1, false, true]);
  expect(await count('repository_object')).toBe(1);
});

test('what an upload left that was cut short goes once it can be under way no more', async () => {
  const [lost = '', coming = '', doomed = ''] = KEYS;
  await object(lost, 'COMING', world.now - 2 * LIMITS.uploadMs - 1);
  await object(coming, 'COMING', world.now - LIMITS.uploadMs);
  await object(doomed, 'DOOMED');
  const { draftDirectory } = world.storage;
  mkdirSync(draftDirectory);
  const [old, fresh] = ['old.part', 'fresh.part'].map((name) => join(draftDirectory, name)) as [string, string];
  for (const path of [old, fresh]) writeFileSync(path, 'begun');
  const long = new Date(Date.now() - 2 * LIMITS.uploadMs - 1_000);
  utimesSync(old, long, long);
  await createRetention({ ...world.deps, sweepMs: 0 }).run();
  expect([lost, coming, doomed].map(isThere)).toEqual([false, true, false]);
  expect([existsSync(old), existsSync(fresh)]).toEqual([false, true]);
});

test('an upload that was given up before it ended is refused, and leaves nothing', async () => {
  const real = directoryStorage(world.directory);
  const retention = createRetention({ ...world.deps, sweepMs: 0 });
  let given: string | undefined;
  const storage: Storage = {
    ...real,
    async put(key, draft) {
      await real.put(key, draft);
      given = key;
      await world.db.sql.query('UPDATE repository_object SET created_at = to_timestamp(0)');
      await retention.run();
    },
  };
  const token = randomBytes(32).toString('base64url');
  await world.db.sql.query(
    `INSERT INTO repository_file (mime, created_by, upload_sha256, upload_expires_at) VALUES ('text/plain', 'key:1', $1, $2)`,
    [createHash('sha256').update(token).digest('hex'), new Date(world.now + 1_000)],
  );
  const repository = createRepository({ ...world.deps, storage });
  expect((await ask(repository, { method: 'PUT', token, body: Buffer.alloc(5_000) })).status).toBe(404);
  expect(given !== undefined && isThere(given)).toBe(false);
  expect(await count('repository_object')).toBe(0);
  expect(await world.db.sql.query('SELECT uploaded_at FROM repository_file')).toEqual([{ uploaded_at: null }]);
});

test('what the storage does not give back now is tried again, and keeps nothing else', async () => {
  const [first = '', second = ''] = KEYS;
  for (const key of [first, second]) await object(key, 'DOOMED');
  const real = directoryStorage(world.directory);
  let isBroken = true;
  const storage = {
    ...real,
    delete: (key: string): Promise<void> =>
      isBroken && key === first ? Promise.reject(new Error('the disk is away')) : real.delete(key),
  };
  const retention = createRetention({ ...world.deps, storage, sweepMs: 0 });
  await retention.run();
  expect([isThere(first), isThere(second), await count('repository_object')]).toEqual([true, false, 1]);
  isBroken = false;
  await retention.run();
  expect([isThere(first), await count('repository_object')]).toEqual([false, 0]);
});

test('the storage is looked through now and then, or when something was deleted', async () => {
  const retention = createRetention({ ...world.deps, sweepMs: 60_000 });
  await retention.run();
  const [key = ''] = KEYS;
  await object(key, 'DOOMED');
  await retention.run();
  expect(isThere(key)).toBe(true);
  retention.hurry();
  await retention.run();
  expect(isThere(key)).toBe(false);
});

test('what a device brought goes when its command has ended', async () => {
  const [operation] = await world.db.sql.query<{ id: string }>(
    `INSERT INTO operation (device_id, state, caller, expires_at) VALUES ($1, 'RUNNING', 'key:1', now()) RETURNING id`,
    [world.device],
  );
  const tokens = [];
  for (const [position, state] of ['SENT', 'ANSWERED'].entries()) {
    await world.db.sql.query(
      `INSERT INTO command (device_id, operation_id, position, kind, state) VALUES ($1, $2, $3, 'get', $4)`,
      [world.device, operation?.id, position, state],
    );
    const row = { direction: 'UPLOAD', operation_id: operation?.id, position, octets: Buffer.from('[]') };
    tokens.push(await world.address(row));
  }
  await createRetention({ ...world.deps, sweepMs: 0 }).run();
  const octets = [];
  for (const token of tokens) octets.push((await world.row(token))['octets']);
  expect(octets).toEqual([Buffer.from('[]'), null]);
});

describe('a request', () => {
  let statements = 0;
  const counted = async (request: Parameters<RepositoryWorld['ask']>[0]): Promise<number> => {
    const stop = world.db.onStatement(() => (statements += 1));
    statements = 0;
    const { status } = await world.ask(request);
    stop();
    expect(status).toBeLessThan(300);
    return statements;
  };

  test('takes few statements beside the one for the proof of its device: 2 for a document, 5 for a file of any size', async () => {
    const contents = '[{"mime":"text/plain","base64":"eA=="}]';
    expect(await counted({ token: await world.address({ contents }) })).toBe(2);
    const upload = await world.address({ direction: 'UPLOAD' });
    const headers = { 'content-type': 'text/plain', 'content-length': '1' };
    expect(await counted({ method: 'PUT', token: upload, headers, body: Buffer.from('x') })).toBe(2);
    const [key = ''] = KEYS;
    await file(key, null);
    const [{ id } = { id: '' }] = await world.db.sql.query<{ id: string }>('SELECT id FROM repository_file');
    const [operation] = await world.db.sql.query<{ id: string }>(
      `INSERT INTO operation (device_id, state, caller, expires_at) VALUES ($1, 'RUNNING', 'key:1', now()) RETURNING id`,
      [world.device],
    );
    const token = await world.address({ purpose: 'FILE', file_id: id, operation_id: operation?.id, position: 0 });
    expect(await counted({ token })).toBe(5);
  });
});
