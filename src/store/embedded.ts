import { mkdirSync } from 'node:fs';

import { PGlite, types } from '@electric-sql/pglite';
import type { Transaction } from '@electric-sql/pglite';

import { EmbeddedStatements, FORCE_GENERIC_PLANS } from './embedded-statements';
import { beginText, retrying, SqlError, toParameters, toSqlError, withSavepoint } from './sql';
import type { Sql, StatementTap, TransactionGuard, TransactionOptions } from './sql';

export interface EmbeddedOptions {
  /** The database's own directory; in memory when left out. */
  readonly directory?: string;
  /** A dump of a database directory to begin with; only in memory. */
  readonly template?: Blob;
}

/**
 * Opens PGlite: PostgreSQL inside this process, with one connection. An acknowledged commit survives `kill -9`; the
 * directory must be owned by this process alone (owner-lock.ts).
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<PGlite> {
  if (options.directory !== undefined) mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const pglite = await PGlite.create({
    ...(options.directory === undefined ? {} : { dataDir: options.directory }),
    ...(options.template === undefined ? {} : { loadDataDir: options.template }),
    parsers: {
      [types.INT8]: (text: string) => text,
      [types.BYTEA]: (text: string) => Buffer.from(text.slice(2), 'hex'),
    },
    serializers: { [types.BYTEA]: octetsToText },
  });
  await pglite.exec("SET TIME ZONE 'UTC'");
  return pglite;
}

function octetsToText(value: unknown): string {
  if (!ArrayBuffer.isView(value)) throw new SqlError('INVALID_VALUE', 'a bytea parameter is not a Buffer');
  return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
}

type RunPrepared = (text: string, values: readonly unknown[]) => Promise<unknown[]>;

type Queryable = Pick<Transaction, 'query' | 'exec'>;

/** Runs one statement: `prepared`, while there is a name for its text, else on `unnamed`. */
async function run<R>(
  on: { readonly prepared: RunPrepared; readonly unnamed: Queryable; readonly statements: EmbeddedStatements },
  tap: StatementTap,
  text: string,
  values: readonly unknown[],
): Promise<R[]> {
  if (tap.isWatched) tap.tell(text);
  try {
    const parameters = toParameters(values);
    if (on.statements.accepts(text)) return (await on.prepared(text, parameters)) as R[];
    return (await on.unnamed.query<R>(text, parameters)).rows;
  } catch (error) {
    throw toSqlError(error);
  }
}

/** What may give a prepared statement other columns or parameters. */
const CHANGES_SCHEMA = /\b(?:alter|create|drop)\b/i;

async function runScript(
  on: Queryable,
  statements: EmbeddedStatements,
  tap: StatementTap,
  text: string,
): Promise<void> {
  if (tap.isWatched) tap.tell(text);
  try {
    await on.exec(text);
  } catch (error) {
    throw toSqlError(error);
  } finally {
    if (CHANGES_SCHEMA.test(text)) statements.expire();
  }
}

/** SQL over the one connection of PGlite; statements wait while a transaction is open. */
export class EmbeddedSql implements Sql {
  private readonly statements: EmbeddedStatements;

  constructor(
    private readonly pglite: PGlite,
    private readonly tap: StatementTap,
    private readonly guard: TransactionGuard,
  ) {
    this.statements = new EmbeddedStatements(pglite);
  }

  async query<R>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    this.guard.check();
    const { pglite: unnamed, statements } = this;
    return run<R>({ prepared: (...of) => statements.alone(...of), unnamed, statements }, this.tap, text, values);
  }

  async exec(text: string): Promise<void> {
    this.guard.check();
    await runScript(this.pglite, this.statements, this.tap, text);
  }

  async transaction<T>(work: (tx: Sql) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    this.guard.check();
    return retrying(() => this.attempt(work, options), options.retries ?? 0);
  }

  private async attempt<T>(work: (tx: Sql) => Promise<T>, options: TransactionOptions): Promise<T> {
    try {
      return await this.pglite.transaction((transaction) =>
        this.guard.run(async () => {
          // PGlite begins by itself; the level is told for the same count and the same effect as on PostgreSQL.
          if (this.tap.isWatched) this.tap.tell(beginText(options));
          if (options.isolation !== undefined) {
            await transaction.exec(`SET TRANSACTION ISOLATION LEVEL ${options.isolation}`);
          }
          await this.statements.inTransaction(FORCE_GENERIC_PLANS, []);
          const value = await this.told(work(new EmbeddedTransaction(transaction, this.statements, this.tap)));
          if (this.tap.isWatched) this.tap.tell('COMMIT');
          return value;
        }),
      );
    } catch (error) {
      throw toSqlError(error);
    }
  }

  private async told<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.tap.isWatched) this.tap.tell('ROLLBACK');
      throw error;
    }
  }
}

class EmbeddedTransaction implements Sql {
  private savepoints = 0;

  constructor(
    private readonly transactionOf: Transaction,
    private readonly statements: EmbeddedStatements,
    private readonly tap: StatementTap,
  ) {}

  async query<R>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    this.checkOpen();
    const { transactionOf: unnamed, statements } = this;
    return run<R>(
      { prepared: (...of) => statements.inTransaction(...of), unnamed, statements },
      this.tap,
      text,
      values,
    );
  }

  async exec(text: string): Promise<void> {
    this.checkOpen();
    await runScript(this.transactionOf, this.statements, this.tap, text);
  }

  async transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    this.savepoints += 1;
    return withSavepoint(this, `s${this.savepoints}`, work);
  }

  private checkOpen(): void {
    if (this.transactionOf.closed) throw new SqlError('CLOSED', 'this transaction has ended');
  }
}

/**
 * PGlite as Prisma sees it: the same connection, behind the guard that keeps Prisma out of a transaction of hand-written
 * SQL, where it would wait for ever. Prisma's own transactions pass, since they do not run inside the guard.
 */
export function guardedForPrisma(pglite: PGlite, guard: TransactionGuard): PGlite {
  return new Proxy(pglite, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]): unknown => {
        if (property === 'query' || property === 'exec' || property === 'transaction') guard.check();
        return Reflect.apply(value, target, parameters);
      };
    },
  });
}
