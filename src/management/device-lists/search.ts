/**
 * Where a search for devices begins. The planner's guess of how many rows a condition on documents has is often far off, and
 * with a LIMIT it would then walk over all devices for the few that fit. So the statement itself finds out: what an index
 * finds is looked at first, up to a bound, and only where there is more are devices walked over in order.
 */
import { EVERY_DEVICE, type DeviceCondition } from '../device-filter/condition';
import { driversOf, isFoundExactly } from '../device-filter/drivers';
import type { IndexedNodes } from '../device-filter/indexed-nodes';
import { Parameters } from '../device-filter/parameters';
import { selectionSql, type DeviceSelection } from '../device-list';

/** Rows of an index with which a search begins; with more, a walk finds a page soon enough. */
export const MOST_FOUND = 10_000;
/** Conditions of one filter that are tried as a beginning. */
const MOST_DRIVERS = 3;

export interface Search {
  readonly parameters: Parameters;
  readonly indexes: IndexedNodes;
  /** Condition on the row `d` of a device. */
  readonly which: string;
  /** Whether an index finds where to begin, or devices alone are looked at. */
  readonly isFast: boolean;
  /** Put before the statement: `WITH …`, or nothing; ends in a comma where more follows. */
  with(...more: readonly string[]): string;
  /**
   * Each way to search, of which one is taken: `found` is a relation with a column `device_id`, each device once; undefined
   * for a walk over all. `gate` must be a condition of that part.
   */
  branches(write: (gate: string, found: string | undefined) => string): readonly string[];
  /** The first of them alone, where the condition has such a beginning. `whichOfFound`: what is left to ask of its devices. */
  readonly quick?: { readonly hits: string; readonly found: string; readonly whichOfFound: string };
}

/** @param skipped beginnings that were tried before, and found too much */
export function searchFor(selection: DeviceSelection, indexes: IndexedNodes, skipped = 0): Search {
  const parameters = new Parameters();
  const which = selectionSql(selection, parameters, indexes);
  const condition = selection.condition ?? EVERY_DEVICE;
  const drivers = driversOf(condition, parameters, indexes).slice(skipped, MOST_DRIVERS);
  const hits = drivers.map((text, at) => `h${at} AS MATERIALIZED (${text} LIMIT ${MOST_FOUND + 1})`);
  const few = (at: number): string => `(SELECT count(*) FROM h${at}) <= ${MOST_FOUND}`;
  const many = drivers.map((_, at) => `(SELECT count(*) FROM h${at}) > ${MOST_FOUND}`);
  return {
    parameters,
    indexes,
    which,
    isFast: drivers.length + skipped > 0 || !asksObjects(condition),
    with: (...more) => (hits.length + more.length === 0 ? '' : `WITH ${[...hits, ...more].join(', ')} `),
    branches: (write) => [
      ...drivers.map((_, at) =>
        write([...many.slice(0, at), few(at)].join(' AND '), `(SELECT DISTINCT device_id FROM h${at})`),
      ),
      write(many.length === 0 ? 'TRUE' : many.join(' AND '), undefined),
    ],
    ...(hits[0] === undefined
      ? {}
      : {
          quick: {
            hits: hits[0],
            found: '(SELECT DISTINCT device_id FROM h0)',
            whichOfFound: seesAll(selection) && isFoundExactly(condition, indexes) ? 'TRUE' : which,
          },
        }),
  };
}

function seesAll({ grants, reach }: DeviceSelection): boolean {
  return grants === undefined && reach === undefined;
}

function asksObjects(condition: DeviceCondition): boolean {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.some(asksObjects);
    case 'not':
      return asksObjects(condition.of);
    default:
      return condition.kind === 'object';
  }
}
