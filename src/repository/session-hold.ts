/** A device that fetches or brings a document may take long: its session is not given up meanwhile. */
import type { Database } from '../store/database';

/** Lets the device's open session last for `transferExpiryMs` from now, if it would end before. */
export async function holdSession(
  { db, transferExpiryMs }: { readonly db: Database; readonly transferExpiryMs?: number },
  deviceKey: bigint,
  at: Date,
): Promise<void> {
  if (transferExpiryMs === undefined) return;
  await db.sql.query(
    'UPDATE session SET expires_at = $2::timestamptz WHERE device_id = $1 AND ended_at IS NULL AND expires_at BETWEEN $3::timestamptz AND $2::timestamptz',
    [deviceKey.toString(), new Date(at.getTime() + transferExpiryMs), at],
  );
}
