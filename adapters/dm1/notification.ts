/**
 * Package 0: the notification that makes a device begin a session. That of DM 1.2, which DM 1.3 devices understand as
 * well, and that of DM 1.1.2, which differs by its version. Source: OMA-TS-DM_Notification-V1_2, 6 and 7; dm1 section 16.
 *
 * DM 1.3 has a form of its own (application/vnd.syncml.dm.notification). It is neither built nor read here: the layout
 * of its header is not known to this project.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

import type { Bytes, WakeUpRequest } from '../adapter';
import { digestOf } from './credential';
import { SMS_OCTETS, smsUserData, wspPush } from '../wap/push';

export interface Notification {
  /** Of the protocol: `1.1` is that of DM 1.2, `1.0` that of DM 1.1.2. */
  readonly version: '1.0' | '1.1';
  readonly uiMode: WakeUpRequest['uiMode'];
  /** Who caused it. */
  readonly initiatedBy: WakeUpRequest['initiatedBy'];
  /** 1 to FFFF. The session has it as SessionID, in hexadecimal. */
  readonly sessionNo: number;
  readonly serverId: string;
  /** Vendor specific, covered by the digest. */
  readonly vendor?: Bytes;
}

/** `NOTIFICATION_…` for what cannot be sent, `PACKAGE0_…` for what cannot be read. */
export type NotificationErrorCode =
  /** The SessionID is no whole number from 1 to FFFF. */
  | 'NOTIFICATION_SESSION'
  /** The server identifier is empty, or longer than the 255 octets that its length can tell. */
  | 'NOTIFICATION_SERVER_ID'
  /** It ends before it is complete. */
  | 'PACKAGE0_TRUNCATED'
  /** Its version is neither 1.0 nor 1.1. */
  | 'PACKAGE0_VERSION'
  /** The server identifier is no UTF-8 text, or empty. */
  | 'PACKAGE0_SERVER_ID'
  | 'PACKAGE0_SESSION';

export type NotificationResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: NotificationErrorCode; readonly message: string };

export const NOTIFICATION_TYPE = 'application/vnd.syncml.notification';

const DIGEST_OCTETS = 16;
const HEADER_OCTETS = 8;
const LONGEST_SERVER_ID = 255;
const VERSIONS = { '1.0': 10, '1.1': 11 } as const;
const UI_MODES = ['UNSPECIFIED', 'BACKGROUND', 'INFORMATIVE', 'INTERACTIVE'] as const;
/** application/vnd.syncml.notification as a short integer, and X-Wap-Application-Id: 7. */
const WSP_HEADERS = Uint8Array.of(0xc4, 0xaf, 0x87);

/** SessionID of the session that a notification begins: upper-case hexadecimal without leading zeros. */
export function sessionIdOf(sessionNo: number): string {
  return sessionNo.toString(16).toUpperCase();
}

/**
 * Octets of a notification.
 *
 * @param password the server's, as the device keeps it (SRVCRED)
 * @param nonce    the last one that the device gave for the server's credential, or one of RESYNC_NONCE. It is not used
 *                 up: the device has no way to answer
 *
 * Errors: NOTIFICATION_SESSION, NOTIFICATION_SERVER_ID.
 */
export function writeNotification(
  notification: Notification,
  password: string,
  nonce: Bytes,
): NotificationResult<Bytes> {
  const { sessionNo, serverId, vendor = new Uint8Array() } = notification;
  if (!Number.isInteger(sessionNo) || sessionNo < 1 || sessionNo > 0xffff) {
    return failure('NOTIFICATION_SESSION', `session ${sessionNo} is not from 1 to 65535`);
  }
  const name = Buffer.from(serverId, 'utf8');
  if (name.length === 0 || name.length > LONGEST_SERVER_ID) {
    return failure(
      'NOTIFICATION_SERVER_ID',
      `the server identifier has ${name.length} octets, 1 to ${LONGEST_SERVER_ID} can be told`,
    );
  }
  const version = VERSIONS[notification.version];
  const initiator = notification.initiatedBy === 'SERVER' ? 1 : 0;
  const flags = ((version & 0b11) << 6) | (UI_MODES.indexOf(notification.uiMode) << 4) | (initiator << 3);
  const head = [version >> 2, flags, 0, 0, 0, sessionNo >> 8, sessionNo & 0xff, name.length];
  const trigger = Buffer.concat([Uint8Array.from(head), name, vendor]);
  const digest = digestOfTrigger(trigger, digestOf(serverId, password), nonce);
  return { ok: true, value: new Uint8Array(Buffer.concat([digest, trigger])) };
}

