/** Operations in the store: one statement to accept one, one to show one. */
import type { ActiveCommandRow } from './turn-load';
import type { Sql } from './sql';

export interface TargetRow {
  readonly key: string;
  readonly deviceId: string;
  readonly protocol: string | null;
  readonly isDiscovered: boolean;
  readonly accountId: string;
  readonly serverId: string;
  readonly tags: readonly string[];
  /** The latest by which another gateway delegated it to this one. */
  readonly taken: { readonly state: string; readonly until: string | null } | null;
  readonly acls: readonly {
    readonly family: string;
    readonly miid: string;
    readonly path: string;
    readonly acl: string;
    readonly inherited: boolean;
    readonly observedAt: string;
  }[];
  /** Values of its access-control object, where ACLs are wanted. */
  readonly access: readonly unknown[];
  readonly mos: readonly {
    readonly family: string;
    readonly moid: string;
    readonly miid: string;
    readonly place: string | null;
  }[];
}

/**
 * A device with its MOs, as far as judging commands needs it.
 *
 * @param withAcls whether the ACLs that were seen on it are wanted
 */
export async function loadTarget(sql: Sql, deviceId: string, withAcls = false): Promise<TargetRow | null> {
  const [row] = await sql.query<TargetRow>(
    `SELECT d.id AS key, d.device_id AS "deviceId", d.protocol, d.discovered_at IS NOT NULL AS "isDiscovered",
       d.account_id AS "accountId", a.server_id AS "serverId", d.tags,
       (SELECT jsonb_build_object('state', g.state, 'until', g.until) FROM delegation g
         WHERE g.device_id = d.id AND g.direction = 'TAKEN' ORDER BY g.id DESC LIMIT 1) AS taken,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('family', l.family, 'miid', l.miid, 'path', l.path, 'acl', l.acl, 'inherited', l.inherited, 'observedAt', l.observed_at))
         FROM acl l WHERE $2 AND l.device_id = d.id), '[]') AS acls,
       COALESCE((SELECT jsonb_agg(m."values") FROM management_object m
         WHERE $2 AND m.device_id = d.id AND m.family = 'urn:oma:mo:oma-dm-dacmo'), '[]') AS access,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('family', m.family, 'moid', m.moid, 'miid', m.miid, 'place', m.place))
         FROM management_object m WHERE m.device_id = d.id), '[]') AS mos
     FROM device d JOIN account a ON a.id = d.account_id WHERE d.device_id = $1`,
    [deviceId, withAcls],
  );
  return row ?? null;
}

export interface NewOperation {
  readonly atomic: boolean;
  readonly sequence?: boolean;
  readonly onFailure: 'STOP' | 'CONTINUE';
  /** 0 when left out. */
  readonly priority?: number;
  readonly caller: string;
  readonly idempotencyKey: string | null;
  readonly requestSha256: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly commands: readonly unknown[];
  readonly blobs: readonly NewBlob[];
}
/** A long value of the operation's commands, whose requests name it by its digest. */
export interface NewBlob {
  readonly sha256: string;
  readonly length: number;
  readonly base64: string;
}

/** Stores an operation with its commands, or finds the one that the same caller stored under the same key. */
export async function insertOperation(
  sql: Sql,
  deviceKey: string,
  operation: NewOperation,
): Promise<{ id: string; isNew: boolean; requestSha256: string | null }> {
  const values = [
    deviceKey,
    operation.atomic,
    operation.onFailure,
    operation.caller,
    operation.idempotencyKey,
    operation.requestSha256,
    operation.createdAt,
    operation.expiresAt,
    JSON.stringify(operation.commands),
    JSON.stringify(operation.blobs),
    operation.sequence ?? false,
    operation.priority ?? 0,
  ];
  const [row] = await sql.query<{ id: string }>(
    `WITH o AS (INSERT INTO operation (device_id, atomic, on_failure, caller, idempotency_key, request_sha256, created_at, expires_at, sequence, priority)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $11, $12)
       ON CONFLICT (device_id, caller, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING RETURNING id),
     b AS (INSERT INTO blob (device_id, sha256, length, octets, created_at) SELECT $1, x.sha256, x.length, decode(x.base64, 'base64'), $7
       FROM o, jsonb_to_recordset($10::jsonb) AS x(sha256 text, length bigint, base64 text) RETURNING id, sha256),
     c AS (INSERT INTO command (device_id, operation_id, position, priority, kind, moid, family, miid, path, uri, request, repeatable, emulated)
       SELECT $1, o.id, x.position, $12, x.kind, x.moid, x.family, x.miid, x.path, x.uri,
         CASE WHEN b.id IS NULL THEN x.request ELSE jsonb_set(x.request, '{value,d}', to_jsonb(b.id::text)) END, x.repeatable, x.emulated
       FROM o CROSS JOIN jsonb_to_recordset($9::jsonb) AS x(position int, kind text, moid text, family text, miid text, path text, uri text, request jsonb,
         repeatable boolean, emulated boolean) LEFT JOIN b ON x.request -> 'value' ->> 'k' = 'r' AND b.sha256 = x.request -> 'value' ->> 'd'),
     e AS (INSERT INTO event (device_id, type, data) SELECT $1, 'operationAccepted', jsonb_build_object('operation', o.id::text) FROM o)
     SELECT id FROM o`,
    values,
  );
  if (row !== undefined) return { id: row.id, isNew: true, requestSha256: operation.requestSha256 };
  const known =
    operation.idempotencyKey === null
      ? null
      : await findOperationByKey(sql, deviceKey, operation.caller, operation.idempotencyKey);
  if (known === null) throw new Error('an operation was neither stored nor found');
  return { ...known, isNew: false };
}

