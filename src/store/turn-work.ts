/** Third statement of a turn: what is queued for the device, through the partial index on queued commands. */
import type { ActiveCommandRow, ActiveOperationRow } from './turn-load';
import type { Sql } from './sql';

const WORK = `WITH q AS (
  SELECT c.operation_id, c.priority, c.position FROM command c JOIN operation o ON o.device_id = $1 AND o.id = c.operation_id
  WHERE c.device_id = $1 AND c.state = 'QUEUED' AND o.expires_at > $3::timestamptz AND (o.on_failure <> 'STOP' OR NOT EXISTS
    (SELECT 1 FROM command a WHERE a.device_id = $1 AND a.operation_id = o.id AND a.position < c.position AND a.state = 'ACCEPTED'))
  ORDER BY c.priority DESC, c.operation_id, c.position LIMIT $2
), ops AS (SELECT operation_id, max(priority) AS priority FROM q GROUP BY operation_id)
SELECT o.id, o.state, o.atomic, o.on_failure, o.expires_at, o.cancel_requested_at IS NOT NULL AS cancel_requested,
  c.position, c.kind, c.state AS command_state, c.moid, c.family, c.miid, c.path, c.uri, c.request, c.repeatable, c.outcome
FROM ops
JOIN operation o ON o.device_id = $1 AND o.id = ops.operation_id
JOIN command c ON c.device_id = $1 AND c.operation_id = o.id
ORDER BY ops.priority DESC, o.id, c.position`;

interface WorkRow {
  readonly id: string;
  readonly state: string;
  readonly atomic: boolean;
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
}

/**
 * Operations with queued commands, in the queue's order, each with all of its commands; `limit` counts queued commands.
 * Those behind a command that the device accepted and has not ended, and those that expired, take no one's place.
 */
export async function loadWork(tx: Sql, deviceKey: string, limit: number, now: Date): Promise<ActiveOperationRow[]> {
  const operations: (ActiveOperationRow & { commands: ActiveCommandRow[] })[] = [];
  for (const row of await tx.query<WorkRow>(WORK, [deviceKey, limit, now])) {
    let operation = operations.at(-1);
    if (operation?.id !== row.id) {
      operation = {
        id: row.id,
        state: row.state,
        atomic: row.atomic,
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
    });
  }
  return operations;
}
