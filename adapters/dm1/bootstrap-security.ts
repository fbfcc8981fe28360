/**
 * What protects a bootstrap document that comes over the air: a MAC under a secret that the device shares with its
 * network (IMSI, ESN) or its user (PIN). Source: OMA-WAP-ProvBoot, "Security"; OMA-TS-DM_Bootstrap, "Transports";
 * dm1 section 17.
 */
import { createHmac } from 'node:crypto';

import type { BootstrapMethod, Bytes, SharedSecret } from '../adapter';

/** Methods of the CP profile by their number, which is their SEC parameter. */
export const CP_METHODS: readonly BootstrapMethod[] = ['NETWPIN', 'USERPIN', 'USERNETWPIN', 'USERPINMAC'];
/** Methods of the DM profile; the SEC parameter is their name. */
export const DM_METHODS: readonly BootstrapMethod[] = ['NETWORKID', 'USERPIN', 'USERPIN_NETWORKID'];

export type KeyResult =
  | { readonly ok: true; readonly key: Bytes }
  /** `field`: what of the secret is missing or cannot be. */
  | { readonly ok: false; readonly field: keyof SharedSecret; readonly message: string };

/**
 * An IMSI as semi-octets, as a SIM keeps it: the first octet has the parity (9 odd, 1 even) and the first digit, the
 * others two digits each, the low half first; the last half of an even number is F.
 */
export function semiOctets(imsi: string): Bytes {
  const parity = imsi.length % 2 === 1 ? '9' : '1';
  const rest = imsi
    .slice(1)
    .replace(/(\d)(\d?)/g, (_pair, first: string, second: string) => `${second || 'f'}${first}`);
  return new Uint8Array(Buffer.from(`${imsi.slice(0, 1)}${parity}${rest}`, 'hex'));
}

/**
 * Octets of the HMAC key of a method. The secret of the network is `secret` itself where it is given; else the IMSI, as
 * semi-octets (as digits in USERPIN_NETWORKID, after `PIN:`), or the four octets of the ESN.
 */
export function keyOf(method: BootstrapMethod, secret: SharedSecret): KeyResult {
  switch (method) {
    case 'USERPIN':
    case 'USERPINMAC':
      return pinOf(secret);
    case 'NETWPIN':
    case 'NETWORKID':
      return networkOf(secret, semiOctets);
    case 'USERNETWPIN':
      return joined(networkOf(secret, semiOctets), pinOf(secret), '');
    case 'USERPIN_NETWORKID':
      return joined(
        pinOf(secret),
        networkOf(secret, (imsi) => Buffer.from(imsi, 'ascii')),
        ':',
      );
  }
}

function pinOf({ pin }: SharedSecret): KeyResult {
  if (pin === undefined || !/^\d{1,20}$/.test(pin)) return { ok: false, field: 'pin', message: 'needs 1 to 20 digits' };
  return { ok: true, key: Buffer.from(pin, 'ascii') };
}

function networkOf({ secret, imsi, esn }: SharedSecret, ofImsi: (imsi: string) => Bytes): KeyResult {
  if (secret !== undefined) {
    if (secret.length > 0 && secret.length <= 256) return { ok: true, key: secret };
    return { ok: false, field: 'secret', message: 'needs 1 to 256 octets' };
  }
  if (esn !== undefined) {
    if (/^[0-9A-Fa-f]{8}$/.test(esn)) return { ok: true, key: Buffer.from(esn, 'hex') };
    return { ok: false, field: 'esn', message: 'needs 8 hexadecimal digits' };
  }
  if (imsi === undefined || !/^\d{6,15}$/.test(imsi))
    return { ok: false, field: 'imsi', message: 'needs 6 to 15 digits' };
  return { ok: true, key: ofImsi(imsi) };
}

function joined(first: KeyResult, second: KeyResult, by: string): KeyResult {
  if (!first.ok) return first;
  if (!second.ok) return second;
  return { ok: true, key: Buffer.concat([first.key, Buffer.from(by), second.key]) };
}

function hmac(key: Bytes, document: Bytes): Buffer {
  return createHmac('sha1', key).update(document).digest();
}

/** MAC parameter: HMAC-SHA1 over the document as it is sent, in upper-case hexadecimal (clients compare the text). */
export function macOf(key: Bytes, document: Bytes): string {
  return hmac(key, document).toString('hex').toUpperCase();
}

/** USERPINMAC: what the user types: the PIN and as many check digits, each an octet of the HMAC modulo 10. */
export function typedPin(pin: string, document: Bytes): string {
  const digits = [...hmac(Buffer.from(pin, 'ascii'), document).subarray(0, pin.length)].map((octet) => octet % 10);
  return pin + digits.join('');
}