/** What a caller stored for a device under an idempotency key, as long as it is kept. */
export async function findOperationByKey(
  sql: Sql,
  deviceKey: string,
  caller: string,
  idempotencyKey: string,
): Promise<{ readonly id: string; readonly requestSha256: string | null } | null> {
  // What is moved in between stands in the second one when the first one has it no more.
  for (const table of ['operation', 'ended_operation']) {
    const [row] = await sql.query<{ id: string; requestSha256: string | null }>(
      `SELECT id, request_sha256 AS "requestSha256" FROM ${table} WHERE device_id = $1 AND caller = $2 AND idempotency_key = $3`,
      [deviceKey, caller, idempotencyKey],
    );
    if (row !== undefined) return row;
  }
  return null;
}

export interface OperationRow {
  readonly id: string;
  readonly device: string;
  readonly state: string;
  readonly caller: string;
  readonly atomic: boolean;
  readonly sequence?: boolean;
  readonly onFailure: 'STOP' | 'CONTINUE';
  readonly priority: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  /** Principal. */
  readonly cancelledBy?: string | null;
  /** A bearer took a wake-up of the device that is still open. */
  readonly isNotified?: boolean;
  readonly commands: readonly (ActiveCommandRow & {
    readonly statusCode: number | null;
    readonly error: string | null;
    readonly result: unknown;
    readonly resultMeta: unknown;
    readonly emulated: boolean;
    readonly carrier: string | null;
    readonly answeredAt: string | null;
  })[];
}

const operationText = (
  operations: string,
  commands: string,
  more = '',
  many = false,
): string => `SELECT o.id, o.device_id AS device, o.state, o.caller, o.atomic, o.sequence, o.on_failure AS "onFailure", o.priority, o.created_at AS "createdAt", o.expires_at AS "expiresAt",
  o.ended_at AS "endedAt", o.cancel_requested_at AS "cancelRequestedAt", o.cancelled_by AS "cancelledBy",
  EXISTS (SELECT 1 FROM wake_up w WHERE w.device_id = o.device_id AND w.ended_at IS NULL AND w.accepted_at IS NOT NULL) AS "isNotified",
  (SELECT jsonb_agg(jsonb_build_object('position', c.position, 'kind', c.kind, 'moid', c.moid, 'family', c.family, 'miid', c.miid,
    'path', c.path, 'uri', c.uri, 'state', c.state, 'outcome', c.outcome, 'statusCode', c.status_code, 'error', c.error,
    'result', c.result, 'resultMeta', c.result_meta, 'emulated', c.emulated, 'carrier', c.carrier, 'request', c.request,
    'repeatable', c.repeatable, 'answeredAt', c.answered_at) ORDER BY c.position)
    FROM ${commands} c WHERE c.device_id = o.device_id AND c.operation_id = o.id${more}) AS commands
FROM ${many ? `unnest($1::bigint[], $2::bigint[], $3::text[]) AS k(device_id, id, caller) JOIN ${operations} o ON o.device_id = k.device_id AND o.id = k.id AND (k.caller IS NULL OR o.caller = k.caller)` : `${operations} o WHERE o.device_id = $1 AND o.id = $2 AND ($3::text IS NULL OR o.caller = $3)`}`;
const OPERATION = operationText('operation', 'command');
// Of the commands' partitions it looks at that of the operation's end alone.
const ENDED_OPERATION = operationText('ended_operation', 'ended_command', ' AND c.ended_at = o.ended_at');

const OPERATIONS = operationText('operation', 'command', '', true);
const ENDED_OPERATIONS = operationText('ended_operation', 'ended_command', ' AND c.ended_at = o.ended_at', true);

/** Operations with their commands, wherever they stand, in no order: by two statements at most. */
export async function loadOperations(
  sql: Sql,
  keys: readonly { readonly device: string; readonly id: string; readonly ofCaller?: string | undefined }[],
): Promise<readonly OperationRow[]> {
  const found: OperationRow[] = [];
  for (const text of [OPERATIONS, ENDED_OPERATIONS]) {
    const isFound = new Set(found.map(({ device, id }) => `${device}.${id}`));
    const left = keys.filter(({ device, id }) => !isFound.has(`${device}.${id}`));
    if (left.length > 0)
      found.push(
        ...(await sql.query<OperationRow>(text, [
          left.map(({ device }) => device),
          left.map(({ id }) => id),
          left.map(({ ofCaller }) => ofCaller ?? null),
        ])),
      );
  }
  return found;
}

/**
 * An operation with its commands, wherever it stands.
 *
 * @param caller whose it must be; absent: anybody's. One of others is looked for as one that is not there.
 */
export async function loadOperation(
  sql: Sql,
  deviceKey: string,
  id: string,
  caller?: string,
): Promise<OperationRow | null> {
  for (const text of [OPERATION, ENDED_OPERATION]) {
    const [row] = await sql.query<OperationRow>(text, [deviceKey, id, caller ?? null]);
    if (row !== undefined) return row;
  }
  return null;
}
