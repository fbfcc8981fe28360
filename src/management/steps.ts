/** Long work in steps, so that what waits meanwhile has its turn between them. */

/** A step should take a few milliseconds at most. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** How long steps follow one another before others have their turn. */
const TURN_MS = 5;

export function inOneGo<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Gives way to the event loop every few milliseconds. What a step throws rejects. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const began = performance.now();
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (performance.now() - began < TURN_MS);
    await pause();
  }
}

/** Lets whatever waits have its turn. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
