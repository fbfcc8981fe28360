/** Grants: principal × scope × right. */
import type { Caller, Grants, GrantView } from '../management/types';
import type { Database } from '../store/database';
import type { Grant } from '../store/generated/client';
import { afterKey, badInput, checkName, getDatabaseKey, notFound, pageOf } from './inputs';
import { administer, isForeignKeyViolation, isMissing, recordChange } from './journal';

/** Rights over data, over grants, over LocURIs that map to no MO, and over each part of the administration. */
export const RIGHTS = [
  'READ',
  'WRITE',
  'EXECUTE',
  'DELEGATE',
  'RAW',
  'MANAGE_ACCOUNTS',
  'MANAGE_DEVICES',
  'MANAGE_DDFS',
  'MANAGE_KEYS',
] as const;

export interface GrantsDeps {
  readonly db: Database;
  /** MOID without its version: a grant holds for every version. */
  readonly familyOf: (moid: string) => string;
  readonly now?: () => number;
}

const LONGEST_MOID = 512;
const LONGEST_PATH = 2048;
const LONGEST_TAG = 64;

export function createGrants(deps: GrantsDeps): Grants {
  const { db } = deps;
  const now = deps.now ?? Date.now;

  async function create(input: Parameters<Grants['create']>[0], caller: Caller): Promise<GrantView> {
    const scope = checkScope(input);
    const expiresAt = input.expiresAt ?? null;
    if (expiresAt !== null && expiresAt.getTime() <= now()) throw badInput('lies in the past', 'expiresAt');
    const family = scope.moid === null ? null : deps.familyOf(scope.moid);
    const accountId = input.accountId == null ? null : getDatabaseKey('account', input.accountId);
    try {
      return await administer(db, async (tx) => {
        const device =
          input.deviceId == null
            ? null
            : await tx.device.findUnique({ where: { deviceId: input.deviceId }, select: { id: true } });
        if (input.deviceId != null && device === null) throw notFound('device');
        const row = await tx.grant.create({
          data: {
            principal: scope.principal,
            right: scope.right,
            tag: scope.tag,
            path: scope.path,
            family,
            accountId,
            deviceId: device?.id ?? null,
            grantedBy: caller.principal,
            expiresAt,
          },
        });
        await recordChange(tx, {
          type: 'grantCreated',
          caller,
          data: { grant: String(row.id), principal: row.principal, right: row.right },
        });
        return viewOf(row);
      });
    } catch (error) {
      if (isForeignKeyViolation(error)) throw notFound('account');
      throw error;
    }
  }

  async function remove(id: string, caller?: Caller): Promise<GrantView> {
    const key = getDatabaseKey('grant', id);
    try {
      return await administer(db, async (tx) => {
        const row = await tx.grant.delete({ where: { id: key } });
        await recordChange(tx, {
          type: 'grantDeleted',
          caller,
          data: { grant: id, principal: row.principal, right: row.right },
        });
        return viewOf(row);
      });
    } catch (error) {
      if (isMissing(error)) throw notFound('grant');
      throw error;
    }
  }

  async function list(first: number, after?: string): ReturnType<Grants['list']> {
    const rows = await db.prisma.grant.findMany({
      where: { id: afterKey(after) },
      orderBy: { id: 'asc' },
      take: first + 1,
    });
    return pageOf(rows, first, viewOf);
  }

  return { create, delete: remove, list };
}

interface Scope {
  readonly principal: string;
  readonly right: string;
  readonly tag: string | null;
  readonly moid: string | null;
  readonly path: string | null;
}

function checkScope(input: Parameters<Grants['create']>[0]): Scope {
  const principal = checkName(input.principal, 'principal');
  if (!/^(?:key|user|group):[^\s:]+$/.test(principal))
    throw badInput('must be key:ID, user:NAME or group:NAME', 'principal');
  if (!(RIGHTS as readonly string[]).includes(input.right))
    throw badInput(`must be one of ${RIGHTS.join(', ')}`, 'right');
  const scopes = [input.deviceId, input.accountId, input.tag].filter((scope) => scope != null);
  if (scopes.length > 1) throw badInput('at most one of deviceId, accountId and tag', 'deviceId');
  const tag = input.tag == null ? null : checkName(input.tag, 'tag', LONGEST_TAG);
  const moid = input.moid == null ? null : checkName(input.moid, 'moid', LONGEST_MOID);
  const path = input.path ?? null;
  if (path !== null && moid === null)
    throw badInput('needs a moid: a path is below the root of a management object', 'path');
  if (
    path !== null &&
    (path.length > LONGEST_PATH || path.includes('\0') || path.startsWith('/') || path.endsWith('/'))
  ) {
    throw badInput(`names joined by "/", without one at the ends, at most ${LONGEST_PATH} characters`, 'path');
  }
  return { principal, right: input.right, tag, moid, path };
}

function viewOf(row: Grant): GrantView {
  return {
    id: String(row.id),
    principal: row.principal,
    right: row.right,
    deviceKey: row.deviceId === null ? null : String(row.deviceId),
    accountId: row.accountId === null ? null : String(row.accountId),
    tag: row.tag,
    moid: row.family,
    path: row.path,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
  };
}
