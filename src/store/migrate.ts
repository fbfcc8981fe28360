import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Sql } from './sql';

/** One directory of prisma/migrations. */
export interface Migration {
  /** The directory's name, by which migrations are ordered. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of migration.sql, hexadecimal, as Prisma keeps it. */
  readonly checksum: string;
}

export type MigrationErrorCode =
  /** prisma/migrations is not where the program is installed. */
  | 'MIGRATIONS_MISSING'
  /** A migration that was applied has another text now. */
  | 'MIGRATION_EDITED'
  /** The database knows a migration that this program does not: a newer program was here. */
  | 'MIGRATION_UNKNOWN'
  /** Prisma recorded a migration that began and did not finish; a person must look. */
  | 'MIGRATION_UNFINISHED'
  /** A migration that is not applied stands before one that is. */
  | 'MIGRATION_OUT_OF_ORDER'
  /** The database refused a statement; nothing of that migration stays. */
  | 'MIGRATION_FAILED';

export class MigrationError extends Error {
  override readonly name = 'MigrationError';

  constructor(
    readonly code: MigrationErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface MigrationState {
  readonly applied: readonly string[];
  readonly pending: readonly Migration[];
}

/** Prisma's own lock, so that `prisma migrate deploy` and this runner wait for each other. */
const PRISMA_ADVISORY_LOCK = 72_707_369;

/** As Prisma's schema engine creates it. */
const PRISMA_MIGRATIONS_TABLE = `
  CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id" VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum" VARCHAR(64) NOT NULL,
    "finished_at" TIMESTAMPTZ,
    "migration_name" VARCHAR(255) NOT NULL,
    "logs" TEXT,
    "rolled_back_at" TIMESTAMPTZ,
    "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count" INTEGER NOT NULL DEFAULT 0
  )`;

interface Row {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

/**
 * Brings the database up to date: applies what prisma/migrations holds and the database lacks, in order of name, each in
 * its own transaction together with its row in `_prisma_migrations`. Several processes may start at once: one applies.
 *
 * @returns the names that this call applied
 *
 * Throws MigrationError; what was applied before the failing one stays.
 */
export async function migrate(sql: Sql, directory: string = migrationsDirectory()): Promise<readonly string[]> {
  const migrations = readMigrations(directory);
  const applied: string[] = [];
  for (;;) {
    const before = await migrationState(sql, migrations);
    if (before.pending.length === 0) return applied;
    const name = await sql.transaction((tx) => applyNext(tx, migrations));
    if (name !== undefined) applied.push(name);
  }
}

/**
 * What is applied and what is not; changes nothing. For readiness.
 *
 * Throws MigrationError when database and files contradict each other.
 */
export async function migrationState(
  sql: Sql,
  migrations: readonly Migration[] = readMigrations(migrationsDirectory()),
): Promise<MigrationState> {
  const [table] = await sql.query<{ exists: boolean }>(
    `SELECT to_regclass('"_prisma_migrations"') IS NOT NULL AS exists`,
  );
  return compare(migrations, table?.exists === true ? await readRows(sql) : []);
}

async function readRows(sql: Sql): Promise<Row[]> {
  return sql.query<Row>(`
    SELECT "migration_name", "checksum", "finished_at" IS NOT NULL AS "finished"
    FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL ORDER BY "started_at"`);
}

async function applyNext(tx: Sql, migrations: readonly Migration[]): Promise<string | undefined> {
  await tx.query(`SELECT pg_advisory_xact_lock(${PRISMA_ADVISORY_LOCK})`);
  await tx.exec(PRISMA_MIGRATIONS_TABLE);
  // Read again under the lock: another process may have applied it while this one waited.
  const [next] = compare(migrations, await readRows(tx)).pending;
  if (next === undefined) return undefined;
  const startedAt = new Date();
  try {
    await tx.exec(next.text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError('MIGRATION_FAILED', `migration ${next.name} failed: ${reason}`, {
      cause: error,
    });
  }
  await tx.query(
    `INSERT INTO "_prisma_migrations" ("id", "checksum", "migration_name", "started_at", "finished_at", "applied_steps_count")
     VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
    [randomUUID(), next.checksum, next.name, startedAt],
  );
  return next.name;
}

function compare(migrations: readonly Migration[], rows: readonly Row[]): MigrationState {
  const files = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of rows) {
    const file = files.get(row.migration_name);
    if (file === undefined) {
      throw new MigrationError(
        'MIGRATION_UNKNOWN',
        `the database has migration ${row.migration_name}, which this version of moql does not know; start a newer version`,
      );
    }
    if (!row.finished) {
      throw new MigrationError('MIGRATION_UNFINISHED', `migration ${row.migration_name} began and did not finish`);
    }
    if (file.checksum !== row.checksum) {
      throw new MigrationError(
        'MIGRATION_EDITED',
        `migration ${row.migration_name} was applied with checksum ${row.checksum}, its file has ${file.checksum}; ` +
          'restore the file and write a new migration instead',
      );
    }
  }
  const applied = new Set(rows.map((row) => row.migration_name));
  const pending = migrations.filter(({ name }) => !applied.has(name));
  const last = [...applied].sort().at(-1);
  const [first] = pending;
  if (first !== undefined && last !== undefined && first.name < last) {
    throw new MigrationError(
      'MIGRATION_OUT_OF_ORDER',
      `migration ${first.name} is not applied, but ${last} after it is`,
    );
  }
  return { applied: [...applied], pending };
}

/** Reads every `<directory>/<name>/migration.sql`, ordered by name. */
export function readMigrations(directory: string): readonly Migration[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(directory, entry.name, 'migration.sql')))
    .map((entry) => {
      const octets = readFileSync(join(directory, entry.name, 'migration.sql'));
      const checksum = createHash('sha256').update(octets).digest('hex');
      return { name: entry.name, text: octets.toString('utf8'), checksum };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** prisma/migrations of the package that this file belongs to, whether it runs from `src` or from `dist`. */
export function migrationsDirectory(): string {
  for (let at = __dirname; ; at = dirname(at)) {
    const candidate = join(at, 'prisma', 'migrations');
    if (existsSync(join(at, 'package.json')) && existsSync(candidate)) return candidate;
    if (dirname(at) === at) throw new MigrationError('MIGRATIONS_MISSING', `no prisma/migrations above ${__dirname}`);
  }
}
