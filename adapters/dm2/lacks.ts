/** What a DM 2.0 device was learned to lack. Pure. */
import type { Asked, Json, Lack } from '../adapter';
import { SHOW_FEATURE } from './show';

/** Undefined where nothing is known against the command. */
export function lackOf({ kind }: Asked, features: Readonly<Record<string, Json>>): Lack | undefined {
  return kind === 'show' && features[SHOW_FEATURE] === false
    ? { feature: SHOW_FEATURE, reason: 'the device has no browser to show a page with' }
    : undefined;
}
