/** Checks of a grant as it is asked for. */
import { storeCondition } from '../management/device-filter/condition';
import { ManagementError, type Grants, type Json } from '../management/types';
import { badInput, checkName } from './inputs';
import { DATA_RIGHTS, GATEWAY_RIGHTS, RIGHTS, type Right } from './rights';

const LONGEST_MOID = 512;
const LONGEST_PATH = 2048;
const LONGEST_TAG = 64;
/** Characters of a condition as it is stored: it is asked with every request of whoever has the grant. */
const LONGEST_FILTER = 4_096;
/** Grants by filter that one principal may have: all are asked of each device that it looks at. */
export const MOST_FILTERS = 50;

export interface CheckedScope {
  readonly principal: string;
  readonly right: Right;
  readonly tag: string | null;
  /** As it is stored. */
  readonly filter: Json;
  readonly moid: string | null;
  readonly path: string | null;
}

/** Errors: BAD_USER_INPUT, LIMIT_FILTER. */
export function checkScope(input: Parameters<Grants['create']>[0]): CheckedScope {
  const principal = checkPrincipal(input.principal, 'principal');
  const right = checkRight(input.right);
  const scopes = [input.deviceId, input.accountId, input.tag, input.filter].filter((scope) => scope != null);
  if (scopes.length > 1) throw badInput('at most one of deviceId, accountId, tag and where', 'deviceId');
  const tag = input.tag == null ? null : checkName(input.tag, 'tag', LONGEST_TAG);
  const filter = input.filter == null ? null : storeCondition(input.filter);
  const text = JSON.stringify(filter);
  if (text.includes('\\u0000')) throw badInput('has a character that no value has', 'where');
  const { length } = text;
  if (length > LONGEST_FILTER)
    throw new ManagementError(
      'LIMIT_FILTER',
      `where: ${length} characters as it is stored, at most ${LONGEST_FILTER}`,
      {
        limit: LONGEST_FILTER,
      },
    );
  const moid = input.moid == null ? null : checkName(input.moid, 'moid', LONGEST_MOID);
  const path = input.path ?? null;
  if (path !== null && moid === null)
    throw badInput('needs a moid: a path is below the root of a management object', 'path');
  if (path !== null) checkPath(path);
  checkMeaning(right, scopes.length > 0, moid);
  return { principal, right, tag, filter, moid, path };
}

/** Errors: BAD_USER_INPUT. */
export function checkPrincipal(text: string, field: string): string {
  const principal = checkName(text, field);
  if (!/^(?:key|user|group):[^\s:]+$/.test(principal)) throw badInput('must be key:ID, user:NAME or group:NAME', field);
  return principal;
}

/** Errors: BAD_USER_INPUT. */
export function checkRight(right: string): Right {
  if (!(RIGHTS as readonly string[]).includes(right)) throw badInput(`must be one of ${RIGHTS.join(', ')}`, 'right');
  return right as Right;
}

/** Errors: BAD_USER_INPUT. */
export function checkPath(path: string): void {
  if (path.length > LONGEST_PATH || path.includes('\0') || path.startsWith('/') || path.endsWith('/'))
    throw badInput(`names joined by "/", without one at the ends, at most ${LONGEST_PATH} characters`, 'path');
}

/** A scope that a right does not have would be a grant without effect. */
function checkMeaning(right: Right, isScoped: boolean, moid: string | null): void {
  if (moid !== null && !DATA_RIGHTS.includes(right))
    throw badInput(`${right} is not given by management object`, 'moid');
  if (isScoped && GATEWAY_RIGHTS.includes(right))
    throw badInput(`${right} holds on the whole gateway: give it without deviceId, accountId, tag and where`, 'right');
}

export function tooManyFilters(principal: string): ManagementError {
  return badInput(`${principal} has ${MOST_FILTERS} grants by filter already`, 'where');
}

export function mayNotGrant(right: string, isOwn: boolean): ManagementError {
  const why = isOwn
    ? 'Nobody but an administrator gives rights to themselves.'
    : `DELEGATE over the whole scope and time is needed to give ${right} there; rights that are not over data, and scopes by filter that one does not have oneself, an administrator gives.`;
  return new ManagementError('FORBIDDEN', why, { right: 'DELEGATE' });
}
