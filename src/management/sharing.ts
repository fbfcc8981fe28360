/**
 * What queued commands of several operations do for one another: equal reads share one command on the wire, and a replace
 * is not sent any more when a newer one of the same node goes out in its place. Pure.
 */
import { isWrite, timesUnanswered, type LiveCommand, type LiveOperation } from './command-state';
import { conflict, isSameAddress, reachesFar } from './overlap';
import type { StoredValue } from './stored-value';

/** A command with its operation. */
export interface Taken {
  readonly operation: LiveOperation;
  readonly command: LiveCommand;
}

/** What comes of others when a command is sent. */
export interface Shared extends Taken {
  /** Reads of other operations that its answer answers too. */
  readonly joined: Taken[];
  /** Replaces of others whose place it takes once it is sent. */
  readonly supersedes: readonly Taken[];
}

/** Whether the answer to one is the answer to the other: they read the same, with the same depth and properties. */
export function isSameRead(a: LiveCommand, b: LiveCommand): boolean {
  if (isWrite(a.kind) || a.kind !== b.kind || !isSameAddress(a, b)) return false;
  return ['depth', 'props', 'uncached'].every(
    (name) => JSON.stringify(a.request[name]) === JSON.stringify(b.request[name]),
  );
}

/**
 * Whether an older replace need not be sent when the newer one is, which comes after it in the queue: it is all of its
 * operation, never left the gateway without an answer, and both set one node's value, of one format and type.
 */
export function maySupersede(newer: Taken, older: Taken): boolean {
  const [a, b] = [older.command, newer.command];
  if (a.kind !== 'replace' || b.kind !== 'replace' || !isSameAddress(a, b)) return false;
  if (older.operation.commands.length !== 1 || a.state !== 'QUEUED' || timesUnanswered(a) > 0) return false;
  if (BigInt(newer.operation.id) <= BigInt(older.operation.id)) return false;
  const [was, is] = [valueOf(a), valueOf(b)];
  return was !== undefined && is !== undefined && was.f === is.f && was.m === is.m;
}

function valueOf({ request }: LiveCommand): StoredValue | undefined {
  return request['tree'] === undefined ? (request['value'] as StoredValue | undefined) : undefined;
}

/**
 * Adds to the picked reads the equal ones that are queued behind what ended the package: of other operations, where all
 * before them in their own has ended or is taken too, and no write that may change the answer lies between.
 */
export function joinLater(operations: readonly LiveOperation[], picked: readonly Shared[], now: number): void {
  const reads = new Map(picked.filter((p) => !isWrite(p.command.kind)).map((p) => [p.command, p]));
  if (reads.size === 0) return;
  const taken = new Set(picked.flatMap((p) => [p.command, ...[...p.joined, ...p.supersedes].map((j) => j.command)]));
  /** Those that came already and whose answer still holds. */
  const valid = new Set<Shared>();
  for (const operation of operations) {
    if (operation.expiresAt <= now || operation.cancelRequested) continue;
    let isFirst = !operation.isGroup;
    for (const command of operation.commands) {
      const read = reads.get(command);
      if (read !== undefined) valid.add(read);
      if (taken.has(command) || !['QUEUED', 'SENT', 'ACCEPTED'].includes(command.state)) continue;
      const same =
        isFirst && command.state === 'QUEUED' ? [...valid].find((p) => joins(operation, command, p)) : undefined;
      if (same !== undefined) {
        same.joined.push({ operation, command });
        continue;
      }
      isFirst &&= command.state === 'ACCEPTED' && operation.onFailure === 'CONTINUE';
      for (const p of valid) if (reachesFar(command) || conflict(command, p.command)) valid.delete(p);
    }
  }
}

/** Whether a read of an operation can be answered with one that was picked of another. */
export function joins(operation: LiveOperation, command: LiveCommand, picked: Shared): boolean {
  return picked.operation !== operation && isSameRead(picked.command, command);
}
