/** The order of events, and how processes hear of new ones. */
import type { Database } from './database';
import type { Partitioned } from './partitions';

/** Events `valuesChanged`, and all others. */
export const VALUE_EVENTS: Partitioned = { table: 'event_values', column: 'written_at' };
export const OTHER_EVENTS: Partitioned = { table: 'event_other', column: 'written_at' };

/** Told, with nothing in it, after transactions that wrote events. */
export const EVENT_CHANNEL = 'moql_event';

/** Call it after the commit. Who is not told reads a little later. */
export function tellEvents(db: Pick<Database, 'notify'>): void {
  db.notify(EVENT_CHANNEL, '');
}

/**
 * Place of an event: its transaction, or a later one that had ended by the time when it was written, and its number; and when it was
 * written, where that is known. What is told of something comes after what brought it about, also where that one's transaction
 * began later.
 */
export type EventPlace = readonly [xact: bigint, id: bigint, writtenAt?: Date];

/** Negative where `a` comes before `b`. */
export function comparePlaces(a: EventPlace, b: EventPlace): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  return a[1] === b[1] ? 0 : a[1] < b[1] ? -1 : 1;
}

/** An event's id is `TRANSACTION.NUMBER`; null for text that is none. */
export function readPlace(text: string): EventPlace | null {
  const [, xact, id] = /^([0-9]{1,18})\.([0-9]{1,18})$/.exec(text) ?? [];
  return xact === undefined || id === undefined ? null : [BigInt(xact), BigInt(id)];
}

export function placeText([xact, id]: EventPlace): string {
  return `${xact}.${id}`;
}

/**
 * Serial numbers are not the order of commits: a row is served once its transaction is older than every running one, so
 * that none can turn up behind a reader's place.
 */
export const IS_SERVED = 'xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint';

/** No transaction is open for as long before it writes its events. */
const LONGEST_TRANSACTION_MS = 86_400_000;

/** What follows a place was not written before this: `written_at >= …` spares the partitions of days long ago. */
export function writtenSince([, , writtenAt]: EventPlace): Date {
  return new Date(writtenAt === undefined ? 0 : writtenAt.getTime() - LONGEST_TRANSACTION_MS);
}
