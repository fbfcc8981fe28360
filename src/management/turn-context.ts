/** What an adapter is told of the device, its account and its session, made of the row that was loaded. */
import { createHmac, randomBytes } from 'node:crypto';

import type { AccountKnowledge, Context, CredentialType, Envelope, Json, StoredSession } from '../../adapters/adapter';
import type { CredentialRow, LoadedTurn } from '../store/turn-load';
import { effectiveCredential } from './credentials';
import { readState } from './kept-state';
import type { TurnDeps } from './turn';

/** The device's latest session; one that ended says so in its phase. */
export function sessionOf(row: LoadedTurn): StoredSession | undefined {
  const kept = readState(row.session_state);
  if (row.session_id === null || kept === undefined || row.last_at === null) return undefined;
  // The repository gives a session more time while a document of it is on its way.
  const expiresAt = row.session_expires?.getTime() ?? kept.a.expiresAt;
  const state = { ...kept.a, expiresAt, ...(row.session_ended === true ? { phase: 'ended' as const } : {}) };
  return {
    state,
    lastSha256: row.last_sha256 ?? '',
    lastAt: row.last_at.getTime(),
    lastReply: {
      status: row.last_status ?? 200,
      headers: row.last_headers ?? {},
      body: row.last_body ?? new Uint8Array(),
    },
  };
}

function notifiedOf(server: CredentialRow | null): AccountKnowledge['notified'] {
  if (server?.notifiedAt == null) return undefined;
  return { at: Date.parse(server.notifiedAt), sessionNo: server.notifiedSession ?? undefined };
}

export function contextOf(
  deps: TurnDeps,
  row: LoadedTurn,
  session: StoredSession | undefined,
  envelope: Envelope,
  now: number,
): Context {
  const { settings, secrets, ddfs } = deps;
  const library = ddfs.library();
  const hour = Math.floor(now / 3_600_000);
  const stranger = (use: string): Buffer =>
    createHmac('sha256', secrets.key('stranger'))
      .update(`${use}\n${envelope.device}\n${hour}`)
      .digest()
      .subarray(0, 16);
  const random = randomBytes(80);
  return {
    now,
    random: random.subarray(16),
    freshToken: random.subarray(0, 16).toString('base64url'),
    // Only who is not known needs them, so they are derived when they are asked for.
    get strangerNonce() {
      return stranger('nonce');
    },
    get strangerToken() {
      return stranger('token').toString('base64url');
    },
    digestKey: secrets.key('digest'),
    baseUrl: settings.baseUrl(),
    allowInsecureBasic: settings.allowInsecureBasic,
    limits: settings.limits,
    ddf: library,
    session,
    device:
      row.device_id === null
        ? undefined
        : {
            deviceId: row.device_id,
            protocol: (row.protocol ?? undefined) as never,
            certSha256: row.client?.fingerprint ?? undefined,
            features: Object.fromEntries(
              Object.entries(row.features ?? {}).map(([name, f]) => [name, f.value as Json]),
            ),
            ...(Object.keys(row.recognised ?? {}).length === 0 ? {} : { recognised: row.recognised ?? {} }),
            mos: (row.mos ?? []).map((m) => ({
              moid: m.m,
              miid: m.i,
              place: m.p ?? undefined,
              validator: m.v ?? undefined,
              octets: m.z ?? undefined,
            })),
          },
    account:
      row.account_key === null
        ? undefined
        : {
            serverId: row.server_id ?? '',
            autoRegister: row.auto_register === true,
            clientAuth: effectiveCredential(
              secrets,
              'CLIENT',
              { type: row.client_auth_type, username: row.client_username, secret: row.client_secret },
              row.client,
              row.server_id ?? '',
            ),
            serverAuth: effectiveCredential(
              secrets,
              'SERVER',
              { type: row.server_auth_type, username: row.server_username, secret: row.server_secret },
              row.server,
              row.server_id ?? '',
            ),
            resyncSentAt: row.client?.resyncAt == null ? undefined : Date.parse(row.client.resyncAt),
            notified: notifiedOf(row.server),
            notifiedBefore: row.server?.notifiedBefore ?? undefined,
          },
    refusals: (row.client?.refusals ?? undefined) as Json | undefined,
    // A challenge must not tell whether the device is known: strangers are shown what the devices of the first account are.
    defaultServerId: row.stranger_server_id ?? settings.defaultServerId,
    objectSoFar: row.object_so_far ?? undefined,
    strangerAuth: (row.stranger_auth_type ?? undefined) as CredentialType | undefined,
    items: Object.fromEntries(
      Object.entries(row.items ?? {}).map(([token, item]) => {
        const put = item.contents?.[0];
        return [
          token,
          {
            fetched: item.fetched,
            uploaded: put === undefined ? undefined : { mime: put.mime, body: Buffer.from(put.base64, 'base64') },
          },
        ];
      }),
    ),
  };
}
