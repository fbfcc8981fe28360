/** Grants as they are kept: given and taken back, and loaded as the rights of a caller. */
import { AsyncResource } from 'node:async_hooks';

import { ManagementError, type Caller, type Grants, type GrantView } from '../management/types';
import type { Database } from '../store/database';
import type { Grant, Prisma } from '../store/generated/client';
import { afterKey, badInput, checkName, getDatabaseKey, notFound, pageOf } from './inputs';
import { administer, isForeignKeyViolation, recordChange, type AdministrativeTransaction } from './journal';
import { DATA_RIGHTS, GATEWAY_RIGHTS, RIGHTS, Rights, type GrantRule, type Right, type ScopedDevice } from './rights';

export interface GrantsDeps {
  readonly db: Database;
  /** MOID without its version: a grant holds for every version. */
  readonly familyOf: (moid: string) => string;
  readonly now?: () => number;
}

export interface RunningGrants extends Grants {
  /** Begins to hear of grants that other processes change. */
  start(): Promise<void>;
  stop(): void;
}

/** Told when grants changed. */
const GRANT_CHANNEL = 'moql_grant';
/** How long a principal's grants are believed without another look at the store. */
const CACHE_MS = 10_000;
const CACHE_ENTRIES = 10_000;
const LONGEST_MOID = 512;
const LONGEST_PATH = 2048;
const LONGEST_TAG = 64;

export function createGrants(deps: GrantsDeps): RunningGrants {
  return new StoredGrants(deps);
}

class StoredGrants implements RunningGrants {
  readonly #deps: GrantsDeps;
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly rules: readonly GrantRule[]; readonly until: number }>();
  /** Counts changes, so that what was loaded before one is not remembered after it. */
  #generation = 0;
  #stop: (() => void) | undefined;

  constructor(deps: GrantsDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? Date.now;
  }

  async start(): Promise<void> {
    this.#stop = await this.#deps.db.listen(
      GRANT_CHANNEL,
      AsyncResource.bind(() => this.#forget()),
    );
  }

  stop(): void {
    this.#stop?.();
  }

  async rightsOf(caller: Caller): Promise<Rights> {
    const now = this.#now();
    return new Rights(caller.admin, caller.admin ? [] : await this.#rulesOf(caller.principal, now), now);
  }

  async #rulesOf(principal: string, now: number): Promise<readonly GrantRule[]> {
    const known = this.#known.get(principal);
    if (known !== undefined && known.until > now) return known.rules;
    const generation = this.#generation;
    const rows = await this.#deps.db.prisma.grant.findMany({ where: { principal } });
    const rules = rows.map(ruleOf);
    if (generation === this.#generation) {
      if (this.#known.size >= CACHE_ENTRIES) this.#known.clear();
      this.#known.set(principal, { rules, until: now + CACHE_MS });
    }
    return rules;
  }

  async create(input: Parameters<Grants['create']>[0], caller: Caller, rights: Rights): Promise<GrantView> {
    const scope = checkScope(input);
    const expiresAt = input.expiresAt ?? null;
    if (expiresAt !== null && expiresAt.getTime() <= this.#now()) throw badInput('lies in the past', 'expiresAt');
    const family = scope.moid === null ? null : this.#deps.familyOf(scope.moid);
    const accountId = input.accountId == null ? null : getDatabaseKey('account', input.accountId);
    const { principal, right, tag, path } = scope;
    try {
      const view = await administer(this.#deps.db, async (tx) => {
        const device = input.deviceId == null ? undefined : await findScoped(tx, { deviceId: input.deviceId });
        if (input.deviceId != null && (device === undefined || !rights.sees(device))) throw notFound('device');
        const data = { principal, right, tag, path, family, accountId, deviceId: device && BigInt(device.key ?? 0) };
        const rule = ruleOf({ ...data, deviceId: data.deviceId ?? null, expiresAt });
        if (!rights.mayGrant(rule, device) || (!rights.isAdmin && principal === caller.principal))
          throw mayNotGrant(right, principal === caller.principal);
        const row = await tx.grant.create({ data: { ...data, grantedBy: caller.principal, expiresAt } });
        await recordChange(tx, { type: 'grantCreated', caller, data: { grant: String(row.id), principal, right } });
        return viewOf(row);
      });
      this.#tell();
      return view;
    } catch (error) {
      if (isForeignKeyViolation(error)) throw notFound('account');
      throw error;
    }
  }

  async delete(id: string, caller: Caller, rights: Rights): Promise<GrantView> {
    const key = getDatabaseKey('grant', id);
    const view = await administer(this.#deps.db, async (tx) => {
      const before = await tx.grant.findUnique({ where: { id: key } });
      // What the caller cannot have given is not there for it.
      if (before === null || !rights.mayGrant(endless(before), await deviceOf(tx, before))) throw notFound('grant');
      // Gone meanwhile: as good as taken back.
      await tx.grant.deleteMany({ where: { id: key } });
      const { principal, right } = before;
      await recordChange(tx, { type: 'grantDeleted', caller, data: { grant: id, principal, right } });
      return viewOf(before);
    });
    this.#tell();
    return view;
  }

  /** In the order in which they were given; those alone that the caller may give. */
  async list(rights: Rights, first: number, after?: string): ReturnType<Grants['list']> {
    const where = rights.isAdmin ? {} : withinScopes(rights.delegated);
    const found: Grant[] = [];
    let id = afterKey(after);
    for (let isMore = true; isMore && found.length <= first;) {
      const rows = await this.#deps.db.prisma.grant.findMany({
        where: { ...where, id },
        include: { device: { select: SCOPED } },
        orderBy: { id: 'asc' },
        take: first + 1,
      });
      const mine = rows.filter((row) =>
        rights.mayGrant(endless(row), row.device === null ? undefined : scopedOf(row.device)),
      );
      found.push(...mine);
      isMore = rows.length > first;
      id = { gt: rows.at(-1)?.id ?? 0n };
    }
    return pageOf(found, first, viewOf);
  }

  #tell(): void {
    this.#forget();
    this.#deps.db.notify(GRANT_CHANNEL, '');
  }

  #forget(): void {
    this.#generation++;
    this.#known.clear();
  }
}

