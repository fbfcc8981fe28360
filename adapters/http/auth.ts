/**
 * HTTP Basic and Digest (MD5, qop=auth), both sides, for both protocols. The server's Digest nonce is stateless: its time and a MAC of it.
 * Source: RFC 2617; OMA-TS-DM_Protocol-V2_0, 9; dm1 section 12.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import type { Bytes } from '../adapter';
import { parseMediaType, splitOutsideQuotes, unquote } from './media-type';
import { textOf } from './utf8';

const MAX_HEADER = 8192;
/** How long a nonce is taken without asking for a new one, milliseconds. */
const NONCE_LIFE_MS = 300_000;
/** A nonce of another process whose clock runs ahead, milliseconds. */
const NONCE_AHEAD_MS = 60_000;

export type HttpCredential =
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'digest'; readonly username: string; readonly params: ReadonlyMap<string, string> };

/** Reads an Authorization header; `undefined` when it is absent, of another scheme or unreadable. */
export function parseAuthorization(header: string | undefined): HttpCredential | undefined {
  if (header === undefined || header.length > MAX_HEADER) return undefined;
  const space = header.trim().indexOf(' ');
  if (space < 0) return undefined;
  const scheme = header.trim().slice(0, space).toLowerCase();
  const rest = header
    .trim()
    .slice(space + 1)
    .trim();
  if (scheme === 'basic') return parseBasic(rest);
  if (scheme !== 'digest') return undefined;
  const params = parseParams(rest);
  const username = params.get('username');
  return username === undefined ? undefined : { scheme: 'digest', username, params };
}

function parseBasic(encoded: string): HttpCredential | undefined {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return undefined;
  const octets = Buffer.from(encoded, 'base64');
  const text = textOf(octets) ?? octets.toString('latin1');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { scheme: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function parseParams(text: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const piece of splitOutsideQuotes(text, ',')) {
    const equals = piece.indexOf('=');
    const name = piece.slice(0, Math.max(equals, 0)).trim().toLowerCase();
    if (name !== '' && !params.has(name)) params.set(name, utf8Header(unquote(piece.slice(equals + 1).trim())));
  }
  return params;
}

/** HTTP servers hand header octets out as Latin-1; names in UTF-8 are read as such where they are valid. */
function utf8Header(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text) || /[\u0100-\uffff]/.test(text)) return text;
  return textOf(Buffer.from(text, 'latin1')) ?? text;
}

/** Value of an Authorization header with Basic credentials, UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** Whether Basic credentials are these, in constant time. */
export function basicMatches(
  presented: HttpCredential & { scheme: 'basic' },
  username: string,
  secret: string,
): boolean {
  return sameText(presented.username, username) && sameText(presented.password, secret);
}

export interface DigestInput {
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  /** Eight hex digits. */
  readonly nc: string;
  readonly cnonce: string;
}

/** The `response` of a Digest with algorithm MD5 and qop=auth, hex. */
export function digestResponse(input: DigestInput): string {
  const ha1 = md5(`${input.username}:${input.realm}:${input.password}`);
  const ha2 = md5(`${input.method}:${input.uri}`);
  return md5(`${ha1}:${input.nonce}:${input.nc}:${input.cnonce}:auth:${ha2}`);
}

/** A nonce that says when it was made and proves who made it. */
export function makeDigestNonce(key: Bytes, now: number): string {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(Math.max(0, Math.trunc(now))));
  return Buffer.concat([time, nonceMac(key, time)]).toString('base64url');
}

function nonceIsFresh(key: Bytes, nonce: string, now: number): boolean {
  if (!/^[A-Za-z0-9_-]{32}$/.test(nonce)) return false;
  const octets = Buffer.from(nonce, 'base64url');
  const time = octets.subarray(0, 8);
  if (!timingSafeEqual(nonceMac(key, time), octets.subarray(8))) return false;
  const age = now - Number(time.readBigUInt64BE());
  return age >= -NONCE_AHEAD_MS && age <= NONCE_LIFE_MS;
}

function nonceMac(key: Bytes, time: Buffer): Buffer {
  return createHmac('sha256', key).update('digest-nonce').update(time).digest().subarray(0, 16);
}

export interface DigestExpectation {
  readonly method: string;
  /** The forms of the request's address that are right in `uri`: path, or whole address. */
  readonly uris: readonly string[];
  /** Realms that we may have shown to this device. */
  readonly realms: readonly string[];
  readonly username: string;
  readonly secret: string;
  readonly key: Bytes;
  readonly now: number;
}

/** The forms in which a request's `uri` may name its address: path, path behind a proxy, whole address. */
export function addressesOf(path: string, baseUrl: string): readonly string[] {
  const basePath = URL.canParse(baseUrl) ? new URL(baseUrl).pathname.replace(/\/$/, '') : '';
  return [path, `${basePath}${path}`, `${baseUrl}${path}`];
}

