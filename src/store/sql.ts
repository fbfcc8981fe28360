import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Hand-written SQL, the same over PostgreSQL and over the embedded database.
 *
 * What comes back: int8 and numeric as text, int4 and floats as number, json and jsonb parsed, bytea as Buffer, timestamptz
 * as Date, arrays as arrays of these. What goes in: text, number, boolean, bigint, Date, Buffer, null, arrays of these (an
 * array becomes a PostgreSQL array, so a JSON array goes in as `JSON.stringify(…)`), plain objects (become JSON text);
 * undefined counts as null.
 *
 * Every failure of the database is thrown as SqlError.
 */
export interface Sql {
  /** Runs one statement with `$1` … parameters and gives its rows. */
  query<R>(text: string, values?: readonly unknown[]): Promise<R[]>;

  /**
   * Runs `work` on one connection between BEGIN and COMMIT; what it throws rolls back and is thrown on. Inside a transaction
   * it is a savepoint. The outer `Sql` must not be asked for anything while `work` runs: that would wait for a second
   * connection, and is refused with NESTED_CONNECTION.
   */
  transaction<T>(work: (tx: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>;

  /** Runs statements without parameters, separated by semicolons. */
  exec(text: string): Promise<void>;
}

export interface TransactionOptions {
  readonly isolation?: 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';
  /** How often `work` is run again after SERIALIZATION_FAILURE or DEADLOCK; 0 when left out. `work` must bear repetition. */
  readonly retries?: number;
}

/** Hears of each statement before it runs, BEGIN, COMMIT, ROLLBACK and Prisma's included. For counting in tests. */
export type OnStatement = (text: string) => void;

export type SqlErrorCode =
  | 'SERIALIZATION_FAILURE'
  | 'DEADLOCK'
  | 'LOCK_NOT_AVAILABLE'
  | 'UNIQUE_VIOLATION'
  | 'FOREIGN_KEY_VIOLATION'
  | 'CHECK_VIOLATION'
  | 'NOT_NULL_VIOLATION'
  | 'INVALID_VALUE'
  | 'TRANSACTION_ABORTED'
  | 'NESTED_CONNECTION'
  | 'CONNECTION_LOST'
  | 'CLOSED'
  | 'DATABASE_ERROR';

const CODE_BY_SQLSTATE: Readonly<Record<string, SqlErrorCode>> = {
  '40001': 'SERIALIZATION_FAILURE',
  '40P01': 'DEADLOCK',
  '55P03': 'LOCK_NOT_AVAILABLE',
  '23505': 'UNIQUE_VIOLATION',
  '23503': 'FOREIGN_KEY_VIOLATION',
  '23514': 'CHECK_VIOLATION',
  '23502': 'NOT_NULL_VIOLATION',
  '25P02': 'TRANSACTION_ABORTED',
};

/** SQLSTATE classes: data exceptions; connections, operator intervention, resources. */
const CODE_BY_CLASS: Readonly<Record<string, SqlErrorCode>> = {
  '22': 'INVALID_VALUE',
  '08': 'CONNECTION_LOST',
  '53': 'CONNECTION_LOST',
  '57': 'CONNECTION_LOST',
};

/** A failure of the database. Carries neither the statement's parameters nor the driver's error, which holds them. */
export class SqlError extends Error {
  override readonly name = 'SqlError';

  constructor(
    readonly code: SqlErrorCode,
    message: string,
    readonly sqlState?: string,
    readonly constraint?: string,
  ) {
    super(message);
  }
}

/** Turns what a driver threw into a SqlError; what already is one, or comes from no database, is given back as it is. */
export function toSqlError(thrown: unknown): unknown {
  if (thrown instanceof SqlError || !(thrown instanceof Error)) return thrown;
  const { code, constraint } = thrown as { code?: unknown; constraint?: unknown };
  if (typeof code !== 'string') {
    // pg reports a connection that ended, and a pool without room, as errors without a code.
    return /connection|timeout exceeded/i.test(thrown.message)
      ? new SqlError('CONNECTION_LOST', thrown.message)
      : thrown;
  }
  if (/^[0-9A-Z]{5}$/.test(code) && code !== 'EPIPE') {
    const known = CODE_BY_SQLSTATE[code] ?? CODE_BY_CLASS[code.slice(0, 2)] ?? 'DATABASE_ERROR';
    return new SqlError(known, thrown.message, code, typeof constraint === 'string' ? constraint : undefined);
  }
  if (code.startsWith('E')) return new SqlError('CONNECTION_LOST', `${code}: ${thrown.message}`);
  return thrown;
}

/** Begins a statement whose text is made of input: it is not kept prepared, for there may be any number of such texts. */
export const MADE_OF_INPUT = '/* made of input */ ';

/** Brings parameters into the shapes that both drivers write alike. */
export function toParameters(values: readonly unknown[]): unknown[] {
  return values.map(toParameter);
}

function toParameter(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toParameter);
  if (ArrayBuffer.isView(value)) {
    return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return JSON.stringify(value);
}

/** The statement that opens a transaction. */
export function beginText(options: TransactionOptions): string {
  return options.isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${options.isolation}`;
}

/** Runs `attempt` again, at most `retries` times, while it fails because of another transaction. */
export async function retrying<T>(attempt: () => Promise<T>, retries: number): Promise<T> {
  for (let left = retries; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left <= 0 || !isTransient(error)) throw error;
    }
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof SqlError && (error.code === 'SERIALIZATION_FAILURE' || error.code === 'DEADLOCK');
}

/** Runs `work` so that what it threw takes back only its own changes. */
export async function withSavepoint<T>(tx: Sql, name: string, work: (tx: Sql) => Promise<T>): Promise<T> {
  await tx.exec(`SAVEPOINT ${name}`);
  try {
    const value = await work(tx);
    await tx.exec(`RELEASE SAVEPOINT ${name}`);
    return value;
  } catch (error) {
    await tx.exec(`ROLLBACK TO SAVEPOINT ${name}; RELEASE SAVEPOINT ${name}`);
    throw error;
  }
}

/** Hands each statement to whoever watches; a database has one. */
export class StatementTap {
  readonly #watchers = new Set<OnStatement>();

  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  watch(watcher: OnStatement): () => void {
    // A wrapper of its own, so that the same function may watch twice.
    const entry: OnStatement = (text) => watcher(text);
    this.#watchers.add(entry);
    return () => void this.#watchers.delete(entry);
  }

  tell(text: string): void {
    for (const watcher of this.#watchers) watcher(text);
  }
}

/**
 * Knows whether the running code is inside a transaction of this database, and refuses it a second connection: on the
 * embedded database that would wait for ever, on PostgreSQL as soon as the pool is empty.
 */
export class TransactionGuard {
  readonly #open = new AsyncLocalStorage<{ isOpen: boolean }>();

  async run<T>(work: () => Promise<T>): Promise<T> {
    const scope = { isOpen: true };
    return this.#open.run(scope, async () => {
      try {
        return await work();
      } finally {
        scope.isOpen = false;
      }
    });
  }

  /** Throws NESTED_CONNECTION inside a transaction. */
  check(): void {
    if (this.#open.getStore()?.isOpen !== true) return;
    throw new SqlError('NESTED_CONNECTION', 'inside a transaction, use the Sql that it was given');
  }

  /** Runs what is not part of a transaction although it was started inside one. */
  outside<T>(work: () => T): T {
    return this.#open.exit(work);
  }

  /** For a database that is closed: until then, every promise of the process carries what this keeps. */
  end(): void {
    this.#open.disable();
  }
}
