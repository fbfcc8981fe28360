import { resolve } from 'node:path';

import type { PGlite } from '@electric-sql/pglite';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaPGlite } from 'pglite-prisma-adapter';

import { EmbeddedSql, guardedForPrisma, openEmbedded } from './embedded';
import { PrismaClient } from './generated/client';
import { EmbeddedSource, NotificationSender, PostgresSource } from './notifications';
import type { NotificationSource, OnNotification } from './notifications';
import { acquireOwnership } from './owner-lock';
import type { Ownership } from './owner-lock';
import { createPool, PostgresSql, statementName } from './postgres';
import { StatementTap, TransactionGuard } from './sql';
import type { OnStatement, Sql } from './sql';

/** The few methods of a pino logger that the store uses. */
export interface StoreLogger {
  warn(detail: object, message: string): void;
}

export interface DatabaseOptions {
  /** PostgreSQL; when left out, the embedded database. */
  readonly databaseUrl?: string;
  /** The embedded database's home: its files in `pglite/`, its owner's mark in `owner/`. */
  readonly dataDir?: string;
  /** The embedded database in memory, gone at `close`. */
  readonly memory?: boolean;
  /** The embedded database, open already (embedded.ts); closed with this one. */
  readonly pglite?: PGlite;
  readonly poolSize?: number;
  readonly logger?: StoreLogger;
}

export interface Database {
  readonly kind: 'postgresql' | 'embedded';
  readonly sql: Sql;
  /** Made at first use, over the same connections as `sql`. Not to be used inside a transaction of `sql`. */
  readonly prisma: PrismaClient;

  /**
   * Tells every process that listens on `channel` (a-z, 0-9, _), a few milliseconds later. Only for ids: the payload holds
   * 7,999 octets. Call it after the commit.
   */
  notify(channel: string, payload: string): void;

  /** Listens until the function that it resolves to is called. Resolves once nothing sent from then on is missed. */
  listen(channel: string, fn: OnNotification): Promise<() => void>;

  /** Hears of every statement, until the function that it returns is called. */
  onStatement(watcher: OnStatement): () => void;

  /** Sends what waits, gives back every connection and the ownership of the data directory. May be called twice. */
  close(): Promise<void>;
}

const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 10_000;
const NOTIFY_GATHER_MS = 3;

/**
 * Opens the database, without migrating it (migrate.ts).
 *
 * Throws OwnerLockError when another process owns `dataDir`. PostgreSQL is not spoken to before the first statement.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.databaseUrl === undefined ? openEmbeddedDatabase(options) : openPostgres(options, options.databaseUrl);
}

async function openPostgres(options: DatabaseOptions, databaseUrl: string): Promise<Database> {
  const { logger } = options;
  const pool = createPool({
    databaseUrl,
    poolSize: options.poolSize ?? POOL_SIZE,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    onIdleError: (err) => logger?.warn({ err }, 'an idle database connection broke'),
  });
  const tap = new StatementTap();
  const guard = new TransactionGuard();
  return assemble({
    kind: 'postgresql',
    sql: new PostgresSql(pool, tap, guard),
    source: new PostgresSource(databaseUrl, (err) => logger?.warn({ err }, 'the listening database connection broke')),
    adapter: () => new PrismaPg(pool, { statementNameGenerator: ({ sql }) => statementName(sql) ?? '' }),
    tap,
    guard,
    logger,
    end: () => pool.end(),
  });
}

async function openEmbeddedDatabase(options: DatabaseOptions): Promise<Database> {
  const { directory, ownership } = await ownDirectory(options);
  try {
    const pglite = options.pglite ?? (await openEmbedded({ directory }));
    const tap = new StatementTap();
    const guard = new TransactionGuard();
    return assemble({
      kind: 'embedded',
      sql: new EmbeddedSql(pglite, tap, guard),
      source: new EmbeddedSource(pglite),
      adapter: () => new PrismaPGlite(guardedForPrisma(pglite, guard)),
      tap,
      guard,
      logger: options.logger,
      end: async () => {
        await pglite.close();
        await ownership?.release();
      },
    });
  } catch (error) {
    await ownership?.release();
    throw error;
  }
}

async function ownDirectory(options: DatabaseOptions): Promise<{ directory?: string; ownership?: Ownership }> {
  if (options.memory === true || options.pglite !== undefined) return {};
  if (options.dataDir === undefined) throw new TypeError('openDatabase needs a databaseUrl, a dataDir or memory');
  const dataDir = resolve(options.dataDir);
  const ownership = await acquireOwnership(dataDir);
  return { directory: resolve(dataDir, 'pglite'), ownership };
}

interface Parts {
  readonly kind: Database['kind'];
  readonly sql: Sql;
  readonly source: NotificationSource;
  readonly adapter: () => PrismaPg | PrismaPGlite;
  readonly tap: StatementTap;
  readonly guard: TransactionGuard;
  readonly logger: StoreLogger | undefined;
  readonly end: () => Promise<void>;
}

function assemble(parts: Parts): Database {
  const sender = new NotificationSender(
    parts.sql,
    NOTIFY_GATHER_MS,
    (work) => parts.guard.outside(work),
    (err) => parts.logger?.warn({ err }, 'notifications were dropped'),
  );
  let prisma: PrismaClient | undefined;
  let closing: Promise<void> | undefined;

  const close = async (): Promise<void> => {
    await sender.flush();
    await parts.source.close();
    await prisma?.$disconnect();
    await parts.end();
    parts.guard.end();
  };

  return {
    kind: parts.kind,
    sql: parts.sql,
    get prisma(): PrismaClient {
      prisma ??= createPrisma(parts);
      return prisma;
    },
    notify: (channel, payload) => sender.send(channel, payload),
    listen: async (channel, fn) => {
      parts.guard.check();
      return parts.source.listen(channel, fn);
    },
    onStatement: (watcher) => parts.tap.watch(watcher),
    close: () => (closing ??= close()),
  };
}

function createPrisma(parts: Parts): PrismaClient {
  const client = new PrismaClient({ adapter: parts.adapter(), log: [{ emit: 'event', level: 'query' }] });
  client.$on('query', ({ query }) => {
    if (parts.tap.isWatched) parts.tap.tell(query);
  });
  return client;
}
