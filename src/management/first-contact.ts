/** Registers a device that proved an account's shared credential. */
import type { Sql } from '../store/sql';

/** @returns the device's key; absent when somebody registered the device meanwhile */
export async function registerOnContact(
  tx: Sql,
  deviceId: string,
  accountKey: string,
  protocol: string,
): Promise<string | undefined> {
  const [row] = await tx.query<{ id: string }>(
    `WITH d AS (INSERT INTO device (device_id, account_id, protocol) VALUES ($1, $2, $3)
       ON CONFLICT (device_id) DO NOTHING RETURNING id)
     , e AS (INSERT INTO event (device_id, type, data) SELECT d.id, 'deviceRegistered', jsonb_build_object('deviceId', $1::text, 'on', 'contact') FROM d)
     SELECT id FROM d`,
    [deviceId, accountKey, protocol],
  );
  return row?.id;
}
