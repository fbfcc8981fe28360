/** What a turn brings about by itself: what profiles make of the device's values, and rules of what its message told. */
import type { EventWrite, TurnChanges } from '../store/turn-apply';
import type { DdfLibrary } from '../../schema/ddf/library';
import type { KnownDevice } from './judge';
import type { KeptState } from './kept-state';
import type { LiveMo } from './ledger';
import { followUps, type FollowUps } from './profiles/follow-ups';
import type { LiveSet } from './profiles/live';
import { isWatchDue, judgeSeen, ruledAsSeen, type Seen } from './profiles/look';
import { follow } from './rules/follow';
import { happeningsOf, triggered, type Happening } from './rules/match';

/** Whether the device is to be compared to the profiles, and which rules wait for a look at it; from message to message. */
export interface Comparison {
  readonly isDue: boolean;
  readonly rules: ReadonlyMap<string, Happening>;
  /** What was brought about in this turn. */
  readonly brought?: FollowUps;
  /** What profiles watch on the device is another thing now, perhaps. */
  readonly isWatched?: boolean;
}

/** @param kept what the session kept; undefined where it begins */
export function comparisonOf(kept: KeptState | undefined): Comparison {
  return { isDue: kept === undefined || kept.p === true, rules: new Map(kept?.r) };
}

/** After a message: something of the device is other than it was, or happened; where there are profiles and rules. */
export function noticed(
  { isDue, rules }: Comparison,
  live: Pick<LiveSet, 'profiles' | 'rules'> = { profiles: [], rules: [] },
  { documents, operations, alerts }: TurnChanges,
  events: readonly EventWrite[],
): Comparison {
  const isNews = documents.length > 0 || operations.some(({ ended }) => ended);
  return {
    isDue: live.profiles.length > 0 && (isDue || isNews),
    rules:
      live.rules.length === 0 ? new Map() : new Map([...rules, ...triggered(live.rules, happeningsOf(alerts, events))]),
  };
}

/** The device that is looked at, as its turn knows it. */
export interface FollowedDevice {
  readonly key: string;
  /** Discovery has run. */
  readonly known: KnownDevice;
  readonly mos: readonly LiveMo[];
  /** It may be asked to tell of changes by itself, as far as is known. */
  readonly canWatch: boolean;
}

/** What profiles and rules make of what was seen: operations that travel in this very reply. */
export function followed(
  { isDue, rules }: Comparison,
  live: LiveSet,
  seen: Seen,
  { key, known, mos, canWatch }: FollowedDevice,
  library: DdfLibrary,
  now: number,
): Comparison & { readonly brought: FollowUps } {
  const isCompared = isDue && known.isDiscovered;
  const judged = isCompared ? judgeSeen(live.profiles, key, seen, mos, library, now) : [];
  const drifted = judged.some(({ isNewDrift }) => isNewDrift) ? [{ type: 'driftFound' }] : [];
  const triggers = new Map([...rules, ...triggered(live.rules, drifted)]);
  const follows = follow(live.rules, triggers, ruledAsSeen(seen, key, known, now), library, now);
  const records = new Map(
    seen.records.map(({ isEnded: _, isLapsed: __, failed: ___, ...record }) => [record.profile, record]),
  );
  const brought = followUps(judged, records, follows, seen.ids ?? [], now);
  const isWatched = isCompared && isWatchDue(live.profiles, seen, brought.gone.length > 0, canWatch);
  return { isDue: isDue && !known.isDiscovered, rules: new Map(), brought, isWatched };
}
