/** Rules in the store. */
import type { Sql } from './sql';

export interface RuleRow {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly caller: string;
  readonly condition: unknown;
  readonly trigger: unknown;
  readonly action: unknown;
  readonly pace: unknown;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const COLUMNS = `id, name, enabled, caller, condition, trigger, action, pace, created_at AS "createdAt", updated_at AS "updatedAt"`;

export interface RuleWrite {
  readonly name: string;
  readonly enabled: boolean;
  /** JSON text. */
  readonly condition: string;
  readonly trigger: string;
  readonly action: string;
  readonly pace: string;
}

export async function insertRule(sql: Sql, caller: string, now: Date, rule: RuleWrite): Promise<RuleRow> {
  const { name, enabled, condition, trigger, action, pace } = rule;
  const [row] = await sql.query<RuleRow>(
    `INSERT INTO rule (caller, created_at, updated_at, name, enabled, condition, trigger, action, pace)
     VALUES ($1, $2::timestamptz, $2::timestamptz, $3, $4, $5::jsonb, $6::jsonb, $7::jsonb, $8::jsonb) RETURNING ${COLUMNS}`,
    [caller, now, name, enabled, condition, trigger, action, pace],
  );
  if (row === undefined) throw new Error('a rule was not stored');
  return row;
}

/** What is left out stays. @param caller whose; null: anybody's */
export async function updateRule(
  sql: Sql,
  id: string,
  caller: string | null,
  now: Date,
  rule: Partial<RuleWrite>,
): Promise<RuleRow | undefined> {
  const { name, enabled, condition, trigger, action, pace } = rule;
  const [row] = await sql.query<RuleRow>(
    `UPDATE rule SET updated_at = $3::timestamptz, name = COALESCE($4, name), enabled = COALESCE($5, enabled),
       condition = COALESCE($6::jsonb, condition), trigger = COALESCE($7::jsonb, trigger), action = COALESCE($8::jsonb, action),
       pace = COALESCE($9::jsonb, pace)
     WHERE id = $1 AND ($2::text IS NULL OR caller = $2) RETURNING ${COLUMNS}`,
    [id, caller, now, name, enabled, condition, trigger, action, pace],
  );
  return row;
}

export async function deleteRule(sql: Sql, id: string, caller: string | null): Promise<RuleRow | undefined> {
  const [row] = await sql.query<RuleRow>(
    `DELETE FROM rule WHERE id = $1 AND ($2::text IS NULL OR caller = $2) RETURNING ${COLUMNS}`,
    [id, caller],
  );
  return row;
}

/** The latest first. @param id one alone */
export async function listRules(
  sql: Sql,
  caller: string | null,
  first: number,
  before: string | null,
  id: string | null = null,
): Promise<readonly RuleRow[]> {
  return sql.query<RuleRow>(
    `SELECT ${COLUMNS} FROM rule WHERE ($1::text IS NULL OR caller = $1) AND ($3::bigint IS NULL OR id < $3)
       AND ($4::bigint IS NULL OR id = $4) ORDER BY id DESC LIMIT $2`,
    [caller, first, before, id],
  );
}

export async function loadLiveRules(sql: Sql): Promise<readonly RuleRow[]> {
  return sql.query<RuleRow>(`SELECT ${COLUMNS} FROM rule WHERE enabled ORDER BY id`);
}
