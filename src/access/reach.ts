/** The devices that some right reaches, as a condition of a statement. */
import { conditionSql } from '../management/device-filter/condition-sql';
import { findDatabaseKey } from './inputs';
import type { Reach } from './rights';

/** On a column with a device's key. */
export function sqlWithinReach(
  column: string,
  reach: Reach,
  parameter: (value: unknown, type: string) => string,
): string {
  if (reach.all) return 'TRUE';
  const { devices, accounts, tags } = keysOf(reach);
  const filters = new Map(reach.filters.map((filter) => [filter.key, filter.condition]));
  const fitting = [...filters.values()].map((condition) => ` OR ${conditionSql(condition, 'd', { add: parameter })}`);
  return `${column} IN (SELECT d.id FROM device d WHERE d.id = ANY(${parameter(devices, 'bigint[]')})
    OR d.account_id = ANY(${parameter(accounts, 'bigint[]')}) OR d.tags && ${parameter(tags, 'text[]')}${fitting.join('')})`;
}

function keysOf({ devices, accounts, tags }: Exclude<Reach, { readonly all: true }>): {
  readonly devices: bigint[];
  readonly accounts: bigint[];
  readonly tags: string[];
} {
  const keys = (texts: readonly string[]): bigint[] => texts.flatMap((text) => findDatabaseKey(text) ?? []);
  return { devices: keys(devices), accounts: keys(accounts), tags: [...tags] };
}
