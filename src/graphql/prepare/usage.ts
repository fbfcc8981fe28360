/** What each caller takes of this process: points as time goes by, operations and subscriptions at a time. */
import type { RequestLimits } from '../limits';

/** Callers of whom something is remembered; those who rest are forgotten first. */
const KEPT = 10_000;

interface Account {
  /** What may be spent, as of `at`. */
  points: number;
  at: number;
  operations: number;
  subscriptions: number;
}

export interface Spent {
  /** Present: it was not, for so long. */
  readonly retryAfterMs?: number;
  /** What is left, and how long until all of it is there again. */
  readonly remaining: number;
  readonly resetMs: number;
}

/** Gives back what was taken; a second call changes nothing. */
export type Release = () => void;

export class Usage {
  readonly #accounts = new Map<string, Account>();

  constructor(
    private readonly limits: Pick<
      RequestLimits,
      'costPerSecond' | 'costBurst' | 'concurrentOperations' | 'subscriptions'
    >,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes points out of the caller's bucket, which fills by the second. */
  spend(principal: string, points: number): Spent {
    const { costPerSecond, costBurst } = this.limits;
    const account = this.#of(principal);
    const missing = points - account.points;
    if (missing <= 0) account.points -= points;
    const left = {
      remaining: Math.max(0, Math.floor(account.points)),
      resetMs: Math.ceil(((costBurst - account.points) / costPerSecond) * 1_000),
    };
    return missing <= 0 ? left : { ...left, retryAfterMs: Math.ceil((missing / costPerSecond) * 1_000) };
  }

  /** A query or mutation that begins; undefined where there are as many as may be. */
  begin(principal: string): Release | undefined {
    return this.#take(principal, 'operations', this.limits.concurrentOperations);
  }

  subscribe(principal: string): Release | undefined {
    return this.#take(principal, 'subscriptions', this.limits.subscriptions);
  }

  #take(principal: string, what: 'operations' | 'subscriptions', most: number): Release | undefined {
    const account = this.#of(principal);
    if (account[what] >= most) return undefined;
    account[what]++;
    let isHeld = true;
    return () => {
      if (isHeld) account[what]--;
      isHeld = false;
    };
  }

  #of(principal: string): Account {
    const now = this.now();
    const { costPerSecond, costBurst } = this.limits;
    const known = this.#accounts.get(principal);
    if (known) {
      const passed = Math.max(0, now - known.at);
      known.points = Math.min(costBurst, known.points + (passed * costPerSecond) / 1_000);
      known.at = now;
      return known;
    }
    if (this.#accounts.size >= KEPT) this.#forget(now);
    const made: Account = { points: costBurst, at: now, operations: 0, subscriptions: 0 };
    this.#accounts.set(principal, made);
    return made;
  }

  /** Those whose bucket is full again and who have nothing under way are as good as new ones. */
  #forget(now: number): void {
    const fullAfterMs = (this.limits.costBurst / this.limits.costPerSecond) * 1_000;
    for (const [principal, { at, operations, subscriptions }] of this.#accounts)
      if (operations + subscriptions === 0 && now - at >= fullAfterMs) this.#accounts.delete(principal);
  }
}
