/**
 * Package#0: the notification that makes a device begin a session, as octets in both directions.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.2.1, 7.1 and appendix E; dm2 section 3.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

import type { Bytes, PreferredConnection } from '../adapter';
import { textOf } from '../http/utf8';
import { smsUserData, wspPush } from '../wap/push';
import { failed, ok, type Result } from './result';

/** What a notification says; an option that is absent is not sent, or was not there. */
export interface Package0 {
  /** SERVER-ID: `SrvID` of the account. */
  readonly serverId?: string;
  /** PREFERRED-CON-TYPE, best first. */
  readonly connections?: readonly PreferredConnection[];
  /** NOTIFICATION-ID, 0 to 65535. */
  readonly notificationId?: number;
  /** TIMESTAMP: seconds since 1970. */
  readonly timestamp?: number;
  /** REQ-MOS: Package#1 is to list the device's MOs. */
  readonly requestsMos: boolean;
}

/** What the digest is made with: `Auth/Noti/Secret` and `Auth/Noti/Data` of the account. */
export interface NotificationAuth {
  readonly secret: Bytes;
  readonly data: Bytes;
}

/** `FIELD_…` for what cannot be sent, `PACKAGE0_…` for what cannot be read. */
export type Package0Error =
  /** The identifier is no whole number from 0 to 65535. */
  | 'FIELD_NOTIFICATION_ID'
  /** The server identifier is empty, or longer than the 4095 octets of an option. */
  | 'FIELD_SERVER_ID'
  /** A connection twice, or ANY_AVAILABLE before the last. */
  | 'FIELD_CONNECTIONS'
  /** No whole number of seconds that fits into four octets. */
  | 'FIELD_TIMESTAMP'
  /** It ends before it is complete. */
  | 'PACKAGE0_TRUNCATED'
  /** VER is not 2. */
  | 'PACKAGE0_VERSION'
  /** An option is there twice, or its value has another form than it must. */
  | 'PACKAGE0_OPTION';

export const PACKAGE0_TYPE = 'application/vnd.syncml.dm.notification';

const VERSION = 2;
const OPTION = {
  serverId: 1,
  connections: 2,
  notificationId: 3,
  digest: 4,
  timestamp: 5,
  requestsMos: 6,
} as const;
/** PREFERRED-CON-TYPE: the octet of each is its place. */
const CONNECTIONS: readonly PreferredConnection[] = ['ANY_AVAILABLE', 'CELLULAR', 'WLAN', 'WIRELINE'];
const DIGEST_OCTETS = 32;
const LONGEST_VALUE = 4095;
const HIGHEST_ID = 0xffff;
const LAST_SECOND = 0xffff_ffff;
/** 0x58 as a short integer, and X-Wap-Application-Id: 7. */
const WSP_HEADERS = Uint8Array.of(0xd8, 0xaf, 0x87);

type Option = readonly [number: number, value: Bytes];

/**
 * Octets of a notification: options in increasing order, each with the difference to the one before.
 *
 * @param auth absent: there is no SHA256-DIGEST, and a client that has a secret of the server may still take it
 *
 * Errors: FIELD_….
 */
