/** Events posted to addresses of the configuration: signed, repeated, in order for each device, by whichever process is first. */
import { AsyncResource } from 'node:async_hooks';

import { findDatabaseKey, pageOf } from '../../access/inputs';
import type { Json } from '../../../adapters/adapter';
import type { Database } from '../../store/database';
import { EVENT_CHANNEL } from '../../store/events';
import { OPERATION_CHANNEL } from '../turn';
import { ManagementError, type Page } from '../types';
import { post, type WebhookTarget } from './post';
import { delivered, deliverNew, ensureWebhook, failed, takeDue, type Delivery } from './queue';

export interface WebhookView {
  readonly name: string;
  /** Types of events; null: all. */
  readonly events: readonly string[] | null;
  /** FAILING: something waits that could not be delivered so far. */
  readonly state: 'ACTIVE' | 'FAILING';
  /** Key of the event up to which deliveries were made, `waiting` and dead ones apart. */
  readonly deliveredUpTo: string;
  readonly waiting: number;
  readonly dead: number;
}

export interface DeadLetterView {
  /** Number of the delivery. */
  readonly id: string;
  readonly webhook: string;
  readonly device: string;
  readonly event: string;
  readonly type: string;
  readonly at: Date;
  readonly data: Json;
  readonly attempts: number;
  readonly problem: string | null;
}

export interface Webhooks {
  list(): Promise<readonly WebhookView[]>;
  deadLetters(webhook: string, first: number, after?: string): Promise<Page<DeadLetterView>>;
  /** Tries a dead letter again, from the first attempt on. NOT_FOUND. */
  retry(id: string): Promise<void>;
  discard(id: string): Promise<void>;
  /** Begins to hear of events. */
  start(): Promise<void>;
  /** Delivers what is due; called by the timer. Resolves when it is on its way. */
  advance(): Promise<void>;
  /** Ends when what is on its way has come to its end, for which it has five seconds; what then is on its way another process posts. */
  stop(): Promise<void>;
}

export interface WebhooksDeps {
  readonly db: Database;
  readonly targets: readonly WebhookTarget[];
  /** Id of an event as callers know it. */
  readonly eventId: (key: string) => string;
  readonly log: { warn(detail: object, message: string): void; error(detail: object, message: string): void };
  readonly now?: () => number;
  /** 0 to 1; for tests. */
  readonly random?: () => number;
  /** How long `stop` waits for what is on its way. */
  readonly stopWithinMs?: number;
}

/** Deliveries of one webhook on their way at once, of this process. */
const AT_ONCE = 8;
const STOP_WITHIN_MS = 5_000;
/** What is over the time-out of a request when a process counts as gone. */
const LEASE_MS = 10_000;

export function createWebhooks(deps: WebhooksDeps): Webhooks {
  return new Posting(deps);
}

class Posting implements Webhooks {
  readonly #lanes: readonly Lane[];
  readonly #stops: (() => void)[] = [];

  constructor(private readonly deps: WebhooksDeps) {
    this.#lanes = deps.targets.map((target) => new Lane(target, deps));
  }

  async start(): Promise<void> {
    if (this.#lanes.length === 0) return;
    for (const { target } of this.#lanes) await ensureWebhook(this.deps.db, target.name);
    const wake = AsyncResource.bind(() => void this.advance());
    for (const channel of [EVENT_CHANNEL, OPERATION_CHANNEL])
      this.#stops.push(await this.deps.db.listen(channel, wake));
  }

  async advance(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.advance()));
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }

  async list(): Promise<readonly WebhookView[]> {
    const rows = await this.deps.db.sql.query<{
      name: string;
      upTo: string;
      waiting: string;
      failing: boolean;
      dead: string;
    }>(
      `SELECT w.name, w.xact || '.' || w.event_id AS "upTo",
         (SELECT count(*) FROM webhook_delivery d WHERE d.webhook = w.name AND d.state = 'WAITING') AS waiting,
         EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook = w.name AND d.state = 'WAITING' AND d.problem IS NOT NULL) AS failing,
         (SELECT count(*) FROM webhook_delivery d WHERE d.webhook = w.name AND d.state = 'DEAD') AS dead
       FROM webhook w WHERE w.name = ANY($1::text[])`,
      [this.deps.targets.map(({ name }) => name)],
    );
    return this.deps.targets.flatMap(({ name, events }): WebhookView[] => {
      const row = rows.find((one) => one.name === name);
      if (row === undefined) return [];
      return [
        {
          name,
          events: events ?? null,
          state: row.failing ? 'FAILING' : 'ACTIVE',
          deliveredUpTo: row.upTo,
          waiting: Number(row.waiting),
          dead: Number(row.dead),
        },
      ];
    });
  }

