/** What a DM 1.x device was learned to lack. Pure. */
import type { Asked, Json, Lack } from '../adapter';
import { SHOW_FEATURES } from './session/interaction';
import { FEATURE_WRITES } from './session/tnds-write';

/** Undefined where nothing is known against the command. */
export function lackOf({ kind, prompt, whole }: Asked, features: Readonly<Record<string, Json>>): Lack | undefined {
  if (kind === 'show' && prompt !== undefined && features[SHOW_FEATURES[prompt]] === false)
    return { feature: SHOW_FEATURES[prompt], reason: `the device refuses prompts of the type ${prompt}` };
  if (kind === 'replace' && whole === true && features[FEATURE_WRITES] === false)
    return { feature: FEATURE_WRITES, reason: 'the device takes no sub-tree as one document, which `whole` needs' };
  return undefined;
}
