/** The statements by which devices are imported: each for all records of a call. */
import type { Sql } from '../store/sql';
import type { KeptCredential } from './credential-input';
import type { Direction } from './credentials';

export interface DeviceRow {
  readonly id: string;
  readonly deviceId: string;
  readonly accountId: string;
  readonly protocol: string | null;
  readonly tags: readonly string[];
  readonly timeZone: string | null;
  readonly bearers: readonly string[] | null;
  readonly msisdn: string | null;
  readonly udpAddress: string | null;
}

/** `id` is null for a new one. */
export type WrittenDevice = Omit<DeviceRow, 'id'> & { readonly id: string | null };

/** A credential of a device's own; without `type` it holds what is known of the account's on this device. */
export interface CredentialRow {
  readonly type: KeptCredential['type'] | null;
  readonly username: string | null;
  readonly secret: string | null;
  readonly fingerprint: string | null;
}

const RECORD = `jsonb_to_recordset($1::jsonb) AS x(id bigint, "deviceId" text, "accountId" bigint, protocol text, tags text[],
  "timeZone" text, bearers jsonb, msisdn text, "udpAddress" text)`;
const BEARERS = `NULLIF(x.bearers, 'null'::jsonb)`;

/** Locked, by DevId. */
export async function loadDevices(tx: Sql, deviceIds: readonly string[]): Promise<ReadonlyMap<string, DeviceRow>> {
  const rows = await tx.query<DeviceRow>(
    `SELECT d.id, d.device_id AS "deviceId", d.account_id AS "accountId", d.protocol, d.tags, d.time_zone AS "timeZone",
       d.bearers, d.msisdn, d.udp_address AS "udpAddress"
     FROM device d WHERE d.device_id = ANY($1::text[]) ORDER BY d.id FOR UPDATE`,
    [deviceIds],
  );
  return new Map(rows.map((row) => [row.deviceId, row]));
}

/** By the devices' keys. */
export async function loadCredentials(
  tx: Sql,
  devices: readonly string[],
): Promise<ReadonlyMap<string, Partial<Record<Direction, CredentialRow>>>> {
  const rows = await tx.query<CredentialRow & { readonly device: string; readonly direction: Direction }>(
    `SELECT device_id AS device, direction, type, username, secret, fingerprint FROM device_credential
     WHERE device_id = ANY($1::bigint[])`,
    [devices],
  );
  const found = new Map<string, Partial<Record<Direction, CredentialRow>>>();
  for (const { device, direction, ...row } of rows) found.set(device, { ...found.get(device), [direction]: row });
  return found;
}

/** @returns keys of the new devices by DevId; those that somebody else registered meanwhile are not among them */
export async function insertDevices(tx: Sql, devices: readonly WrittenDevice[]): Promise<ReadonlyMap<string, string>> {
  if (devices.length === 0) return new Map();
  const rows = await tx.query<{ readonly id: string; readonly deviceId: string }>(
    `INSERT INTO device (device_id, account_id, protocol, tags, time_zone, bearers, msisdn, udp_address)
     SELECT x."deviceId", x."accountId", x.protocol, x.tags, x."timeZone", ${BEARERS}, x.msisdn, x."udpAddress"
     FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e(one, place),
       jsonb_to_record(e.one) AS x("deviceId" text, "accountId" bigint, protocol text, tags text[], "timeZone" text,
         bearers jsonb, msisdn text, "udpAddress" text)
     ORDER BY e.place
     ON CONFLICT (device_id) DO NOTHING RETURNING id, device_id AS "deviceId"`,
    [JSON.stringify(devices)],
  );
  return new Map(rows.map(({ id, deviceId }) => [deviceId, id]));
}

/** Windows of campaigns that a device waits for are reckoned by its clocks, and follow them. */
export async function updateDevices(tx: Sql, devices: readonly WrittenDevice[]): Promise<void> {
  if (devices.length === 0) return;
  await tx.query(
    `WITH x AS (SELECT * FROM ${RECORD}),
       queued AS (UPDATE campaign_device c SET time_zone = x."timeZone" FROM x
         WHERE c.device_id = x.id AND x."timeZone" IS NOT NULL AND c.state = 'QUEUED' AND c.time_zone IS NOT NULL)
     UPDATE device d SET account_id = x."accountId", protocol = x.protocol, tags = x.tags, time_zone = x."timeZone",
       bearers = ${BEARERS}, msisdn = x.msisdn, udp_address = x."udpAddress", updated_at = now()
     FROM x WHERE d.id = x.id`,
    [JSON.stringify(devices)],
  );
}

/** Failures count from nothing, the nonce stays what the device knows. */
export async function writeCredentials(
  tx: Sql,
  credentials: readonly (CredentialRow & { readonly device: string; readonly direction: Direction })[],
): Promise<void> {
  if (credentials.length === 0) return;
  await tx.query(
    `INSERT INTO device_credential (device_id, direction, type, username, secret, fingerprint)
     SELECT x.device, x.direction, x.type, x.username, x.secret, x.fingerprint FROM jsonb_to_recordset($1::jsonb)
       AS x(device bigint, direction text, type text, username text, secret text, fingerprint text)
     ON CONFLICT (device_id, direction) DO UPDATE SET type = EXCLUDED.type, username = EXCLUDED.username,
       secret = EXCLUDED.secret, fingerprint = EXCLUDED.fingerprint, failures = 0, locked_until = NULL`,
    [JSON.stringify(credentials)],
  );
}
