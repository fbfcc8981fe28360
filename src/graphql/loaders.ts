/** Look-ups that are gathered over a whole query: whatever the number of devices, one call for all of them. */
import DataLoader from 'dataloader';

import type { RequestContext } from './context';

/** Keys of one call. */
const MOST = 500;

const loaders = new WeakMap<RequestContext, Map<unknown, DataLoader<unknown, unknown>>>();

/**
 * The look-up of this request by `load`, which must be one function for all requests and gives one answer for each key, in
 * their order. Nothing is kept: a mutation may have changed it.
 */
export function gathered<Key, Value>(
  context: RequestContext,
  load: (keys: readonly Key[], context: RequestContext) => Promise<readonly Value[]>,
): DataLoader<Key, Value> {
  let own = loaders.get(context);
  if (own === undefined) loaders.set(context, (own = new Map<unknown, DataLoader<unknown, unknown>>()));
  let loader = own.get(load) as DataLoader<Key, Value> | undefined;
  if (loader === undefined) {
    loader = new DataLoader<Key, Value>((keys) => load(keys, context), { maxBatchSize: MOST, cache: false });
    own.set(load, loader as DataLoader<unknown, unknown>);
  }
  return loader;
}
