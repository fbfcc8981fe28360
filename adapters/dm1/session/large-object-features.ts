import type { Effect } from '../../adapter';
import { canonical } from '../addressing';
import type { StoredItem } from './machine';

/** Feature under which it is remembered what the device says of itself in DevDetail/LrgObj. */
export const FEATURE_LARGE_OBJECTS = 'dm1.largeObjects';
/** Feature of a device that says it takes large objects and keeps the first chunk as the whole value. */
export const FEATURE_TRUNCATES = 'dm1.truncatesLargeObjects';

/** What the device tells of its large objects in the answer to a Get. */
export function largeObjectsTold(item: StoredItem): readonly Effect[] {
  if (canonical(item.uri) !== './DevDetail/LrgObj') return [];
  const told = (item.value as { readonly data?: unknown } | null)?.data;
  if (typeof told !== 'boolean') return [];
  const evidence = `DevDetail/LrgObj is ${String(told)}`;
  return [{ kind: 'featureLearned', feature: FEATURE_LARGE_OBJECTS, value: told, evidence }];
}
