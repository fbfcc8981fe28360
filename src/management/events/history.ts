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
}

interface Row {
  readonly id: string;
  readonly n: string;
  readonly at: Date;
  readonly change: ValueChange;
  readonly more: boolean;
}

const HISTORY = `SELECT e.id, c.n, e.at, c.change, (e.data ->> 'more')::boolean AS more
FROM event e CROSS JOIN LATERAL jsonb_array_elements(e.data -> 'changes') WITH ORDINALITY AS c(change, n)
WHERE e.type = 'valuesChanged' AND e.device_id = $1 AND e.data ->> 'family' = $2 AND e.data ->> 'miid' = $3 AND e.at >= $4::timestamptz
  AND ($5 = '' OR c.change ->> 'path' = $5 OR starts_with(c.change ->> 'path', $5 || '/'))
  AND ($6::text IS NULL OR c.change ->> 'path' ~ $6)
  AND ($7::bigint IS NULL OR e.id < $7 OR (e.id = $7 AND c.n > $8::bigint))
ORDER BY e.id DESC, c.n LIMIT $9`;

export function createHistories(deps: {
  readonly db: Database;
  /** How long changes are kept, milliseconds. */
  readonly keptMs: number;
  readonly now?: () => number;
}): Histories {
  return {
    async of({ device, family, miid }, path, readable, first, after) {
      const [, id, position] = /^(\d{1,18})\.(\d{1,18})$/.exec(after ?? '') ?? [];
      const key = findDatabaseKey(device);
      if (key === undefined || (after !== undefined && id === undefined)) return { items: [], hasNext: false };
      if (readable !== 'ALL' && readable.length === 0) return { items: [], hasNext: false };
      const rows = await deps.db.sql.query<Row>(HISTORY, [
        key,
        family,
        miid,
        new Date((deps.now ?? Date.now)() - deps.keptMs),
        path.replace(/\0/g, ''),
        readable === 'ALL' ? null : expressionOf(readable),
        id ?? null,
        position ?? null,
        first + 1,
      ]);
      return pageOf(rows, first, ({ id: event, n, at, change, more }) => ({ id: `${event}.${n}`, at, change, more }));
    },
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
