/** The keys of an OIDC issuer: fetched from where the configuration says, never from where a token says. */
import type { JWTVerifyGetKey } from './jose';
import { loadJose } from './jose';

export interface IssuerAddress {
  readonly issuer: string;
  /** Absent: found by discovery. */
  readonly jwksUri?: string | undefined;
}

export type Fetch = (url: string, init: { readonly signal: AbortSignal }) => Promise<Response>;

export interface IssuerKeysDeps {
  readonly timeoutMs: number;
  /** Least time between two looks for keys that are not known. */
  readonly cooldownMs: number;
  /** How long keys are believed. */
  readonly keptMs: number;
  readonly fetch?: Fetch;
  readonly now?: () => number;
}

/** The issuer gave no keys: it cannot be told whether a token is good. */
export class IssuerAwayError extends Error {
  override readonly name = 'IssuerAwayError';
}

const DOCUMENT_OCTETS = 256 * 1024;

/** Keys by the `kid` of a token's header; throws IssuerAwayError, and jose's errors for what a token's header asks for and there is not. */
export function issuerKeys(address: IssuerAddress, deps: IssuerKeysDeps): JWTVerifyGetKey {
  const { now = Date.now } = deps;
  let known: { readonly keys: Promise<JWTVerifyGetKey>; readonly until: number } | undefined;
  return async (header, token) => {
    if (known === undefined || known.until <= now()) {
      const keys = open(address, deps);
      known = { keys, until: now() + deps.keptMs };
      // Not at each request again, and not for as long as what was found.
      const failed = { keys, until: now() + deps.cooldownMs };
      keys.catch(() => (known = failed));
    }
    const getKey = await known.keys;
    return getKey(header, token);
  };
}

async function open({ issuer, jwksUri }: IssuerAddress, deps: IssuerKeysDeps): Promise<JWTVerifyGetKey> {
  const { createLocalJWKSet, createRemoteJWKSet, customFetch } = await loadJose();
  const fetcher = bounded(deps.fetch ?? fetch);
  const uri = jwksUri ?? (await discover(issuer, fetcher, deps.timeoutMs));
  const find = createRemoteJWKSet(new URL(uri), {
    timeoutDuration: deps.timeoutMs,
    cooldownDuration: deps.cooldownMs,
    cacheMaxAge: deps.keptMs,
    [customFetch]: (url: string, { signal }: { readonly signal: AbortSignal }) => fetcher(url, { signal }),
  });
  let awayUntil = 0;
  const { now = Date.now } = deps;
  return async (header, token) => {
    if (awayUntil > now()) {
      // Not asked again for a while, whatever keys tokens name.
      const last = find.fresh ? find.jwks() : undefined;
      if (last === undefined) throw new IssuerAwayError(`${uri} gave no keys a moment ago`);
      return createLocalJWKSet(last)(header, token);
    }
    try {
      return await find(header, token);
    } catch (error) {
      // What the keys do not have is the token's fault; anything else is the issuer's.
      if (isOfToken(error)) throw error;
      awayUntil = now() + deps.cooldownMs;
      throw new IssuerAwayError(`${uri} gave no keys: ${reasonOf(error)}`, { cause: error });
    }
  };
}

async function discover(issuer: string, fetcher: Fetch, timeoutMs: number): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const response = await fetcher(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    const document = (await response.json()) as { readonly issuer?: unknown; readonly jwks_uri?: unknown };
    if (document.issuer !== issuer) throw new Error('it names another issuer');
    if (typeof document.jwks_uri !== 'string' || !isSafeAddress(document.jwks_uri))
      throw new Error('its jwks_uri is no address with https');
    return document.jwks_uri;
  } catch (error) {
    throw new IssuerAwayError(`${url}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Encrypted, or on this machine. */
export function isSafeAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));
}

/** Follows no redirect, and reads no more than a document of keys may have. */
function bounded(own: Fetch): Fetch {
  return async (url, { signal }) => {
    const response = await own(url, { signal, redirect: 'error' } as { signal: AbortSignal });
    const chunks: Uint8Array[] = [];
    let octets = 0;
    for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
      octets += chunk.length;
      if (octets > DOCUMENT_OCTETS) throw new Error(`more than ${DOCUMENT_OCTETS} octets`);
      chunks.push(chunk);
    }
    return new Response(Buffer.concat(chunks), { status: response.status });
  };
}

function isOfToken(error: unknown): boolean {
  const code = error instanceof Error ? (error as { readonly code?: unknown }).code : undefined;
  return (
    code === 'ERR_JWKS_NO_MATCHING_KEY' ||
    code === 'ERR_JWKS_MULTIPLE_MATCHING_KEYS' ||
    code === 'ERR_JOSE_NOT_SUPPORTED'
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
