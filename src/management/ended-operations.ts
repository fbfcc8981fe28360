/** Operations that ended a while ago leave the tables that turns work on. Any process does it, some at a time. */
import type { Database } from '../store/database';
import { ENDED_COMMANDS, ENDED_OPERATIONS, firstEnded, moveEnded } from '../store/ended-operations';
import { movePartitions } from '../store/partitions';

/** Of one statement. */
const BATCH = 500;
/** At one tick. */
const BATCHES = 5;
/** How often is looked where all was moved. */
const EVERY_MS = 60_000;
/** How often is looked again for those that had to stay when they were passed. */
const ANEW_MS = 3_600_000;

export interface EndedOperations {
  /** Moves what is due; the next call goes on where that was not all. */
  run(): Promise<void>;
}

export function createEndedOperations(deps: {
  readonly db: Database;
  /** How long ended operations stay where they are, and how long they are kept after their end, milliseconds. */
  readonly recentMs: number;
  readonly keptMs: number;
  readonly now?: () => number;
}): EndedOperations {
  const { db, recentMs, keptMs, now = Date.now } = deps;
  const beginning = new Date(0);
  let from = beginning;
  let dueAt = Number.NEGATIVE_INFINITY;
  let anewAt = now() + ANEW_MS;
  return {
    async run() {
      const at = now();
      if (at < dueAt) return;
      if (at >= anewAt) {
        from = beginning;
        anewAt = at + ANEW_MS;
      }
      const until = new Date(at - recentMs);
      const first = await firstEnded(db.sql, from, until);
      if (first !== null) {
        const span = { now: new Date(at), from: first, keepFrom: new Date(at - keptMs) };
        for (const table of [ENDED_OPERATIONS, ENDED_COMMANDS])
          if (!(await movePartitions(db.sql, table, span))) return;
        for (let batch = 0; batch < BATCHES; batch += 1) {
          const { moved, last } = await moveEnded(db.sql, from, until, BATCH);
          // Where fewer came, what is left was looked at and had to stay.
          from = moved < BATCH ? until : (last ?? from);
          if (moved < BATCH) break;
          if (batch === BATCHES - 1) return;
        }
      }
      dueAt = at + EVERY_MS;
    },
  };
}
