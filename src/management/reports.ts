/** What devices reported, and what happened: both from the oldest on, by cursors that a reader can resume at. */
import type { Json } from '../../adapters/adapter';
import { findDatabaseKey, pageOf } from '../access/inputs';
import { sqlWithinReach } from '../access/reach';
import type { Database } from '../store/database';
import { MADE_OF_INPUT } from '../store/sql';
import { IS_SERVED, readPlace, type EventPlace } from '../store/events';
import type { Alert } from '../store/generated/client';
import { Parameters as Statement } from './device-filter/parameters';
import type { AlertView, EventView, Reports } from './types';

export interface ReportsDeps {
  readonly db: Database;
}

export interface EventRow {
  readonly device: string;
  readonly id: string;
  readonly xact: string;
  readonly at: Date;
  readonly type: string;
  readonly data: Json;
  readonly writtenAt: Date;
}

type AlertRow = Omit<Alert, 'id' | 'deviceId' | 'mime'> & {
  readonly id: bigint | string;
  readonly deviceId: bigint | string;
};

const SELECT_ALERTS = `SELECT device_id AS "deviceId", id, at, type, mark, source, target, correlator, format, data, result_code AS "resultCode" FROM alert`;
const SELECT_EVENTS = `SELECT device_id AS device, id, xact, at, type, data, written_at AS "writtenAt" FROM event`;

export function createReports({ db }: ReportsDeps): Reports {
  /** By time, then number. An alert's id is `MS.NUMBER`: both, so that it is a cursor. */
  async function alerts(filter: ReportFilter, first: number, after?: string): ReturnType<Reports['alerts']> {
    const from = after === undefined ? undefined : readPlace(after);
    if (from === null) return { items: [], hasNext: false };
    const asked = statement(SELECT_ALERTS, 'at, id', filter, first, [], (add) =>
      from === undefined ? [] : [`(at, id) > (${add(momentOf(from), 'timestamptz')}, ${add(from[1], 'bigint')})`],
    );
    return pageOf(await db.sql.query<AlertRow>(asked.text, asked.values), first, viewOfAlert);
  }

  /** By transaction, then number. An event's id is `TRANSACTION.NUMBER`. */
  async function events(filter: ReportFilter, first: number, after?: string): ReturnType<Reports['events']> {
    const from = after === undefined ? undefined : readPlace(after);
    if (from === null) return { items: [], hasNext: false };
    // Events of no device are told to administrators alone.
    const always = [IS_SERVED, ...(filter.reach === undefined ? [] : ['device_id > 0'])];
    const asked = statement(SELECT_EVENTS, 'xact, id', filter, first, always, (add) =>
      from === undefined ? [] : [`(xact, id) > (${add(from[0], 'bigint')}, ${add(from[1], 'bigint')})`],
    );
    return pageOf(await db.sql.query<EventRow>(asked.text, asked.values), first, viewOfEvent);
  }

  return { alerts, events };
}

type ReportFilter = Parameters<Reports['alerts']>[0];

/** A page of what a filter chooses, and whether more follows. Grants by filter put text of their own into it. */
function statement(
  select: string,
  order: string,
  { device, type, reach }: ReportFilter,
  first: number,
  always: readonly string[],
  after: (add: (value: unknown, type: string) => string) => readonly string[],
): ReturnType<Statement['statement']> {
  const parameters = new Statement([first + 1]);
  const add = (value: unknown, as: string): string => parameters.add(value, as);
  const conditions = [
    ...always,
    ...(device === undefined ? [] : [`device_id = ${add(findDatabaseKey(device) ?? -1n, 'bigint')}`]),
    ...(type === undefined ? [] : [`type = ${add(type.replace(/\0/g, ''), 'text')}`]),
    ...after(add),
    ...(reach === undefined ? [] : [sqlWithinReach('device_id', reach, add)]),
  ];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const hasFilters = reach?.all === false && reach.filters.length > 0;
  return parameters.statement(`${hasFilters ? MADE_OF_INPUT : ''}${select} ${where} ORDER BY ${order} LIMIT $1`);
}

function momentOf([ms]: EventPlace): Date {
  return new Date(Math.min(Number(ms), 8_640_000_000_000_000));
}

export function viewOfAlert(row: AlertRow): AlertView {
  return {
    id: `${row.at.getTime()}.${row.id}`,
    device: String(row.deviceId),
    at: row.at,
    type: row.type,
    mark: row.mark,
    source: row.source as Json,
    target: row.target as Json,
    correlator: row.correlator,
    format: row.format,
    data: row.data as Json,
    resultCode: row.resultCode,
  };
}

export function viewOfEvent(row: EventRow): EventView {
  const { device, at, type, data, writtenAt } = row;
  return { id: `${row.xact}.${row.id}`, device, at, type, data, writtenAt };
}

/** Where a reader is who saw it. */
export function placeOf({ id, writtenAt }: Pick<EventView, 'id' | 'writtenAt'>): EventPlace | null {
  const place = readPlace(id);
  return place && [place[0], place[1], writtenAt];
}
