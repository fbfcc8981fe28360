/** What notifications of many devices are made from, and that they were made: each by one statement, under the devices' locks. */
import type { Sql } from './sql';
import { CREDENTIAL, type CredentialRow } from './turn-load';

export interface NotifiedDevice {
  readonly key: string;
  readonly deviceId: string;
  readonly protocol: string | null;
  readonly msisdn: string | null;
  readonly udpAddress: string | null;
  readonly serverId: string;
  readonly autoRegister: boolean;
  readonly clientAuthType: string | null;
  readonly clientUsername: string | null;
  readonly clientSecret: string | null;
  readonly serverAuthType: string | null;
  readonly serverUsername: string | null;
  readonly serverSecret: string | null;
  readonly client: CredentialRow | null;
  readonly server: CredentialRow | null;
}

/** Takes the devices' locks, in order of key so that two processes do not wait for each other, in a way that turns notice. */
export async function lockDevices(tx: Sql, keys: readonly string[]): Promise<void> {
  await tx.query(
    `UPDATE device SET updated_at = updated_at
     WHERE id IN (SELECT id FROM device WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE)`,
    [keys],
  );
}

export async function loadNotified(tx: Sql, keys: readonly string[]): Promise<readonly NotifiedDevice[]> {
  return tx.query<NotifiedDevice>(
    `SELECT d.id AS key, d.device_id AS "deviceId", d.protocol, d.msisdn, d.udp_address AS "udpAddress", a.server_id AS "serverId",
       a.auto_register AS "autoRegister", a.client_auth_type AS "clientAuthType", a.client_username AS "clientUsername",
       a.client_secret AS "clientSecret", a.server_auth_type AS "serverAuthType", a.server_username AS "serverUsername",
       a.server_secret AS "serverSecret", ${CREDENTIAL('cc')} AS client, ${CREDENTIAL('sc')} AS server
     FROM device d JOIN account a ON a.id = d.account_id
     LEFT JOIN device_credential cc ON cc.device_id = d.id AND cc.direction = 'CLIENT'
     LEFT JOIN device_credential sc ON sc.device_id = d.id AND sc.direction = 'SERVER'
     WHERE d.id = ANY($1::bigint[])`,
    [keys],
  );
}

export interface NotedDevice {
  readonly device: string;
  readonly session: number;
  /** Notifications before it that nobody answered. */
  readonly before: readonly { readonly at: number; readonly sessionNo: number }[];
}

export async function noteNotified(tx: Sql, noted: readonly NotedDevice[], now: Date): Promise<void> {
  await tx.query(
    `INSERT INTO device_credential AS k (device_id, direction, notified_at, notified_session, notified_before)
     SELECT x.device, 'SERVER', $2::timestamptz, x.session, x.before
     FROM jsonb_to_recordset($1::jsonb) AS x(device bigint, session int, before jsonb)
     ON CONFLICT (device_id, direction) DO UPDATE SET notified_at = excluded.notified_at,
       notified_session = excluded.notified_session, notified_before = excluded.notified_before`,
    [JSON.stringify(noted), now],
  );
}
