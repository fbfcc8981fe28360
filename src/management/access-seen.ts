/** What the answers to getAccess and setAccess tell of the access-control object. Pure. */
import type { Address, Effect, Tree } from '../../adapters/adapter';
import type { LiveCommand } from './command-state';
import { accessPath, accessTree, DAC_FAMILY } from './dac';
import type { LiveMo } from './ledger';
import type { AccessEntry } from './types';

/** The node of an instance in that object, with its entries that were read or taken; undefined for other commands. */
export function accessSeen(
  { kind, request }: LiveCommand,
  { moid, miid }: Extract<Address, { moid: string }>,
  { outcome, tree: read }: Pick<Extract<Effect, { kind: 'commandAnswered' }>, 'outcome' | 'tree'>,
  mos: readonly LiveMo[],
): { readonly at: Address; readonly tree: Tree } | undefined {
  if ((kind !== 'getAccess' && kind !== 'setAccess') || outcome !== 'OK' || miid === undefined) return undefined;
  const mo = mos.find(({ family }) => family === DAC_FAMILY);
  const tree = kind === 'getAccess' ? read : accessTree(miid, request['entries'] as readonly AccessEntry[]);
  if (mo === undefined || tree === undefined) return undefined;
  return { at: { moid: mo.moid, miid: mo.miid, path: accessPath(moid, miid) }, tree };
}
