import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { PGlite } from '@electric-sql/pglite';

import { EmbeddedSql, openEmbedded } from '../../src/store/embedded';
import { migrate, migrationsDirectory, readMigrations } from '../../src/store/migrate';
import { StatementTap, TransactionGuard } from '../../src/store/sql';
import { keptByWorker } from './worker';

/** Something that no test leaves: its tables and functions, as a text; and how often it was lent. */
interface Lent {
  readonly pglite: PGlite;
  readonly catalogue: string;
  uses: number;
}

/** A PGlite keeps the memory that its largest test took, and the log of all. */
const USES_MAX = 20;
const RESET_WITHIN_MS = 10_000;

const idle = keptByWorker<Lent[]>(
  'embedded databases',
  () => [],
  (lent) => {
    for (const { pglite } of lent.splice(0)) void pglite.close().catch(() => undefined);
  },
);

/**
 * A migrated, empty PGlite in memory. Starting one takes longer than most tests, so `close` gives it back to the worker,
 * which empties it for the next; nothing reaches it through the returned object from then on.
 */
export async function lendEmbedded(): Promise<PGlite> {
  for (let next = idle.pop(); next !== undefined; next = idle.pop()) {
    if (next.uses < USES_MAX && (await emptied(next))) return facade(next);
    await next.pglite.close().catch(() => undefined);
  }
  const pglite = await openMigrated();
  return facade({ pglite, catalogue: await catalogueOf(pglite), uses: 0 });
}

/** One in memory that is nobody else's before or after. */
export async function openMigrated(): Promise<PGlite> {
  return openEmbedded({ template: new Blob([new Uint8Array(readFileSync(await template()))]) });
}

function facade(lent: Lent): PGlite {
  let isClosed = false;
  const methods = new Map<string | symbol, unknown>();
  lent.uses += 1;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    idle.push(lent);
  };
  return new Proxy(lent.pglite, {
    get(target, property) {
      if (property === 'close') return close;
      if (property === 'closed') return isClosed;
      const kept = methods.get(property);
      if (kept !== undefined) return kept;
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = (...parameters: unknown[]): unknown => {
        if (isClosed) throw new Error('PGlite is closed');
        return Reflect.apply(value, target, parameters);
      };
      methods.set(property, method);
      return method;
    },
  });
}

/** Whether it could be made as it was at first. */
async function emptied(lent: Lent): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), RESET_WITHIN_MS)));
  const done = empty(lent).catch(() => false);
  const isEmpty = await Promise.race([done, late]);
  clearTimeout(timer);
  return isEmpty;
}

/** Tables without a block were never written to. */
const WRITTEN = `
  SELECT string_agg(oid::regclass::text, ', ') AS tables FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> '_prisma_migrations'
    AND pg_relation_size(oid) > 0`;

async function empty({ pglite, catalogue }: Lent): Promise<boolean> {
  await pglite.exec('DISCARD ALL');
  await pglite.exec("SET TIME ZONE 'UTC'");
  const { rows } = await pglite.query<{ tables: string | null }>(WRITTEN);
  const tables = rows[0]?.tables;
  if (typeof tables === 'string') await pglite.exec(`TRUNCATE ${tables} RESTART IDENTITY`);
  return (await catalogueOf(pglite)) === catalogue;
}

async function catalogueOf(pglite: PGlite): Promise<string> {
  const { rows } = await pglite.query<{ catalogue: string }>(`
    SELECT md5(concat(
      (SELECT string_agg(concat_ws(' ', oid, relname, relkind, reloptions), ',' ORDER BY oid) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace),
      (SELECT string_agg(concat_ws(' ', attrelid, attnum, attname, atttypid, attnotnull, atthasdef), ',' ORDER BY attrelid, attnum)
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE c.relnamespace = 'public'::regnamespace),
      (SELECT string_agg(concat_ws(' ', oid, proname, prosrc), ',' ORDER BY oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace),
      (SELECT string_agg(concat_ws(' ', oid, conname), ',' ORDER BY oid) FROM pg_constraint),
      (SELECT string_agg(concat_ws(' ', oid, tgname), ',' ORDER BY oid) FROM pg_trigger WHERE NOT tgisinternal),
      (SELECT string_agg(concat_ws(' ', oid, nspname), ',' ORDER BY oid) FROM pg_namespace WHERE nspname !~ '^pg_'),
      (SELECT string_agg(concat_ws(' ', migration_name, checksum, finished_at), ',' ORDER BY migration_name)
        FROM "_prisma_migrations"),
      (SELECT string_agg(setconfig::text, ',') FROM pg_db_role_setting)
    )) AS catalogue`);
  return rows[0]?.catalogue ?? '';
}

/** Makes a migrated, empty database in the directory, for processes that a test starts: they would make one themselves. */
export async function layEmbedded(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  execFileSync('tar', ['-xf', await template(), '-C', directory], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Path of a dump of a migrated PGlite, kept in the temporary directory for all workers and runs. */
async function template(): Promise<string> {
  const directory = join(tmpdir(), 'moql-test');
  const path = join(directory, `pglite-${migrationsKey()}.tar`);
  if (existsSync(path)) return path;
  const pglite = await openEmbedded({});
  try {
    await migrate(new EmbeddedSql(pglite, new StatementTap(), new TransactionGuard()));
    const octets = Buffer.from(await (await pglite.dumpDataDir('none')).arrayBuffer());
    mkdirSync(directory, { recursive: true });
    const draft = `${path}.${randomBytes(6).toString('hex')}`;
    writeFileSync(draft, octets);
    renameSync(draft, path);
    return path;
  } finally {
    await pglite.close();
  }
}

/** Changes with the migrations and with PGlite. */
export function migrationsKey(): string {
  const hash = createHash('sha256');
  hash.update(readFileSync(require.resolve('@electric-sql/pglite')));
  for (const { name, checksum } of readMigrations(migrationsDirectory())) hash.update(`${name} ${checksum}\n`);
  return hash.digest('hex').slice(0, 16);
}
