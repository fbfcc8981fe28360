/** What is next for a campaign, from its figures and the time alone. Pure. */
import { allowance, type Paced } from './pace';
import { mustAbort, verdictOf } from './thresholds';
import type { CampaignRules, CampaignState, CampaignVerdict, Progress } from './types';
import { isOpen } from './windows';

export interface Standing {
  readonly state: CampaignState;
  readonly rules: Pick<CampaignRules, 'pace' | 'windows' | 'abort' | 'successPercentage'>;
  readonly startAt: Date | null;
  readonly endAt: Date | null;
  readonly targets: number;
  readonly paced: Paced | null;
  readonly progress: Progress;
  /** Zones of devices whose turn has not come; null: the campaign has no windows. */
  readonly zones: readonly (string | null)[];
}

/**
 * - `wait`: nothing until then
 * - `begin`: it is time
 * - `start`: some devices, of these zones where windows count; `again`: more may follow at once
 * - `giveUp`: devices that were not started are cancelled; `abort`: that, and the campaign is over
 * - `takeBack`: operations that devices have not got yet are cancelled
 * - `end`
 */
export type Decision =
  | { readonly kind: 'wait'; readonly until: number; readonly paced: Paced | null }
  | { readonly kind: 'begin' | 'giveUp' | 'abort' | 'takeBack' }
  | {
      readonly kind: 'start';
      readonly count: number;
      readonly zones: readonly string[] | null;
      readonly paced: Paced;
      readonly allowed: number;
    }
  | { readonly kind: 'end'; readonly state: CampaignState; readonly verdict: CampaignVerdict | null };

/** Counting the devices takes a while where they are many: then it is done less often. */
const DEVICES_A_SECOND = 50_000;
/** Shorter than the tick of the timers, so that each tick finds what is due. */
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 60_000;

/** @param most devices that one batch may start */
export function decide(standing: Standing, most: number, now: number): Decision {
  const { state, rules, progress, startAt, endAt } = standing;
  const left = progress.QUEUED + progress.IN_PROGRESS;
  if (state === 'CANCELLED' || state === 'ABORTED')
    return left === 0 ? { kind: 'end', state, verdict: null } : { kind: 'takeBack' };
  const isOver = endAt !== null && endAt.getTime() <= now;
  if (isOver && progress.QUEUED > 0) return { kind: 'giveUp' };
  if (state === 'SCHEDULED')
    return startAt !== null && startAt.getTime() > now && !isOver
      ? { kind: 'wait', until: Math.min(startAt.getTime(), endAt?.getTime() ?? Infinity), paced: null }
      : { kind: 'begin' };
  if (mustAbort(rules.abort, progress)) return { kind: 'abort' };
  if (left === 0) return { kind: 'end', state: 'COMPLETED', verdict: verdictOf(rules.successPercentage, progress) };

  const counts = { succeeded: progress.SUCCEEDED, inProgress: progress.IN_PROGRESS };
  const { allowed, paced } = allowance(rules.pace, standing.paced, counts, now);
  const zones = openZones(standing, now);
  if (progress.QUEUED > 0 && allowed > 0 && zones?.length !== 0)
    return { kind: 'start', count: Math.min(allowed, most, progress.QUEUED), zones, paced, allowed };
  return { kind: 'wait', until: Math.min(now + pauseOf(standing), endAt?.getTime() ?? Infinity), paced };
}

/** Milliseconds until a campaign is looked at again. */
export function pauseOf({ targets }: Pick<Standing, 'targets'>): number {
  return Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, Math.ceil((targets / DEVICES_A_SECOND) * 1_000)));
}

function openZones({ rules, zones }: Standing, now: number): readonly string[] | null {
  if (rules.windows.length === 0) return null;
  return zones.filter((zone): zone is string => zone !== null && isOpen(rules.windows, zone, now));
}
