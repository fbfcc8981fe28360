/** What a DM 2.0 device was learned to lack. Pure. */
import type { Asked, Json, Lack } from '../adapter';
import { SHOW_FEATURE } from './show';
import { SUB_FEATURE } from './subscribe';

const LACKS: Readonly<Record<string, Lack>> = {
  show: { feature: SHOW_FEATURE, reason: 'the device has no browser to show a page with' },
  subscribe: { feature: SUB_FEATURE, reason: 'the device does not tell of changes by itself' },
};

/** Undefined where nothing is known against the command. */
export function lackOf({ kind }: Asked, features: Readonly<Record<string, Json>>): Lack | undefined {
  const lack = LACKS[kind];
  return lack !== undefined && features[lack.feature] === false ? lack : undefined;
}
