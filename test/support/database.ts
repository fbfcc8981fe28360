import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client } from 'pg';

import { openDatabase } from '../../src/store/database';
import type { Database } from '../../src/store/database';
import { EmbeddedSql, openEmbedded } from '../../src/store/embedded';
import { migrate, migrationsDirectory, readMigrations } from '../../src/store/migrate';
import { StatementTap, TransactionGuard } from '../../src/store/sql';

/**
 * A migrated, empty database of its own: on PostgreSQL when DATABASE_URL is set (made there, dropped at `close`), otherwise
 * PGlite in memory. Close it in the test that opened it, or in `afterEach` / `afterAll`.
 *
 * On PGlite the first call on a machine makes a migrated dump in the temporary directory, which the others load.
 */
export async function testDatabase(): Promise<Database> {
  const databaseUrl = process.env['DATABASE_URL'];
  return databaseUrl ? postgresDatabase(databaseUrl) : embeddedDatabase();
}

/** True when the tests run on PostgreSQL. */
export const onPostgres = Boolean(process.env['DATABASE_URL']);

/** A new database of DATABASE_URL's server, with its own address; dropped by `drop`. */
export interface ScratchDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export async function scratchPostgres(databaseUrl: string): Promise<ScratchDatabase> {
  const name = `moql_test_${randomBytes(8).toString('hex')}`;
  await administer(databaseUrl, async (client) => {
    await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  });
  return {
    url: withDatabase(databaseUrl, name),
    drop: () =>
      administer(databaseUrl, async (client) => void (await client.query(`DROP DATABASE ${name} WITH (FORCE)`))),
  };
}

async function postgresDatabase(databaseUrl: string): Promise<Database> {
  const scratch = await scratchPostgres(databaseUrl);
  const database = await openDatabase({ databaseUrl: scratch.url, poolSize: 5 });
  await migrate(database.sql);
  return closingWith(database, () => scratch.drop());
}

async function administer(databaseUrl: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function embeddedDatabase(): Promise<Database> {
  return openDatabase({ memory: true, template: new Blob([await embeddedTemplate()]) });
}

let dump: Promise<Buffer<ArrayBuffer>> | undefined;

/** A dump of a migrated PGlite, kept in the temporary directory for all test files and runs. */
function embeddedTemplate(): Promise<Buffer<ArrayBuffer>> {
  dump ??= makeDump();
  return dump;
}

async function makeDump(): Promise<Buffer<ArrayBuffer>> {
  const directory = join(tmpdir(), 'moql-test');
  const path = join(directory, `pglite-${migrationsKey()}.tar`);
  if (existsSync(path)) return Buffer.from(new Uint8Array(readFileSync(path)).buffer);
  const pglite = await openEmbedded({});
  try {
    await migrate(new EmbeddedSql(pglite, new StatementTap(), new TransactionGuard()));
    const octets = Buffer.from(await (await pglite.dumpDataDir('none')).arrayBuffer());
    mkdirSync(directory, { recursive: true });
    const draft = `${path}.${randomBytes(6).toString('hex')}`;
    writeFileSync(draft, octets);
    renameSync(draft, path);
    return octets;
  } finally {
    await pglite.close();
  }
}

/** Changes with the migrations and with PGlite. */
function migrationsKey(): string {
  const hash = createHash('sha256');
  hash.update(readFileSync(require.resolve('@electric-sql/pglite')));
  for (const { name, checksum } of readMigrations(migrationsDirectory())) hash.update(`${name} ${checksum}\n`);
  return hash.digest('hex').slice(0, 16);
}

function closingWith(database: Database, after: () => Promise<void>): Database {
  let closing: Promise<void> | undefined;
  return Object.create(database, {
    close: { value: (): Promise<void> => (closing ??= database.close().then(after)) },
  }) as Database;
}
