/** Notifications for many devices at once, to be handed to a bearer. */
import type { AccountKnowledge, DocumentMaker, DmProtocol } from '../../adapters/adapter';
import type { Push, Recipient } from '../bearers/bearer';
import type { Database } from '../store/database';
import type { Secrets } from '../store/secrets';
import type { CredentialRow } from '../store/turn-load';
import {
  loadNotified,
  lockDevices,
  noteNotified,
  type NotedDevice,
  type NotifiedDevice,
} from '../store/wake-up-pushes';
import { effectiveCredential } from './credentials';
import { nextSession, waitingBefore, type NotifiedBefore } from './notification';

export interface WakeUpPushDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly makerOf: (protocol: DmProtocol | undefined) => DocumentMaker | undefined;
}

export interface Wanted {
  /** Key. */
  readonly device: string;
  /** A notification that perhaps went out: the same one is made again. */
  readonly notification: string | null;
}

export type PreparedPush =
  | { readonly ok: true; readonly push: Push; readonly to: Recipient; readonly notification: string }
  /** There can be none. */
  | { readonly ok: false; readonly reason: string };

const DEADLOCK_RETRIES = 3;

/** By key; a device that is gone is not in it. The devices are noted as asked to come. */
export async function prepareWakeUps(
  { db, secrets, makerOf }: WakeUpPushDeps,
  wanted: readonly Wanted[],
  now: number,
): Promise<ReadonlyMap<string, PreparedPush>> {
  const keys = wanted.map(({ device }) => device);
  const repeated = new Map(wanted.map(({ device, notification }) => [device, notification]));
  return db.sql.transaction(
    async (tx) => {
      await lockDevices(tx, keys);
      const prepared = new Map<string, PreparedPush>();
      const noted: NotedDevice[] = [];
      for (const row of await loadNotified(tx, keys)) {
        const kept = keptOf(row.server);
        const again = repeated.get(row.key);
        const sessionNo = again == null ? nextSession(kept.last) : Number.parseInt(again, 16);
        const made = prepare(row, sessionNo);
        prepared.set(row.key, made);
        if (made.ok) noted.push({ device: row.key, session: sessionNo, before: waitingBefore(kept, sessionNo) });
      }
      if (noted.length > 0) await noteNotified(tx, noted, new Date(now));
      return prepared;
    },
    { retries: DEADLOCK_RETRIES },
  );

  function prepare(row: NotifiedDevice, sessionNo: number): PreparedPush {
    const protocol = (row.protocol ?? undefined) as DmProtocol | undefined;
    const maker = makerOf(protocol);
    if (maker === undefined) return { ok: false, reason: `there is no notification of ${protocol ?? 'its protocol'}` };
    try {
      const { deviceId, msisdn, udpAddress } = row;
      const made = maker.wake(
        { account: knowledge(secrets, row), device: { deviceId, ...(protocol === undefined ? {} : { protocol }) } },
        { sessionNo, now, initiatedBy: 'SERVER', uiMode: 'BACKGROUND' },
      );
      if (!made.ok) return { ok: false, reason: `${made.field}: ${made.message}` };
      const to = { deviceId, ...(msisdn === null ? {} : { msisdn }), ...(udpAddress === null ? {} : { udpAddress }) };
      return { ok: true, push: made.document, to, notification: made.match };
    } catch (error) {
      // A secret that cannot be opened is this device's trouble alone.
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }
}

function knowledge(secrets: Secrets, row: NotifiedDevice): AccountKnowledge {
  const { serverId, autoRegister } = row;
  const client = { type: row.clientAuthType, username: row.clientUsername, secret: row.clientSecret };
  const server = { type: row.serverAuthType, username: row.serverUsername, secret: row.serverSecret };
  return {
    serverId,
    autoRegister,
    clientAuth: effectiveCredential(secrets, 'CLIENT', client, row.client, serverId),
    serverAuth: effectiveCredential(secrets, 'SERVER', server, row.server, serverId),
  };
}

function keptOf(server: CredentialRow | null): NotifiedBefore {
  const { notifiedAt = null, notifiedSession = null, notifiedBefore } = server ?? {};
  const last = notifiedSession ?? null;
  return { at: notifiedAt === null ? null : Date.parse(notifiedAt), last, before: notifiedBefore ?? [] };
}
