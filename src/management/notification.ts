/** Notifications (Package 0) for devices, as octets for whoever can carry them. */
import { randomInt } from 'node:crypto';

import type { DocumentMaker, DmProtocol } from '../../adapters/adapter';
import { badInput } from '../access/inputs';
import { administer, recordChange, type AdministrativeTransaction } from '../access/journal';
import type { Database } from '../store/database';
import type { Prisma } from '../store/generated/client';
import type { Secrets } from '../store/secrets';
import { knowledgeOf, lockDeviceAccount, protocolOf, type DeviceAccount } from './device-account';
import type { NotificationInput, Notifications, NotificationView } from './outreach-types';
import { ManagementError, type Caller } from './types';

export interface OutreachDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  /** Absent for a protocol that has no such documents here. */
  readonly makerOf: (protocol: DmProtocol | undefined) => DocumentMaker | undefined;
  readonly now?: () => number;
}

const LAST_SESSION = 0xffff;
const MOST_VENDOR_OCTETS = 64;
/** Notifications without answer that are remembered beside the last one. */
const MOST_BEFORE = 8;

export function createNotifications(deps: OutreachDeps): Notifications {
  const { db, secrets } = deps;
  const clock = deps.now ?? Date.now;

  /**
   * Makes a notification and notes that the device was asked to come. Errors: NOT_FOUND, BAD_USER_INPUT (also where there
   * is no secret of the server to sign with), NOT_SUPPORTED_BY_DEVICE.
   */
  async function prepare(input: NotificationInput, caller: Caller): Promise<NotificationView> {
    const { deviceId, uiMode, initiatedBy, resync, vendor, connections, requestsMos } = input;
    const asked = input.sessionId === undefined ? undefined : readSessionId(input.sessionId);
    if (vendor !== undefined && vendor.length > MOST_VENDOR_OCTETS)
      throw badInput(`${vendor.length} octets, at most ${MOST_VENDOR_OCTETS}`, 'vendor');
    return administer(db, async (tx) => {
      const known = await lockDeviceAccount(tx, deviceId);
      const protocol = protocolOf(known.device);
      const maker = deps.makerOf(protocol);
      if (maker === undefined) throw unsupported(protocol, 'notification');
      if (protocol !== 'DM_2_0' && (connections !== undefined || requestsMos !== undefined))
        throw badInput('is of DM 2.0', connections === undefined ? 'requestMos' : 'connections');
      const now = clock();
      const sessionNo = asked ?? nextSession(known.server?.notifiedSession ?? null);
      const account = knowledgeOf(secrets, known);
      const made = maker.wake(
        { account, device: { deviceId, ...(protocol === undefined ? {} : { protocol }) } },
        {
          sessionNo,
          initiatedBy,
          uiMode,
          now,
          ...(resync && { resync }),
          ...(vendor && { vendor }),
          ...(connections && { connections }),
          ...(requestsMos === undefined ? {} : { requestsMos }),
        },
      );
      if (!made.ok) throw badInput(made.message, made.field);
      await note(tx, known, new Date(now), sessionNo, resync !== undefined);
      await recordChange(tx, {
        type: 'notificationPrepared',
        caller,
        device: known.device.id,
        data: { deviceId, sessionId: made.match, uiMode, resync: resync ?? null },
      });
      return { deviceId, sessionId: made.match, ...made.document };
    });
  }

  return { prepare };
}

export function unsupported(protocol: DmProtocol | undefined, what: string): ManagementError {
  return new ManagementError(
    'NOT_SUPPORTED_BY_DEVICE',
    `there is no ${what} of ${protocol ?? 'an unknown protocol'} here`,
  );
}

async function note(
  tx: AdministrativeTransaction,
  { device, server }: DeviceAccount,
  now: Date,
  sessionNo: number,
  isResync: boolean,
): Promise<void> {
  const keep = async (direction: 'CLIENT' | 'SERVER', data: object): Promise<void> => {
    await tx.deviceCredential.upsert({
      where: { deviceId_direction: { deviceId: device.id, direction } },
      create: { deviceId: device.id, direction, ...data },
      update: data,
    });
  };
  await keep('SERVER', {
    notifiedAt: now,
    notifiedSession: sessionNo,
    notifiedBefore: waitingBefore(keptOf(server), sessionNo) as unknown as Prisma.InputJsonValue,
  });
  if (isResync) await keep('CLIENT', { resyncAt: now });
}

/** Notifications that were made for a device and that no session answered yet. */
export interface NotifiedBefore {
  /** When the last one was made, milliseconds since 1970; null: it was answered, or there was none. */
  readonly at: number | null;
  /** The session of the last one, answered or not. */
  readonly last: number | null;
  readonly before: readonly { readonly at: number; readonly sessionNo: number }[];
}

function keptOf(server: DeviceAccount['server']): NotifiedBefore {
  return {
    at: server?.notifiedAt?.getTime() ?? null,
    last: server?.notifiedSession ?? null,
    before: (server?.notifiedBefore ?? []) as unknown as NotifiedBefore['before'],
  };
}

/** Those that wait for an answer when another one is made; that one may be one of them, sent once more. */
export function waitingBefore({ at, last, before }: NotifiedBefore, sessionNo: number): NotifiedBefore['before'] {
  const latest = at === null || last === null ? [] : [{ at, sessionNo: last }];
  return [...before, ...latest].filter((one) => one.sessionNo !== sessionNo).slice(-MOST_BEFORE);
}

/**
 * Different notifications need different sessions; the first begins anywhere, so that it tells nothing.
 *
 * @param last session of the last notification
 */
export function nextSession(last: number | null): number {
  return last === null ? randomInt(1, LAST_SESSION + 1) : (last % LAST_SESSION) + 1;
}

function readSessionId(text: string): number {
  const sessionNo = /^[0-9A-Fa-f]{1,4}$/.test(text) ? Number.parseInt(text, 16) : 0;
  if (sessionNo === 0) throw badInput('is no hexadecimal number from 1 to FFFF', 'sessionId');
  return sessionNo;
}
