/**
 * How a device compares to the profiles that fit it, and what is asked of it therefore: pure.
 *
 * A value that was read too long ago is read first; what then differs is written. What fails is tried again after a while that
 * grows, and at once when the difference, or the profile, is another one.
 */
import { createHash } from 'node:crypto';

import type { Json } from '../../../adapters/adapter';
import { namesOf, type DdfLibrary } from '../../../schema/ddf/library';
import type { ScopedDevice } from '../../access/rights';
import type { CommandRow } from '../judge';
import type { LiveMo } from '../ledger';
import { isReadable } from '../lost-answer';
import { claimsOn, nodeKey, type Claim, type Claims } from './claims';
import { readsOf, writesOf, type SeenNode } from './commands';
import type { Before, DeviceRecord, Drift, LiveProfile, Memory, ProfileDeviceState } from './types';

/** What is stored of the operation that a profile made last. */
export interface LastOperation {
  readonly isEnded: boolean;
  /** Somebody took it back, or the device did not come for it: nothing was learned. */
  readonly isLapsed: boolean;
  /** Why it did not do what it was made for; null: it did. */
  readonly failure: string | null;
}

export interface DeviceAsSeen {
  readonly device: ScopedDevice;
  /** False: another gateway took it back. */
  readonly isOurs: boolean;
  readonly mos: readonly LiveMo[];
  readonly nodes: ReadonlyMap<string, SeenNode>;
  readonly records: ReadonlyMap<string, DeviceRecord & { readonly last: LastOperation }>;
  /** Profiles that fit. */
  readonly fits: ReadonlySet<string>;
}

/** What becomes of a profile's record of the device. */
export interface Reconciled {
  readonly profile: string;
  /** Null: there is none any more. */
  readonly record: DeviceRecord | null;
  /** Of the operation that it makes; none: no operation. */
  readonly commands: readonly CommandRow[];
  /** It was as desired at the last look. */
  readonly isNewDrift: boolean;
}

/** Of its maker, on each node. */
export const RIGHTS_NEEDED = ['WRITE', 'READ'] as const;

const FIRST_DELAY_MS = 5 * 60_000;
const LONGEST_DELAY_MS = 86_400_000;
const LONGEST_REASON = 300;

/** How long is waited after so many failures one after another. */
export function delayAfter(attempts: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** Math.min(Math.max(attempts, 1) - 1, 20), LONGEST_DELAY_MS);
}

export function reconcile(
  profiles: readonly LiveProfile[],
  seen: DeviceAsSeen,
  library: DdfLibrary,
  now: number,
): readonly Reconciled[] {
  const { records, fits } = seen;
  const acting = profiles.filter(({ id, isRestoring }) => (isRestoring ? records.has(id) : fits.has(id)));
  const left = profiles.filter(({ id, isRestoring }) => !isRestoring && !fits.has(id) && records.has(id));
  return [
    ...left.map(({ id }) => ({ ...NOTHING, profile: id, record: null })),
    ...claimsOn(acting, seen.mos, records).flatMap((claims) => one(claims, seen, library, now) ?? []),
  ];
}

const NOTHING = { commands: [], isNewDrift: false } as const;

/** Undefined: nothing is new as long as its operation runs. */
function one(claims: Claims, seen: DeviceAsSeen, library: DdfLibrary, now: number): Reconciled | undefined {
  const { profile, won, lost, missing } = claims;
  const past = pastOf(profile, seen.records.get(profile.id), now);
  if (past === undefined) return undefined;
  const refusal = refusalOf(claims, seen);
  if (refusal !== undefined) return settled(past, 'FAILED', [], refusal);

  const isStale = stalenessOf(profile, seen.nodes, past.kept.readAt, library, now);
  const stale = won.filter(isStale);
  const differing = won.filter((claim) => !isStale(claim) && differs(claim, seen.nodes));
  const drift = [
    ...differing.map((claim) => driftOf(claim, seen.nodes)),
    ...lost.map((claim) => ({ ...driftOf(claim, seen.nodes), by: claim.by })),
  ];
  if (stale.length > 0 || differing.length > 0) {
    const nodes = seen.nodes;
    return act({ profile, past, stale, differing, drift, nodes, library, now });
  }
  if (profile.isRestoring) return { ...NOTHING, profile: profile.id, record: null };
  if (missing.length > 0) return settled(past, 'FAILED', drift, `the device has no ${missing.join(', ')}`);
  return settled(past, lost.length > 0 ? 'OVERRIDDEN' : 'IN_SYNC', drift, null);
}

