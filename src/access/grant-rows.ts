/** Grants between their rows, the rules that decide by them, and what is shown of them. */
import { restoreCondition } from '../management/device-filter/condition';
import type { GrantView, Json } from '../management/types';
import type { Grant, Prisma } from '../store/generated/client';
import { DATA_RIGHTS, type FilterScope, type GrantRule, type Right, type ScopedDevice } from './rights';

export const SCOPED = { id: true, accountId: true, tags: true } as const;

export function scopedOf(row: {
  readonly id: bigint;
  readonly accountId: bigint;
  readonly tags: string[];
}): ScopedDevice {
  return { key: String(row.id), accountId: String(row.accountId), tags: row.tags };
}

export function ruleOf(
  row: Pick<Grant, 'right' | 'deviceId' | 'accountId' | 'tag' | 'filter' | 'family' | 'path' | 'expiresAt'>,
): GrantRule {
  const { right, deviceId, accountId, tag, filter, family, path, expiresAt } = row;
  return {
    right: right as Right,
    device: deviceId === null ? null : String(deviceId),
    account: accountId === null ? null : String(accountId),
    tag,
    filter: filterOf(filter as Json),
    family,
    path,
    expiresAt: expiresAt?.getTime() ?? null,
  };
}

/** As the store gives it back: it orders the members of an object by itself, so that equal conditions have equal texts. */
export function filterOf(stored: Json): FilterScope | null {
  return stored === null ? null : { key: textOf(stored), condition: restoreCondition(stored) };
}

function textOf(stored: Json): string {
  return JSON.stringify(stored, (_key, value: unknown) =>
    typeof value !== 'object' || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}

/** A grant but for its time: whoever may give a right for a while may take away one that lasts longer. */
export function endless(row: Grant): GrantRule {
  return { ...ruleOf(row), expiresAt: 0 };
}

/** A condition that chooses grants within these scopes, and perhaps some of their like: `mayGrant` decides. */
export function withinScopes(scopes: readonly GrantRule[]): Prisma.GrantWhereInput {
  return {
    right: { in: [...DATA_RIGHTS] },
    OR: scopes.map(({ device, account, tag, family, path }) => ({
      AND: [
        device === null ? {} : { deviceId: BigInt(device) },
        account === null ? {} : { OR: [{ accountId: BigInt(account) }, { device: { accountId: BigInt(account) } }] },
        tag === null ? {} : { OR: [{ tag }, { device: { tags: { has: tag } } }] },
        family === null ? {} : { family },
        path === null || path === '' ? {} : withinPath(path),
      ],
    })),
  };
}

/** By a pattern's literal beginning. */
function withinPath(pattern: string): Prisma.GrantWhereInput {
  const names = pattern.split('/');
  const star = names.indexOf('*');
  const literal = (star < 0 ? names : names.slice(0, star)).join('/');
  return literal === '' ? { path: { not: null } } : { path: { startsWith: literal } };
}

export function viewOf(row: Grant): GrantView {
  return {
    id: String(row.id),
    principal: row.principal,
    right: row.right,
    deviceKey: row.deviceId === null ? null : String(row.deviceId),
    accountId: row.accountId === null ? null : String(row.accountId),
    tag: row.tag,
    filter: row.filter as Json,
    moid: row.family,
    path: row.path,
    grantedBy: row.grantedBy,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
  };
}
