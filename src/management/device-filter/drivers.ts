/** Where a search for devices can begin: with the rows that an index finds, not with the devices. */
import type { FilterTree } from '../../../schema/ddf/predicate';
import { isText } from './condition-sql';
import type { DeviceCondition } from './condition';
import { textLiteral, type IndexedNodes } from './indexed-nodes';
import type { Parameters } from './parameters';
import { findableSql } from './tree-sql';

/** Whether the first of the statements gives exactly the devices that the condition holds of, where all values count. */
export function isFoundExactly(condition: DeviceCondition, indexes: IndexedNodes): boolean {
  if (condition.kind === 'tag') return true;
  if (condition.kind !== 'object') return false;
  const isExact = (tree: FilterTree): boolean => {
    if (tree.kind === 'all') return tree.of.length > 0 && tree.of.every(isExact);
    if (tree.kind !== 'test') return false;
    if (tree.operator === 'eq') return !tree.paths.includes('');
    const isRange = ['lt', 'lte', 'gt', 'gte'].includes(tree.operator) && typeof tree.value !== 'string';
    return isRange && tree.paths.every((path) => indexes.find(condition.family, path)?.kind === 'NUMBER');
  };
  return isExact(condition.tree);
}

/**
 * Statements that give a column `device_id`, each with at least the devices that the condition holds of, perhaps some of them
 * several times. Whatever may be read does not count here: the condition itself is asked of each device that is found.
 */
export function driversOf(
  condition: DeviceCondition,
  parameters: Parameters,
  indexes: IndexedNodes,
): readonly string[] {
  switch (condition.kind) {
    case 'all':
      return condition.of.flatMap((part) => driversOf(part, parameters, indexes));
    case 'any': {
      const firsts = condition.of.map((part) => driversOf(part, parameters, indexes)[0]);
      if (firsts.length === 0 || firsts.includes(undefined)) return [];
      return [firsts.join(' UNION ALL ')];
    }
    case 'tag':
      return isText(condition.tag)
        ? [`SELECT h.id AS device_id FROM device h WHERE h.tags @> ARRAY[${parameters.add(condition.tag, 'text')}]`]
        : [];
    case 'object': {
      const { family, tree } = condition;
      const found = findableSql(tree, family, 'h."values"', parameters, indexes);
      return found === undefined
        ? []
        : [`SELECT h.device_id FROM management_object h WHERE h.family = ${textLiteral(family)} AND ${found}`];
    }
    default:
      return [];
  }
}
