/** What happens because time passes: operations expire, silent sessions end, repository items go. Any process does it, once. */
import type { Adapter } from '../../adapters/adapter';
import type { Database } from '../store/database';
import { loadOperation } from '../store/operations';
import type { Sql } from '../store/sql';
import { lockDevice } from '../store/turn-load';
import { LiveOperation } from './command-state';
import { settleOperation } from './settle';
import { forgetAnswers } from './show-secret';
import { OPERATION_CHANNEL, type TurnLog, type Turns } from './turn';

export interface TimerDeps {
  readonly db: Database;
  readonly turns: Turns;
  /** The adapter of a protocol as the session row names it. */
  readonly adapterOf: (protocol: string) => Adapter;
  readonly log: TurnLog;
  readonly everyMs: number;
  /** Told of devices (keys) whose session broke off before all work was done. */
  readonly wake?: (devices: readonly string[]) => Promise<void>;
  /** What else is done at each tick, by name. */
  readonly also?: Readonly<Record<string, () => Promise<unknown>>>;
  readonly now?: () => number;
}

const BATCH = 100;

export interface Timers {
  /** Does now what is due; tests call it instead of waiting. Throws an AggregateError of what could not be done. */
  runOnce(): Promise<void>;
  stop(): Promise<void>;
}

export function startTimers(deps: TimerDeps): Timers {
  let running: Promise<void> = Promise.resolve();
  let isBusy = false;
  const tick = (): void => {
    if (isBusy) return;
    isBusy = true;
    running = runDue(deps)
      .catch((error: unknown) => deps.log.error({ err: error }, 'timers failed; they run again at the next tick'))
      .finally(() => {
        isBusy = false;
      });
  };
  const interval = setInterval(tick, deps.everyMs);
  interval.unref();
  return {
    runOnce: async (): Promise<void> => {
      await running;
      await runDue(deps);
    },
    stop: async (): Promise<void> => {
      clearInterval(interval);
      await running;
    },
  };
}

async function runDue(deps: TimerDeps): Promise<void> {
  const now = new Date((deps.now ?? Date.now)());
  const { sql } = deps.db;
  const jobs: Readonly<Record<string, () => Promise<unknown>>> = {
    sessions: () => expireSessions(deps, now),
    operations: () => expireOperations(deps, now),
    ...deps.also,
    items: () => sql.query('DELETE FROM repository_item WHERE expires_at < $1::timestamptz', [now]),
    bootstraps: () => sql.query('DELETE FROM bootstrap_document WHERE expires_at < $1::timestamptz', [now]),
    answers: () => forgetAnswers(sql, now.getTime()),
  };
  const failed: Error[] = [];
  // One that fails does not keep the others waiting.
  for (const [job, run] of Object.entries(jobs)) {
    await run().catch((cause: unknown) => failed.push(new Error(`${job} could not be done`, { cause })));
  }
  if (failed.length > 0) throw new AggregateError(failed, failed.map(({ message }) => message).join('; '));
}

async function expireSessions(deps: TimerDeps, now: Date): Promise<void> {
  const due = await deps.db.sql.query<{ device_id: string; id: string; protocol: string }>(
    `SELECT d.device_id, s.id, s.protocol FROM session s JOIN device d ON d.id = s.device_id
     WHERE s.ended_at IS NULL AND s.expires_at < $1::timestamptz ORDER BY s.expires_at LIMIT ${BATCH}`,
    [now],
  );
  const waiting: string[] = [];
  for (const { device_id: device, id, protocol } of due) {
    await attempt(deps, { device, session: id }, async () => {
      const key = await deps.turns.expire(deps.adapterOf(protocol), device, id);
      if (key !== undefined) waiting.push(key);
    });
  }
  if (waiting.length > 0) await deps.wake?.(waiting);
}

async function expireOperations(deps: TimerDeps, now: Date): Promise<void> {
  const due = await deps.db.sql.query<{ device: string; id: string }>(
    `SELECT device_id AS device, id FROM operation WHERE ended_at IS NULL AND expires_at < $1::timestamptz ORDER BY expires_at LIMIT ${BATCH}`,
    [now],
  );
  for (const { device, id } of due) {
    await attempt(deps, { device, operation: id }, async () => {
      const isChanged = await deps.db.sql.transaction((tx) => expireOne(tx, device, id, now));
      if (isChanged) deps.db.notify(OPERATION_CHANNEL, `${device}.${id}`);
    });
  }
}

/** What fails for one device is told, and does not keep the others waiting. */
async function attempt(deps: TimerDeps, which: object, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    deps.log.error({ err: error, ...which }, 'what was due could not be done; it is tried again at the next tick');
  }
}

/**
 * Queued commands expire; an accepted exec of which nothing was heard timed out; what is sent is still waited for while the
 * device is in a session.
 */
async function expireOne(tx: Sql, device: string, id: string, now: Date): Promise<boolean> {
  await lockDevice(tx, device);
  const row = await loadOperation(tx, device, id);
  if (row === null || row.endedAt !== null || row.expiresAt > now) return false;
  const [session] = await tx.query('SELECT 1 FROM session WHERE device_id = $1 AND ended_at IS NULL', [device]);
  const live = new LiveOperation({
    ...row,
    cancelRequested: row.cancelRequestedAt !== null,
    expiresAt: row.expiresAt.toISOString(),
  });
  for (const command of live.commands) {
    if (session === undefined) live.unanswered(command, 'the session ended before the device answered');
    if (command.state === 'ACCEPTED')
      live.answered(command, { outcome: 'TIMED_OUT', error: 'the device accepted the command and never told its end' });
  }
  live.end('EXPIRED');
  return settleOperation(tx, device, live, now);
}
