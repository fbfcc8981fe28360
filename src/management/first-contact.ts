/** Registers a device that proved an account's shared credential. */
import type { Sql } from '../store/sql';

/** @returns the device's key */
export async function registerOnContact(
  tx: Sql,
  deviceId: string,
  accountKey: string,
  protocol: string,
): Promise<string> {
  const [row] = await tx.query<{ id: string }>(
    `WITH d AS (INSERT INTO device (device_id, account_id, protocol) VALUES ($1, $2, $3)
       ON CONFLICT (device_id) DO UPDATE SET protocol = excluded.protocol RETURNING id)
     , e AS (INSERT INTO event (device_id, type, data) SELECT d.id, 'deviceRegistered', jsonb_build_object('deviceId', $1::text, 'on', 'contact') FROM d)
     SELECT id FROM d`,
    [deviceId, accountKey, protocol],
  );
  if (row === undefined) throw new Error('a device could not be registered');
  return row.id;
}
