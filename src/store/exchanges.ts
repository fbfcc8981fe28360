/** Kept messages, read by command. */
import type { Partitioned } from './partitions';
import type { Sql } from './sql';

export interface ExchangeRow {
  readonly at: Date;
  readonly protocol: string;
  readonly messageNo: number | null;
  readonly status: number;
  readonly requestType: string;
  readonly request: Buffer;
  readonly replyType: string;
  readonly reply: Buffer;
}

const MOST = 50;

/** Of several commands by one statement, each with the number of its request from 1. */
export async function loadExchanges(
  sql: Sql,
  of: readonly {
    readonly device: string;
    readonly command: string;
    readonly from: Date;
    readonly until: Date | null;
  }[],
): Promise<readonly (ExchangeRow & { readonly no: string })[]> {
  return sql.query(
    `SELECT k.no, x.* FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY AS k(device, command, since, until, no)
     CROSS JOIN LATERAL (SELECT e.id, e.at, e.protocol, e.message_no AS "messageNo", e.status, e.request_type AS "requestType", e.request,
         e.reply_type AS "replyType", e.reply
       FROM exchange e WHERE e.device_id = k.device AND e.at >= k.since AND (k.until IS NULL OR e.at <= k.until)
         AND e.commands @> ARRAY[k.command] ORDER BY e.at, e.id LIMIT ${MOST}) x ORDER BY k.no, x.at, x.id`,
    [
      of.map(({ device }) => device),
      of.map(({ command }) => command),
      of.map(({ from }) => from),
      of.map(({ until }) => until),
    ],
  );
}

/** Its days. */
export const EXCHANGES: Partitioned = { table: 'exchange', column: 'at' };
