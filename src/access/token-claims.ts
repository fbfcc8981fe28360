/** From the claims of a token that was found good to who calls. Pure. */
import type { Caller } from '../management/types';
import { RIGHTS, type Right } from './rights';

export interface ClaimRules {
  /** Put before names of users and groups, so that those of two issuers are never the same. */
  readonly prefix: string;
  /** A claim's name, or the names that lead to it. */
  readonly nameClaim: string | readonly string[];
  readonly groupsClaim: string | readonly string[];
  /** Whoever is in one of these, as the issuer calls them, is an administrator. */
  readonly adminGroups: readonly string[];
  /** What it says limits the caller; absent: tokens limit nothing. */
  readonly scopeClaim?: string | readonly string[] | undefined;
  /** What stands before the name of a right there. */
  readonly scopePrefix: string;
}

export type ClaimedCaller =
  { readonly ok: true; readonly caller: Caller } | { readonly ok: false; readonly reason: ClaimRefusal };
export type ClaimRefusal = 'NO_NAME' | 'BAD_NAME' | 'BAD_GROUPS' | 'TOO_MANY_GROUPS' | 'BAD_SCOPE';

export type Claims = Readonly<Record<string, unknown>>;

/** The name of whoever comes without any credential: no token can bear it. */
export const ANONYMOUS = 'anonymous';

const LONGEST_NAME = 200;
/** More than this an issuer should filter: each of them is looked up. */
const MOST_GROUPS = 500;

export function callerOfClaims(claims: Claims, rules: ClaimRules): ClaimedCaller {
  const name = claimAt(claims, rules.nameClaim);
  if (name === undefined || name === '') return { ok: false, reason: 'NO_NAME' };
  if (typeof name !== 'string' || name.length > LONGEST_NAME) return { ok: false, reason: 'BAD_NAME' };
  const user = encodeName(rules.prefix + name);
  if (user === ANONYMOUS) return { ok: false, reason: 'BAD_NAME' };
  const groups = listOf(claimAt(claims, rules.groupsClaim));
  if (groups === undefined || groups.some((group) => group.length > LONGEST_NAME))
    return { ok: false, reason: 'BAD_GROUPS' };
  if (groups.length > MOST_GROUPS) return { ok: false, reason: 'TOO_MANY_GROUPS' };
  const only = rules.scopeClaim === undefined ? undefined : rightsOfScope(claims, rules.scopeClaim, rules.scopePrefix);
  if (only === null) return { ok: false, reason: 'BAD_SCOPE' };
  const principals = groups.filter((group) => group !== '').map((group) => `group:${encodeName(rules.prefix + group)}`);
  return {
    ok: true,
    caller: {
      principal: `user:${user}`,
      name: printable(name),
      admin: groups.some((group) => rules.adminGroups.includes(group)),
      groups: [...new Set(principals)].sort(),
      ...(only === undefined ? {} : { only }),
    },
  };
}

/** As it stands in a principal: what that cannot hold is percent-encoded, and so is `%`, so that no two names become one. */
export function encodeName(name: string): string {
  return name.replace(/[\s:%\p{C}]/gu, (character) =>
    [...Buffer.from(character, 'utf8')]
      .map((octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

function printable(name: string): string {
  return name.replace(/\p{C}/gu, '\uFFFD');
}

function claimAt(claims: Claims, path: string | readonly string[]): unknown {
  let at: unknown = claims;
  for (const step of typeof path === 'string' ? [path] : path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Claims)[step];
  }
  return at;
}

/** Groups as a list, or one alone; undefined for what is neither. */
function listOf(claim: unknown): readonly string[] | undefined {
  if (claim === undefined || claim === null) return [];
  if (typeof claim === 'string') return [claim];
  return Array.isArray(claim) && claim.every((one) => typeof one === 'string') ? claim : undefined;
}

/** A scope that is absent names no right; null for what is no scope. */
function rightsOfScope(claims: Claims, path: string | readonly string[], prefix: string): readonly Right[] | null {
  const claim = claimAt(claims, path);
  const words = typeof claim === 'string' ? claim.split(' ') : listOf(claim);
  if (words === undefined) return null;
  return RIGHTS.filter((right) => words.includes(prefix + right));
}
