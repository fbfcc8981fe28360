/** Kept messages go when their time is over, a day at once; room for those of the next days is made ahead. */
import type { Database } from '../store/database';
import { movePartitions } from '../store/exchanges';
import type { TurnLog } from './turn';

/** How often a process looks. */
const EVERY_MS = 10 * 60_000;

export function createExchangeRetention(deps: {
  readonly db: Database;
  readonly keepMs: number;
  readonly log: Pick<TurnLog, 'warn'>;
  readonly now?: () => number;
}): { run(): Promise<void> } {
  const now = deps.now ?? Date.now;
  let nextAt = Number.NEGATIVE_INFINITY;
  return {
    /** Never rejects: what has no partition yet is kept beside them. */
    async run() {
      const at = now();
      if (at < nextAt) return;
      nextAt = at + EVERY_MS;
      try {
        await movePartitions(deps.db.sql, new Date(at), new Date(at - deps.keepMs));
      } catch (error) {
        nextAt = at;
        deps.log.warn({ err: error }, 'partitions of kept messages could not be moved; it is tried again');
      }
    },
  };
}
