/** How often a rule is triggered on one device: pure. */
import type { Pace } from './types';

/**
 * @param recent when it was triggered lately, the oldest first
 * @returns the same with now, as much of it as is needed later; undefined: not now
 */
export function pass(
  { debounceMs, count, perMs }: Pace,
  recent: readonly number[],
  now: number,
): readonly number[] | undefined {
  const last = recent.at(-1);
  if (last !== undefined && last + debounceMs > now) return undefined;
  if (recent.filter((at) => at + perMs > now).length >= count) return undefined;
  return [...recent, now].slice(-count);
}