function mayNotGrant(right: string, isOwn: boolean): ManagementError {
  const why = isOwn
    ? 'Nobody but an administrator gives rights to themselves.'
    : `DELEGATE over the whole scope and time is needed to give ${right} there; rights that are not over data an administrator gives.`;
  return new ManagementError('FORBIDDEN', why, { right: 'DELEGATE' });
}

const SCOPED = { id: true, accountId: true, tags: true } as const;

function scopedOf(row: { readonly id: bigint; readonly accountId: bigint; readonly tags: string[] }): ScopedDevice {
  return { key: String(row.id), accountId: String(row.accountId), tags: row.tags };
}

async function findScoped(
  tx: AdministrativeTransaction,
  where: Prisma.DeviceWhereUniqueInput,
): Promise<ScopedDevice | undefined> {
  const row = await tx.device.findUnique({ where, select: SCOPED });
  return row === null ? undefined : scopedOf(row);
}

async function deviceOf(
  tx: AdministrativeTransaction,
  { deviceId }: { readonly deviceId: bigint | null },
): Promise<ScopedDevice | undefined> {
  return deviceId === null ? undefined : findScoped(tx, { id: deviceId });
}

/** A grant but for its time: whoever may give a right for a while may take away one that lasts longer. */
function endless(row: Grant): GrantRule {
  return { ...ruleOf(row), expiresAt: 0 };
}

/** A condition that chooses grants within these scopes, and perhaps some of their like: `mayGrant` decides. */
function withinScopes(scopes: readonly GrantRule[]): Prisma.GrantWhereInput {
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

function ruleOf(
  row: Pick<Grant, 'right' | 'deviceId' | 'accountId' | 'tag' | 'family' | 'path' | 'expiresAt'>,
): GrantRule {
  const { right, deviceId, accountId, tag, family, path, expiresAt } = row;
  return {
    right: right as Right,
    device: deviceId === null ? null : String(deviceId),
    account: accountId === null ? null : String(accountId),
    tag,
    family,
    path,
    expiresAt: expiresAt?.getTime() ?? null,
  };
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
  checkMeaning(input.right as Right, scopes.length > 0, moid);
  return { principal, right: input.right, tag, moid, path };
}

/** A scope that a right does not have would be a grant without effect. */
function checkMeaning(right: Right, isScoped: boolean, moid: string | null): void {
  if (moid !== null && !DATA_RIGHTS.includes(right))
    throw badInput(`${right} is not given by management object`, 'moid');
  if (isScoped && GATEWAY_RIGHTS.includes(right))
    throw badInput(`${right} holds on the whole gateway: give it without deviceId, accountId and tag`, 'right');
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
