/** What of a document a caller may read, as conditions of a statement: a filter sees of each device what its caller sees. */
import { decodeName } from '../../../schema/ddf/library';
import type { GrantRule } from '../../access/rights';
import type { DeviceCondition } from './condition';
import type { Places } from './parameters';

/** A name on the way to a node: known, or an expression that gives the raw name of an entry. */
export type Step = string | { readonly sql: string };

export interface Sight {
  /** READ grants of the caller. */
  readonly rules: readonly GrantRule[];
  /** Alias of the device's row. */
  readonly device: string;
  /** A condition on that row, of grants by filter: it is of the whole device, whatever the caller may read of it. */
  readonly fits: (condition: DeviceCondition) => string;
}

/** Whether something of a family may be read on the device. */
export function seesFamily(sight: Sight | undefined, family: string, parameters: Places): string {
  if (sight === undefined) return 'TRUE';
  return anyOf(ofFamily(sight, family).map((rule) => onDevice(rule, sight, parameters)));
}

/**
 * Whether a node may be read: grants cover it, or lead to something below it that is there.
 *
 * @param path  encoded names and entries on the way to the node
 * @param value expression of the node's value
 */
export function seesNode(
  sight: Sight | undefined,
  family: string,
  path: readonly Step[],
  value: string,
  parameters: Places,
): string {
  if (sight === undefined) return 'TRUE';
  // Of a document of which anything may be read, the root is there.
  const root = path.length === 0 ? [`(jsonb_typeof(${value}) = 'object')`] : [];
  const ways = ofFamily(sight, family).flatMap((rule) => {
    const names = rule.path === null || rule.path === '' ? [] : rule.path.split('/');
    const matches = matchesOf(names, path, parameters);
    if (matches === undefined) return [];
    const below = names.slice(path.length);
    const there =
      below.length === 0
        ? []
        : [`jsonb_path_exists(${value}, ${parameters.add(jsonPath(below), 'jsonpath')}, '{}', true)`];
    return [`(${[onDevice(rule, sight, parameters), ...matches, ...there].join(' AND ')})`];
  });
  return anyOf([...root, ...ways]);
}

/** Conditions under which a pattern leads the way of a path; undefined where it cannot. */
function matchesOf(
  pattern: readonly string[],
  path: readonly Step[],
  parameters: Places,
): readonly string[] | undefined {
  const conditions: string[] = [];
  for (const [index, name] of pattern.entries()) {
    const step = path[index];
    if (step === undefined || name === '*') continue;
    if (typeof step === 'object') conditions.push(`${step.sql} = ${parameters.add(decodeName(name), 'text')}`);
    else if (step !== name) return undefined;
  }
  return conditions;
}

function jsonPath(names: readonly string[]): string {
  return `$${names.map((name) => (name === '*' ? '.*' : `.${JSON.stringify(decodeName(name))}`)).join('')}`;
}

function onDevice(
  { device, account, tag, filter }: GrantRule,
  { device: alias, fits }: Sight,
  parameters: Places,
): string {
  if (device !== null) return `${alias}.id = ${parameters.add(device, 'bigint')}`;
  if (account !== null) return `${alias}.account_id = ${parameters.add(account, 'bigint')}`;
  if (tag !== null) return `${alias}.tags @> ARRAY[${parameters.add(tag, 'text')}]`;
  return filter == null ? 'TRUE' : fits(filter.condition);
}

function ofFamily({ rules }: Sight, family: string): readonly GrantRule[] {
  return rules.filter((rule) => rule.family === null || rule.family === family);
}

export function anyOf(conditions: readonly string[]): string {
  if (conditions.length === 0) return 'FALSE';
  return conditions.includes('TRUE') ? 'TRUE' : `(${conditions.join(' OR ')})`;
}