/** Reads a notification without looking at its digest. The 27 bits for future use are ignored. Errors: PACKAGE0_…. */
export function readNotification(octets: Bytes): NotificationResult<Notification> {
  const trigger = Buffer.from(octets).subarray(DIGEST_OCTETS);
  if (trigger.length < HEADER_OCTETS) return failure('PACKAGE0_TRUNCATED', `${octets.length} octets`);
  const bits = trigger.readUInt16BE(0);
  const version = bits >> 6 === VERSIONS['1.1'] ? '1.1' : bits >> 6 === VERSIONS['1.0'] ? '1.0' : undefined;
  if (version === undefined) return failure('PACKAGE0_VERSION', `version ${bits >> 6}`);
  const sessionNo = trigger.readUInt16BE(5);
  if (sessionNo === 0) return failure('PACKAGE0_SESSION', 'session 0');
  const length = trigger.readUInt8(7);
  const name = trigger.subarray(HEADER_OCTETS, HEADER_OCTETS + length);
  if (name.length < length) return failure('PACKAGE0_TRUNCATED', `${name.length} of ${length} octets of a name`);
  const serverId = name.toString('utf8');
  if (length === 0 || !Buffer.from(serverId, 'utf8').equals(name)) {
    return failure('PACKAGE0_SERVER_ID', 'the server identifier is no text');
  }
  const vendor = trigger.subarray(HEADER_OCTETS + length);
  return {
    ok: true,
    value: {
      version,
      uiMode: UI_MODES[(bits >> 4) & 0b11] ?? 'UNSPECIFIED',
      initiatedBy: (bits & 0b1000) === 0 ? 'USER' : 'SERVER',
      sessionNo,
      serverId,
      ...(vendor.length === 0 ? {} : { vendor: new Uint8Array(vendor) }),
    },
  };
}

/** Whether a notification's digest was made with one of the nonces. All of them are tried, whichever fits. */
export function verifyNotification(
  octets: Bytes,
  serverId: string,
  password: string,
  nonces: readonly Bytes[],
): boolean {
  if (octets.length < DIGEST_OCTETS) return false;
  const given = octets.subarray(0, DIGEST_OCTETS);
  const trigger = octets.subarray(DIGEST_OCTETS);
  const secret = digestOf(serverId, password);
  return nonces.map((nonce) => timingSafeEqual(given, digestOfTrigger(trigger, secret, nonce))).includes(true);
}

/** H(secret ":" nonce ":" B64(H(trigger))), secret = B64(H(server identifier ":" password)). */
function digestOfTrigger(trigger: Bytes, secret: string, nonce: Bytes): Buffer {
  const inner = createHash('md5').update(trigger).digest('base64');
  return createHash('md5').update(`${secret}:`).update(nonce).update(`:${inner}`).digest();
}

/** The push that carries it over WAP; the datagram to UDP port 2948. */
export function notificationPush(octets: Bytes): Bytes {
  return wspPush(WSP_HEADERS, octets);
}

/** User data of the short messages that carry it; one, unless server identifier and vendor data are long. */
export function notificationSms(octets: Bytes, reference?: number): readonly Bytes[] {
  return smsUserData(notificationPush(octets), reference);
}

/** Octets of a notification that one short message takes: 127. */
export const ONE_SMS_OCTETS = SMS_OCTETS - 7 - 3 - WSP_HEADERS.length;

function failure(code: NotificationErrorCode, message: string): NotificationResult<never> {
  return { ok: false, code, message };
}
