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

export async function loadExchanges(
  sql: Sql,
  of: { readonly device: string; readonly command: string; readonly from: Date; readonly until: Date | null },
): Promise<readonly ExchangeRow[]> {
  return sql.query<ExchangeRow>(
    `SELECT at, protocol, message_no AS "messageNo", status, request_type AS "requestType", request, reply_type AS "replyType", reply
     FROM exchange WHERE device_id = $1 AND at >= $3::timestamptz AND ($4::timestamptz IS NULL OR at <= $4::timestamptz)
       AND commands @> ARRAY[$2::text] ORDER BY at, id LIMIT ${MOST}`,
    [of.device, of.command, of.from, of.until],
  );
}

/** Its days. */
export const EXCHANGES: Partitioned = { table: 'exchange', column: 'at' };
