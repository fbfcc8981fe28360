/** What a device had to do: its operations and sessions, of many devices by one statement each. */
import type { Sql } from './sql';

/** A page of what is of one device, the last one first. */
export interface PageOfDevice {
  readonly device: bigint;
  readonly first: number;
  /** Below this number; absent: from the last one on. */
  readonly before?: bigint | undefined;
}

const MOST = '9223372036854775807';

/**
 * Keys of operations, open or ended, with the number of the request from 1.
 *
 * @param caller of each request: those of this principal alone; null: all
 */
export async function operationKeys(
  sql: Sql,
  requests: readonly (PageOfDevice & { readonly caller: string | null })[],
): Promise<readonly { readonly no: string; readonly device: string; readonly id: string }[]> {
  const one = (
    table: string,
  ): string => `(SELECT o.id FROM ${table} o WHERE o.device_id = k.device AND o.id < COALESCE(k.before, ${MOST})
    AND (k.caller IS NULL OR o.caller = k.caller) ORDER BY o.id DESC LIMIT k.first)`;
  return sql.query(
    `SELECT k.no, k.device, x.id FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) WITH ORDINALITY AS k(device, first, before, caller, no)
     CROSS JOIN LATERAL (SELECT u.id FROM (${one('operation')} UNION ALL ${one('ended_operation')}) u ORDER BY u.id DESC LIMIT k.first) x
     ORDER BY k.no, x.id DESC`,
    [...columnsOf(requests), requests.map(({ caller }) => caller)],
  );
}

export interface SessionRow {
  readonly no: string;
  readonly device: string;
  readonly id: string;
  readonly protocol: string;
  readonly messages: number;
  readonly openedAt: Date;
  readonly lastAt: Date;
  readonly endedAt: Date | null;
  readonly endReason: string | null;
}

export async function loadSessions(sql: Sql, requests: readonly PageOfDevice[]): Promise<readonly SessionRow[]> {
  return sql.query<SessionRow>(
    `SELECT k.no, k.device, x.* FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS k(device, first, before, no)
     CROSS JOIN LATERAL (SELECT s.id, s.protocol, s.message_no AS messages, s.opened_at AS "openedAt", s.last_at AS "lastAt",
         s.ended_at AS "endedAt", s.end_reason AS "endReason"
       FROM session s WHERE s.device_id = k.device AND s.id < COALESCE(k.before, ${MOST}) ORDER BY s.id DESC LIMIT k.first) x
     ORDER BY k.no, x.id DESC`,
    [...columnsOf(requests)],
  );
}

function columnsOf(requests: readonly PageOfDevice[]): readonly unknown[][] {
  return [
    requests.map(({ device }) => device),
    requests.map(({ first }) => first),
    requests.map(({ before }) => before ?? null),
  ];
}
