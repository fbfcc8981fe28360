/**
 * Features of a client as its answers show them: what it lacks is not sent again, in this session or later.
 * Kept with the device and shown to callers; a value that is absent was never put to the test.
 *
 * - `CONT`, `GET`, `HPUT`, `HPOST`, `DEFAULT`, `SHOW`, `SUB`: false once answered 501 (uploads also 406)
 * - `query`: false once a read was refused with `lv` or `cv` and answered without
 * - `statusAligned`: false once statuses were fewer or more than commands
 * - `caching`: true once an instance came with a validator
 * - `bearer`: what the Session Information MO says of the connection
 */
import type { Effect, Json, Tree } from '../../adapter';
import type { Machine } from './machine';

export interface Learned {
  readonly machine: Machine;
  readonly effects: readonly Effect[];
}

/** The client does not have a feature. */
export function lacking(feature: string, evidence: string, machine: Machine): Learned {
  if (machine.lacks.includes(feature)) return { machine, effects: [] };
  return {
    machine: { ...machine, lacks: [...machine.lacks, feature] },
    effects: [{ kind: 'featureLearned', feature, value: false, evidence }],
  };
}

export const SESSION_INFORMATION = 'urn:oma:mo:oma-sessioninfomo:1.0';
const BEARERS: readonly string[] = ['OTHER', 'MOBILE', 'WIRELESS', 'WIRELINE'];

/** What the values of an MO tell of the client: its validator, its bearer. `known`: features as they are. */
export function featuresIn(
  { moid, tree, validator }: { readonly moid: string; readonly tree: Tree; readonly validator?: string },
  known: Readonly<Record<string, Json>>,
): readonly Effect[] {
  const effects: Effect[] = [];
  if (validator !== undefined && known['caching'] !== true) {
    effects.push({
      kind: 'featureLearned',
      feature: 'caching',
      value: true,
      evidence: `a validator came with ${moid}`,
    });
  }
  const bearer = moid === SESSION_INFORMATION ? bearerIn(tree) : undefined;
  if (bearer !== undefined && known['bearer'] !== bearer) {
    effects.push({ kind: 'featureLearned', feature: 'bearer', value: bearer, evidence: `CBT of ${moid}` });
  }
  return effects;
}

/** CBT: 0 other or unknown, 1 mobile, 2 wireless, 3 wireline. Source: OMA-TS-DM_Protocol-V2_0, 7.3.4. */
function bearerIn(tree: Tree): string | undefined {
  const value = tree.children?.find(({ name }) => name === 'CBT')?.value?.data;
  return value === undefined ? undefined : (BEARERS[Number(value)] ?? BEARERS[0]);
}
