/** Operations that ended a while ago: moved out of the tables that turns work on, into partitions by the day of their end. */
import type { Partitioned } from './partitions';
import type { Sql } from './sql';

export const ENDED_OPERATIONS: Partitioned = { table: 'ended_operation', column: 'ended_at' };
export const ENDED_COMMANDS: Partitioned = { table: 'ended_command', column: 'ended_at' };

const OPERATION = `device_id, id, ended_at, created_at, expires_at, cancel_requested_at, priority, atomic, sequence, state, on_failure,
  caller, cancelled_by, idempotency_key, request_sha256`;
const COMMAND = `device_id, operation_id, sent_at, answered_at, position, status_code, repeatable, emulated, kind, state, moid, family,
  miid, path, uri, request, outcome, error, result, result_meta, carrier`;

/** What still follows from how an operation ended is read where it is: it stays. */
const IS_NEEDED = `(EXISTS (SELECT FROM profile_device r WHERE r.device_id = o.device_id AND r.operation_id = o.id)
    OR EXISTS (SELECT FROM mo_subscription s WHERE s.device_id = o.device_id AND s.operation_id = o.id)
    OR EXISTS (SELECT FROM delegation g WHERE g.device_id = o.device_id AND g.operation_id = o.id AND g.ended_at IS NULL))`;

/** Values that were stored apart go with the command that carried them. */
const MOVE = `WITH due AS (
  SELECT o.device_id, o.id FROM operation o
  WHERE o.ended_at >= $1::timestamptz AND o.ended_at < $2::timestamptz AND NOT ${IS_NEEDED}
  ORDER BY o.ended_at LIMIT $3 FOR UPDATE OF o SKIP LOCKED),
c AS (DELETE FROM command c USING due WHERE c.device_id = due.device_id AND c.operation_id = due.id RETURNING c.*),
b AS (DELETE FROM blob b USING c WHERE c.request -> 'value' ->> 'k' = 'r' AND b.device_id = c.device_id
  AND b.id = (c.request -> 'value' ->> 'd')::bigint),
o AS (DELETE FROM operation o USING due WHERE o.device_id = due.device_id AND o.id = due.id RETURNING o.*),
commands AS (INSERT INTO ended_command (ended_at, ${COMMAND})
  SELECT o.ended_at, ${COMMAND.replace(/\w+/g, 'c.$&')} FROM o JOIN c ON c.device_id = o.device_id AND c.operation_id = o.id),
operations AS (INSERT INTO ended_operation (${OPERATION}) SELECT ${OPERATION} FROM o)
SELECT count(*)::int AS moved, max(ended_at) AS last FROM o`;

/** When the first of those ended that ended between two points in time; null where none did. */
export async function firstEnded(sql: Sql, from: Date, until: Date): Promise<Date | null> {
  const [row] = await sql.query<{ at: Date }>(
    `SELECT ended_at AS at FROM operation WHERE ended_at >= $1::timestamptz AND ended_at < $2::timestamptz ORDER BY ended_at LIMIT 1`,
    [from, until],
  );
  return row?.at ?? null;
}

/**
 * Moves operations that ended from `from` on and before `until`, the oldest first, unless another process is at them.
 *
 * @returns how many, and when the last of them ended
 */
export async function moveEnded(
  sql: Sql,
  from: Date,
  until: Date,
  most: number,
): Promise<{ readonly moved: number; readonly last: Date | null }> {
  const [row] = await sql.query<{ moved: number; last: Date | null }>(MOVE, [from, until, most]);
  return row ?? { moved: 0, last: null };
}
