/** What settling one status gives, and what several kinds of commands ask of the DDFs for it. */
import type { Context, Effect } from '../../adapter';
import type { Machine, Place } from './machine';

export interface Settled {
  readonly machine: Machine;
  readonly effects: readonly Effect[];
}

/** What the DDF says of an access; `undefined` for a node that no DDF describes. */
export function isAllowed(
  at: Place,
  access: 'Add' | 'Delete' | 'Exec' | 'Get' | 'Replace',
  context: Context,
): boolean | undefined {
  return context.ddf.node(at.moid, at.path)?.access.includes(access);
}
