/** Who calls, for every entrance: by an API key, a token, a client certificate, or as nobody in particular. */
import type { Caller, Keys } from '../management/types';
import type { Right } from './rights';
import { ANONYMOUS, encodeName } from './token-claims';
import { isToken, type Tokens } from './tokens';

/** What somebody shows who calls. */
export interface Shown {
  /** The header `Authorization`, or what stands for it. */
  readonly authorization: string | undefined;
  readonly certificate?: ShownCertificate | undefined;
  /** Address of the other end. */
  readonly remote?: string | undefined;
}

export interface ShownCertificate {
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** As `CN=ops, O=Example`; only where a known authority signed it. */
  readonly subject?: string | undefined;
}

export interface CertificateRule {
  /** One of the two. */
  readonly sha256?: string | undefined;
  readonly subject?: string | undefined;
  readonly user: string;
  readonly groups: readonly string[];
  readonly admin: boolean;
  readonly only?: readonly Right[] | undefined;
}

export interface CallersDeps {
  readonly keys: Pick<Keys, 'authenticate'> & { callerOf(principal: string): Promise<Caller | null> };
  readonly tokens?: Tokens | undefined;
  readonly users?: { callerOf(principal: string): Promise<Caller | null> } | undefined;
  readonly certificates?: readonly CertificateRule[];
  /** Groups of whoever shows nothing; absent: that is refused. */
  readonly anonymous?: { readonly groups: readonly string[] } | undefined;
  /** Told of credentials that were refused. */
  readonly refused?: (remote: string | undefined) => void;
}

export interface Callers {
  /** Who calls, or null. Throws ManagementError ISSUER_AWAY for a token that cannot be judged now. */
  authenticate(shown: Shown): Promise<Caller | null>;
  /** Who a principal is now, for what the gateway does in its name; null when it counts no longer. */
  callerOf(principal: string): Promise<Caller | null>;
}

export function createCallers(deps: CallersDeps): Callers {
  const { keys, tokens, users, certificates = [], refused } = deps;
  const anonymous: Caller | null = deps.anonymous
    ? { principal: `user:${ANONYMOUS}`, name: ANONYMOUS, admin: false, groups: principalsOf(deps.anonymous.groups) }
    : null;
  const byPrincipal = new Map(certificates.map((rule) => [callerBy(rule).principal, callerBy(rule)]));

  const ofBearer = async (bearer: string): Promise<Caller | null> =>
    tokens !== undefined && isToken(bearer) ? tokens.authenticate(bearer) : keys.authenticate(bearer);
  const find = async ({ authorization, certificate }: Shown): Promise<Caller | null> => {
    if (authorization !== undefined) {
      const bearer = bearerOf(authorization);
      // What is shown and not good is refused, whatever else there is.
      return bearer === undefined ? null : ofBearer(bearer);
    }
    if (certificate !== undefined) {
      const rule = certificates.find((one) => fits(one, certificate));
      if (rule !== undefined) return callerBy(rule);
    }
    return anonymous;
  };
  return {
    async authenticate(shown) {
      const caller = await find(shown);
      if (caller === null && (shown.authorization !== undefined || shown.certificate !== undefined))
        refused?.(shown.remote);
      return caller;
    },
    async callerOf(principal) {
      if (principal.startsWith('key:')) return keys.callerOf(principal);
      if (principal === anonymous?.principal) return anonymous;
      return byPrincipal.get(principal) ?? (await users?.callerOf(principal)) ?? null;
    },
  };
}

/** What stands behind `Bearer`; undefined for another scheme. */
function bearerOf(header: string): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1];
}

function fits(rule: CertificateRule, { sha256, subject }: ShownCertificate): boolean {
  return rule.sha256 === undefined ? rule.subject === subject : rule.sha256 === sha256;
}

function callerBy({ user, groups, admin, only }: CertificateRule): Caller {
  const principal = `user:${encodeName(user)}`;
  return { principal, name: user, admin, groups: principalsOf(groups), ...(only === undefined ? {} : { only }) };
}

function principalsOf(groups: readonly string[]): readonly string[] {
  return [...new Set(groups.map((group) => `group:${encodeName(group)}`))].sort();
}
