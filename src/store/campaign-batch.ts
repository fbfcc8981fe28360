/** Batches of a campaign in the store: its devices chosen, some of them started, operations made for them. */
import type { NewBlob, TargetRow } from './operations';
import { MADE_OF_INPUT, type Sql } from './sql';

/**
 * The statement that makes one narrow row for each device that a condition chooses, and tells how many they are. $1: the
 * campaign; $2: the zone of devices of which none is known, or null where zones do not matter.
 *
 * @param which condition over a row `d` of `device`
 */
export function targetsText(which: string): string {
  return `${MADE_OF_INPUT}WITH t AS (INSERT INTO campaign_device (device_id, campaign_id, time_zone)
    SELECT d.id, $1::bigint, CASE WHEN $2::text IS NOT NULL THEN COALESCE(d.time_zone, $2::text) END FROM device d WHERE ${which}
    RETURNING 1) SELECT count(*)::int AS count FROM t`;
}

export interface DueCampaign {
  readonly id: string;
  readonly caller: string;
  readonly files: readonly string[];
}

export async function dueCampaigns(sql: Sql, now: Date, first: number): Promise<readonly DueCampaign[]> {
  return sql.query<DueCampaign>(
    `SELECT id, caller, rules -> 'files' AS files FROM campaign
     WHERE ended_at IS NULL AND state <> 'PAUSED' AND due_at <= $1::timestamptz ORDER BY due_at LIMIT $2`,
    [now, first],
  );
}

/** Whether it is still due, and nobody else's: it is the transaction's then. */
export async function takeCampaign(tx: Sql, id: string, now: Date): Promise<boolean> {
  const rows = await tx.query(
    `SELECT id FROM campaign WHERE id = $1 AND ended_at IS NULL AND state <> 'PAUSED' AND due_at <= $2::timestamptz
     FOR UPDATE SKIP LOCKED`,
    [id, now],
  );
  return rows.length > 0;
}

export async function loadTemplate(sql: Sql, id: string): Promise<unknown> {
  const [row] = await sql.query<{ commands: unknown }>('SELECT commands FROM campaign WHERE id = $1', [id]);
  return row?.commands;
}

/**
 * Devices whose turn comes, locked; of these zones, or of any. One that is being deleted is left out: waiting for it would
 * wait for one another.
 */
export async function pickDevices(
  tx: Sql,
  id: string,
  zones: readonly string[] | null,
  first: number,
): Promise<readonly string[]> {
  const rows = await tx.query<{ device: string }>(
    `SELECT c.device_id AS device FROM campaign_device c JOIN device d ON d.id = c.device_id
     WHERE c.campaign_id = $1 AND c.state = 'QUEUED' AND ($2::text[] IS NULL OR c.time_zone = ANY($2))
     ORDER BY c.device_id LIMIT $3 FOR UPDATE OF c SKIP LOCKED FOR KEY SHARE OF d SKIP LOCKED`,
    [id, zones, first],
  );
  return rows.map(({ device }) => device);
}

/** Devices with their MOs, as far as judging commands needs it. */
export async function loadTargets(sql: Sql, keys: readonly string[]): Promise<readonly TargetRow[]> {
  return sql.query<TargetRow>(
    `SELECT d.id AS key, d.device_id AS "deviceId", d.protocol, d.discovered_at IS NOT NULL AS "isDiscovered",
       d.account_id AS "accountId", a.server_id AS "serverId", d.tags, '[]'::jsonb AS acls, '[]'::jsonb AS access,
       (SELECT jsonb_build_object('state', g.state, 'until', g.until) FROM delegation g
         WHERE g.device_id = d.id AND g.direction = 'TAKEN' ORDER BY g.id DESC LIMIT 1) AS taken,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('family', m.family, 'moid', m.moid, 'miid', m.miid, 'place', m.place))
         FROM management_object m WHERE m.device_id = d.id), '[]') AS mos
     FROM device d JOIN account a ON a.id = d.account_id WHERE d.id = ANY($1::bigint[]) ORDER BY d.id`,
    [keys],
  );
}

/** Operations for many devices; commands that are the same for several of them are told once. */
export interface Batch {
  readonly campaign: string;
  readonly caller: string;
  readonly atomic: boolean;
  readonly sequence: boolean;
  readonly onFailure: 'STOP' | 'CONTINUE';
  readonly at: Date;
  /** Commands as rows. */
  readonly plans: readonly (readonly unknown[])[];
  readonly blobs: readonly NewBlob[];
  readonly started: readonly { readonly device: string; readonly plan: number; readonly expiresAt: string }[];
  readonly rejected: readonly { readonly device: string; readonly code: string; readonly reason: string }[];
}

