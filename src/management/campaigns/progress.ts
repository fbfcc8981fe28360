/** Figures of a campaign as the store counts them. */
import type { StateCount } from '../../store/campaigns';
import { DEVICE_STATES, type Progress } from './types';

/** Every state has a figure. */
export function progressOf(counts: readonly StateCount[]): Progress {
  const of = (state: string): number =>
    counts.reduce((sum, count) => (count.state === state ? sum + count.count : sum), 0);
  return Object.fromEntries(DEVICE_STATES.map((state) => [state, of(state)])) as Progress;
}
