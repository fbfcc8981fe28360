/** Statements of the audit log: rows are added and read, and go with the partition of their day. */
import type { Partitioned } from './partitions';
import type { Sql } from './sql';

export const AUDIT: Partitioned = { table: 'audit', column: 'at' };

export interface AuditRow {
  readonly at: Date;
  readonly id: string;
  readonly principal: string;
  readonly name: string;
  readonly action: string;
  readonly subjects: readonly string[];
  readonly arguments: unknown;
  readonly outcome: string;
  readonly remote: string | null;
  readonly times: number;
}

const ADD = `INSERT INTO audit (at, principal, name, action, subjects, arguments, outcome, remote, times)
SELECT at, principal, name, action, subjects, arguments, outcome, remote, times
FROM jsonb_to_recordset($1::jsonb) AS r (at timestamptz, principal text, name text, action text, subjects text[], arguments jsonb,
  outcome text, remote text, times integer)`;

export async function addAudit(sql: Sql, rows: readonly Omit<AuditRow, 'id'>[]): Promise<void> {
  await sql.query(ADD, [JSON.stringify(rows)]);
}

/** All of them absent: every row. */
export interface AuditChoice {
  readonly principal?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  readonly outcome?: string | undefined;
  readonly since?: Date | undefined;
  readonly before?: Date | undefined;
  /** Rows behind this one, the latest first. */
  readonly after?: { readonly at: Date; readonly id: string } | undefined;
}

export async function loadAudit(sql: Sql, choice: AuditChoice, most: number): Promise<readonly AuditRow[]> {
  const values: unknown[] = [];
  const value = (one: unknown): string => `$${values.push(one)}`;
  const { principal, action, subject, outcome, since, before, after } = choice;
  const conditions = [
    ...(principal === undefined ? [] : [`principal = ${value(principal)}`]),
    ...(action === undefined ? [] : [`action = ${value(action)}`]),
    ...(subject === undefined ? [] : [`subjects @> ARRAY[${value(subject)}::text]`]),
    ...(outcome === undefined ? [] : [`outcome = ${value(outcome)}`]),
    ...(since === undefined ? [] : [`at >= ${value(since)}::timestamptz`]),
    ...(before === undefined ? [] : [`at < ${value(before)}::timestamptz`]),
    ...(after === undefined ? [] : [`(at, id) < (${value(after.at)}::timestamptz, ${value(after.id)}::bigint)`]),
  ];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  return sql.query<AuditRow>(
    `SELECT at, id, principal, name, action, subjects, arguments, outcome, remote, times FROM audit ${where}
     ORDER BY at DESC, id DESC LIMIT ${value(most)}`,
    values,
  );
}