/** What a profile remembers of the device, with what its last operation brought. */
interface Past {
  readonly profile: string;
  /** The record; undefined where it is of another version of the profile. */
  readonly record: DeviceRecord | undefined;
  readonly operation: string | null;
  /** What the operation was made for that has just ended. */
  readonly done: Memory['asked'];
  readonly failure: string | null;
  /** What stays remembered whatever comes. */
  readonly kept: Memory;
}

/** Undefined: its operation runs. */
function pastOf(
  { id, version }: LiveProfile,
  found: (DeviceRecord & { readonly last: LastOperation }) | undefined,
  now: number,
): Past | undefined {
  if (found === undefined)
    return { profile: id, record: undefined, operation: null, done: undefined, failure: null, kept: { version } };
  const { memory, operation, last } = found;
  if (memory.asked !== undefined && operation !== null && !last.isEnded) return undefined;
  const record = memory.version === version ? found : undefined;
  // What its operation was made for, if that is still of interest and the device had its say.
  const done = record === undefined || last.isLapsed ? undefined : memory.asked;
  const failure = done === undefined ? null : last.failure;
  const readAt = done === 'READ' && failure === null ? now : record?.memory.readAt;
  const kept = {
    version,
    ...(readAt === undefined ? {} : { readAt }),
    ...(memory.before === undefined ? {} : { before: memory.before }),
  };
  return { profile: id, record, operation, done, failure, kept };
}

/** Values are to be read, or to be written. */
function act(what: {
  readonly profile: LiveProfile;
  readonly past: Past;
  readonly stale: readonly Claim[];
  readonly differing: readonly Claim[];
  readonly drift: readonly Drift[];
  readonly nodes: ReadonlyMap<string, SeenNode>;
  readonly library: DdfLibrary;
  readonly now: number;
}): Reconciled {
  const { profile, past, stale, differing, drift, nodes, library, now } = what;
  const { record, kept } = past;
  const asked = stale.length > 0 ? 'READ' : 'WRITE';
  const digest = digestOf([asked, stale.map(nodeKey), drift]);
  const { failed, attempts, notBefore } = patienceOf(past, digest, now);
  const { rows, problem } =
    asked === 'READ' ? { rows: readsOf(stale), problem: undefined } : writesOf(differing, nodes, library);
  const isNewDrift = differing.length > 0 && (record?.state === 'IN_SYNC' || record?.state === 'OVERRIDDEN');
  if (rows.length === 0 || notBefore > now) {
    const waits = notBefore > now ? { attempts, notBefore } : {};
    const told = { ...past, kept: { ...kept, ...waits, digest } };
    return { ...settled(told, 'FAILED', drift, failed ?? problem ?? record?.reason ?? null), isNewDrift };
  }
  const isWrite = asked === 'WRITE';
  const before = isWrite && !profile.isRestoring ? withBefore(kept.before, differing, nodes) : undefined;
  const memory: Memory = {
    ...kept,
    asked,
    digest,
    ...(attempts > 0 ? { attempts } : {}),
    ...(before === undefined ? {} : { before }),
  };
  const state = isWrite ? 'DRIFTED' : (record?.state ?? 'PENDING');
  const shown = isWrite ? drift : (record?.drift ?? drift);
  return {
    profile: profile.id,
    record: { profile: profile.id, state, drift: shown, reason: null, operation: null, memory },
    commands: rows,
    isNewDrift,
  };
}

