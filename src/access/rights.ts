/**
 * Who may do what: a pure decision over grants that were loaded. A grant gives a principal one right in a scope (a device,
 * the devices of an account, with a tag, or that a filter fits, or all), perhaps for one family of management objects and a
 * place in it.
 *
 * No right implies another: who may manage access (DELEGATE) can read nothing by that, and who may read and write cannot
 * change who else may. An administrator has all of them.
 */
import type { DeviceCondition } from '../management/types';

/** Rights over data, over who has access, over LocURIs that map to no MO, and over each part of the administration. */
export const RIGHTS = [
  'READ',
  'WRITE',
  'EXECUTE',
  'DELEGATE',
  'RAW',
  'READ_EXCHANGES',
  'MANAGE_ACCOUNTS',
  'MANAGE_DEVICES',
  'MANAGE_DDFS',
  'MANAGE_KEYS',
  'MANAGE_REPOSITORY',
  'READ_AUDIT',
] as const;
export type Right = (typeof RIGHTS)[number];

/** Rights that may be given for a management object, and by whoever holds DELEGATE. */
export const DATA_RIGHTS: readonly Right[] = ['READ', 'WRITE', 'EXECUTE', 'DELEGATE'];
/** Rights over the gateway as a whole: they have no scope. */
export const GATEWAY_RIGHTS: readonly Right[] = [
  'MANAGE_ACCOUNTS',
  'MANAGE_DDFS',
  'MANAGE_KEYS',
  'MANAGE_REPOSITORY',
  'READ_AUDIT',
];
/** Rights by which the device that they hold on is known to exist. */
const SEEING: readonly Right[] = [...DATA_RIGHTS, 'MANAGE_DEVICES'];

/** A condition on devices, asked of the whole device whatever the caller may read of it. */
export interface FilterScope {
  /** The same for equal conditions. */
  readonly key: string;
  readonly condition: DeviceCondition;
}

/** At most one of `device`, `account`, `tag` and `filter`; none: all devices. */
export interface Scope {
  /** Database key. */
  readonly device: string | null;
  readonly account: string | null;
  readonly tag: string | null;
  readonly filter?: FilterScope | null;
  /** MOID without version; null: all management objects. */
  readonly family: string | null;
  /** Names joined by `/`, of which `*` stands for any one name; null: the whole object. It covers what is below it. */
  readonly path: string | null;
}

export interface GrantRule extends Scope {
  readonly right: Right;
  /** Milliseconds since 1970; null: it does not end. */
  readonly expiresAt: number | null;
}

/** A device as grants see it; one that is to be made has no key. */
export interface ScopedDevice {
  readonly key: string | null;
  readonly accountId: string;
  readonly tags: readonly string[];
  /** Keys of those filters of the caller's grants that it fulfils; absent: it was not asked, and none counts. */
  readonly fits?: readonly string[];
}

/** A node: of a family, by its path below the MO's root ('' = the root). */
export interface Spot {
  readonly family: string;
  readonly path: string;
}

/** Devices on which some right holds, for a statement to choose by. */
export type Reach =
  | { readonly all: true }
  | {
      readonly all: false;
      readonly devices: readonly string[];
      readonly accounts: readonly string[];
      readonly tags: readonly string[];
      readonly filters: readonly FilterScope[];
    };

export class Rights {
  /** @param now milliseconds since 1970: what ended by then does not count */
  constructor(
    readonly isAdmin: boolean,
    rules: readonly GrantRule[],
    readonly now: number,
  ) {
    this.rules = rules.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  }

  private readonly rules: readonly GrantRule[];

  /** Filters of the grants, each once: which of them a device fulfils has to be known before anything is asked of it. */
  get filters(): readonly FilterScope[] {
    return [...new Map(this.rules.flatMap(({ filter }) => (filter == null ? [] : [[filter.key, filter]]))).values()];
  }

  /** Whether a right over the gateway as a whole is held. */
  onGateway(right: Right): boolean {
    return this.isAdmin || this.rules.some((rule) => rule.right === right && isEverywhere(rule));
  }

  /** Whether a right is held on anything at all. */
  anywhere(right: Right): boolean {
    return this.isAdmin || this.rules.some((rule) => rule.right === right);
  }

  /** Whether a right is held on all of a device. */
  onDevice(right: Right, device: ScopedDevice): boolean {
    return this.isAdmin || this.of(right, device).some(({ family }) => family === null);
  }

  /** Whether a right is held on a node and all below it. */
  at(right: Right, device: ScopedDevice, spot: Spot): boolean {
    return this.isAdmin || this.of(right, device).some((rule) => coversSpot(rule, spot));
  }

  /** Whether a right is held on something of a device. */
  within(right: Right, device: ScopedDevice): boolean {
    return this.isAdmin || this.of(right, device).length > 0;
  }

  /** Whether some right over data is held on something of a family. */
  touches(device: ScopedDevice, family: string): boolean {
    const isTouching = (rule: GrantRule): boolean =>
      DATA_RIGHTS.includes(rule.right) &&
      coversDevice(rule, device) &&
      (rule.family === null || rule.family === family);
    return this.isAdmin || this.rules.some(isTouching);
  }

