import { backOffMs, planAfter, planNext, type Sent } from '../../src/management/wake-up-plan';

const TIMING = { answerMs: 60_000, retryMs: 1_000, retryMostMs: 10_000 };
const NOW = 1_000_000;
const SENT: Sent = {
  bearers: ['udp', 'sms', 'none'],
  bearer: 'udp',
  sendings: 1,
  acceptedAt: null,
  notification: '7F',
};
const half = (): number => 0.5;
const least = (): number => 0;

describe('The wait before another sending', () => {
  test('is at random between nothing and a bound that doubles up to the longest', () => {
    expect([1, 2, 3, 4, 5, 60].map((failures) => backOffMs(failures, TIMING, () => 1))).toEqual([
      1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
    ]);
    expect(backOffMs(3, TIMING, half)).toBe(2_000);
    expect(backOffMs(3, TIMING, least)).toBe(0);
  });
});

describe('A sending', () => {
  test('that the bearer took is waited for, and the next one is a new notification', () => {
    expect(planAfter(SENT, { outcome: 'ACCEPTED' }, 3, TIMING, NOW, half)).toEqual({
      change: {
        state: 'SENT',
        bearer: 'udp',
        sendings: 1,
        dueAt: new Date(NOW + 60_500),
        notification: null,
        acceptedAt: new Date(NOW),
        endedAt: null,
      },
    });
  });

  test('that failed is made again after a while, as the same notification', () => {
    expect(planAfter(SENT, { outcome: 'FAILED', reason: 'late' }, 3, TIMING, NOW, half).change).toEqual({
      state: 'DUE',
      bearer: 'udp',
      sendings: 1,
      dueAt: new Date(NOW + 500),
      notification: '7F',
      acceptedAt: null,
      endedAt: null,
    });
  });

  test('that failed as often as it may, or was refused, goes to the next bearer at once', () => {
    const next = { state: 'DUE', bearer: 'sms', sendings: 0, dueAt: new Date(NOW), notification: null, endedAt: null };
    expect(
      planAfter({ ...SENT, sendings: 3 }, { outcome: 'FAILED', reason: 'late' }, 3, TIMING, NOW, half).change,
    ).toMatchObject(next);
    expect(planAfter(SENT, { outcome: 'REFUSED', reason: 'no' }, 3, TIMING, NOW, half).change).toMatchObject(next);
  });

  test.each([
    ['behind which stands `none`', SENT],
    ['that is the last', { ...SENT, bearers: ['udp', 'sms'] }],
  ])('by a bearer %s is given up', (_which, of) => {
    expect(planNext({ ...of, bearer: 'sms', sendings: 3, acceptedAt: new Date(5) }, 'no answer', NOW)).toMatchObject({
      givenUp: 'no answer',
      change: { state: 'FAILED', bearer: 'sms', sendings: 3, endedAt: new Date(NOW) },
    });
  });
});
