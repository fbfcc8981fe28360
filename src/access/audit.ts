/** The audit log: who did what through the API, and how often credentials were refused. */
import type { Audit, AuditCondition, AuditEntry, AuditView, Json } from '../management/types';
import { addAudit, loadAudit, type AuditRow } from '../store/audit';
import type { Database } from '../store/database';
import { findDatabaseKey } from './inputs';

export interface RunningAudit extends Audit {
  /** Writes refused credentials that were counted; at most once a minute unless it `isLast`. Never rejects. */
  run(isLast?: boolean): Promise<void>;
}

/** How often refusals are written: one row an address. */
const EVERY_MS = 60_000;
/** Addresses that are told apart in that time. */
const MOST_ADDRESSES = 100;
/** What stands for who is nobody. */
const NOBODY = 'nobody';
export const REFUSED = 'refusedCredential';

export function createAudit(deps: {
  readonly db: Database;
  readonly log: { error(detail: object, message: string): void };
  readonly now?: () => number;
}): RunningAudit {
  const { db, log, now = Date.now } = deps;
  let refusals = new Map<string, number>();
  let nextAt = now() + EVERY_MS;

  const write = async (rows: readonly Omit<AuditRow, 'id'>[]): Promise<void> => {
    try {
      await addAudit(db.sql, rows);
    } catch (err) {
      // What was done is done: at least the log tells it.
      log.error({ err, audit: rows }, 'the audit log could not be written');
    }
  };
  return {
    async record(entry: AuditEntry) {
      await write([{ ...entry, at: new Date(now()), times: 1 }]);
    },
    refused(remote = '') {
      const address = refusals.has(remote) || refusals.size < MOST_ADDRESSES ? remote : '';
      refusals.set(address, (refusals.get(address) ?? 0) + 1);
    },
    async run(isLast = false) {
      if (!isLast && now() < nextAt) return;
      nextAt = now() + EVERY_MS;
      if (refusals.size === 0) return;
      const counted = refusals;
      refusals = new Map();
      const refused = { principal: NOBODY, name: NOBODY, action: REFUSED, subjects: [], arguments: {} } as const;
      await write(
        [...counted].map(([remote, times]) => {
          return { ...refused, at: new Date(now()), outcome: 'UNAUTHENTICATED', remote: remote || null, times };
        }),
      );
    },
    async list(condition: AuditCondition, first: number, after?: string) {
      const place = after === undefined ? undefined : placeOf(after);
      if (place === null) return { items: [], hasNext: false };
      const rows = await loadAudit(db.sql, { ...condition, after: place }, first + 1);
      return { items: rows.slice(0, first).map(viewOf), hasNext: rows.length > first };
    },
  };
}

/** `MILLISECONDS-NUMBER`; null for other text. */
function placeOf(id: string): { readonly at: Date; readonly id: string } | null {
  const [, ms = '', number = ''] = /^(\d{1,15})-(\d{1,18})$/.exec(id) ?? [];
  return findDatabaseKey(number) === undefined ? null : { at: new Date(Number(ms)), id: number };
}

function viewOf({ at, id, subjects, arguments: given, ...row }: AuditRow): AuditView {
  return { ...row, at, id: `${at.getTime()}-${id}`, subjects: [...subjects], arguments: given as Json };
}
