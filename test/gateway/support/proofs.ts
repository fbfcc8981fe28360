/**
 * Credentials of DM 1.x as section 11 of the facts makes them, with nothing of the gateway's own code: a dialogue judges
 * the gateway by these, and is judged by it.
 */
import { createHash } from 'node:crypto';

import type { Cred, Data, Meta } from '../../../adapters/dm1/message';
import type { SpokenDevice } from './spoken';

export const HMAC_HEADER = 'x-syncml-hmac';

export interface Name {
  readonly user: string;
  readonly secret: string;
}

/** B64(H(…)). */
export function h64(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest('base64');
}

export function basicCred({ user, secret }: Name): Cred {
  return credOf('syncml:auth-basic', Buffer.from(`${user}:${secret}`, 'utf8').toString('base64'));
}

/** B64(H(B64(H(user:password)):nonce)). */
export function md5Cred({ user, secret }: Name, nonce: Uint8Array): Cred {
  return credOf('syncml:auth-md5', h64(`${h64(`${user}:${secret}`)}:`, nonce));
}

export function credOf(type: string, text: string): Cred {
  return { meta: { format: 'b64', type }, data: { kind: 'text', text } };
}

/** Value of the HMAC header: mac = B64(H(B64(H(user:password)):nonce:B64(H(body)))). */
export function hmacHeader({ user, secret }: Name, nonce: Uint8Array, body: Uint8Array): string {
  const mac = h64(`${h64(`${user}:${secret}`)}:`, nonce, `:${h64(body)}`);
  return `algorithm=MD5, username="${user}", mac=${mac}`;
}

/** The answer to an HTTP Digest challenge of RFC 2617 with qop=auth. */
export function digestHeader(challenge: string, { user, secret }: Name, uri: string, count: number): string {
  const told = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const hex = (text: string): string => createHash('md5').update(text).digest('hex');
  const [realm, nonce, nc, cnonce] = [told('realm'), told('nonce'), count.toString(16).padStart(8, '0'), 'c0ffee'];
  const response = hex(`${hex(`${user}:${realm}:${secret}`)}:${nonce}:${nc}:${cnonce}:auth:${hex(`POST:${uri}`)}`);
  return (
    `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", ` +
    `qop=auth, nc=${nc}, cnonce="${cnonce}", response="${response}", algorithm=MD5`
  );
}

/** A Chal of the device's own. */
export function chalOf(type: string, nonce: Uint8Array): Meta {
  return { format: 'b64', type, nextNonce: { kind: 'text', text: Buffer.from(nonce).toString('base64') } };
}

/** Octets of the nonce that the gateway gave with its last message. */
export function nonceFor(phone: SpokenDevice): Uint8Array {
  const nonce = phone.statuses[0]?.chal?.nextNonce;
  if (nonce === undefined) throw new Error(`no nonce: ${phone.heard.join(', ')}`);
  return octetsOf(nonce);
}

function octetsOf(data: Data): Uint8Array {
  if (data.kind === 'octets') return data.octets;
  return Buffer.from(data.kind === 'text' ? data.text : '', 'base64');
}
