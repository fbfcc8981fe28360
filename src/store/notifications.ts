import { Client } from 'pg';
import type { PGlite } from '@electric-sql/pglite';

import { SqlError, toSqlError } from './sql';
import type { Sql } from './sql';

/**
 * Hears one notification. An empty payload says: notifications may have been lost, look again (sent after the listening
 * connection was made anew).
 */
export type OnNotification = (payload: string) => void;

/** Where notifications of this database arrive. */
export interface NotificationSource {
  /** Resolves when notifications that are sent from now on will be heard. */
  listen(channel: string, fn: OnNotification): Promise<() => void>;
  close(): Promise<void>;
}

/** PostgreSQL's limit for a payload is 8,000 octets with the final NUL. */
const PAYLOAD_MAX_OCTETS = 7_999;

const CHANNEL = /^[a-z][a-z0-9_]{0,62}$/;

function checkChannel(channel: string): void {
  if (!CHANNEL.test(channel)) throw new SqlError('INVALID_VALUE', `"${channel}" is no channel name`);
}

/**
 * Sends notifications, gathered for `gatherMs` into one statement, each different one once. Call it after the commit of
 * what it tells about. A notification that cannot be sent is dropped: readers look again on a slow tick.
 */
export class NotificationSender {
  private pending = new Map<string, readonly [channel: string, payload: string]>();
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();

  constructor(
    private readonly sql: Sql,
    private readonly gatherMs: number,
    private readonly outside: <T>(work: () => T) => T,
    private readonly onError: (error: unknown) => void,
  ) {}

  send(channel: string, payload: string): void {
    checkChannel(channel);
    if (Buffer.byteLength(payload) > PAYLOAD_MAX_OCTETS) {
      throw new SqlError('INVALID_VALUE', `a notification of more than ${PAYLOAD_MAX_OCTETS} octets`);
    }
    this.pending.set(`${channel} ${payload}`, [channel, payload]);
    // The caller may be inside a transaction; the statement that is sent later is not part of it.
    this.timer ??= this.outside(() => setTimeout(() => void this.flush(), this.gatherMs));
  }

  /** Sends what waits; resolves when it was sent or dropped. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = [...this.pending.values()];
    if (batch.length > 0) {
      this.pending = new Map();
      this.sending = this.sending.then(() => this.outside(() => this.sendBatch(batch)));
    }
    await this.sending;
  }

  private async sendBatch(batch: readonly (readonly [string, string])[]): Promise<void> {
    try {
      await this.sql.query(
        'SELECT pg_notify(n.channel, n.payload) FROM unnest($1::text[], $2::text[]) AS n (channel, payload)',
        [batch.map(([channel]) => channel), batch.map(([, payload]) => payload)],
      );
    } catch (error) {
      this.onError(error);
    }
  }
}

/** Notifications of the embedded database. */
export class EmbeddedSource implements NotificationSource {
  private readonly stops = new Set<() => Promise<void>>();

  constructor(private readonly pglite: PGlite) {}

  async listen(channel: string, fn: OnNotification): Promise<() => void> {
    checkChannel(channel);
    let isOpen = true;
    const stop = await this.pglite.listen(channel, (payload) => {
      if (isOpen) fn(payload);
    });
    this.stops.add(stop);
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.stops.delete(stop);
      // UNLISTEN waits for the connection; nothing depends on when it runs, nor whether the database closes before.
      stop().catch(() => undefined);
    };
  }

  async close(): Promise<void> {
    for (const stop of this.stops) await stop().catch(() => undefined);
    this.stops.clear();
  }
}

const RECONNECT_FIRST_MS = 100;
const RECONNECT_LAST_MS = 5_000;

/**
 * Notifications of PostgreSQL, over a connection of their own which is made at the first `listen` and again when it breaks.
 */
export class PostgresSource implements NotificationSource {
  private readonly listeners = new Map<string, Set<OnNotification>>();
  private connecting: Promise<Client> | undefined;
  private isClosed = false;
  private last: Promise<void> = Promise.resolve();
  private retry: NodeJS.Timeout | undefined;
  private retryMs = RECONNECT_FIRST_MS;

  constructor(
    private readonly databaseUrl: string,
    private readonly onError: (error: unknown) => void,
  ) {}

  async listen(channel: string, fn: OnNotification): Promise<() => void> {
    checkChannel(channel);
    const entry: OnNotification = (payload) => fn(payload);
    const entries = this.listeners.get(channel) ?? new Set();
    entries.add(entry);
    this.listeners.set(channel, entries);
    try {
      await this.run(`LISTEN ${channel}`);
    } catch (error) {
      this.unlisten(channel, entry);
      throw toSqlError(error);
    }
    return () => void this.unlisten(channel, entry);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.retry);
    this.listeners.clear();
    const client = await this.connecting?.catch(() => undefined);
    await client?.end().catch(() => undefined);
  }

  private unlisten(channel: string, entry: OnNotification): void {
    const entries = this.listeners.get(channel);
    if (entries === undefined || !entries.delete(entry) || entries.size > 0) return;
    this.listeners.delete(channel);
    // Asked for while others may begin to listen again: their LISTEN comes after it.
    if (this.connecting !== undefined) this.run(`UNLISTEN ${channel}`).catch(() => undefined);
  }

  /** One statement at a time, in the order asked for. */
  private run(text: string): Promise<void> {
    const done = this.last.then(async () => {
      if (this.isClosed) throw new SqlError('CLOSED', 'the database is closed');
      const client = await this.client();
      await client.query(text);
    });
    this.last = done.catch(() => undefined);
    return done;
  }

  private client(): Promise<Client> {
    this.connecting ??= this.connect();
    return this.connecting;
  }

  private async connect(): Promise<Client> {
    const client = new Client({
      connectionString: this.databaseUrl,
      application_name: 'moql listener',
      keepAlive: true,
      connectionTimeoutMillis: RECONNECT_LAST_MS,
    });
    let isLost = false;
    const lost = (error?: unknown): void => {
      if (isLost) return;
      isLost = true;
      this.connecting = undefined;
      if (this.isClosed) return;
      if (error !== undefined) this.onError(error);
      this.reconnectLater();
      void client.end().catch(() => undefined);
    };
    client.on('error', lost);
    client.on('end', () => lost());
    client.on('notification', ({ channel, payload }) => {
      for (const fn of [...(this.listeners.get(channel) ?? [])]) fn(payload ?? '');
    });
    try {
      await client.connect();
      return client;
    } catch (error) {
      lost(error);
      throw error;
    }
  }

  private reconnectLater(): void {
    if (this.listeners.size === 0) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.reconnect(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, RECONNECT_LAST_MS);
  }

  private async reconnect(): Promise<void> {
    try {
      for (const channel of this.listeners.keys()) await this.run(`LISTEN ${channel}`);
      this.retryMs = RECONNECT_FIRST_MS;
    } catch {
      return; // `lost` was told why and has planned the next attempt.
    }
    for (const entries of [...this.listeners.values()]) for (const fn of [...entries]) fn('');
  }
}
