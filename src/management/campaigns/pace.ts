/** How many devices a campaign may start now. Pure; times in milliseconds since 1970. */

/** All left out: as fast as batches follow one another. */
export interface Pace {
  /** In no minute are more started. */
  readonly maximumPerMinute?: number | undefined;
  /** The rate begins at `basePerMinute` and is multiplied by `factor` each time that many more devices succeeded. */
  readonly exponential?:
    { readonly basePerMinute: number; readonly factor: number; readonly everySucceeded: number } | undefined;
  /** Devices that have been started and have not ended. */
  readonly maximumConcurrent?: number | undefined;
}

/** What the pace reckons with from one batch to the next. */
export interface Paced {
  readonly at: number;
  /** Devices that may be started, with fractions. */
  readonly credit: number;
  /** Within the last minute: when, and how many. */
  readonly recent: readonly (readonly [number, number])[];
}

const MINUTE = 60_000;

/** Devices a minute; Infinity without a maximum. */
export function rateOf({ maximumPerMinute = Infinity, exponential }: Pace, succeeded: number): number {
  if (exponential === undefined) return maximumPerMinute;
  const { basePerMinute, factor, everySucceeded } = exponential;
  return Math.min(maximumPerMinute, basePerMinute * factor ** Math.floor(succeeded / everySucceeded));
}

/**
 * Starts are spread over the minute, and what a minute has started counts, so that a pump that was away does not make up
 * for it at once beyond the rate.
 *
 * @returns `allowed`: whole devices, perhaps Infinity
 */
export function allowance(
  pace: Pace,
  paced: Paced | null,
  counts: { readonly succeeded: number; readonly inProgress: number },
  now: number,
): { readonly allowed: number; readonly paced: Paced } {
  const free = Math.max(0, (pace.maximumConcurrent ?? Infinity) - counts.inProgress);
  const rate = rateOf(pace, counts.succeeded);
  const recent = (paced?.recent ?? []).filter(([at]) => at > now - MINUTE);
  if (rate === Infinity) return { allowed: free, paced: { at: now, credit: 0, recent: [] } };
  const passed = paced === null ? 0 : Math.max(0, now - paced.at);
  const credit = Math.min(rate, (paced?.credit ?? 1) + (rate * passed) / MINUTE);
  const started = recent.reduce((sum, [, count]) => sum + count, 0);
  // What is short of a whole by the arithmetic of fractions counts as whole.
  const allowed = Math.min(free, Math.floor(credit + 1e-6), Math.floor(rate - started));
  return { allowed: Math.max(0, allowed), paced: { at: now, credit, recent } };
}

/** After as many devices were started. */
export function spend(paced: Paced, count: number, now: number): Paced {
  if (count === 0) return paced;
  const last = paced.recent.at(-1);
  const recent =
    last?.[0] === now
      ? [...paced.recent.slice(0, -1), [now, last[1] + count] as const]
      : [...paced.recent, [now, count] as const];
  return { ...paced, credit: Math.max(0, paced.credit - count), recent };
}
