/** Wake-ups in the store: who is to be woken, whose turn it is, and what became of it. */
import type { Sql } from './sql';

/** Sendings that a bearer may make up for, where it was idle or a process late, seconds. */
const CATCH_UP_S = 0.1;

/** Some process is in a session with the device `d`, as far as is known. */
const RUNNING = `EXISTS (SELECT 1 FROM session s WHERE s.device_id = d.id AND s.ended_at IS NULL AND s.expires_at > $2::timestamptz)`;

/**
 * Makes wake-ups due for devices that have none and whose list of bearers names one. While a session runs they wait a
 * little: its next message ends them, and one that came too late for its work does not. In the transaction that stores
 * the work, it comes after that.
 *
 * An open one is locked until the transaction ends, so that nobody finds it needless who cannot see the work yet.
 *
 * @param fallback names of bearers where neither device nor account says anything
 * @param askedBy  who wants it although no work waits; an open one is hurried then
 * @returns        the open ones, made now or before
 */
export async function insertWakeUps(
  sql: Sql,
  devices: readonly string[],
  now: Date,
  fallback: readonly string[],
  deferMs: number,
  askedBy?: string,
): Promise<readonly { readonly device: string; readonly id: string; readonly bearer: string }[]> {
  return sql.query(
    `INSERT INTO wake_up AS w (device_id, asked_by, bearers, bearer, due_at, created_at)
     SELECT d.id, $5, l.list, l.list ->> 0,
       $2::timestamptz + CASE WHEN ${RUNNING} THEN $4::int ELSE 0 END * interval '1 millisecond', $2::timestamptz
     FROM device d JOIN account a ON a.id = d.account_id
     CROSS JOIN LATERAL (SELECT COALESCE(d.bearers, a.bearers, $3::jsonb) AS list) AS l
     WHERE d.id = ANY($1::bigint[]) AND l.list ->> 0 <> 'none' ORDER BY d.id
     ON CONFLICT (device_id) WHERE ended_at IS NULL DO UPDATE SET ${askedBy === undefined ? 'bearer = w.bearer' : HURRY}
     RETURNING w.device_id AS device, w.id, w.bearer`,
    [devices, now, JSON.stringify(fallback), deferMs, askedBy ?? null],
  );
}

const HURRY = `due_at = LEAST(w.due_at, excluded.due_at), asked_by = COALESCE(w.asked_by, excluded.asked_by),
  bearers = excluded.bearers, bearer = excluded.bearer, sendings = 0`;

export interface TakenWakeUp {
  readonly device: string;
  readonly id: string;
  readonly bearers: readonly string[];
  readonly bearer: string;
  /** With the one that is due now. */
  readonly sendings: number;
  readonly notification: string | null;
  readonly acceptedAt: string | null;
  /** SPENT: the bearer was taken as often as it may be, and the device did not come. */
  readonly fate: 'SEND' | 'SPENT';
}

export interface TakeRequest {
  readonly bearer: string;
  readonly now: Date;
  readonly ratePerSecond: number;
  readonly attempts: number;
  /** At most so many. */
  readonly limit: number;
  /** Others may take them after so long. */
  readonly leaseMs: number;
  readonly deferMs: number;
}

const TAKE = `WITH pace AS (SELECT p.next_at FROM bearer_pace p WHERE p.bearer = $1 FOR UPDATE),
allowed AS (SELECT GREATEST(p.next_at, $3::float8 - ${CATCH_UP_S}) AS base,
    LEAST($5::int, GREATEST(0, floor(($3::float8 - GREATEST(p.next_at, $3::float8 - ${CATCH_UP_S})) * $4::float8)::int + 1)) AS n
  FROM pace p),
due AS (SELECT w.device_id, w.id FROM wake_up w WHERE w.bearer = $1 AND w.ended_at IS NULL AND w.due_at <= $2::timestamptz
    AND (w.taken_until IS NULL OR w.taken_until <= $2::timestamptz)
  ORDER BY w.due_at LIMIT COALESCE((SELECT n FROM allowed), 0) FOR UPDATE OF w SKIP LOCKED),
judged AS (SELECT d.id AS device_id, due.id, CASE
    WHEN ${RUNNING} THEN 'WAIT'
    WHEN w.asked_by IS NULL AND NOT EXISTS (SELECT 1 FROM command c WHERE c.device_id = d.id AND c.state = 'QUEUED') THEN 'NEEDLESS'
    WHEN w.sendings >= $6::int THEN 'SPENT' ELSE 'SEND' END AS fate
  FROM due JOIN device d ON d.id = due.device_id JOIN wake_up w ON w.device_id = due.device_id AND w.id = due.id),
taken AS (UPDATE wake_up w SET
    taken_until = CASE WHEN j.fate IN ('SEND', 'SPENT') THEN $7::timestamptz END,
    sendings = w.sendings + CASE WHEN j.fate = 'SEND' THEN 1 ELSE 0 END,
    due_at = CASE WHEN j.fate = 'WAIT' THEN $8::timestamptz ELSE w.due_at END,
    state = CASE WHEN j.fate = 'NEEDLESS' THEN 'CANCELLED' ELSE w.state END,
    ended_at = CASE WHEN j.fate = 'NEEDLESS' THEN $2::timestamptz END
  FROM judged j WHERE w.device_id = j.device_id AND w.id = j.id
  RETURNING w.device_id, w.id, w.bearers, w.bearer, w.sendings, w.notification, w.accepted_at, j.fate),
paced AS (UPDATE bearer_pace p SET next_at = a.base + (SELECT count(*) FROM taken t WHERE t.fate = 'SEND') / $4::float8
  FROM allowed a WHERE p.bearer = $1 AND EXISTS (SELECT 1 FROM taken t WHERE t.fate = 'SEND'))
SELECT (SELECT n FROM allowed) AS allowed, (SELECT count(*)::int FROM taken) AS found,
  COALESCE((SELECT jsonb_agg(jsonb_build_object('device', t.device_id::text, 'id', t.id::text, 'bearers', t.bearers, 'bearer', t.bearer,
      'sendings', t.sendings, 'notification', t.notification, 'acceptedAt', t.accepted_at, 'fate', t.fate))
    FROM taken t WHERE t.fate IN ('SEND', 'SPENT')), '[]') AS taken`;