/** How long is waited because of failures over the same difference. */
function patienceOf(
  { record, done, failure }: Past,
  digest: string,
  now: number,
): { readonly failed: string | null; readonly attempts: number; readonly notBefore: number } {
  const isSame = record?.memory.digest === digest;
  const isIgnored = isSame && done === 'WRITE';
  const failed = failure ?? (isIgnored ? 'the device took the values and still tells others' : null);
  const before = isSame || failed !== null ? (record?.memory.attempts ?? 0) : 0;
  if (failed !== null) return { failed, attempts: before + 1, notBefore: now + delayAfter(before + 1) };
  return { failed, attempts: before, notBefore: (isSame ? record?.memory.notBefore : undefined) ?? now };
}

function settled(
  { profile, operation, kept }: Past,
  state: ProfileDeviceState,
  drift: readonly Drift[],
  reason: string | null,
): Reconciled {
  const told = reason === null ? null : reason.slice(0, LONGEST_REASON);
  return { ...NOTHING, profile, record: { profile, state, drift, reason: told, operation, memory: kept } };
}

/** Why the profile must not touch the device; undefined: it may. */
function refusalOf({ profile, won, lost }: Claims, { device, isOurs }: DeviceAsSeen): string | undefined {
  const { rights } = profile;
  if (!isOurs) return 'the device is no longer delegated to this gateway';
  if (rights === null) return 'who made the profile is nobody any more';
  const claims = [...won, ...lost];
  // To compare tells what is there.
  const lacking = RIGHTS_NEEDED.find(
    (right) => !rights.sees(device) || claims.some(({ family, path }) => !rights.at(right, device, { family, path })),
  );
  return lacking && `who made the profile does not have the right ${lacking} here`;
}

/** Whether a value was read too long ago to be gone by. What cannot be read is as it was written. */
function stalenessOf(
  { maxAgeMs }: LiveProfile,
  nodes: ReadonlyMap<string, SeenNode>,
  readAt: number | undefined,
  library: DdfLibrary,
  now: number,
): (claim: Claim) => boolean {
  return (claim) => {
    const node = nodes.get(nodeKey(claim));
    if (node?.subscribed === true || !isReadable(claim.moid, claim.path, library)) return false;
    return Math.max(readAt ?? -Infinity, node?.completeAt ?? -Infinity) < now - maxAgeMs;
  };
}

function differs(claim: Claim, nodes: ReadonlyMap<string, SeenNode>): boolean {
  const found = nodes.get(nodeKey(claim))?.found ?? [];
  return claim.value === undefined ? found.length > 0 : found.length === 0 || found[0] !== claim.desired;
}

function driftOf(claim: Claim, nodes: ReadonlyMap<string, SeenNode>): Drift {
  const { moid: m, miid: i, path: p, desired: d } = claim;
  return { m, i, p, d, f: (nodes.get(nodeKey(claim))?.found ?? []) as readonly Json[] };
}

/** What is found where the profile has not written before. */
function withBefore(
  known: readonly Before[] = [],
  claims: readonly Claim[],
  nodes: ReadonlyMap<string, SeenNode>,
): readonly Before[] {
  const has = new Set(known.map(({ f: family, i: miid, p: path }) => nodeKey({ family, miid, path })));
  const fresh = claims.flatMap((claim): Before[] => {
    const { family: f, moid: m, miid: i, path: p, value } = claim;
    if (value === undefined || has.has(nodeKey(claim))) return [];
    const v = (nodes.get(nodeKey(claim))?.found ?? []) as readonly Json[];
    return [{ f, m, i, p, n: namesOf(p) ?? [], v, format: value.f }];
  });
  return [...known, ...fresh];
}

function digestOf(what: unknown): string {
  return createHash('sha256').update(JSON.stringify(what)).digest('base64url').slice(0, 22);
}
