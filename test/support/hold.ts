import { inspect } from 'node:util';

/**
 * For what is held to hold of each of thousands of cases: `expect` captures a stack every time, which costs more than most
 * cases do. Throws with what was found instead.
 */
export function hold(isAsExpected: boolean, expected: string, found: unknown): void {
  if (!isAsExpected) throw new Error(`expected ${expected}; found ${inspect(found)}`);
}

/** `found` is one of these. */
export function holdOneOf<T extends number | string>(expected: readonly T[], found: T): void {
  if (!expected.includes(found)) hold(false, `one of ${expected.join(', ')}`, found);
}
