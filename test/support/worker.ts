interface Worker {
  readonly kept: Map<string, unknown>;
  readonly atRest: (() => void)[];
}

/** Of a process that a test started there is no worker: what it keeps ends with it. */
const alone: Worker = { kept: new Map(), atRest: [] };

/**
 * What all test files of this worker share, made at first use (environment.js). Only for things that no file can spoil.
 *
 * @param atRest takes away what would keep the process alive, when no file follows
 */
export function keptByWorker<T>(name: string, make: () => T, atRest: (kept: T) => void): T {
  const worker = (globalThis as unknown as Record<symbol, Worker | undefined>)[Symbol.for('moql.worker')];
  const { kept, atRest: ends } = worker ?? alone;
  if (!kept.has(name)) {
    const made = make();
    kept.set(name, made);
    ends.push(() => atRest(made));
  }
  return kept.get(name) as T;
}
