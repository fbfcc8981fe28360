/**
 * Credentials of DM 1.x as pure functions: basic, MD5 and the HMAC header.
 * H = MD5, B64 = base64 with padding, `:` = one octet; names and passwords in UTF-8, nonces as octets.
 * Source: OMA-TS-DM_Security, "Authentication" and "Integrity using HMAC-MD5".
 */
import { createHash, timingSafeEqual } from 'node:crypto';

import type { Bytes, WakeUpRequest } from '../adapter';
import type { Data } from './message';

export const AUTH_BASIC = 'syncml:auth-basic';
export const AUTH_MD5 = 'syncml:auth-md5';
export const AUTH_MAC = 'syncml:auth-MAC';

/** Name of the HTTP header that carries the HMAC credential, in lower case. */
export const HMAC_HEADER = 'x-syncml-hmac';

const MAX_HEADER = 2048;

function md5(...parts: readonly (string | Bytes)[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest('base64');
}

/** B64(H(user:password)): what md5 and HMAC need of a password, and what may be stored in its place. */
export function digestOf(user: string, password: string): string {
  return md5(`${user}:${password}`);
}

/** Data of a basic credential: B64(user:password). */
export function basicCredential(user: string, password: string): string {
  return Buffer.from(`${user}:${password}`, 'utf8').toString('base64');
}

/** Data of an MD5 credential: B64(H(digest:nonce)). */
export function md5Credential(digest: string, nonce: Bytes): string {
  return md5(`${digest}:`, nonce);
}

/** `mac` of an HMAC credential: B64(H(digest:nonce:B64(H(body)))), body as its exact octets before HTTP coding. */
export function hmacOf(digest: string, nonce: Bytes, body: Bytes): string {
  return md5(`${digest}:`, nonce, `:${md5(body)}`);
}

/**
 * Nonces of a notification for a device that lost ours: `0x00000000` as four octets, and as the ten characters that one
 * client takes it for. Source: OMA-TS-DM_Security, "Nonce resynchronisation"; dm1 section 16.5.
 */
export const RESYNC_NONCE: Readonly<Record<NonNullable<WakeUpRequest['resync']>, Bytes>> = {
  OCTETS: new Uint8Array(4),
  CHARACTERS: new Uint8Array(Buffer.from('0x00000000', 'ascii')),
};

/** How long after such a notification a credential over its nonce is taken, milliseconds. */
export const RESYNC_WITHIN_MS = 10 * 60_000;

/** Compares without telling by its time how far two texts agree, nor how long they are. */
export function equalsSecretly(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(left), digest(right));
}

/** Data of a Cred as the base64 text that it is; octets that came raw are encoded. */
export function credentialText(data: Data): string {
  if (data.kind === 'octets') return Buffer.from(data.octets).toString('base64');
  return data.kind === 'text' ? data.text.replace(/\s+/g, '') : '';
}

/**
 * User and password of a basic credential, split at the first colon. A user name with a colon in it (`IMEI:…`) comes
 * out cut: look accounts up with this, verify with {@link verifyBasic}.
 */
export function readBasic(data: Data): { readonly user: string; readonly password: string } | undefined {
  const text = decodeBase64(credentialText(data));
  const plain = text && Buffer.from(text).toString('utf8');
  const colon = plain ? plain.indexOf(':') : -1;
  return plain && colon >= 0 ? { user: plain.slice(0, colon), password: plain.slice(colon + 1) } : undefined;
}

/** Whether a basic credential is that of a user and password. */
export function verifyBasic(data: Data, user: string, password: string): boolean {
  return equalsSecretly(credentialText(data), basicCredential(user, password));
}

/** Whether an MD5 credential was made over one of the nonces. All of them are tried, whichever fits. */
export function verifyMd5(data: Data, digest: string, nonces: readonly Bytes[]): boolean {
  const given = credentialText(data);
  return nonces.map((nonce) => equalsSecretly(given, md5Credential(digest, nonce))).includes(true);
}

export interface HmacCredential {
  readonly username: string;
  readonly mac: string;
}

/** Whether an HMAC credential was made over the body and one of the nonces. The user name is the caller's to compare. */
export function verifyHmac(credential: HmacCredential, digest: string, nonces: readonly Bytes[], body: Bytes): boolean {
  return nonces.map((nonce) => equalsSecretly(credential.mac, hmacOf(digest, nonce, body))).includes(true);
}

/** Value of the HMAC header. */
export function writeHmacHeader(credential: HmacCredential): string {
  const username = credential.username.replace(/["\\]/g, '\\$&').replace(/[\r\n]/g, ' ');
  return `algorithm=MD5, username="${username}", mac=${credential.mac}`;
}

const PARAMETER = /[\s,]*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?=,|$)/y;

/**
 * Reads the HMAC header: parameters in any order, with or without quotes. Undefined when user name or mac is missing,
 * when the algorithm is not MD5, or when the header is no such list.
 */
export function readHmacHeader(header: string): HmacCredential | undefined {
  if (header.length > MAX_HEADER) return undefined;
  const found = new Map<string, string>();
  PARAMETER.lastIndex = 0;
  for (let at = 0; at < header.trimEnd().length; at = PARAMETER.lastIndex) {
    const match = PARAMETER.exec(header);
    const name = match?.[1]?.toLowerCase();
    if (!match || !name || found.has(name)) return undefined;
    found.set(name, match[2] === undefined ? (match[3] ?? '') : match[2].replace(/\\(.)/gs, '$1'));
  }
  const username = found.get('username');
  const mac = found.get('mac');
  if ((found.get('algorithm') ?? 'MD5').toUpperCase() !== 'MD5' || !username || !mac) return undefined;
  return { username, mac };
}

/** Text of NextNonce. */
export function nonceText(nonce: Bytes): string {
  return Buffer.from(nonce).toString('base64');
}

/**
 * Octets of a nonce from NextNonce, which enter the next credential. Base64 is decoded exactly once, for a nonce may
 * itself be base64 text; text that is none is taken as its octets, as are octets that came raw in WBXML.
 */
export function nonceOctets(data: Data): Bytes {
  if (data.kind === 'octets') return data.octets;
  const text = data.kind === 'text' ? data.text.trim() : '';
  return decodeBase64(text) ?? new Uint8Array(Buffer.from(text, 'utf8'));
}

function decodeBase64(text: string): Bytes | undefined {
  const compact = text.replace(/\s+/g, '');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  return new Uint8Array(Buffer.from(compact, 'base64'));
}
