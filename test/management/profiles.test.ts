/** What profiles ask of a device: pure, over records and nodes as they are stored. */
import fc from 'fast-check';

import { DdfLibrary } from '../../schema/ddf/library';
import { Rights } from '../../src/access/rights';
import { claimsOn } from '../../src/management/profiles/claims';
import type { SeenNode } from '../../src/management/profiles/commands';
import { delayAfter, reconcile, type DeviceAsSeen, type Reconciled } from '../../src/management/profiles/reconcile';
import type { LiveProfile } from '../../src/management/profiles/types';
import { EVERY_DEVICE } from '../../src/management/device-filter/condition';

const METER = 'urn:oma:mo:ext-acme-meter';
const NOW = Date.parse('2026-05-01T08:00:00Z');
const DAY = 86_400_000;
const library = new DdfLibrary([]);
const mos = [{ family: METER, moid: `${METER}:1.0`, miid: 'Meter', place: './Meter', validator: null }];

function profile(id: string, values: Readonly<Record<string, number>>, more: Partial<LiveProfile> = {}): LiveProfile {
  return {
    id,
    priority: 0,
    version: 1,
    watches: false,
    maxAgeMs: DAY,
    isRestoring: false,
    condition: EVERY_DEVICE,
    rights: new Rights(true, [], NOW),
    entries: Object.entries(values).map(([path, d]) => ({
      moid: `${METER}:1.0`,
      family: METER,
      miid: null,
      path,
      value: { f: 'int', k: 'n', d },
    })),
    ...more,
  };
}

type Records = Map<
  string,
  NonNullable<Reconciled['record']> & { last: { isEnded: boolean; isLapsed: boolean; failure: string | null } }
>;

/** A device that answers each operation at once: reads tell what it has, writes are taken unless it is stubborn. */
class Device {
  readonly values: Record<string, number>;
  readonly records: Records = new Map();
  readonly asked: string[][] = [];
  known: Record<string, number> = {};

  constructor(
    values: Readonly<Record<string, number>>,
    readonly isStubborn = false,
  ) {
    this.values = { ...values };
  }

  /** @returns why not all was done */
  #answer(commands: Reconciled['commands']): string | null {
    this.asked.push(commands.map(({ kind, path }) => `${kind} ${path}`));
    let failure: string | null = null;
    for (const { kind, path, request } of commands) {
      if (kind === 'get') this.known[path] = this.values[path] ?? 0;
      else if (this.isStubborn) failure = 'PERMISSION_DENIED';
      else this.known[path] = this.values[path] = (request['value'] as { d: number }).d;
    }
    return failure;
  }

  /** One contact: looks and operations until nothing more is asked. */
  contact(profiles: readonly LiveProfile[], now: number): number {
    for (let looks = 1; ; looks++) {
      if (looks > 20) throw new Error('the session does not end');
      const paths = [...new Set(profiles.flatMap(({ entries }) => entries.map(({ path }) => path)))];
      const nodes = paths.map((path): SeenNode => {
        const found = path in this.known ? [this.known[path]] : [];
        return { family: METER, miid: 'Meter', path, found, above: found.length, completeAt: null, subscribed: false };
      });
      const seen: DeviceAsSeen = {
        device: { key: '1', accountId: '1', tags: [] },
        isOurs: true,
        mos,
        nodes: new Map(nodes.map((node) => [`${METER}\nMeter\n${node.path}`, node])),
        records: this.records,
        fits: new Set(profiles.map(({ id }) => id)),
      };
      let isAsked = false;
      for (const { profile: id, record, commands } of reconcile(profiles, seen, library, now)) {
        if (record === null) {
          this.records.delete(id);
          continue;
        }
        const last = { isEnded: true, isLapsed: false, failure: null as string | null };
        isAsked ||= commands.length > 0;
        if (commands.length > 0) last.failure = this.#answer(commands);
        this.records.set(id, { ...record, operation: commands.length > 0 ? '1' : record.operation, last });
      }
      if (!isAsked) return looks;
    }
  }
}

const PATHS = ['A', 'B', 'C'];
const values = fc.record({ A: fc.integer({ min: 0, max: 3 }), B: fc.integer({ min: 0, max: 3 }) });

