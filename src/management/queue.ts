/**
 * Which queued commands a session takes in one package: pure.
 *
 * Replaces and gets in a row travel together. An add, delete, copy, exec or show waits until all before it were answered and
 * travels alone, as does an atomic group or a sequence; so does a command whose address overlaps a write before it, because a DM 1.x client
 * may execute the commands of one message in any order.
 */
import type { Outcome } from '../../adapters/adapter';
import { isWrite, type LiveCommand, type LiveOperation } from './command-state';
import { normaliseUri, rawName } from './places';

export type Resolution<T> = { readonly kind: 'ready'; readonly command: T } | { readonly kind: 'wait' } | Never;

/** The device can never take it. */
export interface Never {
  readonly kind: 'never';
  readonly reason: string;
  /** NOT_FOUND when left out. */
  readonly outcome?: Outcome;
}

export interface Picked<T> {
  readonly operation: LiveOperation;
  readonly command: LiveCommand;
  readonly ready: T;
  readonly atomic: boolean;
}

/**
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
  const picked: Picked<T>[] = [];
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
      if (picked.length >= limit) return { picked, more: true };
      if (picked.length > 0 && (isBarrier(command) || overlapsWrite(command, picked))) return { picked, more: true };
      const resolution = resolve(command, operation);
      if (resolution.kind === 'wait') return { picked, more: picked.length > 0 };
      if (resolution.kind === 'never') {
        // A failure may end what was picked of the operation, so what was picked is answered first.
        if (operation.onFailure === 'STOP' && picked.at(-1)?.operation === operation) return { picked, more: true };
        fail(operation, command, resolution);
        continue;
      }
      picked.push({ operation, command, ready: resolution.command, atomic: false });
      if (isBarrier(command)) return { picked, more: true };
    }
  }
  return { picked, more: false };
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
    group.push({ operation, command, ready: resolution.command, atomic: operation.atomic });
  }
  // A failure of one may have ended others of the operation.
  return group.filter(({ command }) => command.state === 'QUEUED');
}

function isBarrier(command: LiveCommand): boolean {
  return ['add', 'delete', 'copy', 'exec', 'show', 'setAcl', 'setAccess'].includes(command.kind);
}

function overlapsWrite<T>(command: LiveCommand, picked: readonly Picked<T>[]): boolean {
  return picked.some((p) => (isWrite(p.command.kind) || isWrite(command.kind)) && overlap(p.command, command));
}

/**
 * Whether one address is the other's or lies above it; addresses that cannot be compared count as overlapping. LocURIs are
 * compared without their case, for a device may not tell it.
 */
function overlap(a: LiveCommand, b: LiveCommand): boolean {
  if (a.uri !== null && b.uri !== null) return nests(uriPath(a.uri), uriPath(b.uri));
  if (a.family === null || b.family === null) return true;
  if (a.family !== b.family) return false;
  if (a.miid !== null && b.miid !== null && a.miid !== b.miid) return false;
  return nests(a.path, b.path);
}

function nests(a: string, b: string): boolean {
  return a === b || a === '' || b === '' || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

/** Names of a LocURI below the root, decoded where they are percent-encoded. */
function uriPath(uri: string): string {
  const normal = normaliseUri(uri);
  if (normal === '.') return '';
  return normal.slice(2).split('/').map(rawName).join('/').toLowerCase();
}