  /** Whether the caller may know that a device exists. */
  sees(device: ScopedDevice): boolean {
    return this.isAdmin || SEEING.some((right) => this.within(right, device));
  }

  /** Devices that `sees` tells of. */
  get seen(): Reach {
    return this.reach(SEEING);
  }

  /** What of a family's documents may be read: all, or the paths that grants name; none: nothing. */
  readable(device: ScopedDevice, family: string): 'ALL' | readonly string[] {
    if (this.isAdmin) return 'ALL';
    const rules = this.of('READ', device).filter((rule) => rule.family === null || rule.family === family);
    if (rules.some(({ family: own, path }) => own === null || path === null || path === '')) return 'ALL';
    return rules.flatMap(({ path }) => path ?? []);
  }

  /** Grants of a right that hold now; undefined for an administrator, who needs none. */
  grantsOf(right: Right): readonly GrantRule[] | undefined {
    return this.isAdmin ? undefined : this.rules.filter((rule) => rule.right === right);
  }

  /** Scopes in which the caller manages access, with their ends. */
  get delegated(): readonly GrantRule[] {
    return this.rules.filter(({ right }) => right === 'DELEGATE');
  }

  /**
   * Whether the caller may give this right to somebody, or take it away: an administrator any, others those over data and
   * within a scope, and a time, for which they hold DELEGATE.
   *
   * @param device the device of the scope, where it names one
   */
  mayGrant(grant: GrantRule, device: ScopedDevice | undefined): boolean {
    if (this.isAdmin) return true;
    if (!DATA_RIGHTS.includes(grant.right)) return false;
    return this.delegated.some((own) => coversScope(own, grant, device) && lasts(own, grant));
  }

  /**
   * Whether all of these grants are held too, over as much and for as long.
   *
   * @param deviceOf the device that a grant names
   */
  holds(grants: readonly GrantRule[], deviceOf: (key: string) => ScopedDevice | undefined): boolean {
    if (this.isAdmin) return true;
    const isHeld = (grant: GrantRule): boolean => {
      const device = grant.device === null ? undefined : deviceOf(grant.device);
      return this.rules.some(
        (own) => own.right === grant.right && coversScope(own, grant, device) && lasts(own, grant),
      );
    };
    return grants.filter(({ expiresAt }) => expiresAt === null || expiresAt > this.now).every(isHeld);
  }

  private of(right: Right, device: ScopedDevice): readonly GrantRule[] {
    return this.rules.filter((rule) => rule.right === right && coversDevice(rule, device));
  }

  /** Devices on which one of some rights is held. */
  reach(rights: readonly Right[]): Reach {
    const rules = this.rules.filter(({ right }) => rights.includes(right));
    if (this.isAdmin || rules.some(isOnAllDevices)) return { all: true };
    return {
      all: false,
      devices: rules.flatMap(({ device }) => device ?? []),
      accounts: rules.flatMap(({ account }) => account ?? []),
      tags: rules.flatMap(({ tag }) => tag ?? []),
      filters: rules.flatMap(({ filter }) => filter ?? []),
    };
  }
}

/** Whether a pattern covers a path: it is the path, or an ancestor of it. */
export function coversPath(pattern: string | null, path: string): boolean {
  if (pattern === null || pattern === '') return true;
  const names = path === '' ? [] : path.split('/');
  return pattern
    .split('/')
    .every((name, index) => names[index] !== undefined && (name === '*' || name === names[index]));
}

function coversSpot({ family, path }: Scope, spot: Spot): boolean {
  return family === null || (family === spot.family && coversPath(path, spot.path));
}

export function coversDevice({ device, account, tag, filter }: Scope, it: ScopedDevice): boolean {
  if (device !== null) return device === it.key;
  if (account !== null) return account === it.accountId;
  if (tag !== null) return it.tags.includes(tag);
  return filter == null || (it.fits?.includes(filter.key) ?? false);
}

export function isOnAllDevices({ device, account, tag, filter }: Scope): boolean {
  return device === null && account === null && tag === null && filter == null;
}

function isEverywhere(scope: Scope): boolean {
  return isOnAllDevices(scope) && scope.family === null;
}

/**
 * Whether everything in `inner` lies in `outer`. A filter lies in the same filter alone: what another one tests, whoever
 * gives it might not be able to read.
 */
function coversScope(outer: Scope, inner: Scope, device: ScopedDevice | undefined): boolean {
  const isSame =
    outer.device === null &&
    outer.account === inner.account &&
    outer.tag === inner.tag &&
    outer.filter?.key === inner.filter?.key;
  const isWithin =
    device === undefined ? isSame || (isOnAllDevices(outer) && inner.filter == null) : coversDevice(outer, device);
  if (!isWithin) return false;
  if (outer.family === null) return true;
  return outer.family === inner.family && (inner.path === null ? !outer.path : coversPath(outer.path, inner.path));
}

function lasts(outer: GrantRule, inner: GrantRule): boolean {
  return outer.expiresAt === null || (inner.expiresAt !== null && inner.expiresAt <= outer.expiresAt);
}
