/** A session whose device is busy with the Data Repository lives longer (dm2 section 20, "expiry"). */
import type { Sql } from './sql';

/**
 * Sets when the device's open session ends if nothing comes. A session that is over by `now` stays so.
 *
 * @param isLater only moves the end away
 */
export async function setSessionEnd(
  sql: Sql,
  deviceKey: string,
  now: Date,
  end: Date,
  isLater: boolean,
): Promise<void> {
  await sql.query(
    `UPDATE session SET expires_at = $3::timestamptz, state = jsonb_set(state, '{a,expiresAt}', to_jsonb($4::bigint))
     WHERE device_id = $1 AND ended_at IS NULL AND expires_at > $2::timestamptz AND (NOT $5 OR expires_at < $3::timestamptz)`,
    [deviceKey, now, end, end.getTime(), isLater],
  );
}
