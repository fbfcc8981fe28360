/** Rows that are kept for a while in tables without partitions: sessions that ended, alerts, the security log. */
import type { Sql } from './sql';

/** Of each device: enough for a repeated message (the last one) and for how often it usually comes (two intervals). */
const LAST_SESSIONS = 3;

/** A session in the order in which they ended. */
export interface SessionPlace {
  readonly endedAt: Date;
  readonly device: string;
  readonly id: string;
}

/** Before all of them. */
export const FIRST_SESSION: SessionPlace = { endedAt: new Date(0), device: '0', id: '0' };

// What is looked at is bounded, not what is deleted: sessions of devices that came no more stay, and may be many.
const DELETE_SESSIONS = `WITH looked AS (
  SELECT device_id, id, ended_at FROM session
  WHERE ended_at >= $1::timestamptz AND (ended_at, device_id, id) > ($1::timestamptz, $2::bigint, $3::bigint) AND ended_at < $4::timestamptz
  ORDER BY ended_at, device_id, id LIMIT $5),
due AS (
  SELECT s.device_id, s.id FROM looked l JOIN session s ON s.device_id = l.device_id AND s.id = l.id
  WHERE EXISTS (SELECT FROM session n WHERE n.device_id = l.device_id AND n.id > l.id OFFSET ${LAST_SESSIONS - 1})
  FOR UPDATE OF s SKIP LOCKED),
gone AS (DELETE FROM session s USING due WHERE s.device_id = due.device_id AND s.id = due.id)
SELECT l.device_id AS device, l.id, l.ended_at AS "endedAt", (SELECT count(*)::int FROM looked) AS looked
FROM looked l ORDER BY l.ended_at DESC, l.device_id DESC, l.id DESC LIMIT 1`;

/**
 * Looks at sessions that ended after a place and before `until`, in that order, and deletes those which are none of the
 * last of their device, unless another process is at them.
 *
 * @param most  sessions that are looked at
 * @returns how many were looked at, and the last of them; null where there was none
 */
export async function deleteSessions(
  sql: Sql,
  after: SessionPlace,
  until: Date,
  most: number,
): Promise<{ readonly looked: number; readonly last: SessionPlace } | null> {
  const [row] = await sql.query<SessionPlace & { looked: number }>(DELETE_SESSIONS, [
    after.endedAt,
    after.device,
    after.id,
    until,
    most,
  ]);
  return row === undefined ? null : { looked: row.looked, last: row };
}

/** Tables whose rows are over a while after they were written. */
export type Logged = 'alert' | 'security_log';

/** Deletes the oldest rows from before `until`, unless another process is at them; returns how many. */
export async function deleteLogged(sql: Sql, table: Logged, until: Date, most: number): Promise<number> {
  const [row] = await sql.query<{ gone: number }>(
    `WITH due AS (SELECT device_id, id FROM ${table} WHERE at < $1::timestamptz ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED),
     gone AS (DELETE FROM ${table} t USING due WHERE t.device_id = due.device_id AND t.id = due.id RETURNING 1)
     SELECT count(*)::int AS gone FROM gone`,
    [until, most],
  );
  return row?.gone ?? 0;
}
