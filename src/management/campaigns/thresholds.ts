/** When a campaign went badly enough to be aborted, and whether a completed one succeeded. Pure. */
import type { CampaignVerdict, Progress } from './types';

/** Which ends count as failures; ALL: each of them. */
export type FailureKind = 'FAILED' | 'TIMED_OUT' | 'REJECTED' | 'ALL';

export interface AbortRule {
  readonly failures: FailureKind;
  /** Of the devices that were executed: more than 0, at most 100. */
  readonly percentage: number;
  /** Devices that must have been executed before the rule counts. */
  readonly minimumExecuted: number;
}

/** Devices that came to an end of their own: cancelled ones did not. */
export function executed({ SUCCEEDED, FAILED, TIMED_OUT, REJECTED }: Progress): number {
  return SUCCEEDED + FAILED + TIMED_OUT + REJECTED;
}

export function mustAbort(rules: readonly AbortRule[], progress: Progress): boolean {
  const all = executed(progress);
  return rules.some(({ failures, percentage, minimumExecuted }) => {
    const failed = failures === 'ALL' ? all - progress.SUCCEEDED : progress[failures];
    return failed > 0 && all >= minimumExecuted && failed * 100 >= percentage * all;
  });
}

/** Of a campaign that has come to its end; devices that were cancelled have not succeeded. */
export function verdictOf(successPercentage: number, progress: Progress): CampaignVerdict {
  const all = executed(progress) + progress.CANCELLED;
  return progress.SUCCEEDED * 100 >= successPercentage * all ? 'SUCCEEDED' : 'FAILED';
}
