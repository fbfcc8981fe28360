/** Ended sessions, alerts and the security log go when their time is over. Any process does it, some rows at a time. */
import type { Database } from '../store/database';
import { deleteLogged, deleteSessions, FIRST_SESSION, type Logged } from '../store/row-retention';

/** Rows of one statement. */
const BATCH = 500;
/** Of each table at one tick. */
const BATCHES = 10;
/** How often is looked where all was done. */
const EVERY_MS = 60_000;
/** How often is looked again for sessions that had to stay when they were passed. */
const ANEW_MS = 86_400_000;

/** How long each is kept, milliseconds: sessions from their end, the others from when they were written. */
export interface RowsKeptFor {
  readonly sessionsMs: number;
  readonly alertsMs: number;
  readonly securityMs: number;
}

export interface RowRetention {
  /** Deletes what is due; the next call goes on where that was not all. Throws an AggregateError of what could not be done. */
  run(): Promise<void>;
}

export function createRowRetention(deps: {
  readonly db: Database;
  readonly keep: RowsKeptFor;
  readonly now?: () => number;
}): RowRetention {
  const { db, keep, now = Date.now } = deps;
  const jobs = [
    throttled(sessionBatches(deps, now)),
    throttled(loggedBatches(db, 'alert', keep.alertsMs)),
    throttled(loggedBatches(db, 'security_log', keep.securityMs)),
  ];
  return {
    async run() {
      const at = now();
      const failed: unknown[] = [];
      for (const job of jobs) await job(at).catch((error: unknown) => failed.push(error));
      if (failed.length > 0) throw new AggregateError(failed, 'rows whose time is over could not be deleted');
    },
  };
}

/** Does a batch at a point in time; whether there may be more. */
type Batch = (at: number) => Promise<boolean>;

function throttled(batch: Batch): (at: number) => Promise<void> {
  let dueAt = Number.NEGATIVE_INFINITY;
  return async (at) => {
    if (at < dueAt) return;
    for (let done = 0; done < BATCHES; done += 1) {
      if (await batch(at)) continue;
      dueAt = at + EVERY_MS;
      return;
    }
  };
}

function loggedBatches(db: Database, table: Logged, keptMs: number): Batch {
  return async (at) => (await deleteLogged(db.sql, table, new Date(at - keptMs), BATCH)) === BATCH;
}

function sessionBatches({ db, keep }: { readonly db: Database; readonly keep: RowsKeptFor }, now: () => number): Batch {
  let after = FIRST_SESSION;
  let anewAt = now() + ANEW_MS;
  return async (at) => {
    if (at >= anewAt) {
      after = FIRST_SESSION;
      anewAt = at + ANEW_MS;
    }
    const found = await deleteSessions(db.sql, after, new Date(at - keep.sessionsMs), BATCH);
    after = found?.last ?? after;
    return found?.looked === BATCH;
  };
}
