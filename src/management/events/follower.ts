/** One reader of events: pages of what was, then what the tail hands on. It holds so much and no more. */
import { comparePlaces, readPlace, type EventPlace } from '../../store/events';
import { placeOf } from '../reports';
import { ManagementError, type EventView } from '../types';

/** A stream that its reader ends with `return`, and others with `fail`. */
export interface EventStream extends AsyncIterableIterator<EventView> {
  next(): Promise<IteratorResult<EventView, undefined>>;
  return(): Promise<IteratorResult<EventView, undefined>>;
  /** The reader gets this error next; what waits for him is dropped. Absent: the end. */
  fail(error?: Error): void;
}

export interface FollowerDeps {
  /** Served events after a place, oldest first; `tail` is how far the tail was when they were read. */
  readonly page: (after: EventPlace) => Promise<{ readonly events: readonly EventView[]; readonly tail?: EventPlace }>;
  /**
   * Hands on what comes after the tail's place from now on; false where something may be between `at` and that.
   *
   * @param seen a place of the tail up to which nothing follows `at`
   */
  readonly attach: (follower: Follower, at: EventPlace, seen?: EventPlace) => boolean;
  readonly detach: (follower: Follower) => void;
  readonly wanted: (event: EventView) => boolean;
  /** Events that may wait for the reader. */
  readonly most: number;
}

const DONE: IteratorResult<EventView, undefined> = { done: true, value: undefined };

export class Follower implements EventStream {
  #buffer: EventView[] = [];
  #waiting: ((result: Promise<IteratorResult<EventView, undefined>>) => void) | undefined;
  #failure: Error | undefined;
  #isClosed = false;
  #isAttached = false;

  /** @param at what comes after it is told */
  constructor(
    private readonly deps: FollowerDeps,
    private at: EventPlace,
  ) {}

  /** Begins with what is told from now on. */
  attach(seen?: EventPlace): void {
    this.#isAttached = this.deps.attach(this, this.at, seen);
  }

  /** What the tail read. */
  push(event: EventView): void {
    if (this.#isClosed || !this.deps.wanted(event)) return;
    const place = readPlace(event.id);
    if (place === null || comparePlaces(place, this.at) <= 0) return;
    if (this.#waiting) {
      this.#answer(Promise.resolve({ done: false, value: event }));
      return;
    }
    this.#buffer.push(event);
    if (this.#buffer.length > this.deps.most)
      this.fail(
        new ManagementError(
          'LIMIT_BUFFER',
          `More than ${this.deps.most} events wait to be taken; go on \`after\` the last one that came.`,
          { limit: this.deps.most },
        ),
      );
  }

  async next(): Promise<IteratorResult<EventView, undefined>> {
    for (;;) {
      const event = this.#buffer.shift();
      if (event) return { done: false, value: event };
      if (this.#failure) {
        const failure = this.#failure;
        this.#failure = undefined;
        throw failure;
      }
      if (this.#isClosed) return DONE;
      if (this.#isAttached) return new Promise((resolve) => (this.#waiting = resolve));
      await this.#catchUp();
    }
  }

  /** A page of what was; when there is none, the tail goes on from here. */
  async #catchUp(): Promise<void> {
    const { events, tail } = await this.deps.page(this.at);
    if (this.#isClosed) return;
    const last = events.at(-1);
    if (last === undefined) this.attach(tail);
    else this.at = placeOf(last) ?? this.at;
    this.#buffer.push(...events.filter((event) => this.deps.wanted(event)));
  }

  fail(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#buffer = [];
    this.deps.detach(this);
    if (this.#waiting) this.#answer(error === undefined ? Promise.resolve(DONE) : Promise.reject(error));
    else this.#failure = error;
  }

  return(): Promise<IteratorResult<EventView, undefined>> {
    this.fail();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #answer(result: Promise<IteratorResult<EventView, undefined>>): void {
    const resolve = this.#waiting;
    this.#waiting = undefined;
    resolve?.(result);
  }
}