/**
 * Takes wake-ups of one bearer that are due, as many as its rate allows at this moment; no other process takes them until
 * the lease ends. Those that no work needs any more end; those of devices in a session are looked at again later.
 *
 * @returns `isMore`: as many were there as may be sent, so more may be due
 */
export async function takeWakeUps(
  sql: Sql,
  request: TakeRequest,
): Promise<{ readonly taken: readonly TakenWakeUp[]; readonly until: Date; readonly isMore: boolean }> {
  const { bearer, now, ratePerSecond, attempts, limit, leaseMs, deferMs } = request;
  const until = new Date(now.getTime() + leaseMs);
  const [row] = await sql.query<{ allowed: number | null; found: number; taken: readonly TakenWakeUp[] }>(TAKE, [
    bearer,
    now,
    now.getTime() / 1000,
    ratePerSecond,
    limit,
    attempts,
    until,
    new Date(now.getTime() + deferMs),
  ]);
  const { allowed = null, found = 0, taken = [] } = row ?? {};
  return { taken, until, isMore: allowed !== null && found >= allowed };
}

/** Makes the rows that rates are kept in. */
export async function insertPaces(sql: Sql, bearers: readonly string[]): Promise<void> {
  await sql.query(
    'INSERT INTO bearer_pace (bearer, next_at) SELECT unnest($1::text[]), 0 ON CONFLICT (bearer) DO NOTHING',
    [bearers],
  );
}

export interface AttemptRow {
  readonly bearer: string;
  readonly at: Date;
  readonly tookMs: number;
  readonly outcome: 'ACCEPTED' | 'REFUSED' | 'FAILED';
  readonly messageId: string | null;
  readonly reason: string | null;
}

export interface WakeUpChange {
  readonly state: 'DUE' | 'SENT' | 'FAILED';
  readonly bearer: string;
  readonly sendings: number;
  readonly dueAt: Date;
  /** Null: the next sending is a new notification. */
  readonly notification: string | null;
  readonly acceptedAt: Date | null;
  readonly endedAt: Date | null;
}

export interface WakeUpRecord {
  readonly device: string;
  readonly id: string;
  /** As it was taken. */
  readonly until: Date;
  /** Absent: nothing was sent. */
  readonly attempt?: AttemptRow;
  readonly change: WakeUpChange;
  readonly events: readonly { readonly type: string; readonly data: unknown }[];
}

const RECORD = `WITH w AS (SELECT w.device_id, w.id, w.ended_at IS NULL AND w.taken_until = $3::timestamptz AS is_ours
  FROM wake_up w WHERE w.device_id = $1 AND w.id = $2 FOR UPDATE),
attempt AS (INSERT INTO wake_up_attempt (device_id, wake_up_id, bearer, at, took_ms, outcome, message_id, reason)
  SELECT w.device_id, w.id, x.bearer, x.at, x."tookMs", x.outcome, x."messageId", x.reason
  FROM w, jsonb_to_recordset($4::jsonb) AS x(bearer text, at timestamptz, "tookMs" int, outcome text, "messageId" text, reason text)),
changed AS (UPDATE wake_up u SET taken_until = NULL, state = x.state, bearer = x.bearer, sendings = x.sendings,
    due_at = x."dueAt",
    notification = x.notification, accepted_at = COALESCE(u.accepted_at, x."acceptedAt"), ended_at = x."endedAt"
  FROM w, jsonb_to_record($5::jsonb) AS x(state text, bearer text, sendings int, "dueAt" timestamptz, notification text,
    "acceptedAt" timestamptz, "endedAt" timestamptz)
  WHERE w.is_ours AND u.device_id = w.device_id AND u.id = w.id RETURNING u.device_id),
events AS (INSERT INTO event (device_id, type, data) SELECT w.device_id, x.type, x.data
  FROM w, jsonb_to_recordset($6::jsonb) AS x(type text, data jsonb) WHERE w.is_ours OR x.type <> 'wakeUpFailed')
SELECT COALESCE((SELECT jsonb_agg(o.id::text) FROM (SELECT q.id FROM operation q, changed WHERE q.device_id = $1 AND q.ended_at IS NULL
  AND q.state = 'QUEUED' ORDER BY q.id LIMIT 20) AS o), '[]') AS operations`;

