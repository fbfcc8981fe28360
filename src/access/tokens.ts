/** JSON Web Tokens of OIDC issuers: whether one is good, and who calls by it. Source: RFC 7519, RFC 8725, OpenID Connect Core 3.1.3.7. */
import { createHash } from 'node:crypto';

import { ManagementError, type Caller } from '../management/types';
import { issuerKeys, IssuerAwayError, type Fetch } from './issuer-keys';
import { loadJose, type JWTVerifyGetKey } from './jose';
import { callerOfClaims, type ClaimRules } from './token-claims';

export interface IssuerSettings extends ClaimRules {
  readonly issuer: string;
  /** One of them must be among those of a token. */
  readonly audience: readonly string[];
  readonly jwksUri?: string | undefined;
  /** Asymmetric ones: a key that is published is no secret. */
  readonly algorithms: readonly string[];
  readonly clockToleranceMs: number;
  readonly timeoutMs: number;
  readonly cooldownMs: number;
  readonly keysKeptMs: number;
}

export interface TokensDeps {
  readonly issuers: readonly IssuerSettings[];
  /** Told of each user whose token was found good. */
  readonly seen?: (caller: Caller) => Promise<void>;
  /** Told why a token was refused, for the log: the token itself is not in it. */
  readonly refused?: (reason: string) => void;
  readonly fetch?: Fetch;
  readonly now?: () => number;
}

export interface Tokens {
  /** Who calls, or null. Throws ManagementError ISSUER_AWAY where that cannot be told now. */
  authenticate(token: string): Promise<Caller | null>;
}

const LONGEST_TOKEN = 16_384;
/** So long a token is believed without being looked at again. */
const BELIEVED_MS = 30_000;
const CACHE_ENTRIES = 10_000;

/** Whether text has the form of a signed token; no API key that the gateway makes has it. */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/.test(text);
}

export function createTokens(deps: TokensDeps): Tokens {
  return new CheckedTokens(deps);
}

interface Issuer {
  readonly settings: IssuerSettings;
  readonly keys: JWTVerifyGetKey;
}

class CheckedTokens implements Tokens {
  readonly #deps: TokensDeps;
  readonly #now: () => number;
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #believed = new Map<string, { readonly caller: Caller; readonly until: number }>();

  constructor(deps: TokensDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? Date.now;
    const { fetch, now } = deps;
    this.#issuers = new Map(
      deps.issuers.map((settings) => {
        const { timeoutMs, cooldownMs, keysKeptMs: keptMs } = settings;
        return [
          settings.issuer,
          { settings, keys: issuerKeys(settings, { timeoutMs, cooldownMs, keptMs, fetch, now }) },
        ];
      }),
    );
  }

  async authenticate(token: string): Promise<Caller | null> {
    if (token.length > LONGEST_TOKEN) return this.#refuse('TOO_LONG');
    const sha256 = createHash('sha256').update(token).digest('base64');
    const believed = this.#believed.get(sha256);
    const now = this.#now();
    if (believed !== undefined && believed.until > now) return believed.caller;
    this.#believed.delete(sha256);
    return this.#check(token, sha256, now);
  }

  async #check(token: string, sha256: string, now: number): Promise<Caller | null> {
    const jose = await loadJose();
    let issuer: Issuer | undefined;
    try {
      // Only chooses among the issuers of the configuration: nothing of the token is believed yet.
      issuer = this.#issuers.get(jose.decodeJwt(token).iss ?? '');
    } catch {
      return this.#refuse('MALFORMED');
    }
    if (issuer === undefined) return this.#refuse('UNKNOWN_ISSUER');
    const { settings, keys } = issuer;
    const toleranceS = Math.floor(settings.clockToleranceMs / 1000);
    let claims: Readonly<Record<string, unknown>> & { readonly exp?: number };
    try {
      const { payload } = await jose.jwtVerify(token, keys, {
        issuer: settings.issuer,
        audience: [...settings.audience],
        algorithms: [...settings.algorithms],
        clockTolerance: toleranceS,
        currentDate: new Date(now),
        requiredClaims: ['exp'],
      });
      claims = payload;
    } catch (error) {
      if (error instanceof IssuerAwayError)
        throw new ManagementError('ISSUER_AWAY', `${settings.issuer} cannot be asked for its keys; try again later.`);
      return this.#refuse(codeOf(error));
    }
    const claimed = callerOfClaims(claims, settings);
    if (!claimed.ok) return this.#refuse(claimed.reason);
    const until = Math.min(now + BELIEVED_MS, ((claims.exp ?? 0) + toleranceS) * 1000);
    if (this.#believed.size >= CACHE_ENTRIES) this.#believed.clear();
    this.#believed.set(sha256, { caller: claimed.caller, until });
    await this.#deps.seen?.(claimed.caller);
    return claimed.caller;
  }

  #refuse(reason: string): null {
    this.#deps.refused?.(reason);
    return null;
  }
}

/** jose's, such as ERR_JWT_EXPIRED, with the claim that does not fit. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  const { code, claim } = error as { readonly code?: unknown; readonly claim?: unknown };
  return [code, claim].filter((part) => typeof part === 'string').join(' ') || error.name;
}
