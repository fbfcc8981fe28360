/** Times functions of this process against each other. */

/** Slices are long against the clock and short against whatever else the machine does. */
const SLICE_MS = 10;

export interface RaceOptions {
  readonly rounds: number;
  /** Time that each contender gets in a round, milliseconds. */
  readonly milliseconds: number;
}

/**
 * Runs the contenders in turns of a few milliseconds, after a round that does not count.
 *
 * @returns microseconds a call, one value a round
 */
export function race<Name extends string>(
  contenders: Readonly<Record<Name, () => unknown>>,
  { rounds, milliseconds }: RaceOptions,
): Record<Name, number[]> {
  const names = Object.keys(contenders) as Name[];
  const result = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -1; round < rounds; round++) {
    const spent = new Map(names.map((name) => [name, { calls: 0, ms: 0 }]));
    for (let left = Math.ceil(milliseconds / SLICE_MS); left > 0; left--) {
      for (const name of round % 2 === 0 ? names : [...names].reverse()) {
        const tally = spent.get(name);
        if (tally !== undefined && tally.ms < milliseconds) slice(contenders[name], tally);
      }
    }
    if (round < 0) continue;
    for (const name of names) {
      const { calls = 1, ms = Number.NaN } = spent.get(name) ?? {};
      result[name].push((ms * 1000) / calls);
    }
  }
  return result;
}

function slice(call: () => unknown, tally: { calls: number; ms: number }): void {
  const began = performance.now();
  let spent = 0;
  while (spent < SLICE_MS) {
    call();
    tally.calls++;
    spent = performance.now() - began;
  }
  tally.ms += spent;
}
