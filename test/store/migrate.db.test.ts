import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Database } from '../../src/store/database';
import { migrate, MigrationError, migrationsDirectory, migrationState, readMigrations } from '../../src/store/migrate';
import { testDatabase } from '../support/database';

let database: Database;
let directory: string;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database.close());

/** Empty, and with migrations of our own. */
beforeEach(async () => {
  await database.sql.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  directory = mkdtempSync(join(tmpdir(), 'moql-migrations-'));
  write('0001_one', 'CREATE TABLE one (id INT); INSERT INTO one VALUES (1);');
  write('0002_two', 'CREATE TABLE two (id INT);');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(join(directory, name), { recursive: true });
  writeFileSync(join(directory, name, 'migration.sql'), text);
}

async function refusal(): Promise<string> {
  const result = await migrate(database.sql, directory).catch((error: unknown) => error);
  return result instanceof MigrationError ? `${result.code}: ${result.message}` : `no refusal: ${String(result)}`;
}

async function rows(): Promise<Record<string, unknown>[]> {
  return database.sql.query('SELECT * FROM _prisma_migrations ORDER BY migration_name');
}

test('the migrations that ship apply to an empty database, and a second time change nothing', async () => {
  const applied = await migrate(database.sql);
  expect(applied).toEqual(readMigrations(migrationsDirectory()).map(({ name }) => name));
  const before = await rows();
  expect(await migrate(database.sql)).toEqual([]);
  expect(await rows()).toEqual(before);
  expect((await migrationState(database.sql)).pending).toEqual([]);
});

test('each is applied once, in order, and recorded as Prisma records it', async () => {
  expect((await migrationState(database.sql, readMigrations(directory))).pending.map(({ name }) => name)).toEqual([
    '0001_one',
    '0002_two',
  ]);
  expect(await migrate(database.sql, directory)).toEqual(['0001_one', '0002_two']);
  expect(await migrate(database.sql, directory)).toEqual([]);
  const [first] = await rows();
  expect(first).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    checksum: createHash('sha256').update('CREATE TABLE one (id INT); INSERT INTO one VALUES (1);').digest('hex'),
    migration_name: '0001_one',
    logs: null,
    rolled_back_at: null,
    started_at: expect.any(Date),
    finished_at: expect.any(Date),
    applied_steps_count: 1,
  });
  expect(await database.sql.query('SELECT id FROM one')).toEqual([{ id: 1 }]);
});

test('several that start together apply each once', async () => {
  const applied = await Promise.all([1, 2, 3].map(() => migrate(database.sql, directory)));
  expect(applied.flat().sort()).toEqual(['0001_one', '0002_two']);
  expect(await database.sql.query('SELECT id FROM one')).toEqual([{ id: 1 }]);
});

test('an edited one is refused, and the message names it', async () => {
  await migrate(database.sql, directory);
  write('0001_one', 'CREATE TABLE one (id BIGINT);');
  write('0003_three', 'CREATE TABLE three (id INT);');
  expect(await refusal()).toMatch(/^MIGRATION_EDITED: migration 0001_one was applied with checksum/);
  expect(await rows()).toHaveLength(2);
});

test('one that fails leaves nothing of itself, and those before it stay', async () => {
  write('0002_two', 'CREATE TABLE two (id INT); SELECT 1/0;');
  expect(await refusal()).toMatch(/^MIGRATION_FAILED: migration 0002_two failed: division by zero/);
  expect(await database.sql.query("SELECT to_regclass('one')::text AS one, to_regclass('two')::text AS two")).toEqual([
    { one: 'one', two: null },
  ]);
  write('0002_two', 'CREATE TABLE two (id INT);');
  expect(await migrate(database.sql, directory)).toEqual(['0002_two']);
});

test('a database that a newer program migrated is refused', async () => {
  await migrate(database.sql, directory);
  rmSync(join(directory, '0002_two'), { recursive: true });
  expect(await refusal()).toMatch(/^MIGRATION_UNKNOWN: the database has migration 0002_two/);
});

test('one that would come before an applied one is refused', async () => {
  await migrate(database.sql, directory);
  cpSync(join(directory, '0001_one'), join(directory, '0001_zero'), { recursive: true });
  expect(await refusal()).toMatch(/^MIGRATION_OUT_OF_ORDER: migration 0001_zero/);
});

test('one that Prisma began and did not finish is refused; one it rolled back is applied', async () => {
  await migrate(database.sql, directory);
  await database.sql.exec(
    "UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '0002_two'; DROP TABLE two",
  );
  expect(await refusal()).toMatch(/^MIGRATION_UNFINISHED: migration 0002_two/);
  await database.sql.exec("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '0002_two'");
  expect(await migrate(database.sql, directory)).toEqual(['0002_two']);
});