const START = `WITH t AS (SELECT x.device, x.plan, x."expiresAt", nextval(pg_get_serial_sequence('operation', 'id')) AS operation
  FROM jsonb_to_recordset($7::jsonb) AS x(device bigint, plan int, "expiresAt" timestamptz)),
o AS (INSERT INTO operation (device_id, id, atomic, sequence, on_failure, caller, created_at, expires_at) OVERRIDING SYSTEM VALUE
  SELECT t.device, t.operation, $3, $4, $5, $2, $6::timestamptz, t."expiresAt" FROM t),
plans AS MATERIALIZED (SELECT (p.n - 1)::int AS plan, c.position, c.kind, c.moid, c.family, c.miid, c.path, c.uri, c.request, c.repeatable,
    c.emulated, CASE WHEN c.request -> 'value' ->> 'k' = 'r' THEN c.request -> 'value' ->> 'd' END AS stored
  FROM jsonb_array_elements($8::jsonb) WITH ORDINALITY AS p(commands, n), jsonb_to_recordset(p.commands) AS c(position int, kind text, moid text,
    family text, miid text, path text, uri text, request jsonb, repeatable boolean, emulated boolean)),
values_of AS MATERIALIZED (SELECT x.sha256, x.length, decode(x.base64, 'base64') AS octets
  FROM jsonb_to_recordset($9::jsonb) AS x(sha256 text, length bigint, base64 text)),
b AS (INSERT INTO blob (device_id, sha256, length, octets, created_at) SELECT n.device, v.sha256, v.length, v.octets, $6::timestamptz
  FROM (SELECT DISTINCT t.device, p.stored FROM t JOIN plans p ON p.plan = t.plan) n JOIN values_of v ON v.sha256 = n.stored
  RETURNING id, device_id, sha256),
c AS (INSERT INTO command (device_id, operation_id, position, kind, moid, family, miid, path, uri, request, repeatable, emulated)
  SELECT t.device, t.operation, p.position, p.kind, p.moid, p.family, p.miid, p.path, p.uri,
    CASE WHEN b.id IS NULL THEN p.request ELSE jsonb_set(p.request, '{value,d}', to_jsonb(b.id::text)) END, p.repeatable, p.emulated
  FROM t JOIN plans p ON p.plan = t.plan LEFT JOIN b ON b.device_id = t.device AND b.sha256 = p.stored),
e AS (INSERT INTO event (device_id, type, data) SELECT t.device, 'operationAccepted', jsonb_build_object('operation', t.operation::text) FROM t),
r AS (UPDATE campaign_device d SET state = 'REJECTED', outcome = x.code, reason = x.reason
  FROM jsonb_to_recordset($10::jsonb) AS x(device bigint, code text, reason text)
  WHERE d.device_id = x.device AND d.campaign_id = $1)
UPDATE campaign_device d SET state = 'IN_PROGRESS', operation_id = t.operation FROM t WHERE d.device_id = t.device AND d.campaign_id = $1`;

/** By one statement: operations with their commands, and the devices' rows. The devices must be locked by `pickDevices`. */
export async function startDevices(tx: Sql, batch: Batch): Promise<void> {
  await tx.query(START, [
    batch.campaign,
    batch.caller,
    batch.atomic,
    batch.sequence,
    batch.onFailure,
    batch.at,
    JSON.stringify(batch.started),
    JSON.stringify(batch.plans),
    JSON.stringify(batch.blobs),
    JSON.stringify(batch.rejected),
  ]);
}

/** Devices whose turn has not come will not have one. */
export async function cancelQueued(tx: Sql, id: string, reason: string): Promise<void> {
  await tx.query(
    `UPDATE campaign_device SET state = 'CANCELLED', reason = $2 WHERE campaign_id = $1 AND state = 'QUEUED'`,
    [id, reason],
  );
}

/** Operations of a campaign that were not asked to stop yet. */
export async function runningOperations(
  sql: Sql,
  id: string,
  first: number,
): Promise<readonly { readonly device: string; readonly operation: string }[]> {
  return sql.query<{ device: string; operation: string }>(
    `SELECT d.device_id AS device, d.operation_id AS operation FROM campaign_device d
     JOIN operation o ON o.device_id = d.device_id AND o.id = d.operation_id
     WHERE d.campaign_id = $1 AND d.state = 'IN_PROGRESS' AND o.cancel_requested_at IS NULL LIMIT $2`,
    [id, first],
  );
}
