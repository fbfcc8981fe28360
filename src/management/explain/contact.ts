/** When a device is expected, from what was measured of it. Pure. */
import type { SituationRow } from '../../store/explain';
import type { ContactView, WakeUpSummary } from './types';
import { spell } from './words';

/** What is known of waking a device. */
export interface WakeUpFacts {
  /** Names, the preferred first; empty: it is not woken. */
  readonly bearers: readonly string[];
  /** Of its last wake-ups that were answered. */
  readonly latenciesMs: readonly number[];
  readonly last: WakeUpSummary | null;
}

export const NOT_WOKEN: WakeUpFacts = { bearers: [], latenciesMs: [], last: null };

/** Intervals that are needed before their median is told. */
const ENOUGH = 2;

export function contactOf(situation: SituationRow, wakeUps: WakeUpFacts, now: number): ContactView {
  const { lastContactAt, sessionAt } = situation;
  const usualIntervalMs = intervalOf(situation.sessions);
  const bearer = wakeUps.bearers[0] ?? null;
  const wakeUpLatencyMs = median(wakeUps.latenciesMs);
  const base = { lastContactAt, usualIntervalMs, bearer, wakeUpLatencyMs, lastWakeUp: wakeUps.last };
  const seen =
    lastContactAt === null
      ? 'it never was in contact'
      : `it was last in contact ${spell(now - lastContactAt.getTime())} ago`;
  const is = (basis: ContactView['basis'], expectedWaitMs: number | null, text: string): ContactView => ({
    ...base,
    basis,
    expectedWaitMs,
    text,
  });
  if (sessionAt !== null) return is('SESSION', 0, 'The device is in a session.');
  const left =
    usualIntervalMs === null || lastContactAt === null ? null : lastContactAt.getTime() + usualIntervalMs - now;
  const usually = usualIntervalMs === null ? '' : `, and usually comes every ${spell(usualIntervalMs)}`;
  if (bearer !== null && wakeUpLatencyMs !== null) {
    const wait = left === null || left <= 0 ? wakeUpLatencyMs : Math.min(left, wakeUpLatencyMs);
    return is(
      'WAKE_UP',
      wait,
      `The device is woken by ${bearer}, which took ${spell(wakeUpLatencyMs)}; ${seen}${usually}.`,
    );
  }
  const woken = bearer === null ? '' : `The device is woken by ${bearer}, which it never answered as far as is known; `;
  if (lastContactAt === null) return is('NEVER_SEEN', null, sentence(`${woken}${seen}`));
  if (left === null) return is('UNKNOWN', null, sentence(`${woken}${seen}; how often it comes is not known yet`));
  if (left <= 0) return is('POLLING', null, sentence(`${woken}${seen}${usually}: it is overdue`));
  return is('POLLING', left, sentence(`${woken}${seen}${usually}: expected in ${spell(left)}`));
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** @param beginnings of sessions, the last one first */
function intervalOf(beginnings: readonly Date[]): number | null {
  const gaps = beginnings.slice(1).flatMap((earlier, index) => {
    const later = beginnings[index];
    return later === undefined ? [] : [later.getTime() - earlier.getTime()];
  });
  return gaps.length < ENOUGH ? null : median(gaps);
}

/** Of the middle two the lower one; null of none. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
