/** Numbers that a seed decides (mulberry32), in streams of their own by name: one that is asked more often changes no other. */
export class Random {
  #state: number;

  constructor(seed: number, name = '') {
    let hash = 0x811c9dc5 ^ seed;
    for (const octet of Buffer.from(name, 'utf8')) hash = Math.imul(hash ^ octet, 0x01000193);
    this.#state = hash >>> 0;
    // The first numbers of neighbouring states resemble each other.
    for (let n = 0; n < 4; n += 1) this.number();
  }

  /** From 0 to below 1. */
  number(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return Math.floor(this.number() * count);
  }

  /** Whether what comes so often of a hundred times comes now. */
  happens(percent: number): boolean {
    return this.number() * 100 < percent;
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new RangeError('nothing to pick from');
    return one;
  }
}
