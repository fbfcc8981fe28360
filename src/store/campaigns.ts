/** Campaigns in the store: what they are, and how far their devices are. */
import type { Sql } from './sql';

export interface CampaignRow {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly verdict: string | null;
  readonly caller: string;
  readonly atomic: boolean;
  readonly sequence: boolean;
  readonly onFailure: 'STOP' | 'CONTINUE';
  readonly expiresInMs: string;
  readonly rules: unknown;
  readonly paced: unknown;
  readonly targets: number;
  readonly problem: string | null;
  readonly startAt: Date | null;
  readonly endAt: Date | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

const COLUMNS = `id, name, state, verdict, caller, atomic, sequence, on_failure AS "onFailure", expires_in_ms AS "expiresInMs", rules,
  paced, targets, problem, start_at AS "startAt", end_at AS "endAt", created_at AS "createdAt", started_at AS "startedAt",
  ended_at AS "endedAt"`;

export interface NewCampaign {
  readonly name: string;
  readonly state: string;
  readonly caller: string;
  readonly commands: string;
  readonly atomic: boolean;
  readonly sequence: boolean;
  readonly onFailure: string;
  readonly expiresInMs: number;
  readonly condition: string | null;
  readonly rules: string;
  readonly startAt: Date | null;
  readonly endAt: Date | null;
  readonly idempotencyKey: string | null;
  readonly requestSha256: string;
  readonly at: Date;
}

/** @returns its key */
export async function insertCampaign(tx: Sql, campaign: NewCampaign): Promise<string> {
  const { name, state, caller, commands, atomic, sequence, onFailure, expiresInMs, condition, rules } = campaign;
  const values = [name, state, caller, commands, atomic, sequence, onFailure, expiresInMs, condition, rules];
  const [row] = await tx.query<{ id: string }>(
    `INSERT INTO campaign (name, state, caller, commands, atomic, sequence, on_failure, expires_in_ms, condition, rules, start_at, end_at,
       due_at, created_at, started_at, idempotency_key, request_sha256)
     VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11::timestamptz, $12::timestamptz, $13::timestamptz, $13::timestamptz,
       CASE WHEN $2 = 'IN_PROGRESS' THEN $13::timestamptz END, $14, $15) RETURNING id`,
    [...values, campaign.startAt, campaign.endAt, campaign.at, campaign.idempotencyKey, campaign.requestSha256],
  );
  if (row === undefined) throw new Error('a campaign was not stored');
  return row.id;
}

/** What a caller made under an idempotency key. */
export async function findCampaignByKey(
  sql: Sql,
  caller: string,
  idempotencyKey: string,
): Promise<{ readonly id: string; readonly requestSha256: string } | undefined> {
  const [row] = await sql.query<{ id: string; requestSha256: string }>(
    `SELECT id, request_sha256 AS "requestSha256" FROM campaign WHERE caller = $1 AND idempotency_key = $2`,
    [caller, idempotencyKey],
  );
  return row;
}

export interface CampaignChange {
  readonly state?: string;
  readonly verdict?: string | null;
  readonly problem?: string | null;
  /** JSON text. */
  readonly paced?: string;
  readonly dueAt: Date;
  readonly started?: boolean;
  readonly ended?: boolean;
}

/** What is left out stays, but for `problem`, which goes. */
export async function updateCampaign(tx: Sql, id: string, now: Date, change: CampaignChange): Promise<void> {
  await tx.query(
    `UPDATE campaign SET state = COALESCE($3, state), verdict = COALESCE($4, verdict), problem = $5, paced = COALESCE($6::jsonb, paced),
       due_at = $7::timestamptz, started_at = CASE WHEN $8 THEN COALESCE(started_at, $2::timestamptz) ELSE started_at END,
       ended_at = CASE WHEN $9 THEN $2::timestamptz ELSE ended_at END WHERE id = $1`,
    [
      id,
      now,
      change.state,
      change.verdict,
      change.problem,
      change.paced,
      change.dueAt,
      change.started === true,
      change.ended === true,
    ],
  );
}

export async function noteState(
  tx: Sql,
  id: string,
  now: Date,
  data: Readonly<Record<string, string | null>>,
): Promise<void> {
  await tx.query(`INSERT INTO event (at, type, data) VALUES ($1::timestamptz, 'campaignStateChanged', $2::jsonb)`, [
    now,
    JSON.stringify({ campaign: id, ...data }),
  ]);
}

export async function loadCampaign(sql: Sql, id: string): Promise<CampaignRow | undefined> {
  const [row] = await sql.query<CampaignRow>(`SELECT ${COLUMNS} FROM campaign WHERE id = $1`, [id]);
  return row;
}

export async function lockCampaign(tx: Sql, id: string): Promise<CampaignRow | undefined> {
  const [row] = await tx.query<CampaignRow>(`SELECT ${COLUMNS} FROM campaign WHERE id = $1 FOR UPDATE`, [id]);
  return row;
}

/** The latest first. @param caller whose; null: everybody's */
export async function listCampaigns(
  sql: Sql,
  caller: string | null,
  first: number,
  before: string | null,
): Promise<readonly CampaignRow[]> {
  return sql.query<CampaignRow>(
    `SELECT ${COLUMNS} FROM campaign WHERE ($1::text IS NULL OR caller = $1) AND ($3::bigint IS NULL OR id < $3)
     ORDER BY id DESC LIMIT $2`,
    [caller, first, before],
  );
}

export interface StateCount {
  readonly campaign: string;
  readonly state: string;
  readonly zone: string | null;
  readonly count: number;
}

/** Devices by state, those whose turn has not come also by zone: from one index alone. */
export async function countDevices(sql: Sql, ids: readonly string[]): Promise<readonly StateCount[]> {
  return sql.query<StateCount>(
    `SELECT campaign_id AS campaign, state, CASE WHEN state = 'QUEUED' THEN time_zone END AS zone, count(*)::int AS count
     FROM campaign_device WHERE campaign_id = ANY($1::bigint[]) GROUP BY 1, 2, 3`,
    [ids],
  );
}

export interface FailureRow {
  readonly state: string;
  readonly outcome: string | null;
  readonly statusCode: number | null;
  readonly count: number;
  readonly devices: readonly string[];
}

/** The most frequent kinds of failure, each with some of its devices. */
export async function loadFailures(
  sql: Sql,
  id: string,
  kinds: number,
  samples: number,
): Promise<readonly FailureRow[]> {
  return sql.query<FailureRow>(
    `WITH f AS (SELECT state, outcome, status_code, count(*)::int AS count FROM campaign_device
       WHERE campaign_id = $1 AND state IN ('FAILED', 'TIMED_OUT', 'REJECTED') GROUP BY 1, 2, 3
       ORDER BY 4 DESC, 1, 2, 3 LIMIT $2)
     SELECT f.state, f.outcome, f.status_code AS "statusCode", f.count, ARRAY(SELECT d.device_id FROM campaign_device d
       WHERE d.campaign_id = $1 AND d.state IN ('FAILED', 'TIMED_OUT', 'REJECTED') AND d.state = f.state
         AND d.outcome IS NOT DISTINCT FROM f.outcome AND d.status_code IS NOT DISTINCT FROM f.status_code
       ORDER BY d.device_id LIMIT $3) AS devices
     FROM f ORDER BY f.count DESC, f.state, f.outcome, f.status_code`,
    [id, kinds, samples],
  );
}

export interface CampaignDeviceRow {
  readonly device: string;
  readonly state: string;
  readonly operation: string | null;
  readonly outcome: string | null;
  readonly statusCode: number | null;
  readonly reason: string | null;
}

/** In order of state, then of the device's key; `after` is `STATE_INDEX.KEY` told apart. */
export async function listCampaignDevices(
  sql: Sql,
  id: string,
  states: readonly string[],
  first: number,
  after: { readonly state: string; readonly device: string } | null,
): Promise<readonly CampaignDeviceRow[]> {
  return sql.query<CampaignDeviceRow>(
    `SELECT device_id AS device, state, operation_id AS operation, outcome, status_code AS "statusCode", reason FROM campaign_device
     WHERE campaign_id = $1 AND state = ANY($2::text[]) AND ($4::text IS NULL OR (state, device_id) > ($4, $5::bigint))
     ORDER BY state, device_id LIMIT $3`,
    [id, states, first, after?.state, after?.device],
  );
}
