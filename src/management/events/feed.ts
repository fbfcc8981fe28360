/** What callers may follow: events, operations, alerts. */
import { AsyncResource } from 'node:async_hooks';

import { findDatabaseKey } from '../../access/inputs';
import type { Database } from '../../store/database';
import { readPlace, type EventPlace } from '../../store/events';
import { viewOfAlert } from '../reports';
import { OPERATION_CHANNEL } from '../turn';
import { ManagementError, type AlertView, type EventView, type Operations } from '../types';
import type { EventStream } from './follower';
import { FollowedOperation, type OperationStream } from './operation-stream';
import { EventTail, type Follow, type TailDeps } from './tail';

export interface EventFeed {
  /** Events in order; see {@link EventTail.follow} for the errors. */
  follow(options?: Follow): Promise<EventStream>;
  /**
   * An operation as it is, then after each change until it ended. With `after`, an event's id, it is told first only where
   * something happened to it since.
   */
  operation(device: string, id: string, after?: string): Promise<OperationStream>;
  /** The alert that an event tells of. */
  alert(event: EventView): Promise<AlertView | null>;
}

export interface RunningFeed extends EventFeed {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Alerts that are kept for others who are told of them, too. */
const ALERTS_KEPT = 200;

export function createFeed(deps: TailDeps & { readonly operations: Pick<Operations, 'get'> }): RunningFeed {
  return new Feed(deps);
}

class Feed implements RunningFeed {
  readonly #db: Database;
  readonly #tail: EventTail;
  readonly #operations = new Map<string, Set<FollowedOperation>>();
  readonly #alerts = new Map<string, Promise<AlertView | null>>();
  #stop: (() => void) | undefined;

  constructor(private readonly deps: TailDeps & { readonly operations: Pick<Operations, 'get'> }) {
    this.#db = deps.db;
    this.#tail = new EventTail(deps);
  }

  async start(): Promise<void> {
    await this.#tail.start();
    const wake = (key: string): void => {
      const followed =
        key === '' ? [...this.#operations.values()].flatMap((set) => [...set]) : this.#operations.get(key);
      for (const each of [...(followed ?? [])]) each.wake();
    };
    // Changes of state that are no events yet are heard of, too: as who waits hears of them.
    this.#stop = await this.#db.listen(OPERATION_CHANNEL, AsyncResource.bind(wake));
  }

  async stop(): Promise<void> {
    this.#stop?.();
    await this.#tail.stop();
  }

  follow(options?: Follow): Promise<EventStream> {
    return this.#tail.follow(options);
  }

  async operation(device: string, id: string, after?: string): Promise<OperationStream> {
    const key = `${device}.${id}`;
    const wanted = (event: EventView): boolean =>
      event.device === device && (event.data as { readonly operation?: unknown } | null)?.operation === id;
    const place = after === undefined ? undefined : readPlace(after);
    if (place === null) throw new ManagementError('BAD_USER_INPUT', '`after` is no id of an event.');
    const events = await this.#tail.follow({ wanted });
    const isNew = place === undefined || (await this.#happened(device, id, place));
    const followed = new FollowedOperation({
      events,
      look: () => this.deps.operations.get(device, id),
      tellsFirst: isNew,
      closed: () => {
        const set = this.#operations.get(key);
        set?.delete(followed);
        if (set?.size === 0) this.#operations.delete(key);
      },
    });
    const set = this.#operations.get(key) ?? new Set();
    this.#operations.set(key, set.add(followed));
    if (!isNew && ((await this.deps.operations.get(device, id))?.endedAt ?? null) !== null) followed.fail();
    return followed;
  }

  /** Whether an event of the operation came after a place. */
  async #happened(device: string, id: string, [xact, number]: EventPlace): Promise<boolean> {
    const found = await this.#db.sql.query(
      `SELECT 1 FROM event WHERE device_id = $1 AND data ->> 'operation' = $2 AND (xact, id) > ($3::bigint, $4::bigint) LIMIT 1`,
      [device, id, xact, number],
    );
    return found.length > 0;
  }

  async alert({ id, device, data }: EventView): Promise<AlertView | null> {
    const known = this.#alerts.get(id);
    if (known) return known;
    const loaded = this.#loadAlert(device, data);
    this.#alerts.set(id, loaded);
    loaded.catch(() => this.#alerts.delete(id));
    const [oldest] = this.#alerts.keys();
    if (this.#alerts.size > ALERTS_KEPT && oldest !== undefined) this.#alerts.delete(oldest);
    return loaded;
  }

  async #loadAlert(device: string, data: EventView['data']): Promise<AlertView | null> {
    const { alert } = (data ?? {}) as { readonly alert?: unknown };
    const deviceId = findDatabaseKey(device);
    const place = typeof alert === 'string' ? readPlace(alert) : null;
    if (place === null || deviceId === undefined) return null;
    const row = await this.#db.prisma.alert.findUnique({ where: { deviceId_id: { deviceId, id: place[1] } } });
    return row && viewOfAlert(row);
  }
}
