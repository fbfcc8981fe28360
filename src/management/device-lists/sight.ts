/** What a list may see of devices, whose row is called `d`. */
import type { GrantRule } from '../../access/rights';
import { conditionSql } from '../device-filter/condition-sql';
import type { Places } from '../device-filter/parameters';
import type { Sight } from '../device-filter/visible-sql';

/** @param grants READ grants of the caller; absent: all counts */
export function sightOf(grants: readonly GrantRule[] | undefined, parameters: Places): Sight | undefined {
  if (grants === undefined) return undefined;
  return { rules: grants, device: 'd', fits: (condition) => conditionSql(condition, 'd', parameters) };
}
