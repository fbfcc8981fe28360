/** Writes what became of an operation outside a turn: by a caller's cancel, or by the clock. */
import type { Sql } from '../store/sql';
import { applyTurn } from '../store/turn-apply';
import type { LiveOperation } from './command-state';

/**
 * Stores the changes gathered in `live`, and the event of its new state. The device must be locked (`lockDevice`).
 *
 * @returns whether anything changed
 */
export async function settleOperation(tx: Sql, device: string, live: LiveOperation, now: Date): Promise<boolean> {
  const { commands, operation } = live.take();
  if (commands.length === 0 && operation === undefined) return false;
  const operations = operation === undefined ? [] : [operation];
  await applyTurn(tx, device, now, { commands, operations, documents: [], gone: [], alerts: [] });
  if (operation !== undefined) {
    await tx.query(
      `INSERT INTO event (device_id, type, data)
       VALUES ($1, $4, jsonb_build_object('operation', $2::text, 'state', $3::text, 'by', 'GATEWAY'))`,
      [device, live.id, operation.state, operation.ended ? 'operationEnded' : 'operationChanged'],
    );
  }
  return true;
}
