/** Events that are over go, some at a time; any process may do it. */
import type { Database } from '../../store/database';

export interface EventRetentionDeps {
  readonly db: Database;
  /** How long events are kept, and those that tell of changed values, milliseconds. */
  readonly eventsMs: number;
  readonly historyMs: number;
  readonly log: { error(detail: object, message: string): void };
  readonly now?: () => number;
}

const BATCH = 5_000;
/** Runs that are not told otherwise look this often. */
const EVERY_MS = 60_000;

const FORGET = `DELETE FROM event WHERE (device_id, id) IN (SELECT device_id, id FROM event
  WHERE at < $1::timestamptz AND (type = 'valuesChanged') = $2 LIMIT ${BATCH} FOR UPDATE SKIP LOCKED) RETURNING 1`;

export interface EventRetention {
  /** Takes away one batch of each kind, where it is time to look; the next run goes on where a batch was full. */
  run(): Promise<void>;
}

export function createEventRetention(deps: EventRetentionDeps): EventRetention {
  const { db, eventsMs, historyMs, log, now = Date.now } = deps;
  let dueAt = Number.NEGATIVE_INFINITY;
  const forget = async (): Promise<void> => {
    const at = now();
    if (at < dueAt) return;
    let isFull = false;
    for (const [isHistory, keptMs] of [
      [false, eventsMs],
      [true, historyMs],
    ] as const) {
      const gone = await db.sql.query(FORGET, [new Date(at - keptMs), isHistory]);
      isFull ||= gone.length === BATCH;
    }
    dueAt = isFull ? Number.NEGATIVE_INFINITY : at + EVERY_MS;
  };
  return {
    run: () =>
      forget().catch((error: unknown) =>
        log.error({ err: error }, 'old events could not be deleted; they are at the next tick'),
      ),
  };
}
