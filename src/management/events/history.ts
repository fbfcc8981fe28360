/** What the values of management objects were: read from the events that tell of changes. */
import type { Json } from '../../../adapters/adapter';
import { findDatabaseKey, pageOf } from '../../access/inputs';
import type { Database } from '../../store/database';
import type { MoView, Page } from '../types';

/** A changed node. A side that is absent was not there; a long value is told by its digest and its octets. */
export interface ValueChange {
  readonly path: string;
  readonly old?: Json;
  readonly oldSha256?: string;
  readonly oldOctets?: number;
  readonly new?: Json;
  readonly newSha256?: string;
  readonly newOctets?: number;
}

export interface ValueChangeView {
  /** `EVENT.POSITION`: a cursor. */
  readonly id: string;
  readonly at: Date;
  readonly change: ValueChange;
  /** More changed at that time than is kept. */
  readonly more: boolean;
}

export interface Histories {
  /**
   * Changes at and below a path, the newest first.
   *
   * @param readable as {@link Rights.readable} tells it
   */
  of(
    mo: Pick<MoView, 'device' | 'family' | 'miid'>,
    path: string,
    readable: 'ALL' | readonly string[],
    first: number,
    after?: string,
  ): Promise<Page<ValueChangeView>>;
  /** Several by one statement, in the order of the requests. */
  ofMany(requests: readonly HistoryRequest[]): Promise<readonly Page<ValueChangeView>[]>;
}

/** The same as arguments of `of`. */
export interface HistoryRequest {
  readonly mo: Pick<MoView, 'device' | 'family' | 'miid'>;
  readonly path: string;
  readonly readable: 'ALL' | readonly string[];
  readonly first: number;
  readonly after?: string | undefined;
}

interface Row {
  readonly no: string;
  readonly id: string;
  readonly n: string;
  readonly at: Date;
  readonly change: ValueChange;
  readonly more: boolean;
}

const HISTORY = `SELECT k.no, h.*
FROM unnest($1::bigint[], $2::text[], $3::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[])
  WITH ORDINALITY AS k(device, family, miid, path, readable, event, position, first, no)
CROSS JOIN LATERAL (SELECT e.id, c.n, e.at, c.change, (e.data ->> 'more')::boolean AS more
  FROM event e CROSS JOIN LATERAL jsonb_array_elements(e.data -> 'changes') WITH ORDINALITY AS c(change, n)
  WHERE e.type = 'valuesChanged' AND e.device_id = k.device AND e.data ->> 'family' = k.family AND e.data ->> 'miid' = k.miid
    AND e.at >= $4::timestamptz
    AND (k.path = '' OR c.change ->> 'path' = k.path OR starts_with(c.change ->> 'path', k.path || '/'))
    AND (k.readable IS NULL OR c.change ->> 'path' ~ k.readable)
    AND (k.event IS NULL OR e.id < k.event OR (e.id = k.event AND c.n > k.position))
  ORDER BY e.id DESC, c.n LIMIT k.first) h
ORDER BY k.no, h.id DESC, h.n`;

export function createHistories(deps: {
  readonly db: Database;
  /** How long changes are kept, milliseconds. */
  readonly keptMs: number;
  readonly now?: () => number;
}): Histories {
  async function ofMany(requests: readonly HistoryRequest[]): Promise<readonly Page<ValueChangeView>[]> {
    const asked = requests.flatMap((request, at) => {
      const { mo, readable, after } = request;
      const [, id, position] = /^(\d{1,18})\.(\d{1,18})$/.exec(after ?? '') ?? [];
      const key = findDatabaseKey(mo.device);
      if (key === undefined || (after !== undefined && id === undefined)) return [];
      if (readable !== 'ALL' && readable.length === 0) return [];
      return [{ ...request, at, key, id: id ?? null, position: position ?? null }];
    });
    const rows =
      asked.length === 0
        ? []
        : await deps.db.sql.query<Row>(HISTORY, [
            asked.map(({ key }) => key),
            asked.map(({ mo }) => mo.family),
            asked.map(({ mo }) => mo.miid),
            new Date((deps.now ?? Date.now)() - deps.keptMs),
            asked.map(({ path }) => path.replace(/\0/g, '')),
            asked.map(({ readable }) => (readable === 'ALL' ? null : expressionOf(readable))),
            asked.map(({ id }) => id),
            asked.map(({ position }) => position),
            asked.map(({ first }) => first + 1),
          ]);
    const found = new Map<number, Row[]>(asked.map(({ at }) => [at, []]));
    for (const row of rows) found.get(asked[Number(row.no) - 1]?.at ?? -1)?.push(row);
    return requests.map(({ first }, at) =>
      pageOf(found.get(at) ?? [], first, ({ id: event, n, at: time, change, more }) => ({
        id: `${event}.${n}`,
        at: time,
        change,
        more,
      })),
    );
  }

  return {
    ofMany,
    of: async (mo, path, readable, first, after) =>
      (await ofMany([{ mo, path, readable, first, after }]))[0] ?? { items: [], hasNext: false },
  };
}

/** A regular expression of PostgreSQL for the paths that some patterns cover: names joined by `/`, `*` for any one name. */
export function expressionOf(patterns: readonly string[]): string {
  const names = (pattern: string): string =>
    pattern
      .split('/')
      .map((name) => (name === '*' ? '[^/]+' : name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')))
      .join('/');
  return `^(?:${patterns.map(names).join('|')})(?:/|$)`;
}
