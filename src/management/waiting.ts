/** Callers that wait for operations: woken by notifications of any process, and by a slow tick in case one is lost. */
import type { Database } from '../store/database';
import { OPERATION_CHANNEL } from './turn';

const TICK_MS = 1_000;

export class Waiting {
  readonly #waiters = new Map<string, Set<() => void>>();
  #stop: (() => void) | undefined;
  #tick: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** Begins to listen. */
  async start(db: Database): Promise<void> {
    this.#stop = await db.listen(OPERATION_CHANNEL, (payload) => this.#wake(payload));
    this.#tick = setInterval(() => {
      for (const key of this.#waiters.keys()) this.#wake(key);
    }, TICK_MS);
    this.#tick.unref();
  }

  /** Nobody is to wait any more: the process is about to end. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  stop(): void {
    this.#isStopped = true;
    this.#stop?.();
    clearInterval(this.#tick);
    for (const key of this.#waiters.keys()) this.#wake(key);
  }

  /** Resolves when something of the operation changed, after `ms`, or when `signal` says that nobody waits any more. */
  change(key: string, ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const set = this.#waiters.get(key) ?? new Set();
      this.#waiters.set(key, set);
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        set.delete(done);
        if (set.size === 0) this.#waiters.delete(key);
        resolve();
      };
      const timer = setTimeout(done, Math.max(ms, 0));
      set.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  /** An empty key: notifications may have been lost, so everybody looks again. */
  #wake(key: string): void {
    if (key === '') for (const each of this.#waiters.keys()) this.#wake(each);
    for (const waiter of [...(this.#waiters.get(key) ?? [])]) waiter();
  }
}
