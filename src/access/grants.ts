/** Grants as they are kept: given and taken back, and loaded as the rights of a caller. */
import { AsyncResource } from 'node:async_hooks';

import { fitsOf } from '../management/device-filter/fits';
import { isAdministrator, ManagementError, type Caller, type Grants, type GrantView } from '../management/types';
import type { Database } from '../store/database';
import { Prisma, type Grant } from '../store/generated/client';
import { explainAccess, mayAsk, type AccessExplanationView, type AccessQuestion } from './explain';
import {
  checkPath,
  checkPrincipal,
  checkRight,
  checkScope,
  mayNotGrant,
  MOST_FILTERS,
  tooManyFilters,
} from './grant-input';
import { endless, ruleOf, SCOPED, scopedOf, viewOf, withinScopes } from './grant-rows';
import { importGrants } from './import-grants';
import { afterKey, badInput, getDatabaseKey, notFound, pageOf } from './inputs';
import { administer, isForeignKeyViolation, recordChange } from './journal';
import { Rights, type GrantRule, type ScopedDevice } from './rights';

export interface GrantsDeps {
  readonly db: Database;
  /** MOID without its version: a grant holds for every version. */
  readonly familyOf: (moid: string) => string;
  /** Who a principal is now, null when it is nobody any more: for explanations. Absent: nothing is known of keys. */
  readonly callerOf?: (principal: string) => Promise<Caller | null>;
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
const MOST_GROUPS = 100;

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
    if (isAdministrator(caller)) return new Rights(true, [], now);
    const { only } = caller;
    // An administrator's limited key has what it is for, everywhere.
    const rules = caller.admin ? (only ?? []).map(everywhere) : await this.#rulesOf(principalsOf(caller), now);
    return new Rights(false, only === undefined ? rules : rules.filter(({ right }) => only.includes(right)), now);
  }

  /** One statement for all principals of which it is not remembered. */
  async #rulesOf(principals: readonly string[], now: number): Promise<readonly GrantRule[]> {
    const known = principals.map((principal) => this.#known.get(principal));
    const missing = principals.filter((_principal, index) => (known[index]?.until ?? -Infinity) <= now);
    if (missing.length === 0) return known.flatMap((one) => one?.rules ?? []);
    const generation = this.#generation;
    const rows = await this.#deps.db.prisma.grant.findMany({ where: { principal: { in: missing } } });
    const loaded = new Map<string, GrantRule[]>(missing.map((principal) => [principal, []]));
    for (const row of rows) loaded.get(row.principal)?.push(ruleOf(row));
    if (generation === this.#generation) {
      if (this.#known.size + loaded.size > CACHE_ENTRIES) this.#known.clear();
      for (const [principal, rules] of loaded) this.#known.set(principal, { rules, until: now + CACHE_MS });
    }
    return principals.flatMap((principal, index) => loaded.get(principal) ?? known[index]?.rules ?? []);
  }

  async fits(rights: Rights, devices: readonly string[]): ReturnType<Grants['fits']> {
    return fitsOf(this.#deps.db.sql, rights.filters, devices);
  }

  async create(input: Parameters<Grants['create']>[0], caller: Caller, rights: Rights): Promise<GrantView> {
    const scope = checkScope(input);
    const expiresAt = input.expiresAt ?? null;
    if (expiresAt !== null && expiresAt.getTime() <= this.#now()) throw badInput('lies in the past', 'expiresAt');
    const family = scope.moid === null ? null : this.#deps.familyOf(scope.moid);
    const accountId = input.accountId == null ? null : getDatabaseKey('account', input.accountId);
    const { principal, right, tag, path, filter } = scope;
    // Before the transaction, which cannot ask for it.
    const device = input.deviceId == null ? undefined : await this.#device({ deviceId: input.deviceId }, rights);
    if (input.deviceId != null && (device === undefined || !rights.sees(device))) throw notFound('device');
    try {
      const view = await administer(this.#deps.db, async (tx) => {
        const data = { principal, right, tag, path, family, accountId, deviceId: device && BigInt(device.key ?? 0) };
        const rule = ruleOf({ ...data, filter: filter as Grant['filter'], deviceId: data.deviceId ?? null, expiresAt });
        const isOwn = principal === caller.principal || caller.groups?.includes(principal) === true;
        if (!rights.mayGrant(rule, device) || (!rights.isAdmin && isOwn)) throw mayNotGrant(right, isOwn);
        const stored = filter === null ? {} : { filter: filter as Prisma.InputJsonValue };
        if (filter !== null && (await tx.grant.count({ where: filtered(principal) })) >= MOST_FILTERS)
          throw tooManyFilters(principal);
        const row = await tx.grant.create({ data: { ...data, ...stored, grantedBy: caller.principal, expiresAt } });
        await recordChange(tx, { type: 'grantCreated', caller, data: { grant: String(row.id), principal, right } });
        return viewOf(row);
      });
      this.#tell();
      return view;
    } catch (error) {
      if (isForeignKeyViolation(error)) throw notFound(input.accountId == null ? 'device' : 'account');
      throw error;
    }
  }

  async importMany(
    ...[records, allowKeys, caller, rights]: Parameters<Grants['importMany']>
  ): ReturnType<Grants['importMany']> {
    const { db, familyOf } = this.#deps;
    const results = await importGrants({ db, familyOf, allowKeys, now: this.#now() }, records, caller, rights);
    if (results.some(({ outcome }) => outcome === 'CREATED')) this.#tell();
    return results;
  }

  async delete(id: string, caller: Caller, rights: Rights): Promise<GrantView> {
    const key = getDatabaseKey('grant', id);
    const before = await this.#deps.db.prisma.grant.findUnique({ where: { id: key } });
    const device = before?.deviceId == null ? undefined : await this.#device({ id: before.deviceId }, rights);
    // What the caller cannot have given is not there for it.
    if (before === null || !rights.mayGrant(endless(before), device)) throw notFound('grant');
    const view = await administer(this.#deps.db, async (tx) => {
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
    const found: Grant[] = [];
    let id = afterKey(after);
    for (let isMore = true; isMore && found.length <= first;) {
      const { rows, mine } = await this.#page({ id }, rights, first + 1);
      found.push(...mine);
      isMore = rows.length > first;
      id = { gt: rows.at(-1)?.id ?? 0n };
    }
    return pageOf(found, first, viewOf);
  }

  async #page(
    where: Prisma.GrantWhereInput,
    rights: Rights,
    take?: number,
  ): Promise<{ readonly rows: readonly Grant[]; readonly mine: readonly Grant[] }> {
    const rows = await this.#deps.db.prisma.grant.findMany({
      where: rights.isAdmin ? where : { AND: [where, withinScopes(rights.delegated)] },
      include: { device: { select: SCOPED } },
      orderBy: { id: 'asc' },
      ...(take === undefined ? {} : { take }),
    });
    const keys = rows.flatMap(({ deviceId }) => (deviceId === null ? [] : [String(deviceId)]));
    const fits = await this.fits(rights, keys);
    const mine = rows.filter((row) => {
      const device = row.device === null ? undefined : scopedOf(row.device);
      return rights.mayGrant(endless(row), device && { ...device, fits: fits.get(device.key ?? '') ?? [] });
    });
    return { rows, mine };
  }

  async holdAll(rights: Rights, principal: string): Promise<boolean> {
    if (rights.isAdmin) return true;
    const rows = await this.#deps.db.prisma.grant.findMany({
      where: { principal },
      include: { device: { select: SCOPED } },
    });
    const fits = await this.fits(
      rights,
      rows.flatMap(({ deviceId }) => (deviceId === null ? [] : [String(deviceId)])),
    );
    const devices = new Map(
      rows.flatMap(({ device }) => (device === null ? [] : [[String(device.id), scopedOf(device)] as const])),
    );
    return rights.holds(rows.map(ruleOf), (key) => {
      const device = devices.get(key);
      return device && { ...device, fits: fits.get(key) ?? [] };
    });
  }

  async explain(question: AccessQuestion, rights: Rights): Promise<AccessExplanationView> {
    const principal = checkPrincipal(question.principal, 'principal');
    if (question.groups.length > MOST_GROUPS) throw badInput(`at most ${MOST_GROUPS}`, 'groups');
    const groups = question.groups.map((group, at) => checkPrincipal(group, `groups[${at}]`));
    if (!groups.every((group) => group.startsWith('group:'))) throw badInput('must be group:NAME', 'groups');
    const right = checkRight(question.right);
    const { deviceId, moid, path = '' } = question;
    if (path !== '' && moid === undefined) throw badInput('needs a moid', 'path');
    checkPath(path);
    const device = deviceId === undefined ? undefined : await this.#device({ deviceId }, rights);
    if (deviceId !== undefined && (device === undefined || !rights.sees(device))) throw notFound('device');
    const spot = moid === undefined ? undefined : { family: this.#deps.familyOf(moid), path };
    const asked = { right, device, spot, now: this.#now() };
    if (!mayAsk(rights, asked))
      throw new ManagementError('FORBIDDEN', 'Who asks needs DELEGATE over just that, or is an administrator.', {
        right: 'DELEGATE',
      });
    const { mine } = await this.#page({ principal: { in: [principal, ...groups] } }, rights);
    const rules = mine.map((row) => ({ view: viewOf(row), rule: ruleOf(row) }));
    const filters = rules.flatMap(({ rule }) => rule.filter ?? []);
    const fits =
      device?.key == null ? new Map<string, never>() : await fitsOf(this.#deps.db.sql, filters, [device.key]);
    const scoped = device && { ...device, fits: fits.get(device.key ?? '') ?? [] };
    return explainAccess(rules, { ...asked, device: scoped }, await this.#callerOf(principal, rights), rights.isAdmin);
  }

  /** What is known of a key, to an administrator; undefined: nothing is known, or the principal has none. */
  async #callerOf(principal: string, rights: Rights): Promise<Caller | null | undefined> {
    const { callerOf } = this.#deps;
    return callerOf === undefined || !rights.isAdmin || !principal.startsWith('key:') ? undefined : callerOf(principal);
  }

  /** A device with the filters of the rights that it fulfils. The statements are the same whether or not it is there. */
  async #device(where: Prisma.DeviceWhereUniqueInput, rights: Rights): Promise<ScopedDevice | undefined> {
    const row = await this.#deps.db.prisma.device.findUnique({ where, select: SCOPED });
    const fits = await this.fits(rights, row === null ? [] : [String(row.id)]);
    return row === null ? undefined : { ...scopedOf(row), fits: fits.get(String(row.id)) ?? [] };
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

function principalsOf({ principal, groups = [] }: Caller): readonly string[] {
  return [...new Set([principal, ...groups])];
}

function everywhere(right: GrantRule['right']): GrantRule {
  return { right, device: null, account: null, tag: null, family: null, path: null, expiresAt: null };
}

/** Grants by filter of a principal. */
function filtered(principal: string): Prisma.GrantWhereInput {
  return { principal, NOT: { filter: { equals: Prisma.DbNull } } };
}
