/** What an operation is now, then what it is after each change, until it ended. */
import type { OperationView } from '../types';
import type { EventStream } from './follower';

/** `event`: id of the last event of the operation that was seen before it was looked at; undefined: none yet. */
export interface OperationMoment {
  readonly operation: OperationView;
  readonly event?: string;
}

export interface OperationStream extends AsyncIterableIterator<OperationMoment> {
  next(): Promise<IteratorResult<OperationMoment, undefined>>;
  return(): Promise<IteratorResult<OperationMoment, undefined>>;
  fail(error?: Error): void;
}

export interface OperationStreamDeps {
  /** Events of this operation alone. */
  readonly events: EventStream;
  /** What it is now; null: it is gone. */
  readonly look: () => Promise<OperationView | null>;
  /** Whether it is told although nothing happened yet. */
  readonly tellsFirst: boolean;
  /** Called at the end. */
  readonly closed: () => void;
}

const DONE: IteratorResult<OperationMoment, undefined> = { done: true, value: undefined };

export class FollowedOperation implements OperationStream {
  #isDue: boolean;
  #last: string | undefined;
  #event: string | undefined;
  #isClosed = false;
  #failure: Error | undefined;
  #waiting: (() => void) | undefined;

  constructor(private readonly deps: OperationStreamDeps) {
    this.#isDue = deps.tellsFirst;
    void this.#hear();
  }

  /** Something of it may have changed. */
  wake(): void {
    this.#isDue = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  async next(): Promise<IteratorResult<OperationMoment, undefined>> {
    for (;;) {
      if (this.#failure) {
        const failure = this.#failure;
        this.#failure = undefined;
        throw failure;
      }
      if (this.#isClosed) return DONE;
      if (!this.#isDue) await new Promise<void>((resolve) => (this.#waiting = resolve));
      if (this.#isClosed) continue;
      this.#isDue = false;
      const event = this.#event;
      const operation = await this.deps.look();
      if (operation === null) {
        this.fail();
        continue;
      }
      const now = JSON.stringify([operation.state, operation.endedAt, operation.cancelRequestedAt]);
      const isOver = operation.endedAt !== null;
      if (isOver) this.fail();
      if (now === this.#last) continue;
      this.#last = now;
      return { done: false, value: { operation, ...(event === undefined ? {} : { event }) } };
    }
  }

  fail(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#failure = error;
    this.deps.events.fail();
    this.deps.closed();
    this.wake();
  }

  return(): Promise<IteratorResult<OperationMoment, undefined>> {
    this.fail();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Takes events as they come, so that none waits; the end of them is the end of this. */
  async #hear(): Promise<void> {
    try {
      for await (const { id } of this.deps.events) {
        this.#event = id;
        this.wake();
      }
      this.fail();
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
