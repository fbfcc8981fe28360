/** The one reader of events that a process has: it reads on where something may be new, and hands on to all that follow. */
import { AsyncResource } from 'node:async_hooks';

import type { Database } from '../../store/database';
import { EVENT_CHANNEL, IS_SERVED, comparePlaces, readPlace, writtenSince, type EventPlace } from '../../store/events';
import { placeOf, viewOfEvent, type EventRow } from '../reports';
import { OPERATION_CHANNEL } from '../turn';
import { ManagementError, type EventView } from '../types';
import { Follower, type EventStream } from './follower';

export interface TailDeps {
  readonly db: Database;
  readonly log: { error(detail: object, message: string): void };
  /** Events that wait at most for one that follows. */
  readonly most?: number;
  readonly tickMs?: number;
}

export interface Follow {
  /** Id of an event: those after it are told. Absent: those that come from now on. */
  readonly after?: string;
  readonly wanted?: (event: EventView) => boolean;
}

const MOST_WAITING = 1_000;
const PAGE = 500;
/** In case a notification is lost. */
const TICK_MS = 1_000;
/** How soon is looked again while a running transaction holds events back. */
const HELD_FIRST_MS = 20;
const HELD_LAST_MS = 1_000;

const COLUMNS = 'device_id AS device, id, xact, at, type, data, written_at AS "writtenAt"';

/** Events after a place ($1, $2), none of them written before $3. */
export const NEXT_EVENTS = `SELECT ${COLUMNS} FROM event
  WHERE ${IS_SERVED} AND (xact, id) > ($1::bigint, $2::bigint) AND written_at >= $3::timestamptz ORDER BY xact, id LIMIT ${PAGE}`;

export class EventTail {
  readonly #followers = new Set<Follower>();
  readonly #attached = new Set<Follower>();
  readonly #stops: (() => void)[] = [];
  #place: EventPlace | undefined;
  #finding: Promise<EventPlace> | undefined;
  #tick: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #heldMs = HELD_FIRST_MS;
  #running: Promise<void> | undefined;
  #again = false;
  #isStopped = false;

  constructor(private readonly deps: TailDeps) {}

