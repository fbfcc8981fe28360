/** What follows a sending of a wake-up: wait for the device, send again after a while, take the next bearer, or give up. */
import type { BearerOutcome } from '../bearers/bearer';
import type { WakeUpChange } from '../store/wake-ups';

export interface WakeUpTiming {
  /** How long a device may take to come after a bearer took its wake-up. */
  readonly answerMs: number;
  /** Longest first wait, doubled with each that follows. */
  readonly retryMs: number;
  readonly retryMostMs: number;
}

/** Of a wake-up that was taken to be sent. */
export interface Sent {
  readonly bearers: readonly string[];
  readonly bearer: string;
  /** How often this bearer was taken, this time included. */
  readonly sendings: number;
  readonly acceptedAt: Date | null;
  /** What was sent. */
  readonly notification: string | null;
}

export interface Plan {
  readonly change: WakeUpChange;
  /** Why it is given up; absent: it is not. */
  readonly givenUp?: string;
}

const NONE = 'none';

/**
 * Exponential back-off with full jitter: at random between nothing and the doubled bound, so that those who failed
 * together do not come back together.
 *
 * @param failures 1 after the first
 */
export function backOffMs(failures: number, { retryMs, retryMostMs }: WakeUpTiming, random: () => number): number {
  return Math.round(random() * Math.min(retryMostMs, retryMs * 2 ** Math.min(failures - 1, 40)));
}

/** @param attempts how often one bearer is taken at most */
export function planAfter(
  sent: Sent,
  outcome: BearerOutcome,
  attempts: number,
  timing: WakeUpTiming,
  now: number,
  random: () => number,
): Plan {
  const again = (afterMs: number, state: 'DUE' | 'SENT', acceptedAt: Date | null): Plan => ({
    change: {
      state,
      bearer: sent.bearer,
      sendings: sent.sendings,
      dueAt: new Date(now + afterMs),
      // What perhaps went out is the same notification, so that the device comes once.
      notification: outcome.outcome === 'FAILED' ? sent.notification : null,
      acceptedAt,
      endedAt: null,
    },
  });
  switch (outcome.outcome) {
    case 'ACCEPTED':
      return again(
        timing.answerMs + backOffMs(sent.sendings, timing, random),
        'SENT',
        sent.acceptedAt ?? new Date(now),
      );
    case 'FAILED':
      if (sent.sendings >= attempts) return planNext(sent, outcome.reason, now);
      return again(backOffMs(sent.sendings, timing, random), stateOf(sent), sent.acceptedAt);
    case 'REFUSED':
      return planNext(sent, outcome.reason, now);
  }
}

/** The bearer behind the present one, at once; where there is none the wake-up is given up, and the device comes by itself. */
export function planNext(sent: Sent, reason: string, now: number): Plan {
  const next = sent.bearers[sent.bearers.indexOf(sent.bearer) + 1];
  const change = {
    state: stateOf(sent),
    bearer: next ?? sent.bearer,
    sendings: 0,
    dueAt: new Date(now),
    notification: null,
    acceptedAt: sent.acceptedAt,
    endedAt: null,
  };
  if (next !== undefined && next !== NONE) return { change };
  const end = { bearer: sent.bearer, sendings: sent.sendings, state: 'FAILED', endedAt: new Date(now) } as const;
  return { change: { ...change, ...end }, givenUp: reason };
}

function stateOf({ acceptedAt }: Sent): 'DUE' | 'SENT' {
  return acceptedAt === null ? 'DUE' : 'SENT';
}