export function writePackage0(fields: Package0, auth?: NotificationAuth): Result<Bytes, Package0Error> {
  const options: Option[] = [];
  const { serverId, connections = [], notificationId, timestamp } = fields;
  if (serverId !== undefined) {
    const name = Buffer.from(serverId, 'utf8');
    if (name.length === 0 || name.length > LONGEST_VALUE)
      return failed('FIELD_SERVER_ID', `has ${name.length} octets, 1 to ${LONGEST_VALUE} can be told`);
    options.push([OPTION.serverId, name]);
  }
  if (connections.length > 0) {
    const anyAt = connections.indexOf('ANY_AVAILABLE');
    if (new Set(connections).size < connections.length || (anyAt >= 0 && anyAt < connections.length - 1))
      return failed('FIELD_CONNECTIONS', 'must be different, ANY_AVAILABLE the last');
    options.push([OPTION.connections, Uint8Array.from(connections, (name) => CONNECTIONS.indexOf(name))]);
  }
  if (notificationId !== undefined) {
    if (!isWithin(notificationId, HIGHEST_ID))
      return failed('FIELD_NOTIFICATION_ID', `${notificationId} is not from 0 to ${HIGHEST_ID}`);
    options.push([OPTION.notificationId, Uint8Array.of(notificationId >> 8, notificationId & 0xff)]);
  }
  if (auth !== undefined) options.push([OPTION.digest, new Uint8Array(DIGEST_OCTETS)]);
  if (timestamp !== undefined) {
    if (!isWithin(timestamp, LAST_SECOND)) return failed('FIELD_TIMESTAMP', `${timestamp} is no time of four octets`);
    const seconds = Buffer.alloc(4);
    seconds.writeUInt32BE(timestamp);
    options.push([OPTION.timestamp, seconds]);
  }
  if (fields.requestsMos) options.push([OPTION.requestsMos, new Uint8Array()]);

  const octets = octetsOf(options);
  if (auth === undefined) return ok(octets);
  const at = read(octets);
  // What was just written can be read.
  if (at.ok && at.value.digestAt !== undefined) octets.set(digestOf(octets, auth), at.value.digestAt);
  return ok(octets);
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

function octetsOf(options: readonly Option[]): Bytes {
  const pieces: Bytes[] = [pair((VERSION << 12) | (options.length << 7))];
  let before = 0;
  for (const [number, value] of options) {
    pieces.push(pair(((number - before) << 12) | value.length), value);
    before = number;
  }
  return new Uint8Array(Buffer.concat(pieces));
}

function pair(bits: number): Bytes {
  return Uint8Array.of(bits >> 8, bits & 0xff);
}

/** SHA-256 of the secret, the message whose digest is zero, and the account's data. */
function digestOf(zeroed: Bytes, { secret, data }: NotificationAuth): Buffer {
  return createHash('sha256').update(secret).update(zeroed).update(data).digest();
}

/**
 * Reads a notification without looking at its digest. Reserved bits, options that are not defined, connections that are
 * not defined and octets behind the last option are passed over. Errors: PACKAGE0_….
 */
export function readPackage0(octets: Bytes): Result<Package0 & { readonly isSigned: boolean }, Package0Error> {
  const found = read(octets);
  if (!found.ok) return found;
  const { digestAt, fields } = found.value;
  return ok({ ...fields, isSigned: digestAt !== undefined });
}

/** Whether the digest of a notification was made with this; false where there is none, or no notification. */
export function verifyPackage0(octets: Bytes, auth: NotificationAuth): boolean {
  const found = read(octets);
  const at = found.ok ? found.value.digestAt : undefined;
  if (at === undefined) return false;
  const zeroed = Uint8Array.from(octets);
  zeroed.fill(0, at, at + DIGEST_OCTETS);
  return timingSafeEqual(octets.subarray(at, at + DIGEST_OCTETS), digestOf(zeroed, auth));
}

interface Found {
  readonly fields: Package0;
  /** Where the digest's octets begin. */
  readonly digestAt?: number;
}

function read(given: Bytes): Result<Found, Package0Error> {
  const octets = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  if (octets.length < 2) return failed('PACKAGE0_TRUNCATED', `${octets.length} octets`);
  const header = octets.readUInt16BE(0);
  if (header >> 12 !== VERSION) return failed('PACKAGE0_VERSION', `version ${header >> 12}`);

  let fields: Package0 = { requestsMos: false };
  let digestAt: number | undefined;
  let number = 0;
  let at = 2;
  for (let left = (header >> 7) & 0x1f; left > 0; left -= 1) {
    if (at + 2 > octets.length) return failed('PACKAGE0_TRUNCATED', `${left} options are missing`);
    const bits = octets.readUInt16BE(at);
    const begin = at + 2;
    const value = octets.subarray(begin, begin + (bits & LONGEST_VALUE));
    if (value.length < (bits & LONGEST_VALUE)) return failed('PACKAGE0_TRUNCATED', `of option ${number}`);
    if (bits >> 12 === 0) return failed('PACKAGE0_OPTION', `option ${number} is there twice`);
    number += bits >> 12;
    at = begin + value.length;
    if (number === OPTION.digest) {
      if (value.length !== DIGEST_OCTETS) return failed('PACKAGE0_OPTION', `a digest of ${value.length} octets`);
      digestAt = begin;
      continue;
    }
    const told = fieldOf(number, value);
    if (told === undefined) return failed('PACKAGE0_OPTION', `option ${number} has ${value.length} octets`);
    fields = { ...fields, ...told };
  }
  return ok({ fields, ...(digestAt === undefined ? {} : { digestAt }) });
}

/** Undefined: the value has a form that its option cannot have. */
function fieldOf(number: number, value: Buffer): Partial<Package0> | undefined {
  switch (number) {
    case OPTION.serverId: {
      const serverId = textOf(value);
      return serverId === undefined ? undefined : { serverId };
    }
    case OPTION.connections:
      return { connections: [...value].flatMap((octet) => CONNECTIONS[octet] ?? []) };
    case OPTION.notificationId:
      return value.length === 2 ? { notificationId: value.readUInt16BE(0) } : undefined;
    case OPTION.timestamp: {
      const timestamp = secondsOf(value);
      return timestamp === undefined ? undefined : { timestamp };
    }
    case OPTION.requestsMos:
      return { requestsMos: true };
    default:
      return {};
  }
}

/** Four or eight octets, or decimal digits: the specification gives no length. */
function secondsOf(value: Buffer): number | undefined {
  if (value.length === 4) return value.readUInt32BE(0);
  const big = value.length === 8 ? Number(value.readBigUInt64BE(0)) : Number.NaN;
  if (Number.isSafeInteger(big)) return big;
  const text = value.toString('latin1');
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The push that carries it over WAP; the datagram to UDP port 2948. */
export function package0Push(octets: Bytes): Bytes {
  return wspPush(WSP_HEADERS, octets);
}

/** User data of the short messages that carry it; one, unless the server identifier is long. */
export function package0Sms(octets: Bytes, reference?: number): readonly Bytes[] {
  return smsUserData(package0Push(octets), reference);
}

/** NOTIFICATION-ID as callers and events have it: upper-case hexadecimal without leading zeros, like a SessionID. */
export function notificationName(id: number): string {
  return id.toString(16).toUpperCase();
}