  async deadLetters(webhook: string, first: number, after?: string): Promise<Page<DeadLetterView>> {
    const rows = await this.deps.db.sql.query<DeadLetterView>(
      `SELECT id, webhook, device_id AS device, xact || '.' || event_id AS event, type, at, data, attempts, problem
       FROM webhook_delivery WHERE webhook = $1 AND state = 'DEAD' AND id > $2::bigint ORDER BY id LIMIT $3`,
      [webhook, after === undefined ? 0n : (findDatabaseKey(after) ?? 999_999_999_999_999_999n), first + 1],
    );
    return pageOf(rows, first, (row) => row);
  }

  async retry(id: string): Promise<void> {
    await this.#settle(
      `UPDATE webhook_delivery SET state = 'WAITING', attempts = 0, problem = NULL, due_at = $2::timestamptz
       WHERE id = $1 AND state = 'DEAD' RETURNING 1`,
      id,
      [new Date((this.deps.now ?? Date.now)())],
    );
    void this.advance();
  }

  async discard(id: string): Promise<void> {
    await this.#settle(`DELETE FROM webhook_delivery WHERE id = $1 AND state = 'DEAD' RETURNING 1`, id, []);
  }

  async #settle(text: string, id: string, values: readonly unknown[]): Promise<void> {
    const key = findDatabaseKey(id);
    const rows = key === undefined ? [] : await this.deps.db.sql.query(text, [key, ...values]);
    if (rows.length === 0) throw new ManagementError('NOT_FOUND', 'there is no such dead letter');
  }
}

/** What one process does for one webhook. */
class Lane {
  #active = 0;
  #running: Promise<void> | undefined;
  #again = false;
  #isStopped = false;
  readonly #sending = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(
    readonly target: WebhookTarget,
    private readonly deps: WebhooksDeps,
  ) {}

  advance(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#again) void this.advance();
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const late = setTimeout(() => this.#stopping.abort(), this.deps.stopWithinMs ?? STOP_WITHIN_MS);
    await this.#running;
    await Promise.all(this.#sending);
    clearTimeout(late);
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#isStopped) {
        this.#again = false;
        while (!this.#isStopped && (await deliverNew(this.deps.db, this.target, this.#now())));
        await this.#send();
      }
    } catch (error) {
      this.#again = false;
      this.deps.log.error(
        { err: error, webhook: this.target.name },
        'deliveries of a webhook failed; they go on later',
      );
    }
  }

  async #send(): Promise<void> {
    const free = AT_ONCE - this.#active;
    if (free <= 0 || this.#isStopped) return;
    const leaseMs = this.target.timeoutMs + LEASE_MS;
    for (const delivery of await takeDue(this.deps.db, this.target.name, free, this.#now(), leaseMs)) {
      this.#active++;
      const sending = this.#deliver(delivery).finally(() => {
        this.#active--;
        this.#sending.delete(sending);
        // The next one of this device.
        void this.advance();
      });
      this.#sending.add(sending);
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { db, log } = this.deps;
    const { name, attempts: most } = this.target;
    try {
      const problem = await post(this.target, this.#message(delivery), this.#now().getTime(), this.#stopping.signal);
      if (problem === undefined) return await delivered(db, delivery);
      if (this.#stopping.signal.aborted) return await failed(db, delivery, problem, this.#now());
      const isOver = delivery.attempts >= most;
      await failed(db, delivery, problem, isOver ? null : this.#next(delivery.attempts));
      const detail = { webhook: name, event: delivery.event, attempts: delivery.attempts, problem };
      if (isOver) log.warn(detail, 'an event could not be delivered and was given up');
    } catch (error) {
      // Its time runs out, and it is taken again.
      log.error({ err: error, webhook: name }, 'the end of a delivery could not be stored');
    }
  }

  #message({ event, type, at, data, deviceId }: Delivery): { readonly id: string; readonly body: string } {
    const id = this.deps.eventId(event);
    return { id, body: JSON.stringify({ id, type, at, deviceId, data }) };
  }

  /** Twice the time for each attempt, of which a random part is waited. */
  #next(attempts: number): Date {
    const { firstRetryMs, lastRetryMs } = this.target;
    const longest = Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(attempts - 1, 30));
    return new Date(this.#now().getTime() + Math.round((this.deps.random ?? Math.random)() * longest));
  }

  #now(): Date {
    return new Date((this.deps.now ?? Date.now)());
  }
}
