import * as fc from 'fast-check';

import { decide, type Standing } from '../../src/management/campaigns/decide';
import { allowance, rateOf, spend, type Pace, type Paced } from '../../src/management/campaigns/pace';
import { executed, mustAbort, verdictOf, type AbortRule } from '../../src/management/campaigns/thresholds';
import { DEVICE_STATES, type Progress } from '../../src/management/campaigns/types';
import { isOpen, isTimeZone, readTimeOfDay, type Window } from '../../src/management/campaigns/windows';

const T0 = Date.UTC(2026, 5, 1);
const MINUTE = 60_000;

function progress(figures: Partial<Progress> = {}): Progress {
  return Object.fromEntries(DEVICE_STATES.map((state) => [state, figures[state] ?? 0])) as Progress;
}

describe('the pace', () => {
  /** Starts all that may be started at each of these moments; [when, how many]. */
  function run(pace: Pace, gaps: readonly number[], succeeded = 0): [number, number][] {
    let paced: Paced | null = null;
    let now = T0;
    return gaps.map((gap) => {
      now += gap;
      const step = allowance(pace, paced, { succeeded, inProgress: 0 }, now);
      paced = spend(JSON.parse(JSON.stringify(step.paced)) as Paced, step.allowed, now);
      return [now, step.allowed];
    });
  }

  test('starts no more than the maximum in any minute, whenever the pump comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.integer({ min: 0, max: 3 * MINUTE }), { minLength: 1, maxLength: 60 }),
        (maximumPerMinute, gaps) => {
          const starts = run({ maximumPerMinute }, gaps);
          for (const [from] of starts) {
            const within = starts.filter(([at]) => at >= from && at < from + MINUTE);
            expect(within.reduce((sum, [, count]) => sum + count, 0)).toBeLessThanOrEqual(maximumPerMinute);
          }
        },
      ),
    );
  });

  test('starts as many as it may when it comes every second, spread over the minute', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), (maximumPerMinute) => {
        const starts = run({ maximumPerMinute }, [0, ...new Array<number>(180).fill(1_000)]);
        const all = starts.reduce((sum, [, count]) => sum + count, 0);
        expect(all).toBeGreaterThanOrEqual(3 * maximumPerMinute - Math.ceil(maximumPerMinute / 60));
        expect(Math.max(...starts.map(([, count]) => count))).toBeLessThanOrEqual(Math.ceil(maximumPerMinute / 60) + 1);
      }),
      { numRuns: 30 },
    );
  });

  test('grows by its factor each time that so many succeeded, up to the maximum', () => {
    const pace = { maximumPerMinute: 100, exponential: { basePerMinute: 10, factor: 2, everySucceeded: 50 } };
    expect([0, 49, 50, 100, 149, 150, 200, 1e9].map((succeeded) => rateOf(pace, succeeded))).toEqual([
      10, 10, 20, 40, 40, 80, 100, 100,
    ]);
  });

  test('leaves no more in progress than may be, and without a maximum is as fast as it may', () => {
    const at = (pace: Pace, inProgress: number): number =>
      allowance(pace, null, { succeeded: 0, inProgress }, T0).allowed;
    expect(at({ maximumConcurrent: 5 }, 3)).toBe(2);
    expect(at({ maximumConcurrent: 5 }, 9)).toBe(0);
    expect(at({}, 9)).toBe(Infinity);
  });
});

