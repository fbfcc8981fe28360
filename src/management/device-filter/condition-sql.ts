/** A condition on devices as a condition of a statement over the table `device`. */
import { findDatabaseKey } from '../../access/inputs';
import type { DeviceCondition } from './condition';
import { NO_INDEXES, type IndexedNodes } from './indexed-nodes';
import type { Places } from './parameters';
import { treeSql } from './tree-sql';
import { anyOf, seesFamily, type Sight } from './visible-sql';

/**
 * TRUE or FALSE for each device's row, never NULL.
 *
 * @param device alias of the row
 * @param sight  READ grants of whoever asks: what they do not cover counts as absent; absent: all counts
 * @param indexes nodes whose ranges are told by an index
 */
export function conditionSql(
  condition: DeviceCondition,
  device: string,
  parameters: Places,
  sight?: Pick<Sight, 'rules'>,
  indexes: IndexedNodes = NO_INDEXES,
): string {
  const fits = (other: DeviceCondition): string => conditionSql(other, device, parameters);
  const seen = sight === undefined ? undefined : { rules: sight.rules, device, fits };
  let objects = 0;
  const write = (it: DeviceCondition): string => {
    switch (it.kind) {
      case 'all':
        return it.of.length === 0 ? 'TRUE' : `(${it.of.map(write).join(' AND ')})`;
      case 'any':
        return anyOf(it.of.map(write));
      case 'not':
        return `(NOT ${write(it.of)})`;
      case 'deviceId':
        return `(${device}.device_id = ANY(${parameters.add(it.in.filter(isText), 'text[]')}))`;
      case 'tag':
        return isText(it.tag) ? `(${device}.tags @> ARRAY[${parameters.add(it.tag, 'text')}])` : 'FALSE';
      case 'account':
        return `(${device}.account_id = ${parameters.add(findDatabaseKey(it.id) ?? -1n, 'bigint')})`;
      case 'protocol':
        return `COALESCE(${device}.protocol = ${parameters.add(it.protocol, 'text')}, FALSE)`;
      case 'contact': {
        const bounds = [
          ...(it.since === undefined
            ? []
            : [`${device}.last_contact_at >= ${parameters.add(it.since, 'timestamptz')}`]),
          ...(it.before === undefined
            ? []
            : [`${device}.last_contact_at < ${parameters.add(it.before, 'timestamptz')}`]),
        ];
        return `COALESCE(${[`${device}.last_contact_at IS NOT NULL`, ...bounds].join(' AND ')}, FALSE)`;
      }
      case 'object': {
        const alias = `o${++objects}`;
        const visible = seesFamily(seen, it.family, parameters);
        const tree = treeSql(it.tree, it.family, `${alias}."values"`, parameters, seen, indexes);
        return `EXISTS (SELECT FROM management_object ${alias} WHERE ${alias}.device_id = ${device}.id
          AND ${alias}.family = ${parameters.add(it.family, 'text')} AND ${visible} AND ${tree})`;
      }
    }
  };
  return write(condition);
}

/** What the store can hold: what it cannot, no row has. */
export function isText(text: string): boolean {
  return !text.includes('\0');
}
