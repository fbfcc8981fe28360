/**
 * Which queued commands a session takes in one package: pure.
 *
 * Replaces and gets in a row travel together. An add, delete, copy, exec or show waits until all before it were answered and
 * travels alone, as does an atomic group or a sequence; so does a command whose address overlaps a write before it, because a DM 1.x client
 * may execute the commands of one message in any order. Equal reads of several operations travel as one, and a replace that
 * a newer one of the same node overtakes in the package is superseded by it (`sharing.ts`).
 */
import type { Outcome } from '../../adapters/adapter';
import type { LiveCommand, LiveOperation } from './command-state';
import { conflict } from './overlap';
import { joinLater, joins, maySupersede, type Shared } from './sharing';

export type Resolution<T> = { readonly kind: 'ready'; readonly command: T } | { readonly kind: 'wait' } | Never;

/** The device can never take it. */
export interface Never {
  readonly kind: 'never';
  readonly reason: string;
  /** NOT_FOUND when left out. */
  readonly outcome?: Outcome;
}

export interface Picked<T> extends Shared {
  readonly ready: T;
  readonly atomic: boolean;
}

/**
 * Nothing changes state but by `fail`: what is joined or superseded becomes so when the picked command is sent.
 *
 * @param limit   commands taken at most, those joined and superseded among them
 * @param resolve finds the command's address on the device: ready, not yet (its MOs are still being looked for), or never
 * @param fail    is told of commands that can never be sent; it may end others of the operation
 * @returns       `more`: what is left can be taken as soon as the picked commands are answered. What waits for discovery
 *                or for an answer is no reason to keep a session open: the adapter itself knows those.
 */
export function pickWork<T>(
  operations: readonly LiveOperation[],
  limit: number,
  now: number,
  resolve: (command: LiveCommand, operation: LiveOperation) => Resolution<T>,
  fail: (operation: LiveOperation, command: LiveCommand, never: Never) => void,
): { readonly picked: readonly Picked<T>[]; readonly more: boolean } {
  const taken = takePackage(operations, limit, now, resolve, fail);
  if (!taken.picked.some((p) => p.operation.isGroup)) joinLater(operations, taken.picked, now);
  return taken;
}

function takePackage<T>(
  operations: readonly LiveOperation[],
  limit: number,
  now: number,
  resolve: (command: LiveCommand, operation: LiveOperation) => Resolution<T>,
  fail: (operation: LiveOperation, command: LiveCommand, never: Never) => void,
): { readonly picked: readonly Picked<T>[]; readonly more: boolean } {
  let picked: Picked<T>[] = [];
  let count = 0;
  for (const operation of operations) {
    if (operation.expiresAt <= now || operation.cancelRequested) continue;
    if (operation.isGroup) {
      if (picked.length > 0) return { picked, more: true };
      const group = takeGroup(operation, resolve, fail);
      if (group === 'wait') return { picked, more: false };
      if (group.length > 0) return { picked: group, more: true };
      continue;
    }
    for (const command of operation.commands) {
      if (command.state === 'ACCEPTED' && operation.onFailure === 'STOP') break;
      if (command.state === 'SENT') return { picked, more: picked.length > 0 };
      if (command.state !== 'QUEUED') continue;
      if (count >= limit) return { picked, more: true };
      if (picked.length > 0 && isBarrier(command)) return { picked, more: true };
      const inTheWay = picked.filter((p) => conflict(p.command, command));
      const older = inTheWay.filter((p) => maySupersede({ operation, command }, p));
      if (older.length < inTheWay.length) return { picked, more: true };
      const same = picked.find((p) => joins(operation, command, p));
      if (same !== undefined) {
        same.joined.push({ operation, command });
        count += 1;
        continue;
      }
      const resolution = resolve(command, operation);
      if (resolution.kind === 'wait') return { picked, more: picked.length > 0 };
      if (resolution.kind === 'never') {
        // A failure may end what was picked of the operation, so what was picked is answered first.
        if (operation.onFailure === 'STOP' && isTakenFrom(operation, picked)) return { picked, more: true };
        fail(operation, command, resolution);
        continue;
      }
      picked = picked.filter((p) => !older.includes(p));
      const supersedes = older.flatMap((p) => [...p.supersedes, p]);
      picked.push({ operation, command, ready: resolution.command, atomic: false, joined: [], supersedes });
      count += 1;
      if (isBarrier(command)) return { picked, more: true };
    }
  }
  return { picked, more: false };
}

/** Whether something of the operation is on its way into the package, by itself or with another's. */
function isTakenFrom(operation: LiveOperation, picked: readonly Shared[]): boolean {
  return picked.some((p) => p.operation === operation || p.joined.some((j) => j.operation === operation));
}

function takeGroup<T>(
  operation: LiveOperation,
  resolve: (command: LiveCommand, operation: LiveOperation) => Resolution<T>,
  fail: (operation: LiveOperation, command: LiveCommand, never: Never) => void,
): Picked<T>[] | 'wait' {
  if (operation.commands.some((command) => command.state === 'SENT')) return 'wait';
  const group: Picked<T>[] = [];
  for (const command of operation.commands) {
    if (command.state !== 'QUEUED') continue;
    const resolution = resolve(command, operation);
    if (resolution.kind === 'wait') return 'wait';
    if (resolution.kind === 'never') {
      fail(operation, command, resolution);
      if (!operation.atomic) continue;
      // All or nothing: the others end unsent.
      operation.end('SKIPPED');
      return [];
    }
    group.push({
      operation,
      command,
      ready: resolution.command,
      atomic: operation.atomic,
      joined: [],
      supersedes: [],
    });
  }
  // A failure of one may have ended others of the operation.
  return group.filter(({ command }) => command.state === 'QUEUED');
}

/** Whether a command waits until all before it were answered, and travels alone. */
export function isBarrier(command: Pick<LiveCommand, 'kind'>): boolean {
  return ['add', 'delete', 'copy', 'exec', 'show', 'setAcl', 'setAccess'].includes(command.kind);
}