describe('windows', () => {
  const night: Window = { days: [], from: 22 * 60, to: 4 * 60 };
  const at = (text: string): number => Date.parse(text);

  test.each([
    // 23:00 in Tokyo, 15:00 in Berlin.
    ['Asia/Tokyo', '2026-03-28T14:00:00Z', true],
    ['Europe/Berlin', '2026-03-28T14:00:00Z', false],
    // The last minute, and the first one outside.
    ['UTC', '2026-03-28T03:59:59Z', true],
    ['UTC', '2026-03-28T04:00:00Z', false],
    ['UTC', '2026-03-28T22:00:00Z', true],
    ['UTC', '2026-03-28T21:59:59Z', false],
    // Half an hour, three quarters.
    ['Asia/Kolkata', '2026-03-28T16:30:00Z', true],
    ['Asia/Kathmandu', '2026-03-28T16:14:59Z', false],
  ])('are read on the clocks of %s at %s: %s', (zone, moment, open) => {
    expect(isOpen([night], zone, at(moment))).toBe(open);
  });

  test('belong to the day on which they begin', () => {
    const friday: Window = { days: [4], from: 22 * 60, to: 4 * 60 };
    // 2026-03-27 is a Friday.
    expect(isOpen([friday], 'UTC', at('2026-03-27T23:00:00Z'))).toBe(true);
    expect(isOpen([friday], 'UTC', at('2026-03-28T03:00:00Z'))).toBe(true);
    expect(isOpen([friday], 'UTC', at('2026-03-28T23:00:00Z'))).toBe(false);
    expect(isOpen([friday], 'UTC', at('2026-03-27T03:00:00Z'))).toBe(false);
  });

  test('follow the clocks when they are put on and back', () => {
    const early: Window = { days: [], from: 2 * 60, to: 3 * 60 };
    const opened = (from: string, hours: number): number => {
      const minutes = Array.from({ length: hours * 60 }, (_, n) => at(from) + n * MINUTE);
      return minutes.filter((now) => isOpen([early], 'Europe/Berlin', now)).length;
    };
    // 29 March 2026: 02:00 to 03:00 does not exist; 25 October: it comes twice.
    expect(opened('2026-03-28T23:00:00Z', 23)).toBe(0);
    expect(opened('2026-10-24T22:00:00Z', 25)).toBe(120);
    expect(opened('2026-06-01T00:00:00Z', 24)).toBe(60);
  });

  test('a window and its complement are never open, nor closed, together', () => {
    const minute = fc.integer({ min: 0, max: 1439 });
    fc.assert(
      fc.property(
        minute,
        minute,
        fc.constantFrom('UTC', 'America/St_Johns', 'Pacific/Apia', 'Europe/London', 'Australia/Lord_Howe'),
        fc.date({ min: new Date(T0), max: new Date(T0 + 400 * 86_400_000), noInvalidDate: true }),
        (from, to, zone, moment) => {
          fc.pre(from !== to);
          const now = moment.getTime();
          const one = isOpen([{ days: [], from, to }], zone, now);
          expect(isOpen([{ days: [], from: to, to: from }], zone, now)).toBe(!one);
          expect(isOpen([{ days: [], from, to: from }], zone, now)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('are given by names of zones and times of day that exist', () => {
    expect(['Europe/Berlin', 'UTC', 'Etc/GMT+5', 'America/Argentina/Buenos_Aires'].every(isTimeZone)).toBe(true);
    expect(['', 'Europe/Atlantis', '+01:00', 'Europe/Berlin\0', 'x'.repeat(65)].some(isTimeZone)).toBe(false);
    expect(['00:00', '23:59', '09:05'].map(readTimeOfDay)).toEqual([0, 1439, 545]);
    expect(['24:00', '9:05', '12:60', '', '12:00:00'].map(readTimeOfDay)).toEqual(new Array(5).fill(undefined));
  });
});

describe('thresholds', () => {
  const figures = fc.record(
    Object.fromEntries(DEVICE_STATES.map((state) => [state, fc.nat({ max: 1_000 })])),
  ) as fc.Arbitrary<Progress>;
  const rule = (failures: AbortRule['failures'], percentage: number, minimumExecuted: number): AbortRule => ({
    failures,
    percentage,
    minimumExecuted,
  });

  test.each([
    [rule('FAILED', 20, 10), progress({ SUCCEEDED: 8, FAILED: 2 }), true],
    [rule('FAILED', 20, 11), progress({ SUCCEEDED: 8, FAILED: 2 }), false],
    [rule('FAILED', 20, 10), progress({ SUCCEEDED: 8, TIMED_OUT: 2 }), false],
    [rule('ALL', 20, 10), progress({ SUCCEEDED: 8, TIMED_OUT: 1, REJECTED: 1 }), true],
    // Those that wait, or were cancelled, are no part of it.
    [rule('ALL', 20, 10), progress({ SUCCEEDED: 8, FAILED: 1, QUEUED: 9, CANCELLED: 9 }), false],
    [rule('ALL', 0.001, 1), progress({ SUCCEEDED: 8 }), false],
  ])('%j with %j aborts: %s', (one, now, aborts) => {
    expect(mustAbort([rule('REJECTED', 100, 1_000_000), one], now)).toBe(aborts);
  });

  test('more failures never take an abort back, and more successes never a verdict', () => {
    fc.assert(
      fc.property(figures, fc.integer({ min: 1, max: 100 }), (now, percentage) => {
        const rules = [rule('ALL', percentage, 5)];
        const worse = { ...now, FAILED: now.FAILED + 1 };
        if (mustAbort(rules, now)) expect(mustAbort(rules, worse)).toBe(true);
        const better = { ...now, SUCCEEDED: now.SUCCEEDED + 1 };
        if (verdictOf(percentage, now) === 'SUCCEEDED') expect(verdictOf(percentage, better)).toBe('SUCCEEDED');
        expect(verdictOf(100, now) === 'SUCCEEDED').toBe(executed(now) === now.SUCCEEDED && now.CANCELLED === 0);
      }),
    );
  });
});

describe('what is next', () => {
  const standing = (more: Partial<Standing>): Standing => ({
    state: 'IN_PROGRESS',
    rules: { pace: {}, windows: [], abort: [], successPercentage: 100 },
    startAt: null,
    endAt: null,
    targets: 10,
    paced: null,
    progress: progress({ QUEUED: 10 }),
    zones: [null],
    ...more,
  });
  const later = new Date(T0 + MINUTE);
  const earlier = new Date(T0 - MINUTE);

  test.each([
    ['it starts what it may', standing({}), { kind: 'start', count: 10, zones: null }],
    ['a batch has its bounds', standing({ progress: progress({ QUEUED: 900 }) }), { kind: 'start', count: 500 }],
    [
      'before its time it waits',
      standing({ state: 'SCHEDULED', startAt: later }),
      { kind: 'wait', until: T0 + MINUTE },
    ],
    ['at its time it begins', standing({ state: 'SCHEDULED', startAt: earlier }), { kind: 'begin' }],
    ['after its end it gives up', standing({ endAt: earlier }), { kind: 'giveUp' }],
    [
      'after its end those that were started are waited for',
      standing({ endAt: earlier, progress: progress({ IN_PROGRESS: 1 }) }),
      { kind: 'wait' },
    ],
    ['all done', standing({ progress: progress({ SUCCEEDED: 10 }) }), { kind: 'end', verdict: 'SUCCEEDED' }],
    ['a cancelled one takes back', standing({ state: 'CANCELLED' }), { kind: 'takeBack' }],
    ['and ends', standing({ state: 'ABORTED', progress: progress({ FAILED: 1 }) }), { kind: 'end', verdict: null }],
    [
      'devices in zones where a window is open are started',
      standing({
        rules: { ...standing({}).rules, windows: [{ days: [], from: 0, to: 60 }] },
        zones: ['UTC', 'Asia/Tokyo'],
      }),
      { kind: 'start', zones: ['UTC'] },
    ],
  ])('%s', (_name, now, decision) => {
    expect(decide(now, 500, T0)).toMatchObject(decision);
  });

  test('many devices are counted less often', () => {
    const wait = (targets: number): unknown =>
      decide(standing({ targets, progress: progress({ IN_PROGRESS: 1 }) }), 500, T0);
    expect(wait(10)).toMatchObject({ until: T0 + 500 });
    expect(wait(1_000_000)).toMatchObject({ until: T0 + 20_000 });
    expect(wait(1e9)).toMatchObject({ until: T0 + 60_000 });
  });
});
