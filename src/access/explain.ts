/** Why somebody may do something, or may not: the same rules as `Rights`, with what speaks against each grant. Pure. */
import type { Caller, GrantView } from '../management/types';
import type { Rights, GrantRule, Right, ScopedDevice, Spot } from './rights';
import { coversDevice, coversPath, DATA_RIGHTS, isOnAllDevices } from './rights';

/** What is asked. */
export interface AccessQuestion {
  readonly principal: string;
  /** Principals `group:NAME` that it is in. */
  readonly groups: readonly string[];
  /** DevId; absent: on all devices, or on the gateway. */
  readonly deviceId?: string;
  /** Absent: on the whole of it. */
  readonly moid?: string;
  readonly path?: string;
  readonly right: string;
}

/** Why a grant does not give what is asked. */
export type AccessObjection =
  'OTHER_RIGHT' | 'EXPIRED' | 'OTHER_DEVICE' | 'NOT_ALL_DEVICES' | 'OTHER_OBJECT' | 'OTHER_PATH' | 'KEY_LIMITED';

export interface AccessCandidate {
  readonly grant: GrantView;
  /** None: it gives what is asked. */
  readonly objections: readonly AccessObjection[];
}

export interface AccessExplanationView {
  /** null: not by grants that whoever asks may manage; there may be others. */
  readonly allowed: boolean | null;
  readonly text: string;
  /** It needs no grant. */
  readonly isAdministrator: boolean;
  /** Grants that give it. */
  readonly by: readonly GrantView[];
  /** Those that do not, the nearest first. */
  readonly candidates: readonly AccessCandidate[];
}

export interface AskedAccess {
  readonly right: Right;
  /** Undefined: on all devices. */
  readonly device: ScopedDevice | undefined;
  /** Undefined: on the whole of it. */
  readonly spot: Spot | undefined;
  readonly now: number;
}

/** Grants told at most of those that do not give what is asked. */
const MOST_CANDIDATES = 20;
/** The heavier it weighs, the farther is a grant from what is asked. */
const WEIGHT: Readonly<Record<AccessObjection, number>> = {
  EXPIRED: 1,
  KEY_LIMITED: 1,
  OTHER_PATH: 2,
  OTHER_OBJECT: 3,
  NOT_ALL_DEVICES: 4,
  OTHER_DEVICE: 5,
  OTHER_RIGHT: 6,
};

/**
 * @param caller     the principal as it stands; null: its key is not known, not good any more; undefined: it has none
 * @param isComplete whether these are all its grants
 */
export function explainAccess(
  grants: readonly { readonly view: GrantView; readonly rule: GrantRule }[],
  asked: AskedAccess,
  caller: Caller | null | undefined,
  isComplete: boolean,
): AccessExplanationView {
  const only = caller?.only;
  const isLimited = only !== undefined && !only.includes(asked.right);
  const found = grants.map(({ view, rule }): AccessCandidate => {
    const objections = [...objectionsTo(rule, asked), ...(isLimited ? (['KEY_LIMITED'] as const) : [])];
    return { grant: view, objections };
  });
  const by = found.filter(({ objections }) => objections.length === 0).map(({ grant }) => grant);
  const candidates = found
    .filter(({ objections }) => objections.length > 0)
    .map((candidate) => ({ candidate, distance: candidate.objections.reduce((sum, one) => sum + WEIGHT[one], 0) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST_CANDIDATES)
    .map(({ candidate }) => candidate);
  const isAdministrator = caller?.admin === true && !isLimited;
  const isGone = caller === null;
  const isAllowed = !isGone && (isAdministrator || by.length > 0);
  return {
    allowed: isAllowed ? true : isComplete || isGone ? false : null,
    text: textOf({ isGone, isAdministrator, isLimited, by, candidates, isComplete }, asked.right),
    isAdministrator: isAdministrator && !isGone,
    by: isGone ? [] : by,
    candidates,
  };
}

/** What speaks against a grant; nothing: it gives what is asked. */
export function objectionsTo(rule: GrantRule, { right, device, spot, now }: AskedAccess): readonly AccessObjection[] {
  const isOver = rule.expiresAt !== null && rule.expiresAt <= now;
  const place = placeObjection(rule, spot);
  return [
    ...(rule.right === right ? [] : (['OTHER_RIGHT'] as const)),
    ...(isOver ? (['EXPIRED'] as const) : []),
    ...(device === undefined
      ? isOnAllDevices(rule)
        ? []
        : (['NOT_ALL_DEVICES'] as const)
      : coversDevice(rule, device)
        ? []
        : (['OTHER_DEVICE'] as const)),
    ...(place === undefined ? [] : [place]),
  ];
}

function placeObjection(rule: GrantRule, spot: Spot | undefined): AccessObjection | undefined {
  if (rule.family === null) return undefined;
  if (spot === undefined || spot.family !== rule.family) return 'OTHER_OBJECT';
  return coversPath(rule.path, spot.path) ? undefined : 'OTHER_PATH';
}

const WHY: Readonly<Record<AccessObjection, string>> = {
  OTHER_RIGHT: 'gives another right',
  EXPIRED: 'is over',
  OTHER_DEVICE: 'is not for this device',
  NOT_ALL_DEVICES: 'is not for all devices',
  OTHER_OBJECT: 'is for another management object',
  OTHER_PATH: 'is for another path',
  KEY_LIMITED: 'is beyond what the key is for',
};

function textOf(
  it: {
    readonly isGone: boolean;
    readonly isAdministrator: boolean;
    readonly isLimited: boolean;
    readonly by: readonly GrantView[];
    readonly candidates: readonly AccessCandidate[];
    readonly isComplete: boolean;
  },
  right: Right,
): string {
  if (it.isGone) return 'No: there is no such key, it was revoked, or it is over.';
  if (it.isAdministrator) return 'Yes: an administrator needs no grant.';
  const [by] = it.by;
  if (by !== undefined) return `Yes: by a grant of ${by.grantedBy}.`;
  const no = it.isComplete ? 'No' : 'Not by a grant that you may manage';
  if (it.isLimited) return `${no}: the key is not for ${right}.`;
  const [nearest] = it.candidates;
  if (nearest === undefined) return `${no}: there is no grant.`;
  return `${no}: the nearest grant ${nearest.objections.map((one) => WHY[one]).join(', and ')}.`;
}

/** Whether somebody who is no administrator may ask: who manages access to just that. */
export function mayAsk(rights: Rights, { right, device, spot }: AskedAccess): boolean {
  if (rights.isAdmin) return true;
  if (!DATA_RIGHTS.includes(right)) return false;
  const asked = { right: 'DELEGATE', device, spot, now: rights.now } as const;
  return rights.delegated.some((rule) => objectionsTo(rule, asked).length === 0);
}
