/** A page of devices, by one statement. */
import { MADE_OF_INPUT } from '../../store/sql';
import type { IndexedNodes } from '../device-filter/indexed-nodes';
import type { DeviceSelection } from '../device-list';
import { keySql, type DeviceOrderKey, type KeySql, type Position } from './order';
import { LIST_COLUMNS } from './row';
import { MOST_FOUND, searchFor, type Search } from './search';

export interface PageRequest {
  /** Empty: by key, which is the order of registration. */
  readonly order: readonly DeviceOrderKey[];
  readonly first: number;
  readonly after?: Position;
}

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Whether an index gives what is asked for: else it may take as long as reading all devices does. */
  readonly isFast: boolean;
}

/** The page; `found` beyond this many means that the index found too much, and nothing was looked at. */
export { MOST_FOUND } from './search';

/**
 * The statement for a filter of which an index finds few devices, which is the one to try first: it is small, and planning it
 * takes as long as running it. Its rows have `found` beside the rest; one without `id` says that there are none.
 */
export function quickStatement(
  selection: DeviceSelection,
  request: PageRequest,
  indexes: IndexedNodes,
): Statement | undefined {
  const search = searchFor(selection, indexes);
  const { parameters, quick } = search;
  if (quick === undefined) return undefined;
  const keys = request.order.map((key) => keySql(key, parameters, selection.grants));
  const writer = new PageWriter(search, keys, request);
  const { text, values } = parameters.statement(
    `${MADE_OF_INPUT}WITH ${quick.hits} SELECT f.found, x.* FROM (SELECT count(*) AS found FROM h0) f
     LEFT JOIN LATERAL (${writer.amongFound(`f.found <= ${MOST_FOUND}`, quick.found, quick.whichOfFound)}) x ON TRUE ORDER BY ${writer.order('x')}`,
  );
  return { text, values, isFast: true };
}

/**
 * The statement's rows have the columns of a device, and `k0` … with what it is ordered by.
 *
 * @param skipped 1 after `quickStatement` found too much
 */
export function pageStatement(
  selection: DeviceSelection,
  request: PageRequest,
  indexes: IndexedNodes,
  skipped = 0,
): Statement {
  const search = searchFor(selection, indexes, skipped);
  const { parameters } = search;
  const keys = request.order.map((key) => keySql(key, parameters, selection.grants));
  const writer = new PageWriter(search, keys, request);
  const { text, values } = parameters.statement(MADE_OF_INPUT + writer.text());
  return {
    text,
    values,
    isFast: search.isFast && (keys.length === 0 || (keys.length === 1 && keys[0]?.walk !== undefined)),
  };
}

class PageWriter {
  private readonly limit: string;
  private readonly after: string | undefined;
  private readonly afterKey: string | undefined;
  private readonly isDescending: boolean;
  private readonly own = LIST_COLUMNS.map((name) => `d.${name}`).join(', ');

  constructor(
    private readonly search: Search,
    private readonly keys: readonly KeySql[],
    private readonly request: PageRequest,
  ) {
    const { parameters } = search;
    this.limit = parameters.add(request.first, 'bigint');
    this.isDescending = keys.at(-1)?.descending ?? false;
    this.afterKey = request.after && parameters.add(request.after.key, 'bigint');
    this.after = this.afterKey && this.isAfter('x');
  }

  text(): string {
    const ctes: string[] = [];
    const parts = this.search.branches((gate, found) =>
      found === undefined ? this.walk(gate, ctes) : this.amongFound(gate, found),
    );
    const all = parts.map((part) => `(${part})`).join(' UNION ALL ');
    return `${this.search.with(...ctes)}SELECT * FROM (${all}) x ORDER BY ${this.order('x')} LIMIT ${this.limit}`;
  }

  /** Of devices that an index found, each is looked at by its key. */
  amongFound(gate: string, found: string, which = this.search.which): string {
    // In order of their keys, no more of them are looked at than the page takes. OFFSET 0 keeps the planner from beginning
    // elsewhere.
    const inOrder = this.keys.length === 0;
    const rest = inOrder && this.afterKey ? ` WHERE h.device_id > ${this.afterKey}` : '';
    return `SELECT x.* FROM (SELECT h.device_id FROM ${found} h${rest} ORDER BY h.device_id) h CROSS JOIN LATERAL
        (SELECT ${this.columns()} FROM device d WHERE d.id = h.device_id AND ${which} OFFSET 0) x
      WHERE ${gate}${this.after && !inOrder ? ` AND ${this.after}` : ''} ORDER BY ${inOrder ? 'h.device_id' : this.order('x')} LIMIT ${this.limit}`;
  }

