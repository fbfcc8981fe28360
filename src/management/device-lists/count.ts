/** How many devices a selection has. */
import { MADE_OF_INPUT, type Sql } from '../../store/sql';
import { NO_INDEXES, type IndexedNodes } from '../device-filter/indexed-nodes';
import { Parameters } from '../device-filter/parameters';
import { selectionSql, type DeviceSelection } from '../device-list';
import { bounded } from './bounded';
import { searchFor } from './search';

/** Beyond it nothing is counted one by one. */
export const COUNTED = 10_000;

export interface Counted {
  readonly value: bigint;
  /** Not: there are about so many, or at least. */
  readonly exact: boolean;
}

/**
 * Exact up to 10,000. Beyond, what the database's planner takes it to be; for a caller who may not read all devices, 10,000
 * itself: the planner knows of what everybody has.
 */
export async function countDevices(
  sql: Sql,
  selection: DeviceSelection,
  indexes: IndexedNodes = NO_INDEXES,
): Promise<Counted> {
  return bounded(sql, async (tx) => {
    const { text, values } = countStatement(selection, indexes);
    const [row] = await tx.query<{ n: string }>(text, values);
    const value = BigInt(row?.n ?? 0);
    if (value <= COUNTED) return { value, exact: true };
    if (selection.grants !== undefined || selection.reach !== undefined)
      return { value: BigInt(COUNTED), exact: false };
    const estimated = await estimate(tx, selection, indexes);
    return { value: estimated > value ? estimated : value, exact: false };
  });
}

export function countStatement(
  selection: DeviceSelection,
  indexes: IndexedNodes,
): { readonly text: string; readonly values: readonly unknown[] } {
  const search = searchFor(selection, indexes);
  const { which } = search;
  const most = COUNTED + 1;
  const parts = search.branches((gate, found) =>
    found === undefined
      ? `SELECT 1 FROM device d WHERE ${gate} AND ${which} LIMIT ${most}`
      : `SELECT 1 FROM ${found} h CROSS JOIN LATERAL (SELECT FROM device d WHERE d.id = h.device_id AND ${which} OFFSET 0) x WHERE ${gate} LIMIT ${most}`,
  );
  const all = parts.map((part) => `(${part})`).join(' UNION ALL ');
  return search.parameters.statement(
    `${MADE_OF_INPUT}${search.with()}SELECT count(*) AS n FROM (SELECT 1 FROM (${all}) a LIMIT ${most}) x`,
  );
}

async function estimate(tx: Sql, selection: DeviceSelection, indexes: IndexedNodes): Promise<bigint> {
  const parameters = new Parameters();
  const which = selectionSql(selection, parameters, indexes);
  const { text, values } = parameters.statement(
    `${MADE_OF_INPUT}EXPLAIN (FORMAT JSON) SELECT d.id FROM device d WHERE ${which}`,
  );
  const [row] = await tx.query<{ 'QUERY PLAN': readonly { readonly Plan?: { readonly 'Plan Rows'?: number } }[] }>(
    text,
    values,
  );
  return BigInt(Math.round(row?.['QUERY PLAN'][0]?.Plan?.['Plan Rows'] ?? 0));
}
