/** Applies what a message meant, and tells which values it changed. */
import type { Sql } from '../store/sql';
import { applyTurn, hasChanges, type EventWrite, type TurnChanges } from '../store/turn-apply';
import { valuesChanged } from './events/values-changed';

/**
 * Stores changes to one device that is locked, in one statement, or none where there are none.
 *
 * @param isBootstrapped the device took its account anew
 * @returns the events of what changed, for the caller to write in the same transaction
 */
export async function applyChanges(
  tx: Sql,
  deviceKey: string,
  now: Date,
  changes: TurnChanges,
  isBootstrapped = false,
): Promise<readonly EventWrite[]> {
  if (!hasChanges(changes) && !isBootstrapped) return [];
  return valuesChanged(changes.documents, await applyTurn(tx, deviceKey, now, changes, isBootstrapped));
}