  /** @param ctes what the part names, put before the statement */
  private walk(gate: string, ctes: string[]): string {
    const { keys, limit } = this;
    const [key] = keys;
    if (key === undefined) {
      const rest = this.afterKey ? ` AND d.id > ${this.afterKey}` : '';
      return `SELECT ${this.own} FROM device d WHERE ${gate}${rest} AND ${this.search.which} ORDER BY d.id LIMIT ${limit}`;
    }
    if (keys.length > 1 || key.walk === undefined) {
      return `SELECT x.* FROM (SELECT ${this.columns()} FROM device d WHERE ${gate} AND ${this.search.which} OFFSET 0) x
        WHERE ${this.after ?? 'TRUE'} ORDER BY ${this.order('x')} LIMIT ${limit}`;
    }
    // Those with a value, then those without.
    const value = this.request.after?.values[0];
    const isPast = this.request.after !== undefined && value === null;
    const withValue = key.walk === 'node' ? this.walkNode(key, gate) : this.walkColumn(key, gate);
    if (!key.mayBeNull) return withValue;
    if (isPast) return this.withoutValue(key, gate);
    ctes.push(`valued AS MATERIALIZED (${withValue})`);
    return `SELECT * FROM valued WHERE ${gate} UNION ALL (${this.withoutValue(key, `${gate} AND (SELECT count(*) FROM valued) < ${limit}`, true)})`;
  }

  private walkColumn({ ofDevice, type, mayBeNull }: KeySql, gate: string): string {
    const there = mayBeNull ? ` AND ${ofDevice} IS NOT NULL` : '';
    const { direction, limit } = this;
    return `SELECT ${this.columns()} FROM device d WHERE ${gate}${there}${this.beyond(ofDevice, 'd.id', type)} AND ${this.search.which}
      ORDER BY ${ofDevice}${direction}, d.id${direction} LIMIT ${limit}`;
  }

  private walkNode(key: KeySql, gate: string): string {
    const { value, counts } = this.instance(key, 'w');
    const other = this.instance(key, 'v');
    const { direction, limit } = this;
    // A device stands where its first instance does.
    const isBefore = `(${other.value} ${direction === '' ? '<' : '>'} ${value} OR (${other.value} = ${value} AND v.miid < w.miid))`;
    return `SELECT ${this.own}, ${value} AS k0 FROM management_object w JOIN device d ON d.id = w.device_id
      WHERE ${gate} AND ${counts}${this.beyond(value, 'w.device_id', key.type)} AND ${this.search.which}
        AND NOT EXISTS (SELECT FROM management_object v WHERE v.device_id = w.device_id AND v.miid <> w.miid AND ${other.counts} AND ${isBefore})
      ORDER BY ${value}${direction}, w.device_id${direction} LIMIT ${limit}`;
  }

  private withoutValue(key: KeySql, gate: string, fromStart = false): string {
    const absent =
      key.walk === 'node'
        ? `NOT EXISTS (SELECT FROM management_object w WHERE w.device_id = d.id AND ${this.instance(key, 'w').counts})`
        : `${key.ofDevice} IS NULL`;
    const rest = !fromStart && this.afterKey ? ` AND d.id ${this.sign} ${this.afterKey}` : '';
    return `SELECT ${this.own}, NULL::${key.type}${key.collate} AS k0 FROM device d WHERE ${gate}${rest} AND ${absent} AND ${this.search.which}
      ORDER BY d.id${this.direction} LIMIT ${this.limit}`;
  }

  private instance(key: KeySql, alias: string): { readonly value: string; readonly counts: string } {
    if (key.instance === undefined) throw new TypeError('no order by a node');
    return key.instance(alias);
  }

  /** Beyond the last device of the page before, as one range of an index. */
  private beyond(value: string, id: string, type: string): string {
    const last = this.request.after?.values[0];
    if (this.afterKey === undefined || last === null || last === undefined) return '';
    return ` AND (${value}, ${id}) ${this.sign} (${this.search.parameters.add(last, type)}, ${this.afterKey})`;
  }

  private get direction(): string {
    return this.isDescending ? ' DESC' : '';
  }

  private get sign(): string {
    return this.isDescending ? '<' : '>';
  }

  private columns(): string {
    return [this.own, ...this.keys.map(({ ofDevice }, at) => `${ofDevice} AS k${at}`)].join(', ');
  }

  order(alias: string): string {
    const own = this.keys.map(({ descending }, at) => `${alias}.k${at}${descending ? ' DESC' : ''} NULLS LAST`);
    return [...own, `${alias}.id${this.direction}`].join(', ');
  }

  /** Whether a row comes after the last device of the page before: nothing comes after the absent but the absent. */
  private isAfter(alias: string): string {
    const values = this.request.after?.values ?? [];
    const same: string[] = [];
    const ways: string[] = [];
    for (const [at, { descending, type, mayBeNull }] of this.keys.entries()) {
      const own = `${alias}.k${at}`;
      const value = values[at] ?? null;
      if (value === null) {
        same.push(`${own} IS NULL`);
        continue;
      }
      const place = this.search.parameters.add(value, type);
      const beyond = `${own} ${descending ? '<' : '>'} ${place}`;
      ways.push([...same, mayBeNull ? `(${beyond} OR ${own} IS NULL)` : beyond].join(' AND '));
      same.push(`${own} = ${place}`);
    }
    ways.push([...same, `${alias}.id ${this.sign} ${this.afterKey}`].join(' AND '));
    return `(${ways.map((way) => `(${way})`).join(' OR ')})`;
  }
}
