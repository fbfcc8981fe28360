import { createHash } from 'node:crypto';

import { parse, protocol } from '@electric-sql/pglite';
import type { PGlite, messages } from '@electric-sql/pglite';

import { MADE_OF_INPUT } from './sql';
/** Texts that are kept prepared. Beyond that, statements are sent unnamed: a text made from input would fill the memory. */
const PREPARED_TEXTS_MAX = 500;

/**
 * After this long a statement is prepared anew at its next use. Its plan suits the sizes that the tables had when it was
 * made, and nothing else would ever make another one: PGlite has no autovacuum.
 */
const PLAN_MAX_AGE_MS = 10_000;

/**
 * For the transaction that is open: a prepared statement's plan is kept and used for all parameters. By itself PostgreSQL
 * would plan each statement five times, and some always, for less gain than planning costs in WebAssembly. Transactions
 * find rows by keys; of lists with a LIMIT, which are asked for outside, the plan should know the parameters.
 */
export const FORCE_GENERIC_PLANS = 'SET LOCAL plan_cache_mode = force_generic_plan';

/** A prepared statement would give other columns than before; there is no statement of that name. */
const STALE_SQLSTATES: readonly unknown[] = ['0A000', '26000'];

const { serialize } = protocol;

/** From the portal to the end of a statement, always the same. */
const DESCRIBE_AND_EXECUTE = [serialize.describe({ type: 'P' }), serialize.execute({})] as const;

interface Prepared {
  readonly name: string;
  /** Since the process began, ms; undefined while it is not prepared, or no longer. */
  preparedAt: number | undefined;
  parameterTypes: readonly number[];
}

/**
 * Keeps statements prepared on the one connection of PGlite, whose own `query` parses and plans each text every time that
 * it is sent. Same results, parsers and errors as `query`.
 *
 * Which locks to hold is the caller's matter: `alone` takes those that `PGlite.query` takes, `inTransaction` those of a
 * transaction's `query`.
 */
export class EmbeddedStatements {
  readonly #byText = new Map<string, Prepared>();

  constructor(
    private readonly pglite: PGlite,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether `text` has a name, or may get one; else it is for `PGlite.query`. */
  accepts(text: string): boolean {
    if (text.startsWith(MADE_OF_INPUT)) return false;
    return this.#byText.has(text) || this.#byText.size < PREPARED_TEXTS_MAX;
  }

  /**
   * Runs a statement outside of transactions; it waits while one is open. One that had become stale is prepared anew and
   * run again: it had done nothing.
   */
  async alone<R>(text: string, values: readonly unknown[]): Promise<R[]> {
    const { pglite } = this;
    await pglite._checkReady();
    return pglite._runExclusiveTransaction(async () => {
      const rows = await this.inTransaction<R>(text, values).catch((error: unknown) => {
        if (!STALE_SQLSTATES.includes((error as { code?: unknown }).code)) throw error;
        return this.inTransaction<R>(text, values);
      });
      await pglite.syncToFs();
      return rows;
    });
  }

  /** Runs a statement inside the transaction that is open. */
  async inTransaction<R>(text: string, values: readonly unknown[]): Promise<R[]> {
    return this.pglite.runExclusive(() => this.#run<R>(text, values));
  }

  /** Has every statement prepared anew at its next use. */
  expire(): void {
    for (const prepared of this.#byText.values()) prepared.preparedAt = undefined;
  }

  async #run<R>(text: string, values: readonly unknown[]): Promise<R[]> {
    const prepared = this.#preparedOf(text);
    const results: messages.BackendMessage[] = [];
    let isDone = false;
    try {
      if (!this.#isFresh(prepared)) await this.#prepare(prepared, text);
      const bind = serialize.bind({ statement: prepared.name, values: this.#toTexts(prepared, values) });
      results.push(...(await this.#send([bind, ...DESCRIBE_AND_EXECUTE])));
      isDone = true;
    } finally {
      // Whatever failed, it may be the name (gone, or its columns have changed): the next use prepares it anew.
      if (!isDone) prepared.preparedAt = undefined;
      // Ends the statement, and outside of a transaction commits it. Notifications come with it. After an error, it is what
      // the database waits for. It is sent by itself, as what follows an error in the same sending is not looked at.
      results.push(...(await this.#send([serialize.sync()])));
    }
    return (parse.parseResults(results, this.pglite.parsers)[0]?.rows ?? []) as R[];
  }

  #preparedOf(text: string): Prepared {
    let prepared = this.#byText.get(text);
    if (prepared === undefined) {
      const name = `moql_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
      prepared = { name, preparedAt: undefined, parameterTypes: [] };
      this.#byText.set(text, prepared);
    }
    return prepared;
  }

  #isFresh({ preparedAt }: Prepared): boolean {
    return preparedAt !== undefined && this.now() - preparedAt < PLAN_MAX_AGE_MS;
  }

  async #prepare(prepared: Prepared, text: string): Promise<void> {
    const { name } = prepared;
    prepared.preparedAt = undefined;
    const described = await this.#send([
      // No error when there is none of that name.
      serialize.close({ type: 'S', name }),
      serialize.parse({ name, text }),
      serialize.describe({ type: 'S', name }),
    ]);
    prepared.parameterTypes = parse.parseDescribeStatementResults(described);
    prepared.preparedAt = this.now();
  }

  /** Parameters as PGlite's `query` writes them: by the type that the statement gives them. */
  #toTexts({ parameterTypes }: Prepared, values: readonly unknown[]): (string | null)[] {
    return values.map((value, index) => {
      if (value === null || value === undefined) return null;
      const type = parameterTypes[index];
      const serializer = type === undefined ? undefined : this.pglite.serializers[type];
      return wellFormed(String(serializer === undefined ? value : serializer(value)));
    });
  }

  #send(parts: readonly Uint8Array[]): Promise<messages.BackendMessage[]> {
    const [first] = parts;
    const message = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
    return this.pglite.execProtocolStream(message, { syncToFs: false });
  }
}

/** Without halves of surrogate pairs (U+FFFD instead, as pg does): PGlite takes the length of such a text to be another. */
function wellFormed(text: string): string {
  return /\p{Cs}/u.test(text) ? text.replace(/\p{Cs}/gu, '\ufffd') : text;
}
