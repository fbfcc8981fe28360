/** Lists of devices, by conditions that are put together. */
import { findDatabaseKey } from '../access/inputs';
import { sqlWithinReach } from '../access/reach';
import type { GrantRule, Reach } from '../access/rights';
import { MADE_OF_INPUT, type Sql } from '../store/sql';
import { EVERY_DEVICE, type DeviceCondition } from './device-filter/condition';
import { conditionSql } from './device-filter/condition-sql';
import { NO_INDEXES, type IndexedNodes } from './device-filter/indexed-nodes';
import { Parameters } from './device-filter/parameters';

/** Which devices, as far as their caller may know of them. */
export interface DeviceSelection {
  /** Absent: all. */
  readonly condition?: DeviceCondition;
  /** Devices whose existence the caller may know; absent: all. */
  readonly reach?: Reach;
  /** READ grants of the caller, which tell what of the values the condition may see; absent: all. */
  readonly grants?: readonly GrantRule[];
}

/** Condition of a statement over `device`, whose row is called `d`. */
export function selectionSql(
  { condition, reach, grants }: DeviceSelection,
  parameters: Parameters,
  indexes: IndexedNodes = NO_INDEXES,
): string {
  const sight = grants === undefined ? undefined : { rules: grants };
  const chosen = conditionSql(condition ?? EVERY_DEVICE, 'd', parameters, sight, indexes);
  const within =
    reach === undefined ? 'TRUE' : sqlWithinReach('d.id', reach, (value, type) => parameters.add(value, type));
  return `${chosen} AND ${within}`;
}

/** Keys of devices in order of registration. */
export async function deviceKeys(
  sql: Sql,
  selection: DeviceSelection,
  first: number,
  after?: string,
): Promise<readonly string[]> {
  const parameters = new Parameters();
  const which = selectionSql(selection, parameters);
  const from = after === undefined ? 0n : findDatabaseKey(after);
  if (from === undefined) return [];
  const { text, values } = parameters.statement(
    `${MADE_OF_INPUT}SELECT d.id FROM device d WHERE d.id > ${parameters.add(from, 'bigint')} AND ${which}
     ORDER BY d.id LIMIT ${parameters.add(first, 'bigint')}`,
  );
  return (await sql.query<{ id: string }>(text, values)).map(({ id }) => id);
}
