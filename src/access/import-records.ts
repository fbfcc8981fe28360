/** What imports of all kinds share: the outcome of each record, accounts by what records call them. */
import { ManagementError, type AccountReference, type ImportResult } from '../management/types';
import type { Sql } from '../store/sql';
import { badInput, checkName, notFound } from './inputs';

/** Held by a transaction that imports what no unique index tells apart. */
export const IMPORT_LOCKS = { accounts: 7_401, grants: 7_402 } as const;

/** The outcomes of a call's records. */
export class Outcomes {
  readonly #results: ImportResult[] = [];

  /** Runs `work` for each record that was not refused so far; what it refuses is that record's outcome. */
  each<R>(records: readonly R[], work: (record: R, index: number) => void): void {
    for (const [index, record] of records.entries()) {
      if (this.#results[index] !== undefined) continue;
      try {
        work(record, index);
      } catch (error) {
        if (!(error instanceof ManagementError)) throw error;
        this.refuse(index, error);
      }
    }
  }

  set(index: number, outcome: 'CREATED' | 'UPDATED' | 'UNCHANGED'): void {
    this.#results[index] = { index, outcome };
  }

  refuse(index: number, { code, message }: ManagementError): void {
    this.#results[index] = { index, outcome: 'REFUSED', code, message };
  }

  get list(): readonly ImportResult[] {
    return this.#results;
  }

  get isChanged(): boolean {
    return this.#results.some(({ outcome }) => outcome === 'CREATED' || outcome === 'UPDATED');
  }
}

/** A record of which there are two in one call. */
export function twice(what: string, first: number): ManagementError {
  return new ManagementError('BAD_USER_INPUT', `${what} is there twice in this call, first as record ${first}`);
}

/** @param field where the reference stands, with a dot behind it, or nothing */
export function checkReference(
  { serverId, name }: AccountReference,
  field: string,
): { readonly serverId: string; readonly name: string | null } {
  if (/\p{C}/u.test(serverId)) throw badInput('has a control character', `${field}serverId`);
  return { serverId, name: name == null ? null : checkName(name, `${field}name`) };
}

export function referenceKey({ serverId, name = null }: AccountReference): string {
  return JSON.stringify([serverId, name]);
}

/** The accounts that records name, by one statement. */
export class ReferredAccounts {
  private constructor(private readonly ids: ReadonlyMap<string, readonly string[]>) {}

  /** Those that are found stay until the transaction ends. */
  static async load(tx: Sql, references: readonly AccountReference[]): Promise<ReferredAccounts> {
    const rows = await tx.query<{ readonly id: string; readonly serverId: string; readonly name: string | null }>(
      `SELECT a.id, a.server_id AS "serverId", a.name FROM account a
       JOIN (SELECT DISTINCT x."serverId", x.name FROM jsonb_to_recordset($1::jsonb) AS x("serverId" text, name text)) x
         ON x."serverId" = a.server_id AND x.name IS NOT DISTINCT FROM a.name
       ORDER BY a.id FOR KEY SHARE OF a`,
      [JSON.stringify(references)],
    );
    const ids = new Map<string, string[]>();
    for (const row of rows) {
      const key = referenceKey(row);
      ids.set(key, [...(ids.get(key) ?? []), row.id]);
    }
    return new ReferredAccounts(ids);
  }

  /** The account's key, where exactly one is called so. */
  find(reference: AccountReference): string | undefined {
    const found = this.ids.get(referenceKey(reference)) ?? [];
    return found.length === 1 ? found[0] : undefined;
  }

  /** Errors: NOT_FOUND, BAD_USER_INPUT where several have this serverId and name. */
  get(reference: AccountReference): string {
    const [id, ...more] = this.ids.get(referenceKey(reference)) ?? [];
    if (id === undefined) throw notFound('account');
    if (more.length > 0) throw ambiguous(more.length + 1);
    return id;
  }
}

export function ambiguous(count: number): ManagementError {
  return badInput(`${count} accounts have this serverId and name: give them names that differ`, 'account');
}
