/** Gateway processes on one database. One that is killed is followed by another at once; one that ends by itself is a fault. */
import { startGatewayProcess } from '../gateway/support/gateway-process';
import type { GatewayProcess, Home } from '../gateway/support/gateway-process';

const MOST_STARTS = 20;

export class Gateways {
  kills = 0;
  /** Processes that ended although nobody killed them. */
  readonly faults: string[] = [];
  #living: GatewayProcess[] = [];
  readonly #starting = new Set<Promise<void>>();
  #waiting: (() => void)[] = [];
  #turn = 0;
  #aheadMs = 0;
  #isClosing = false;

  constructor(
    private readonly home: Pick<Home, 'env'>,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** What the clocks show. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#begin()));
  }

  /** The one whose turn it is; waits while there is none. */
  async next(): Promise<GatewayProcess> {
    for (;;) {
      this.#turn += 1;
      const one = this.#living[this.#turn % Math.max(1, this.#living.length)];
      if (one !== undefined) return one;
      if (this.#isClosing) throw new Error('the gateways are closed');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Another than this one, where there is one. */
  otherThan(one: GatewayProcess): GatewayProcess | undefined {
    return this.#living.find((other) => other !== one);
  }

  /** `kill -9`, and another in its place. */
  async kill(one: GatewayProcess): Promise<void> {
    if (!this.#leave(one)) return;
    this.kills += 1;
    const gone = one.kill();
    void this.#begin();
    await gone;
  }

  /** Nobody listens at its address. */
  refused(one: GatewayProcess): void {
    if (!this.#leave(one)) return;
    this.faults.push(`process ${one.pid} ended by itself`);
    void one.kill();
    void this.#begin();
  }

  /** All clocks go on; of each living one, what is then due is done where that is wanted. */
  async pass(ms: number, isDone: boolean): Promise<void> {
    this.#aheadMs += ms;
    // One that is killed meanwhile has nothing to tell.
    await Promise.all(this.#living.map((one) => one.passes(ms, isDone).catch(() => undefined)));
  }

  /** Resolves when as many as ever are there. */
  async settle(): Promise<void> {
    while (this.#starting.size > 0) await Promise.all(this.#starting);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
    await Promise.allSettled(this.#starting);
    await Promise.all(this.#living.map((one) => one.kill()));
  }

  #leave(one: GatewayProcess): boolean {
    if (!this.#living.includes(one)) return false;
    this.#living = this.#living.filter((other) => other !== one);
    return true;
  }

  #begin(): Promise<void> {
    const started = this.#startOne().finally(() => this.#starting.delete(started));
    this.#starting.add(started);
    return started;
  }

  async #startOne(): Promise<void> {
    for (let tries = 1; !this.#isClosing; tries += 1) {
      try {
        const one = await startGatewayProcess(this.home, this.env);
        for (let told = 0; told < this.#aheadMs;) {
          const ms = this.#aheadMs - told;
          await one.passes(ms, false);
          told += ms;
        }
        this.#living.push(one);
        for (const resolve of this.#waiting.splice(0)) resolve();
        return;
      } catch (error) {
        // The database is away just now.
        if (tries >= MOST_STARTS) {
          this.faults.push(`no gateway starts: ${String(error)}`);
          return;
        }
      }
    }
  }
}
