/** What differs between two simulated devices: made from the device identifier alone, so that a device is the same every time. */
import { createHash } from 'node:crypto';

export interface DeviceIdentity {
  readonly deviceId: string;
  readonly serial: string;
  readonly firmware: string;
  readonly software: string;
  readonly hardware: string;
  readonly key: Uint8Array;
  /** ISO 8601 date. */
  readonly since: string;
}

export function identityOf(deviceId: string): DeviceIdentity {
  const hash = createHash('sha256').update(deviceId, 'utf8').digest();
  const digit = (at: number, count: number): number => (hash[at] ?? 0) % count;
  return {
    deviceId,
    serial: `A-${String(hash.readUInt32BE(0) % 1_000_000).padStart(6, '0')}`,
    firmware: `${1 + digit(4, 4)}.${digit(5, 10)}.${digit(6, 10)}`,
    software: `${2 + digit(7, 3)}.${digit(8, 20)}`,
    hardware: `rev-${String.fromCharCode(65 + digit(9, 4))}`,
    key: new Uint8Array(hash.subarray(10, 26)),
    since: `20${20 + digit(26, 6)}-0${1 + digit(27, 9)}-${String(1 + digit(28, 28)).padStart(2, '0')}`,
  };
}

/** The n-th device of a group: the base identifier itself for 0, else its trailing digits counted up, or `-n` appended. */
export function deviceIdOf(base: string, n: number): string {
  if (n === 0) return base;
  const digits = /\d{1,15}$/.exec(base)?.[0];
  if (digits === undefined) return `${base}-${n}`;
  return base.slice(0, base.length - digits.length) + String(Number(digits) + n).padStart(digits.length, '0');
}
