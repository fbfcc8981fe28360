/** Kept messages: read by command, in partitions of a day that are made ahead and dropped when their time is over. */
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

const DAY_MS = 86_400_000;
const PREFIX = 'exchange_p';
/** Partitions that stand ready behind today's. */
const AHEAD = 2;
/** Whoever holds it makes and drops partitions. */
const LOCK = 5_019_001;

/**
 * Makes the partitions of today and the next days, and drops those whose last moment is before `keepFrom`. One process does
 * it at a time; where a lock cannot be had within a second, the next call tries again.
 */
export async function movePartitions(sql: Sql, now: Date, keepFrom: Date): Promise<void> {
  await sql.transaction(async (tx) => {
    await tx.exec("SET LOCAL lock_timeout = '1s'");
    const [lock] = await tx.query<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [LOCK]);
    if (lock?.mine !== true) return;
    const names = new Set(
      (
        await tx.query<{ name: string }>(
          `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent = 'exchange'::regclass`,
        )
      ).map(({ name }) => name),
    );
    const today = Math.floor(now.getTime() / DAY_MS);
    for (let day = today; day <= today + AHEAD; day += 1) if (!names.has(nameOf(day))) await makePartition(tx, day);
    for (const name of names) {
      const day = dayOf(name);
      if (day !== undefined && (day + 1) * DAY_MS <= keepFrom.getTime()) await tx.exec(`DROP TABLE "${name}"`);
    }
    await tx.query('DELETE FROM exchange_rest WHERE at < $1::timestamptz', [keepFrom]);
  });
}

/** With what was written for that day while it had no partition. */
async function makePartition(tx: Sql, day: number): Promise<void> {
  const [from, until] = [day, day + 1].map((one) => new Date(one * DAY_MS).toISOString());
  const name = nameOf(day);
  await tx.exec(`CREATE TABLE "${name}" (LIKE exchange INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
    WITH moved AS (DELETE FROM exchange_rest WHERE at >= '${from}' AND at < '${until}' RETURNING *)
      INSERT INTO "${name}" SELECT * FROM moved;
    ALTER TABLE exchange ATTACH PARTITION "${name}" FOR VALUES FROM ('${from}') TO ('${until}')`);
}

/** @param day since 1970, UTC */
function nameOf(day: number): string {
  return `${PREFIX}${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

function dayOf(name: string): number | undefined {
  const [, year, month, date] = /^exchange_p(\d{4})(\d\d)(\d\d)$/.exec(name) ?? [];
  return year === undefined ? undefined : Date.parse(`${year}-${month}-${date}T00:00:00Z`) / DAY_MS;
}