describe('A device', () => {
  test('comes to have what the winners desire, and is asked nothing more', () => {
    const some = fc.array(fc.record({ priority: fc.integer({ min: 0, max: 2 }), values }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(values, some, (has, desired) => {
        const profiles = desired.map((one, index) =>
          profile(String(index + 1), one.values, { priority: one.priority }),
        );
        const device = new Device(has);
        device.contact(profiles, NOW);
        for (const path of ['A', 'B'] as const) {
          const most = Math.max(...desired.map(({ priority }) => priority));
          expect(device.values[path]).toBe(desired.find(({ priority }) => priority === most)?.values[path]);
        }
        const states = [...device.records.values()].map(({ state }) => state);
        expect(states.every((state) => state === 'IN_SYNC' || state === 'OVERRIDDEN')).toBe(true);
        const count = device.asked.length;
        expect(device.contact(profiles, NOW + DAY / 2)).toBe(1);
        expect(device.asked).toHaveLength(count);
        // The smallest set: each node is written at most once, and only where it differed.
        const writes = device.asked.flat().filter((asked) => asked.startsWith('replace'));
        expect(new Set(writes).size).toBe(writes.length);
      }),
      { numRuns: 100 },
    );
  });

  test('that refuses is asked less and less often, and anew when the profile changes', () => {
    const device = new Device({ A: 1 }, true);
    const wants = profile('1', { A: 2 });
    const times: number[] = [];
    // Every minute for a day; what was read stays good that long.
    for (let minute = 0; minute < 1_400; minute += 1) {
      const before = device.asked.length;
      device.contact([wants], NOW + minute * 60_000);
      if (device.asked.slice(before).some(([first]) => first?.startsWith('replace'))) times.push(minute);
    }
    expect(times.slice(0, 5)).toEqual([0, 5, 15, 35, 75]);
    expect(device.records.get('1')).toMatchObject({
      state: 'FAILED',
      reason: 'PERMISSION_DENIED',
      drift: [{ p: 'A', d: 2, f: [1] }],
    });
    const before = device.asked.length;
    device.contact([{ ...wants, version: 2 }], NOW + 1_400 * 60_000);
    expect(device.asked.slice(before)).toEqual([['get A'], ['replace A']]);
  });

  test('that says it took a value and keeps another is not asked for ever', () => {
    const device = new Device({ A: 1 });
    const wants = profile('1', { A: 2 });
    const seenAs = (): DeviceAsSeen => ({
      device: { key: '1', accountId: '1', tags: [] },
      isOurs: true,
      mos,
      nodes: new Map([
        [
          `${METER}\nMeter\nA`,
          { family: METER, miid: 'Meter', path: 'A', found: [1], above: 1, completeAt: NOW, subscribed: false },
        ],
      ]),
      records: device.records,
      fits: new Set(['1']),
    });
    const kinds: string[] = [];
    for (let look = 0; look < 5; look += 1)
      for (const { record, commands } of reconcile([wants], seenAs(), library, NOW)) {
        kinds.push(...commands.map(({ kind }) => kind));
        const last = { isEnded: true, isLapsed: false, failure: null };
        if (record !== null) device.records.set('1', { ...record, operation: '1', last });
      }
    expect(kinds).toEqual(['replace']);
    expect(device.records.get('1')).toMatchObject({ state: 'FAILED' });
  });

  test('is not written where its maker may not, nor once it was taken back by its gateway', () => {
    const onA = { device: '1', account: null, tag: null, family: METER, path: 'A', expiresAt: null };
    const mayA = new Rights(
      false,
      [
        { right: 'WRITE', ...onA },
        { right: 'READ', ...onA },
      ],
      NOW,
    );
    const blind = new Rights(false, [{ right: 'WRITE', ...onA }], NOW);
    for (const [wants, state] of [
      [profile('1', { A: 2 }, { rights: mayA }), 'IN_SYNC'],
      [profile('1', { A: 2, B: 2 }, { rights: mayA }), 'FAILED'],
      [profile('1', { A: 2 }, { rights: null }), 'FAILED'],
      // To compare tells what is there.
      [profile('1', { A: 1 }, { rights: blind }), 'FAILED'],
    ] as const) {
      const device = new Device({ A: 1, B: 1 });
      device.contact([wants], NOW);
      expect(device.records.get('1')?.state).toBe(state);
      if (state === 'FAILED') expect(device.asked).toEqual([]);
    }
  });

  test('gets back what was found first, however often the profile changed', () => {
    fc.assert(
      fc.property(values, fc.array(values, { minLength: 1, maxLength: 4 }), (has, versions) => {
        const device = new Device(has);
        versions.forEach((one, index) => device.contact([profile('1', one, { version: index + 1 })], NOW));
        const last = profile('1', versions.at(-1) ?? {}, { version: 9, isRestoring: true });
        device.contact([last], NOW + 1);
        expect(device.values).toEqual(has);
        expect(device.records.size).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

test('Each node has exactly one winner, and the others are told who', () => {
  const some = fc.array(
    fc.record({ priority: fc.integer({ min: -1, max: 1 }), paths: fc.uniqueArray(fc.constantFrom(...PATHS)) }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(some, (many) => {
      const profiles = many.map(({ paths, ...more }, index) =>
        profile(String(index + 1), Object.fromEntries(paths.map((path) => [path, index])), more),
      );
      const claims = claimsOn(profiles, mos, new Map());
      for (const path of PATHS) {
        const winners = claims.filter(({ won }) => won.some((claim) => claim.path === path));
        const losers = claims.flatMap(({ lost }) => lost.filter((claim) => claim.path === path));
        const wanting = many.filter(({ paths }) => paths.includes(path)).length;
        expect(winners).toHaveLength(wanting === 0 ? 0 : 1);
        expect(losers).toHaveLength(Math.max(0, wanting - 1));
        expect(losers.every(({ by }) => by === winners[0]?.profile.id)).toBe(true);
      }
    }),
  );
});

test('The delay after failures grows up to a day', () => {
  fc.assert(
    fc.property(fc.nat(60), (attempts) => {
      expect(delayAfter(attempts + 1)).toBeGreaterThanOrEqual(delayAfter(attempts));
      expect(delayAfter(attempts)).toBeLessThanOrEqual(DAY);
    }),
  );
});
