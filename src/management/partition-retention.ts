/** What is kept for a while stands in partitions of a day: room is made ahead, and days go when their time is over. */
import { AUDIT } from '../store/audit';
import type { Database } from '../store/database';
import { ENDED_COMMANDS, ENDED_OPERATIONS } from '../store/ended-operations';
import { OTHER_EVENTS, VALUE_EVENTS } from '../store/events';
import { EXCHANGES } from '../store/exchanges';
import { movePartitions, type Partitioned } from '../store/partitions';
import type { TurnLog } from './turn';

/** How long each is kept, milliseconds. */
export interface KeptFor {
  readonly exchangesMs: number;
  readonly eventsMs: number;
  readonly historyMs: number;
  /** Of ended operations, counted from their end. */
  readonly operationsMs: number;
  readonly auditMs: number;
}

/** How often a process looks. */
const EVERY_MS = 10 * 60_000;

export function createPartitionRetention(deps: {
  readonly db: Database;
  readonly keep: KeptFor;
  readonly log: Pick<TurnLog, 'warn'>;
  readonly now?: () => number;
}): { run(): Promise<void> } {
  const { db, keep, log, now = Date.now } = deps;
  const tables: readonly (readonly [Partitioned, number, () => number])[] = [
    [EXCHANGES, keep.exchangesMs, now],
    // Their time is the database's.
    [OTHER_EVENTS, keep.eventsMs, Date.now],
    [VALUE_EVENTS, keep.historyMs, Date.now],
    [ENDED_OPERATIONS, keep.operationsMs, now],
    [ENDED_COMMANDS, keep.operationsMs, now],
    [AUDIT, keep.auditMs, now],
  ];
  let nextAt = Number.NEGATIVE_INFINITY;
  return {
    /** Never rejects: what has no partition yet is kept beside them. */
    async run() {
      if (now() < nextAt) return;
      nextAt = now() + EVERY_MS;
      for (const [table, keptMs, clock] of tables) {
        try {
          const span = { now: new Date(clock()), keepFrom: new Date(clock() - keptMs) };
          if (!(await movePartitions(db.sql, table, span))) nextAt = now();
        } catch (error) {
          nextAt = now();
          log.warn({ err: error, table: table.table }, 'partitions could not be moved; it is tried again');
        }
      }
    },
  };
}
