/** Tests of the values documents of management objects, for a store to turn into its own language. */

export type FilterOperator = 'eq' | 'ne' | 'in' | 'lt' | 'lte' | 'gt' | 'gte' | 'startsWith' | 'contains' | 'exists';

/** A value as values documents hold it; integers beyond 2^53−1 are bigints here and decimal text there. */
export type FilterValue = string | number | bigint | boolean | readonly FilterValue[];

/**
 * A predicate over one instance's values document. Paths are below the MO's root, or below the entry where a test stands in
 * `entries`: raw names joined by `/` ('' is the root or the entry itself). Several paths are spellings of one node, of which
 * an instance has one.
 *
 * - `all` of nothing holds, `any` of nothing does not
 * - `test`: `exists` with a Boolean (false holds where no path is there); `in` with a list; anything else fails where the node is absent
 * - `entries`: the children of the node at `paths` but for those called as in `except`; leaves or interior nodes. `every` and
 *   `none` hold where there is no entry
 * - `name`: tests the name of the entry, within `entries` only
 */
export type FilterTree =
  | { readonly kind: 'all' | 'any'; readonly of: readonly FilterTree[] }
  | { readonly kind: 'not'; readonly of: FilterTree }
  | {
      readonly kind: 'test';
      readonly family: string;
      readonly paths: readonly string[];
      readonly operator: FilterOperator;
      readonly value: FilterValue;
    }
  | {
      readonly kind: 'entries';
      readonly quantifier: 'some' | 'every' | 'none';
      readonly family: string;
      readonly paths: readonly string[];
      readonly except: readonly string[];
      readonly areLeaves: boolean;
      readonly of: FilterTree;
    }
  | { readonly kind: 'name'; readonly operator: FilterOperator; readonly value: FilterValue };