/** OK; STALE: the secret is right but the nonce is old or another's, a new one is due; WRONG. */
export function verifyDigest(
  presented: HttpCredential & { scheme: 'digest' },
  expected: DigestExpectation,
): 'OK' | 'STALE' | 'WRONG' {
  const get = (name: string): string => presented.params.get(name) ?? '';
  const algorithm = get('algorithm').toUpperCase();
  const well =
    (algorithm === '' || algorithm === 'MD5') &&
    get('qop').toLowerCase() === 'auth' &&
    /^[0-9a-fA-F]{8}$/.test(get('nc')) &&
    expected.realms.includes(get('realm')) &&
    expected.uris.includes(get('uri'));
  const response = digestResponse({
    username: expected.username,
    realm: get('realm'),
    password: expected.secret,
    method: expected.method,
    uri: get('uri'),
    nonce: get('nonce'),
    nc: get('nc'),
    cnonce: get('cnonce'),
  });
  const right = sameText(get('response').toLowerCase(), response) && sameText(presented.username, expected.username);
  if (!well || !right) return 'WRONG';
  return nonceIsFresh(expected.key, get('nonce'), expected.now) ? 'OK' : 'STALE';
}

/** Value of WWW-Authenticate for Digest. */
export function digestChallenge(realm: string, nonce: string, stale = false): string {
  const mark = stale ? ', stale=true' : '';
  return `Digest realm=${quote(realm)}, nonce="${nonce}", algorithm=MD5, qop="auth"${mark}`;
}

/** Value of WWW-Authenticate for Basic. */
export function basicChallenge(realm: string): string {
  return `Basic realm=${quote(realm)}`;
}

export interface ChallengeAnswer {
  readonly username: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly cnonce: string;
  /** How often this nonce was used, from 1. */
  readonly count: number;
}

/**
 * What a client answers to WWW-Authenticate: Digest where it is offered with MD5 and qop=auth, else Basic; `undefined`
 * when neither is. Several challenges may stand in one header.
 */
export function answerChallenge(header: string, answer: ChallengeAnswer): string | undefined {
  const challenges = parseChallenges(header);
  const digest = challenges.find((challenge) => challenge.scheme === 'digest' && isMd5Auth(challenge.params));
  if (digest !== undefined) return digestAuthorization(digest.params, answer);
  const basic = challenges.some((challenge) => challenge.scheme === 'basic');
  return basic ? basicAuthorization(answer.username, answer.password) : undefined;
}

function isMd5Auth(params: ReadonlyMap<string, string>): boolean {
  const qops = (params.get('qop') ?? '').split(',').map((qop) => qop.trim().toLowerCase());
  return (params.get('algorithm') ?? 'MD5').toUpperCase() === 'MD5' && qops.includes('auth');
}

function digestAuthorization(params: ReadonlyMap<string, string>, answer: ChallengeAnswer): string {
  const realm = params.get('realm') ?? '';
  const nonce = params.get('nonce') ?? '';
  const nc = answer.count.toString(16).padStart(8, '0');
  const { username, uri, cnonce } = answer;
  const response = digestResponse({ ...answer, realm, nonce, nc });
  const opaque = params.get('opaque');
  const fields = [
    `username=${quote(Buffer.from(username, 'utf8').toString('latin1'))}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    'algorithm=MD5',
    `response="${response}"`,
    'qop=auth',
    `nc=${nc}`,
    `cnonce=${quote(cnonce)}`,
    ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
  ];
  return `Digest ${fields.join(', ')}`;
}

interface Challenge {
  readonly scheme: string;
  readonly params: Map<string, string>;
}

function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  if (header.length > MAX_HEADER) return challenges;
  for (const piece of splitOutsideQuotes(header, ',')) {
    const text = piece.trim();
    const scheme = /^([A-Za-z][A-Za-z0-9-]*)(?: +(.*))?$/s.exec(text);
    const begins = scheme !== null && !/^[A-Za-z0-9-]+ *=/.test(text);
    if (begins) challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), params: new Map() });
    const [name, value] = [...parseMediaType(`;${begins ? (scheme[2] ?? '') : text}`).params][0] ?? [];
    if (name !== undefined && value !== undefined) challenges.at(-1)?.params.set(name, value);
  }
  return challenges;
}

function quote(text: string): string {
  return `"${text.replace(/[\r\n]/g, ' ').replace(/(["\\])/g, '\\$1')}"`;
}

function md5(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}

/** Compares in a time that depends on neither text. */
function sameText(left: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(hash(left), hash(right));
}
