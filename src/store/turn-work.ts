/** Third statement of a turn: what is queued for the device, or the part of a large value that is sent now. */
import type { ActiveCommandRow, ActiveOperationRow } from './turn-load';
import { MADE_OF_INPUT, type Sql } from './sql';

// Through the partial index on queued commands: its order is asked for where it is read, and nothing else is looked at where it
// has nothing. Stored values come as far as a message could carry them.
const QUEUED_WORK = `WITH q AS (
  SELECT c.operation_id, c.priority, c.position, CASE WHEN c.request -> 'value' ->> 'k' = 'r' THEN (c.request -> 'value' ->> 'd')::bigint END AS blob
  FROM (SELECT * FROM command WHERE device_id = $1 AND state = 'QUEUED' ORDER BY priority DESC, operation_id, position) c
  CROSS JOIN LATERAL (SELECT * FROM operation WHERE device_id = $1 AND id = c.operation_id LIMIT 1) o
  WHERE o.expires_at > $3::timestamptz AND (o.on_failure <> 'STOP' OR NOT EXISTS
    (SELECT 1 FROM command a WHERE a.device_id = $1 AND a.operation_id = o.id AND a.position < c.position AND a.state = 'ACCEPTED'))
  ORDER BY c.priority DESC, c.operation_id, c.position LIMIT $2
), ops AS (SELECT operation_id, max(priority) AS priority FROM q GROUP BY operation_id),
stored AS (SELECT q.operation_id, q.position, b.id,
    sum(b.length) OVER (ORDER BY q.priority DESC, q.operation_id, q.position) - b.length AS before
  FROM q JOIN blob b ON b.device_id = $1 AND b.id = q.blob)
SELECT ops.priority AS of_priority, o.id, o.state, o.atomic, o.sequence, o.on_failure, o.expires_at,
  o.cancel_requested_at IS NOT NULL AS cancel_requested, c.position, c.kind, c.state AS command_state, c.moid, c.family, c.miid, c.path, c.uri, c.request, c.repeatable, c.outcome,
  (SELECT substring(b.octets FROM 1 FOR $4) FROM stored s JOIN blob b ON b.device_id = $1 AND b.id = s.id
    WHERE s.operation_id = o.id AND s.position = c.position AND s.before < $4) AS head
FROM ops
JOIN operation o ON o.device_id = $1 AND o.id = ops.operation_id
JOIN command c ON c.device_id = $1 AND c.operation_id = o.id
WHERE EXISTS (SELECT FROM q)`;
/** $1 device, $2 most commands, $3 now, $4 octets of stored values. */
export const WORK = `${QUEUED_WORK}
ORDER BY ops.priority DESC, o.id, c.position`;

interface WorkRow {
  readonly id: string;
  readonly state: string;
  readonly atomic: boolean;
  readonly sequence: boolean;
  readonly on_failure: 'STOP' | 'CONTINUE';
  readonly expires_at: Date;
  readonly cancel_requested: boolean;
  readonly position: number;
  readonly kind: string;
  readonly command_state: string;
  readonly moid: string | null;
  readonly family: string | null;
  readonly miid: string | null;
  readonly path: string;
  readonly uri: string | null;
  readonly request: Record<string, unknown>;
  readonly repeatable: boolean;
  readonly outcome: string | null;
  readonly head: Buffer | null;
}

/**
 * Operations with queued commands, in the queue's order, each with all of its commands; `limit` counts queued commands.
 * Those behind a command that the device accepted and has not ended, and those that expired, take no one's place.
 *
 * @param octets of each stored value; of those that come after as many octets none is loaded
 */
export async function loadWork(
  tx: Sql,
  deviceKey: string,
  limit: number,
  now: Date,
  octets: number,
): Promise<ActiveOperationRow[]> {
  return operationsOf(await tx.query<WorkRow>(WORK, [deviceKey, limit, now, octets]));
}

/** Something that is told of the device beside its work, by the same statement. */
export interface Look {
  readonly text: string;
  /** Of the statement from $5 on. */
  readonly values: readonly unknown[];
}

/** $1 to $4 of a look's statement are those of the work. */
export const WORK_PARAMETERS = 4;

/**
 * The statement of {@link loadWorkAndLook}.
 *
 * @param expression scalar over the device's row `d`
 */
export function lookText(expression: string): string {
  // What is seen stands in the first row, which is there without work as well.
  const order = 'w.of_priority DESC, w.id, w.position';
  return `${MADE_OF_INPUT}SELECT w.*, CASE WHEN row_number() OVER (ORDER BY ${order}) = 1
    THEN (SELECT ${expression} FROM device d WHERE d.id = $1) END AS look
  FROM (SELECT 1) one LEFT JOIN (${QUEUED_WORK}) w ON true ORDER BY ${order}`;
}

/** As {@link loadWork}, with what a look sees. */
export async function loadWorkAndLook<T>(
  tx: Sql,
  deviceKey: string,
  limit: number,
  now: Date,
  octets: number,
  look: Look,
): Promise<{ readonly operations: ActiveOperationRow[]; readonly seen: T | null }> {
  const rows = await tx.query<(WorkRow | { readonly id: null }) & { readonly look: T | null }>(look.text, [
    deviceKey,
    limit,
    now,
    octets,
    ...look.values,
  ]);
  const work = rows.filter((row): row is WorkRow & { readonly look: T | null } => row.id !== null);
  return { operations: operationsOf(work), seen: rows[0]?.look ?? null };
}

function operationsOf(rows: readonly WorkRow[]): ActiveOperationRow[] {
  const operations: (ActiveOperationRow & { commands: ActiveCommandRow[] })[] = [];
  for (const row of rows) {
    let operation = operations.at(-1);
    if (operation?.id !== row.id) {
      operation = {
        id: row.id,
        state: row.state,
        atomic: row.atomic,
        sequence: row.sequence,
        onFailure: row.on_failure,
        expiresAt: row.expires_at.toISOString(),
        cancelRequested: row.cancel_requested,
        commands: [],
      };
      operations.push(operation);
    }
    operation.commands.push({
      position: row.position,
      kind: row.kind,
      state: row.command_state,
      moid: row.moid,
      family: row.family,
      miid: row.miid,
      path: row.path,
      uri: row.uri,
      request: row.request,
      repeatable: row.repeatable,
      outcome: row.outcome,
      ...(row.head === null ? {} : { head: row.head }),
    });
  }
  return operations;
}

export interface SliceOf {
  /** Key of a value in `blob`; null: what the session keeps under `ref`. */
  readonly blob: string | null;
  readonly ref: string | null;
  readonly offset: number;
  readonly length: number;
}

/** A part of a large value, in place of the work; empty where the store has it no more. */
export async function loadSlice(tx: Sql, deviceKey: string, sessionId: string | null, slice: SliceOf): Promise<Buffer> {
  const [row] = await tx.query<{ octets: Buffer }>(
    `SELECT substring(b.octets FROM $3 FOR $4) AS octets FROM blob b WHERE b.device_id = $1 AND b.id = $2::bigint
     UNION ALL SELECT substring(m.octets FROM $3 FOR $4) FROM message_chunk m
       WHERE m.device_id = $1 AND m.session_id = $5::bigint AND m.ref = $6 AND m.position = 0`,
    [deviceKey, slice.blob, slice.offset + 1, slice.length, sessionId, slice.ref],
  );
  return row?.octets ?? Buffer.alloc(0);
}