/**
 * Writes what a sending brought. A device that came meanwhile has ended its wake-up: then the attempt alone is noted.
 *
 * @returns operations of the device that wait for it
 */
export async function recordWakeUp(sql: Sql, record: WakeUpRecord): Promise<readonly string[]> {
  const [row] = await sql.query<{ operations: readonly string[] }>(RECORD, [
    record.device,
    record.id,
    record.until,
    JSON.stringify(record.attempt === undefined ? [] : [record.attempt]),
    JSON.stringify(record.change),
    JSON.stringify(record.events),
  ]);
  return row?.operations ?? [];
}

/** Notes what a bearer told later of a message; false when no sending has it. */
export async function recordReport(
  sql: Sql,
  report: {
    readonly bearer: string;
    readonly messageId: string;
    readonly isDelivered: boolean;
    readonly state: string;
  },
  now: Date,
): Promise<boolean> {
  const rows = await sql.query(
    `UPDATE wake_up_attempt SET is_delivered = $3, report = $4, reported_at = $5::timestamptz
     WHERE bearer = $1 AND message_id = $2 AND message_id IS NOT NULL AND reported_at IS NULL RETURNING 1`,
    [report.bearer, report.messageId, report.isDelivered, report.state, now],
  );
  return rows.length > 0;
}

/** Bearers that open wake-ups are due for. */
export async function dueBearers(sql: Sql, now: Date): Promise<readonly string[]> {
  const rows = await sql.query<{ bearer: string }>(
    `SELECT DISTINCT bearer FROM wake_up WHERE ended_at IS NULL AND due_at <= $1::timestamptz
       AND (taken_until IS NULL OR taken_until <= $1::timestamptz)`,
    [now],
  );
  return rows.map(({ bearer }) => bearer);
}

export async function forgetWakeUps(sql: Sql, before: Date): Promise<void> {
  await sql.query(
    `DELETE FROM wake_up w USING (SELECT device_id, id FROM wake_up WHERE ended_at IS NOT NULL AND ended_at < $1::timestamptz
       LIMIT 1000) AS x WHERE w.device_id = x.device_id AND w.id = x.id`,
    [before],
  );
}

export interface WakeUpRow {
  /** Number of the request, from 1. */
  readonly no: string;
  readonly id: string;
  readonly deviceId: string;
  readonly state: string;
  readonly askedBy: string | null;
  readonly bearers: readonly string[];
  readonly createdAt: Date;
  readonly dueAt: Date;
  readonly endedAt: Date | null;
  /** In the order in which they were made. */
  readonly attempts: readonly {
    readonly at: string;
    readonly bearer: string;
    readonly outcome: string;
    readonly tookMs: number;
    readonly messageId: string | null;
    readonly reason: string | null;
    readonly isDelivered: boolean | null;
    readonly report: string | null;
    readonly reportedAt: string | null;
  }[];
}

/** Wake-ups of devices, of each the last one first. */
export async function loadWakeUps(
  sql: Sql,
  requests: readonly { readonly device: bigint; readonly first: number; readonly before?: bigint | undefined }[],
): Promise<readonly WakeUpRow[]> {
  return sql.query<WakeUpRow>(
    `SELECT k.no, w.* FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS k(device, first, before, no)
     CROSS JOIN LATERAL (SELECT w.id, w.device_id AS "deviceId", w.state, w.asked_by AS "askedBy", w.bearers, w.created_at AS "createdAt",
         w.due_at AS "dueAt", w.ended_at AS "endedAt",
         COALESCE((SELECT jsonb_agg(jsonb_build_object('at', t.at, 'bearer', t.bearer, 'outcome', t.outcome, 'tookMs', t.took_ms,
             'messageId', t.message_id, 'reason', t.reason, 'isDelivered', t.is_delivered, 'report', t.report, 'reportedAt', t.reported_at)
             ORDER BY t.id)
           FROM wake_up_attempt t WHERE t.device_id = w.device_id AND t.wake_up_id = w.id), '[]') AS attempts
       FROM wake_up w WHERE w.device_id = k.device AND (k.before IS NULL OR w.id < k.before)
       ORDER BY w.id DESC LIMIT k.first) w ORDER BY k.no, w.id DESC`,
    [
      requests.map(({ device }) => device),
      requests.map(({ first }) => first),
      requests.map(({ before }) => before ?? null),
    ],
  );
}
