/** The security log, where what is told in it costs whoever causes it nothing. */
import type { Sql } from './sql';

/** Rows of one kind that a device gets in an hour: what is told apart. The rest is counted. */
const MOST_ROWS = 8;

const NOTE = `WITH recent AS (SELECT id, detail FROM security_log
    WHERE device_id = $1 AND what = $3 AND at > $2::timestamptz - interval '1 hour'),
  counted AS (UPDATE security_log l SET times = l.times + 1, last_at = $2::timestamptz
    WHERE l.device_id = $1 AND l.id = (SELECT id FROM recent
      WHERE detail = $4::jsonb OR (SELECT count(*) FROM recent) >= ${MOST_ROWS} ORDER BY detail = $4::jsonb DESC, id DESC LIMIT 1)
    RETURNING 1)
INSERT INTO security_log (device_id, at, what, detail) SELECT $1, $2::timestamptz, $3, $4::jsonb WHERE NOT EXISTS (SELECT FROM counted)`;

/**
 * Notes what no lock-out bounds: the same again within an hour is counted in its row, and so is what exceeds the rows of an
 * hour, in the last of them. The device's lock is held.
 */
export async function noteRepeated(
  tx: Sql,
  deviceKey: string,
  now: Date,
  { what, detail }: { readonly what: string; readonly detail: unknown },
): Promise<void> {
  await tx.query(NOTE, [deviceKey, now, what, JSON.stringify(detail)]);
}