  /** Begins to hear of events. Nothing is read while nobody follows. */
  async start(): Promise<void> {
    const { db, tickMs = TICK_MS } = this.deps;
    // The end of an operation is told on a channel of its own.
    for (const channel of [EVENT_CHANNEL, OPERATION_CHANNEL])
      this.#stops.push(
        await db.listen(
          channel,
          AsyncResource.bind(() => this.wake()),
        ),
      );
    this.#tick = setInterval(() => this.wake(), tickMs);
    this.#tick.unref();
  }

  /** All that follow come to their end. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const stop of this.#stops.splice(0)) stop();
    clearInterval(this.#tick);
    clearTimeout(this.#retry);
    for (const follower of [...this.#followers]) follower.fail();
    await this.#running;
  }

  /**
   * Events in order. Resolves when nothing that is written from then on is missed.
   *
   * Errors: EVENTS_GONE for an `after` that is no event, or none any more; LIMIT_BUFFER, from the stream, when the reader
   * is too slow.
   */
  async follow({ after, wanted = () => true }: Follow = {}): Promise<EventStream> {
    const from = after === undefined ? undefined : await this.#known(after);
    const most = this.deps.most ?? MOST_WAITING;
    const parts = {
      page: async (at: EventPlace) => {
        const tail = this.#place;
        return { events: await this.#page(at), ...(tail === undefined ? {} : { tail }) };
      },
      attach: (follower: Follower, at: EventPlace, seen?: EventPlace) => this.#attach(follower, at, seen),
      detach: (follower: Follower) => this.#detach(follower),
      wanted,
      most,
    };
    const begun = await this.#begin();
    // The tail may have read on while this waited; who begins where it stands now is handed on what comes, from now on.
    const follower = new Follower(parts, from ?? this.#place ?? begun);
    this.#followers.add(follower);
    if (this.#isStopped) follower.fail();
    else if (from === undefined) follower.attach();
    return follower;
  }

  /** The place from which one would follow now. */
  async frontier(): Promise<EventPlace> {
    const [row] = await this.deps.db.sql.query<{ xmin: string; at: Date }>(
      'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin, now() AS at',
    );
    return [BigInt(row?.xmin ?? 0), 0n, row?.at];
  }

  /** Looks whether there is something new. */
  wake(): void {
    if (this.#followers.size === 0 || this.#isStopped) return;
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Told between the last look and now.
      if (this.#again) this.wake();
    });
  }

  async #known(after: string): Promise<EventPlace> {
    const place = readPlace(after);
    const [found] =
      place === null
        ? []
        : await this.deps.db.sql.query<{ at: Date }>('SELECT written_at AS at FROM event WHERE xact = $1 AND id = $2', [
            place[0],
            place[1],
          ]);
    if (place === null || found === undefined)
      throw new ManagementError('EVENTS_GONE', '`after` is no event that is kept (any more): read on from the oldest.');
    return [place[0], place[1], found.at];
  }

  async #begin(): Promise<EventPlace> {
    if (this.#place !== undefined) return this.#place;
    this.#finding ??= this.frontier().finally(() => (this.#finding = undefined));
    const place = await this.#finding;
    return this.#place ?? place;
  }

  #attach(follower: Follower, at: EventPlace, seen?: EventPlace): boolean {
    this.#place ??= at;
    if (this.#place !== seen && comparePlaces(this.#place, at) > 0) return false;
    this.#attached.add(follower);
    this.wake();
    return true;
  }

  #detach(follower: Follower): void {
    this.#followers.delete(follower);
    this.#attached.delete(follower);
    // Who comes next begins with what is new then.
    if (this.#attached.size === 0) this.#place = undefined;
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#isStopped) {
        this.#again = false;
        while (await this.#read());
      }
    } catch (error) {
      if (!this.#isStopped) this.deps.log.error({ err: error }, 'events could not be read; they are at the next tick');
    }
  }

  /** @returns whether more may follow at once */
  async #read(): Promise<boolean> {
    const from = this.#place;
    if (from === undefined || this.#attached.size === 0) return false;
    const events = await this.#page(from);
    // Everybody left meanwhile, and perhaps others came.
    if (this.#place !== from) return this.#place !== undefined;
    const last = events.at(-1);
    if (last !== undefined) {
      this.#place = placeOf(last) ?? from;
      this.#heldMs = HELD_FIRST_MS;
    }
    for (const event of events) for (const follower of [...this.#attached]) follower.push(event);
    if (events.length === PAGE) return true;
    await this.#lookForHeld();
    return false;
  }

  /**
   * Events that are committed and were not served yet are not told of again. Those that are served by now count as well: what
   * held them back may have ended since they were looked for.
   */
  async #lookForHeld(): Promise<void> {
    const place = this.#place ?? [0n, 0n];
    const [row] = await this.deps.db.sql.query<{ held: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM event WHERE (xact, id) > ($1::bigint, $2::bigint) AND written_at >= $3::timestamptz) AS held`,
      [place[0], place[1], writtenSince(place)],
    );
    clearTimeout(this.#retry);
    if (row?.held !== true) {
      this.#heldMs = HELD_FIRST_MS;
      return;
    }
    this.#retry = setTimeout(() => this.wake(), this.#heldMs);
    this.#retry.unref();
    this.#heldMs = Math.min(this.#heldMs * 2, HELD_LAST_MS);
  }

  async #page(place: EventPlace): Promise<readonly EventView[]> {
    const rows = await this.deps.db.sql.query<EventRow>(NEXT_EVENTS, [place[0], place[1], writtenSince(place)]);
    return rows.map(viewOfEvent);
  }
}
