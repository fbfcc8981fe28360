/** Grants by filter: which of their conditions a device fulfils. They are asked of the whole device, whatever the caller may read of it. */
import type { FilterScope, Rights, ScopedDevice } from '../../access/rights';
import { MADE_OF_INPUT, type Sql } from '../../store/sql';
import { conditionSql } from './condition-sql';
import { Parameters, type Places } from './parameters';

/** Keys of the filters that a device's row fulfils, as an expression of an array. */
export function fitsSql(filters: readonly FilterScope[], device: string, parameters: Places): string {
  const cases = filters.map(
    ({ key, condition }) =>
      `CASE WHEN ${conditionSql(condition, device, parameters)} THEN ${parameters.add(key, 'text')} END`,
  );
  return `array_remove(ARRAY[${cases.join(', ')}]::text[], NULL)`;
}

/**
 * The filters that devices fulfil, by the devices' keys. One statement for all of them where there is a filter, none where
 * there is none; whether the devices are there makes no difference to that.
 */
export async function fitsOf(
  sql: Sql,
  filters: readonly FilterScope[],
  devices: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (filters.length === 0) return new Map();
  const parameters = new Parameters();
  const { text, values } = parameters.statement(
    `${MADE_OF_INPUT}SELECT d.id, ${fitsSql(filters, 'd', parameters)} AS fits FROM device d
     WHERE d.id = ANY(${parameters.add(devices, 'bigint[]')})`,
  );
  const rows = await sql.query<{ readonly id: string; readonly fits: readonly string[] }>(text, values);
  return new Map(rows.map(({ id, fits }) => [String(id), fits]));
}

/** A device, or none, with what its grants by filter need to know of it. */
export async function fitted<T extends ScopedDevice>(sql: Sql, rights: Rights, device: T | null): Promise<T | null> {
  const [found = null] = await allFitted(sql, rights, device === null ? [] : [device]);
  return found;
}

export async function allFitted<T extends ScopedDevice>(
  sql: Sql,
  rights: Rights,
  devices: readonly T[],
): Promise<readonly T[]> {
  const { filters } = rights;
  if (filters.length === 0) return devices;
  const fits = await fitsOf(
    sql,
    filters,
    devices.flatMap(({ key }) => key ?? []),
  );
  return devices.map((device) => ({ ...device, fits: fits.get(device.key ?? '') ?? [] }));
}
