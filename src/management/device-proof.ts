/** Who stands behind a request outside of a session: the device's own credential, or its account's, as in a session. */
import { randomBytes } from 'node:crypto';

import type { Context, CredentialType, DmProtocol, Inbound, Proof, Wire } from '../../adapters/adapter';
import type { Database } from '../store/database';
import type { Secrets } from '../store/secrets';
import { CREDENTIAL, type CredentialRow } from '../store/turn-load';
import { effectiveCredential } from './credentials';
import { lockedUntil } from './lock-out';
import type { TurnSettings } from './turn';
import type { Ddfs } from './types';

export interface DeviceProofDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly ddfs: Pick<Ddfs, 'library'>;
  readonly settings: TurnSettings;
  /** Judges the request; pure. */
  readonly prove: (inbound: Inbound, deviceId: string, context: Context) => Proof;
  readonly now?: () => number;
}

export interface DeviceProofs {
  /** `deviceKey`: database key of the device that it should come from. */
  check(
    deviceKey: string,
    inbound: Inbound,
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly reply: Wire }>;
}

interface Row {
  readonly device_id: string;
  readonly protocol: string | null;
  readonly server_id: string;
  readonly auto_register: boolean;
  readonly client_auth_type: string;
  readonly client_username: string | null;
  readonly client_secret: string | null;
  readonly client: CredentialRow | null;
}

const FIND = `SELECT d.device_id, d.protocol, a.server_id, a.auto_register, a.client_auth_type, a.client_username, a.client_secret,
  ${CREDENTIAL('cc')} AS client
FROM device d JOIN account a ON a.id = d.account_id
LEFT JOIN device_credential cc ON cc.device_id = d.id AND cc.direction = 'CLIENT' WHERE d.id = $1`;

const REFUSED = `WITH k AS (INSERT INTO device_credential AS k (device_id, direction, failures, locked_until) VALUES ($1, 'CLIENT', $3, $4)
  ON CONFLICT (device_id, direction) DO UPDATE SET failures = excluded.failures, locked_until = excluded.locked_until)
INSERT INTO security_log (device_id, at, what, detail) VALUES ($1, $2, 'credentialRefused', $5::jsonb)`;

export function createDeviceProofs(deps: DeviceProofDeps): DeviceProofs {
  const { db, settings } = deps;
  const clock = deps.now ?? Date.now;
  return {
    async check(deviceKey, inbound) {
      const now = clock();
      const [row] = await db.sql.query<Row>(FIND, [deviceKey]);
      if (row === undefined) throw new Error('an address outlived its device');
      const proof = deps.prove(inbound, row.device_id, contextOf(deps, row, now));
      const failures = row.client?.failures ?? 0;
      if (proof.ok) {
        if (failures > 0)
          await db.sql.query(
            `UPDATE device_credential SET failures = 0, locked_until = NULL WHERE device_id = $1 AND direction = 'CLIENT'`,
            [deviceKey],
          );
        return proof;
      }
      if (proof.counted) {
        const until = lockedUntil(failures + 1, settings.limits.maxFailures, now);
        const detail = JSON.stringify({ reason: proof.reason, at: 'repository' });
        await db.sql.query(REFUSED, [deviceKey, new Date(now), failures + 1, until, detail]);
      }
      return { ok: false, reply: proof.reply };
    },
  };
}

/** As much as the proof of a device takes. */
function contextOf({ secrets, settings, ddfs }: DeviceProofDeps, row: Row, now: number): Context {
  const serverId = row.server_id;
  const account = { type: row.client_auth_type, username: row.client_username, secret: row.client_secret };
  const nothing = new Uint8Array();
  return {
    now,
    random: randomBytes(64),
    freshToken: '',
    strangerNonce: nothing,
    strangerToken: '',
    digestKey: secrets.key('digest'),
    baseUrl: settings.baseUrl(),
    allowInsecureBasic: settings.allowInsecureBasic,
    limits: settings.limits,
    ddf: ddfs.library(),
    device: {
      deviceId: row.device_id,
      ...(row.protocol === null ? {} : { protocol: row.protocol as DmProtocol }),
      ...(row.client?.fingerprint == null ? {} : { certSha256: row.client.fingerprint }),
      features: {},
      mos: [],
    },
    account: {
      serverId,
      autoRegister: row.auto_register,
      clientAuth: effectiveCredential(secrets, 'CLIENT', account, row.client, serverId),
      serverAuth: {
        type: 'NONE' satisfies CredentialType,
        username: serverId,
        secret: '',
        nonce: nothing,
        failures: 0,
      },
    },
    defaultServerId: settings.defaultServerId,
    items: {},
  };
}
