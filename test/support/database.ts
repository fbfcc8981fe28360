import { randomBytes } from 'node:crypto';

import { Client } from 'pg';

import { openDatabase } from '../../src/store/database';
import type { Database } from '../../src/store/database';
import { migrate } from '../../src/store/migrate';
import { lendEmbedded, migrationsKey } from './embedded';

/**
 * A migrated, empty database of its own: on PostgreSQL when DATABASE_URL is set (made there, dropped at `close`), otherwise
 * PGlite in memory. Close it in the test that opened it, or in `afterEach` / `afterAll`.
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

export async function scratchPostgres(databaseUrl: string, template = 'template0'): Promise<ScratchDatabase> {
  const name = `moql_test_${randomBytes(8).toString('hex')}`;
  await administer(databaseUrl, async (client) => {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  return {
    url: withDatabase(databaseUrl, name),
    drop: () =>
      administer(databaseUrl, async (client) => void (await client.query(`DROP DATABASE ${name} WITH (FORCE)`))),
  };
}

async function postgresDatabase(databaseUrl: string): Promise<Database> {
  const scratch = await migratedPostgres(databaseUrl);
  const database = await openDatabase({ databaseUrl: scratch.url, poolSize: 5 });
  return closingWith(database, () => scratch.drop());
}

/** As `scratchPostgres`, and migrated. */
export async function migratedPostgres(databaseUrl: string): Promise<ScratchDatabase> {
  return scratchPostgres(databaseUrl, await migratedTemplate(databaseUrl));
}

/** Of the advisory lock under which the migrated database is made. */
const TEMPLATE_LOCK = 20_260_727;

/** The name of a migrated database of that server, which is copied for each test: copying takes less than migrating. */
async function migratedTemplate(databaseUrl: string): Promise<string> {
  const name = `moql_template_${migrationsKey()}`;
  await administer(databaseUrl, async (client) => {
    await client.query(`SELECT pg_advisory_lock(${TEMPLATE_LOCK})`);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    // A name that nobody copies from, until all of it is there.
    const draft = await scratchPostgres(databaseUrl);
    const database = await openDatabase({ databaseUrl: draft.url, poolSize: 1 });
    await migrate(database.sql);
    await database.close();
    await client.query(`ALTER DATABASE ${new URL(draft.url).pathname.slice(1)} RENAME TO ${name}`);
  });
  return name;
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
  return openDatabase({ pglite: await lendEmbedded() });
}

function closingWith(database: Database, after: () => Promise<void>): Database {
  let closing: Promise<void> | undefined;
  return Object.create(database, {
    close: { value: (): Promise<void> => (closing ??= database.close().then(after)) },
  }) as Database;
}
