import { createHash } from 'node:crypto';

import { Pool, type PoolClient, type QueryResult } from 'pg';

import { beginText, MADE_OF_INPUT, retrying, SqlError, toParameters, toSqlError, withSavepoint } from './sql';
import type { Sql, StatementTap, TransactionGuard, TransactionOptions } from './sql';

export interface PostgresOptions {
  readonly databaseUrl: string;
  /** Connections, the listener's not counted. */
  readonly poolSize: number;
  /** How long a caller waits for a free connection before CONNECTION_LOST. */
  readonly connectTimeoutMs: number;
  readonly onIdleError: (error: Error) => void;
}

/**
 * Makes the pool. Sessions run in UTC, because Prisma's adapter reads and writes timestamps without a zone.
 */
export function createPool(options: PostgresOptions): Pool {
  const pool = new Pool({
    connectionString: options.databaseUrl,
    max: options.poolSize,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    application_name: 'moql',
    // pg waits for it, though its types say void.
    // eslint-disable-next-line @typescript-eslint/no-misused-promises
    onConnect: async (client) => {
      await client.query("SET TIME ZONE 'UTC'");
    },
  });
  pool.on('error', options.onIdleError);
  // The pool looks after connections that nobody has. One that breaks between two statements of who has it is told to him by the
  // next one; without a listener it would end the process.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

/** Texts whose statements are kept prepared on each connection. Beyond that, statements are sent unnamed. */
const PREPARED_TEXTS_MAX = 500;

const namesByText = new Map<string, string>();

/**
 * The name under which a statement is prepared. Only fixed texts should be many: a text made from input would fill the
 * server's memory, so from the 501st text on there is no name.
 */
export function statementName(text: string): string | undefined {
  const known = namesByText.get(text);
  if (known !== undefined) return known;
  if (namesByText.size >= PREPARED_TEXTS_MAX || text.startsWith(MADE_OF_INPUT)) return undefined;
  const name = `moql_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
  namesByText.set(text, name);
  return name;
}

type Queryable = Pick<PoolClient, 'query'>;

async function run<R>(on: Queryable, tap: StatementTap, text: string, values: readonly unknown[]): Promise<R[]> {
  if (tap.isWatched) tap.tell(text);
  try {
    const result = await on.query({ name: statementName(text), text, values: toParameters(values) });
    return result.rows as R[];
  } catch (error) {
    throw toSqlError(error);
  }
}

async function runScript(on: Queryable, tap: StatementTap, text: string): Promise<QueryResult> {
  if (tap.isWatched) tap.tell(text);
  try {
    return await on.query(text);
  } catch (error) {
    throw toSqlError(error);
  }
}

/** SQL over a pool; transactions hold one connection of it. */
export class PostgresSql implements Sql {
  constructor(
    private readonly pool: Pool,
    private readonly tap: StatementTap,
    private readonly guard: TransactionGuard,
  ) {}

  async query<R>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    this.guard.check();
    return run<R>(this.pool, this.tap, text, values);
  }

  async exec(text: string): Promise<void> {
    this.guard.check();
    await runScript(this.pool, this.tap, text);
  }

  async transaction<T>(work: (tx: Sql) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    this.guard.check();
    return retrying(() => this.attempt(work, options), options.retries ?? 0);
  }

  private async attempt<T>(work: (tx: Sql) => Promise<T>, options: TransactionOptions): Promise<T> {
    const client = await this.connect();
    const tx = new PostgresTransaction(client, this.tap);
    // A connection that did not come back from COMMIT or ROLLBACK is in an unknown state and must not be lent again.
    let isReusable = false;
    try {
      await runScript(client, this.tap, beginText(options));
      let value: T;
      try {
        value = await this.guard.run(() => work(tx));
      } catch (error) {
        tx.close();
        await runScript(client, this.tap, 'ROLLBACK').then(
          () => (isReusable = true),
          () => undefined,
        );
        throw error;
      }
      tx.close();
      const commit = await runScript(client, this.tap, 'COMMIT');
      isReusable = true;
      if (commit.command === 'ROLLBACK') {
        throw new SqlError('TRANSACTION_ABORTED', 'a statement had failed, so COMMIT rolled back', '25P02');
      }
      return value;
    } catch (error) {
      throw toSqlError(error);
    } finally {
      client.release(!isReusable);
    }
  }

  private async connect(): Promise<PoolClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      throw toSqlError(error);
    }
  }
}

class PostgresTransaction implements Sql {
  private isOpen = true;
  private savepoints = 0;

  constructor(
    private readonly client: PoolClient,
    private readonly tap: StatementTap,
  ) {}

  async query<R>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    this.checkOpen();
    return run<R>(this.client, this.tap, text, values);
  }

  async exec(text: string): Promise<void> {
    this.checkOpen();
    await runScript(this.client, this.tap, text);
  }

  async transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T> {
    this.savepoints += 1;
    return withSavepoint(this, `s${this.savepoints}`, work);
  }

  /** After the end the connection belongs to somebody else. */
  close(): void {
    this.isOpen = false;
  }

  private checkOpen(): void {
    if (!this.isOpen) throw new SqlError('CLOSED', 'this transaction has ended');
  }
}
