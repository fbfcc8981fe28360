/** Profiles in the store: what they desire, and how devices compare to them. */
import type { Sql } from './sql';

export interface ProfileRow {
  readonly id: string;
  readonly name: string;
  readonly priority: number;
  readonly state: string;
  readonly caller: string;
  readonly condition: unknown;
  readonly entries: unknown;
  readonly maxAgeMs: string;
  readonly version: number;
  readonly restores: boolean;
  readonly watches: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const COLUMNS = `p.id, p.name, p.priority, p.state, p.caller, p.condition, p.entries, p.max_age_ms AS "maxAgeMs", p.version, p.restores, p.watches,
  p.created_at AS "createdAt", p.updated_at AS "updatedAt"`;

/** Whose the profile is: $1 is a principal, or null for everybody's. */
const OF_CALLER = '($1::text IS NULL OR p.caller = $1)';
/** Removed, and nothing is left to be written back. */
const IS_OVER = `p.state = 'REMOVED' AND (NOT p.restores OR NOT EXISTS (SELECT FROM profile_device r WHERE r.profile_id = p.id))`;

export interface ProfileWrite {
  readonly name: string;
  readonly priority: number;
  readonly state: string;
  /** JSON text. */
  readonly condition: string;
  readonly entries: string;
  readonly maxAgeMs: number;
  readonly watches: boolean;
}

/** @returns its key */
export async function insertProfile(sql: Sql, caller: string, now: Date, profile: ProfileWrite): Promise<string> {
  const { name, priority, state, condition, entries, maxAgeMs, watches } = profile;
  const [row] = await sql.query<{ id: string }>(
    `INSERT INTO profile (caller, created_at, updated_at, name, priority, state, condition, entries, max_age_ms, watches)
     VALUES ($1, $2::timestamptz, $2::timestamptz, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9) RETURNING id`,
    [caller, now, name, priority, state, condition, entries, maxAgeMs, watches],
  );
  if (row === undefined) throw new Error('a profile was not stored');
  return row.id;
}

/** What is desired of whom counts as changed only where it did. */
export async function updateProfile(tx: Sql, id: string, now: Date, profile: ProfileWrite): Promise<void> {
  const { name, priority, state, condition, entries, maxAgeMs, watches } = profile;
  await tx.query(
    `UPDATE profile SET updated_at = $2::timestamptz, name = $3, priority = $4, state = $5, condition = $6::jsonb, entries = $7::jsonb,
       max_age_ms = $8, watches = $9, version = version + CASE WHEN entries IS DISTINCT FROM $7::jsonb OR priority <> $4 THEN 1 ELSE 0 END WHERE id = $1`,
    [id, now, name, priority, state, condition, entries, maxAgeMs, watches],
  );
}

export async function removeProfile(tx: Sql, id: string, now: Date, restores: boolean): Promise<void> {
  await tx.query(
    `UPDATE profile SET state = 'REMOVED', restores = $3, version = version + 1, updated_at = $2::timestamptz WHERE id = $1`,
    [id, now, restores],
  );
  await tx.query(`DELETE FROM profile_device WHERE profile_id = $1 AND NOT ($2 AND memory ? 'before')`, [id, restores]);
}

export async function loadProfile(sql: Sql, id: string, caller: string | null): Promise<ProfileRow | undefined> {
  const [row] = await sql.query<ProfileRow>(
    `SELECT ${COLUMNS} FROM profile p WHERE ${OF_CALLER} AND p.id = $2 AND NOT (${IS_OVER})`,
    [caller, id],
  );
  return row;
}

export async function lockProfile(tx: Sql, id: string, caller: string | null): Promise<ProfileRow | undefined> {
  const [row] = await tx.query<ProfileRow>(
    `SELECT ${COLUMNS} FROM profile p WHERE ${OF_CALLER} AND p.id = $2 AND p.state <> 'REMOVED' FOR UPDATE`,
    [caller, id],
  );
  return row;
}

export async function loadProfiles(
  sql: Sql,
  ids: readonly string[],
  caller: string | null,
): Promise<readonly ProfileRow[]> {
  return sql.query<ProfileRow>(`SELECT ${COLUMNS} FROM profile p WHERE ${OF_CALLER} AND p.id = ANY($2::bigint[])`, [
    caller,
    ids,
  ]);
}

/** The latest first. */
export async function listProfiles(
  sql: Sql,
  caller: string | null,
  first: number,
  before: string | null,
): Promise<readonly ProfileRow[]> {
  return sql.query<ProfileRow>(
    `SELECT ${COLUMNS} FROM profile p WHERE ${OF_CALLER} AND ($3::bigint IS NULL OR p.id < $3) AND NOT (${IS_OVER})
     ORDER BY p.id DESC LIMIT $2`,
    [caller, first, before],
  );
}

/** Those that turns go by, and the removed ones that still write back. */
export async function loadLiveProfiles(sql: Sql): Promise<readonly ProfileRow[]> {
  return sql.query<ProfileRow>(
    `SELECT ${COLUMNS} FROM profile p WHERE p.state = 'ACTIVE' OR (p.state = 'REMOVED' AND NOT (${IS_OVER})) ORDER BY p.id`,
  );
}

/** Records that a turn wrote which did not know yet that their profile was removed. */
export async function sweepRecords(sql: Sql): Promise<void> {
  await sql.query(
    `DELETE FROM profile_device r USING profile p WHERE p.state = 'REMOVED' AND NOT p.restores AND r.profile_id = p.id`,
  );
}

/** Operations of a profile that have not ended. */
export async function openOperations(
  sql: Sql,
  id: string,
  first: number,
): Promise<readonly { readonly device: string; readonly operation: string }[]> {
  return sql.query<{ device: string; operation: string }>(
    `SELECT r.device_id AS device, r.operation_id AS operation FROM profile_device r
     JOIN operation o ON o.device_id = r.device_id AND o.id = r.operation_id
     WHERE r.profile_id = $1 AND o.ended_at IS NULL AND o.cancel_requested_at IS NULL LIMIT $2`,
    [id, first],
  );
}

export async function countRecords(
  sql: Sql,
  ids: readonly string[],
): Promise<readonly { readonly profile: string; readonly state: string; readonly count: number }[]> {
  return sql.query(
    `SELECT profile_id AS profile, state, count(*)::int AS count FROM profile_device WHERE profile_id = ANY($1::bigint[]) GROUP BY 1, 2`,
    [ids],
  );
}

export interface RecordRow {
  readonly device: string;
  readonly profile: string;
  readonly state: string;
  readonly drift: unknown;
  readonly reason: string | null;
  readonly changedAt: Date;
  readonly operation: string | null;
}

const RECORD = `r.device_id AS device, r.profile_id AS profile, r.state, r.drift, r.reason, r.changed_at AS "changedAt",
  r.operation_id AS operation`;

/** In order of state, then of the device's key. */
export async function listRecords(
  sql: Sql,
  id: string,
  states: readonly string[],
  first: number,
  after: { readonly state: string; readonly device: string } | null,
): Promise<readonly RecordRow[]> {
  return sql.query<RecordRow>(
    `SELECT ${RECORD} FROM profile_device r WHERE r.profile_id = $1 AND r.state = ANY($2::text[])
       AND ($4::text IS NULL OR (r.state, r.device_id) > ($4, $5::bigint)) ORDER BY r.state, r.device_id LIMIT $3`,
    [id, states, first, after?.state, after?.device],
  );
}

/** In order of device and profile. */
export async function recordsOfDevices(
  sql: Sql,
  devices: readonly string[],
  caller: string | null,
): Promise<readonly RecordRow[]> {
  return sql.query<RecordRow>(
    `SELECT ${RECORD} FROM profile_device r JOIN profile p ON p.id = r.profile_id
     WHERE ${OF_CALLER} AND r.device_id = ANY($2::bigint[]) ORDER BY r.device_id, r.profile_id`,
    [caller, devices],
  );
}
