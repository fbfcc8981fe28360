/** Deliveries as they stand in the database: made from events in order, taken by one process at a time, done or given up. */
import type { Json } from '../../../adapters/adapter';
import type { Database } from '../../store/database';
import { IS_SERVED } from '../../store/events';

/** A delivery that was taken: nobody else takes it until its time is over. */
export interface Delivery {
  readonly device: string;
  readonly id: string;
  /** This one included; with it the end of a delivery is told from that of an older attempt. */
  readonly attempts: number;
  /** Id of the event. */
  readonly event: string;
  readonly type: string;
  readonly at: Date;
  readonly data: Json;
  /** Null for events of no device, and where it is gone. */
  readonly deviceId: string | null;
}

export interface Target {
  readonly name: string;
  /** Types of events; absent: all. */
  readonly events?: readonly string[];
}

const PAGE = 500;

/** Begins with what comes from now on, where the webhook is new. */
export async function ensureWebhook({ sql }: Database, name: string): Promise<void> {
  await sql.query(
    `INSERT INTO webhook (name, xact, event_id) VALUES ($1, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, 0)
     ON CONFLICT (name) DO NOTHING`,
    [name],
  );
}

/**
 * Makes deliveries of the events that are new to a webhook, in their order, unless another process is at it.
 *
 * @returns whether more may follow at once
 */
export async function deliverNew({ sql }: Database, { name, events }: Target, now: Date): Promise<boolean> {
  const [row] = await sql.query<{ read: string | number }>(
    `WITH hook AS (SELECT xact, event_id, written_at - interval '1 day' AS since FROM webhook WHERE name = $1 FOR UPDATE SKIP LOCKED),
     news AS (SELECT e.* FROM hook h CROSS JOIN LATERAL (SELECT * FROM event
         WHERE ${IS_SERVED} AND (xact, id) > (h.xact, h.event_id) AND written_at >= h.since ORDER BY xact, id LIMIT ${PAGE}) e),
     made AS (INSERT INTO webhook_delivery (device_id, webhook, xact, event_id, type, at, data, due_at)
       SELECT device_id, $1, xact, id, type, at, data, $2::timestamptz FROM news
       WHERE $3::text[] IS NULL OR type = ANY($3) ORDER BY xact, id),
     moved AS (UPDATE webhook w SET xact = l.xact, event_id = l.id, written_at = l.written_at
       FROM (SELECT xact, id, written_at FROM news ORDER BY xact DESC, id DESC LIMIT 1) l WHERE w.name = $1)
     SELECT count(*) AS read FROM news`,
    [name, now, events ?? null],
  );
  return Number(row?.read ?? 0) === PAGE;
}

/** Takes deliveries that are due, of each device the first that waits; they count as lost after `leaseMs`. */
export async function takeDue(
  { sql }: Database,
  webhook: string,
  most: number,
  now: Date,
  leaseMs: number,
): Promise<readonly Delivery[]> {
  return sql.query<Delivery>(
    `WITH due AS (SELECT w.device_id, w.id FROM webhook_delivery w
       WHERE w.webhook = $1 AND w.state = 'WAITING' AND w.due_at <= $3::timestamptz
         AND NOT EXISTS (SELECT 1 FROM webhook_delivery b WHERE b.webhook = $1 AND b.state = 'WAITING'
           AND b.device_id = w.device_id AND b.id < w.id)
       ORDER BY w.due_at, w.id LIMIT $2 FOR UPDATE SKIP LOCKED),
     taken AS (UPDATE webhook_delivery w SET attempts = w.attempts + 1, due_at = $4::timestamptz
       FROM due WHERE w.device_id = due.device_id AND w.id = due.id
       RETURNING w.device_id, w.id, w.attempts, w.xact, w.event_id, w.type, w.at, w.data)
     SELECT t.device_id AS device, t.id, t.attempts, t.xact || '.' || t.event_id AS event, t.type, t.at, t.data,
       d.device_id AS "deviceId"
     FROM taken t LEFT JOIN device d ON d.id = t.device_id ORDER BY t.id`,
    [webhook, most, now, new Date(now.getTime() + leaseMs)],
  );
}

export async function delivered({ sql }: Database, { device, id, attempts }: Delivery): Promise<void> {
  await sql.query('DELETE FROM webhook_delivery WHERE device_id = $1 AND id = $2 AND attempts = $3', [
    device,
    id,
    attempts,
  ]);
}

/** It is tried again at `dueAt`; null: it is given up. */
export async function failed(
  { sql }: Database,
  { device, id, attempts }: Delivery,
  problem: string,
  dueAt: Date | null,
): Promise<void> {
  await sql.query(
    `UPDATE webhook_delivery SET problem = $4, state = CASE WHEN $5::timestamptz IS NULL THEN 'DEAD' ELSE state END,
       due_at = COALESCE($5::timestamptz, due_at)
     WHERE device_id = $1 AND id = $2 AND attempts = $3 AND state = 'WAITING'`,
    [device, id, attempts, problem, dueAt],
  );
}
