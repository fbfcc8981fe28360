/** How far a long command is, told on standard error once a second. */
import type { Io } from './command';

const EVERY_MS = 1_000;

export interface Progress {
  /** So many more are done; `place` is the last of them. */
  add(count: number, place: string): void;
  /** Ends the telling. @returns what was done in all */
  end(): string;
}

/** @param isTold whether anything is told before the end */
export function startProgress(io: Io, isTold: boolean, now: () => number = Date.now): Progress {
  const began = now();
  let records = 0;
  let place = '';
  const told = (): string => {
    const seconds = Math.max(0.001, (now() - began) / 1_000);
    return `${records} records, ${Math.round(records / seconds)} records/s${place === '' ? '' : `, ${place}`}`;
  };
  const tick = isTold ? setInterval(() => io.err(told()), EVERY_MS) : undefined;
  tick?.unref();
  return {
    add(count, at) {
      records += count;
      place = at;
    },
    end() {
      clearInterval(tick);
      return told();
    },
  };
}
