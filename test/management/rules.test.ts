/** What triggers rules, and how often: pure. */
import fc from 'fast-check';

import { fits, happeningsOf, triggered } from '../../src/management/rules/match';
import { pass } from '../../src/management/rules/pace';

const times = fc.array(fc.nat(50), { maxLength: 60 });
const pace = fc.record({
  debounceMs: fc.nat(100),
  count: fc.integer({ min: 1, max: 5 }),
  perMs: fc.integer({ min: 1, max: 300 }),
});

describe('A rule on one device', () => {
  test('is never triggered more often than its cap and its debounce allow, and is when they do', () => {
    fc.assert(
      fc.property(pace, times, (rule, gaps) => {
        let now = 0;
        let recent: readonly number[] = [];
        const all: number[] = [];
        for (const gap of gaps) {
          now += gap;
          const next = pass(rule, recent, now);
          const isTooSoon = all.length > 0 && now - (all.at(-1) ?? 0) < rule.debounceMs;
          const isTooOften = all.filter((at) => now - at < rule.perMs).length >= rule.count;
          expect(next !== undefined).toBe(!isTooSoon && !isTooOften);
          if (next === undefined) continue;
          expect(next.length).toBeLessThanOrEqual(rule.count);
          recent = next;
          all.push(now);
        }
      }),
    );
  });

  test('is triggered by what fits all that it asks for', () => {
    const source = { moid: 'urn:oma:mo:oma-fumo:1.0', miid: 'x', path: 'Update' };
    const alert = { type: 'a.b', mark: 'Critical', source };
    const on = { events: ['alertRaised'] };
    for (const [more, isFit] of [
      [{}, true],
      [{ alertType: 'a.b' }, true],
      [{ alertType: 'a' }, false],
      [{ mark: 'critical' }, true],
      [{ mark: 'fatal' }, false],
      [{ family: 'urn:oma:mo:oma-fumo' }, true],
      [{ family: 'urn:oma:mo:oma-scomo' }, false],
    ] as const)
      expect(fits({ ...on, ...more }, { type: 'alertRaised', alert })).toBe(isFit);
    expect(fits({ events: ['driftFound'] }, { type: 'alertRaised', alert })).toBe(false);
  });

  test('is triggered once by a message, whatever it brings', () => {
    const row = { target: null, correlator: null, format: null, mime: null, data: null, resultCode: null };
    const alerts = [1, 2, 3].map((n) => ({ ...row, type: `a${n}`, mark: '', source: null }));
    const happenings = happeningsOf(alerts, [
      { type: 'alertRaised' },
      { type: 'operationEnded' },
      { type: 'operationEnded' },
    ]);
    expect(happenings).toHaveLength(4);
    const rule = {
      id: '1',
      trigger: { events: ['alertRaised', 'operationEnded'] },
      action: { commands: [], expiresInMs: 1, addTags: [], removeTags: [] },
      pace: { debounceMs: 0, count: 1, perMs: 1 },
      condition: { kind: 'all', of: [] } as const,
      rights: null,
    };
    expect([...triggered([rule], happenings).keys()]).toEqual(['1']);
  });
});
