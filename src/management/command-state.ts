/**
 * The life of commands and operations: pure transitions over an operation as it was loaded.
 * The states are those of the API; docs/queue.md draws them.
 */
import type { Outcome } from '../../adapters/adapter';
import type { ActiveOperationRow } from '../store/turn-load';
import type { CommandChange, OperationChange } from '../store/turn-apply';
import { asCheck, checkStepOf } from './lost-answer';
import { hasPage } from './show-page';
import type { CommandState, OperationState } from './types';

/** What may become of a command; an ended one stays what it is. docs/queue.md says what brings each about. */
export const COMMAND_TRANSITIONS: Readonly<Record<CommandState, readonly CommandState[]>> = {
  QUEUED: ['SENT', 'ANSWERED', 'SKIPPED', 'EXPIRED', 'CANCELLED', 'SUPERSEDED', 'IN_DOUBT'],
  SENT: ['ACCEPTED', 'ANSWERED', 'QUEUED', 'SKIPPED', 'CANCELLED', 'IN_DOUBT'],
  ACCEPTED: ['ANSWERED'],
  ANSWERED: [],
  SKIPPED: [],
  EXPIRED: [],
  CANCELLED: [],
  SUPERSEDED: [],
  IN_DOUBT: [],
};

/** What may become of an operation, which follows from its commands ({@link stateOf}); an ended one stays what it is. */
export const OPERATION_TRANSITIONS: Readonly<Record<OperationState, readonly OperationState[]>> = {
  QUEUED: ['NOTIFIED', 'RUNNING', 'FAILED', 'IN_DOUBT', 'CANCELLED', 'EXPIRED', 'SUPERSEDED'],
  NOTIFIED: ['QUEUED', 'RUNNING', 'FAILED', 'IN_DOUBT', 'CANCELLED', 'EXPIRED', 'SUPERSEDED'],
  RUNNING: ['QUEUED', 'SUCCEEDED', 'FAILED', 'IN_DOUBT', 'CANCELLED', 'EXPIRED'],
  SUCCEEDED: [],
  FAILED: [],
  IN_DOUBT: [],
  CANCELLED: [],
  EXPIRED: [],
  SUPERSEDED: [],
};

/** Sent again at most this often when no answer came. */
export const MAX_ATTEMPTS = 3;

/** Whether nothing can happen to a command any more. */
export function isEnded(state: string): boolean {
  return COMMAND_TRANSITIONS[state as CommandState].length === 0;
}

/** Name of a command between the middle and an adapter, and its correlator. */
export function commandId(operation: string, position: number): string {
  return `${operation}.${position}`;
}

export interface LiveCommand {
  readonly position: number;
  readonly kind: string;
  state: CommandState;
  readonly moid: string | null;
  readonly family: string | null;
  miid: string | null;
  readonly path: string;
  readonly uri: string | null;
  request: Record<string, unknown>;
  readonly repeatable: boolean;
  outcome: Outcome | null;
  /** First octets of its stored value, where they were loaded. */
  head?: Uint8Array;
}

/** An operation in memory during a turn. Changes are gathered, once per command, until they are taken. */
export class LiveOperation {
  readonly id: string;
  readonly atomic: boolean;
  /** Its commands travel together, in order. */
  readonly sequence: boolean;
  readonly onFailure: 'STOP' | 'CONTINUE';
  readonly expiresAt: number;
  readonly cancelRequested: boolean;
  readonly commands: LiveCommand[];
  #state: OperationState;
  #stored: OperationState;
  readonly #changes = new Map<number, CommandChange>();

  constructor(row: ActiveOperationRow) {
    this.id = row.id;
    this.atomic = row.atomic;
    this.sequence = row.sequence === true;
    this.onFailure = row.onFailure;
    this.expiresAt = Date.parse(row.expiresAt);
    this.cancelRequested = row.cancelRequested;
    this.#state = row.state as OperationState;
    this.#stored = this.#state;
    this.commands = row.commands.map((c) => ({
      ...c,
      state: c.state as CommandState,
      outcome: c.outcome as Outcome | null,
    }));
  }

  get state(): OperationState {
    return this.#state;
  }
  /** Whether its commands come to the device together or not at all. */
  get isGroup(): boolean {
    return (this.atomic || this.sequence) && this.commands.length > 1;
  }
  get isEnded(): boolean {
    return this.commands.every((c) => isEnded(c.state));
  }

  command(position: number): LiveCommand | undefined {
    return this.commands.find((c) => c.position === position);
  }

  /** It is in the reply that is being made, for the first time or once more. */
  sent(command: LiveCommand, carrier: string, miid: string | null): void {
    if (command.state !== 'SENT' && !this.#move(command, 'SENT')) return;
    command.miid ??= miid;
    this.#change(command, { carrier, sent: true, miid: command.miid, request: command.request });
  }

  accepted(command: LiveCommand, code: number): void {
    if (this.#move(command, 'ACCEPTED')) this.#change(command, { code });
  }

  /** @returns false when the command had ended before: the answer came too late and changes nothing */
  answered(
    command: LiveCommand,
    answer: {
      outcome: Outcome;
      code?: number;
      error?: string;
      result?: unknown;
      meta?: unknown;
      /** What it asked was changed with its answer. */
      withRequest?: boolean;
    },
  ): boolean {
    if (!this.#move(command, 'ANSWERED')) return false;
    // A delete that was sent again finds nothing when the first one had worked.
    const isDone = answer.outcome === 'NOT_FOUND' && command.kind === 'delete' && timesUnanswered(command) > 0;
    command.outcome = isDone ? 'OK' : answer.outcome;
    this.#change(command, {
      outcome: command.outcome,
      code: answer.code ?? null,
      error: isDone ? null : (answer.error ?? null),
      result: answer.result,
      meta: answer.meta,
      ...(answer.withRequest === true ? { request: command.request } : {}),
      answered: true,
    });
    if (command.outcome !== 'OK') this.#stop();
    return true;
  }

  /** It is in the reply by another operation's equal read, whose answer is its own. */
  sentWith(command: LiveCommand, other: string, carrier: string, miid: string | null): void {
    command.request = { ...command.request, joined: other };
    this.sent(command, carrier, miid);
  }

  /** A newer write of the same node is sent in its place. */
  supersede(command: LiveCommand): void {
    if (command.state !== 'QUEUED' || !this.#move(command, 'SUPERSEDED')) return;
    this.#change(command, { error: 'a newer replace of the same node was sent in its place' });
  }

  /** What was to tell whether it was executed told it not. */
  doubt(command: LiveCommand, message: string): void {
    this.#doubt(command, message);
  }

  /** The device named the instance that a command made. */
  named(command: LiveCommand, miid: string): void {
    if (command.miid !== null) return;
    command.miid = miid;
    this.#change(command, { miid });
  }

  /** What was sent may or may not have been executed. What the device accepted is still waited for. */
  unanswered(command: LiveCommand, message: string): void {
    if (command.state !== 'SENT') return;
    // Whether its page came before a person, the page itself tells.
    if (hasPage(command.request) && !command.repeatable) {
      if (this.#move(command, 'ACCEPTED')) this.#change(command, {});
      return;
    }
    const attempts = timesUnanswered(command) + 1;
    command.request = { ...alone(command.request), attempts };
    if (!this.isGroup) command.request = asCheck(command) ?? command.request;
    if (!this.#mayRepeat(command) || attempts > MAX_ATTEMPTS) this.#doubt(command, message);
    else if (this.cancelRequested) this.#finish(command, 'CANCELLED');
    else if (this.#move(command, 'QUEUED')) this.#change(command, { request: command.request });
  }

  /** What was surely not executed goes back into the queue, unless its operation was cancelled or has stopped meanwhile. */
  requeue(command: LiveCommand): void {
    if (command.state !== 'SENT') return;
    command.request = alone(command.request);
    if (this.cancelRequested) this.#finish(command, 'CANCELLED');
    else if (this.#hasStopped || this.#isBroken) this.#finish(command, 'SKIPPED');
    else if (this.#move(command, 'QUEUED')) this.#change(command, { request: command.request });
  }

  /** Ends what is in the queue. */
  end(state: 'EXPIRED' | 'CANCELLED' | 'SKIPPED'): void {
    for (const command of this.commands) if (command.state === 'QUEUED') this.#finish(command, state);
  }

  /** What changed since it was last asked, the operation's own state included. */
  take(): { commands: CommandChange[]; operation?: OperationChange } {
    const commands = [...this.#changes.values()];
    this.#changes.clear();
    this.#state = stateOf(this.commands);
    if (this.#state === this.#stored) return { commands };
    this.#stored = this.#state;
    return { commands, operation: { id: this.id, state: this.#state, ended: this.isEnded } };
  }

  /** A command failed or is in doubt, and nothing of the operation is to follow it. */
  get #hasStopped(): boolean {
    return (
      this.onFailure === 'STOP' &&
      this.commands.some((c) => c.state === 'IN_DOUBT' || (c.state === 'ANSWERED' && c.outcome !== 'OK'))
    );
  }

  /** An atomic group of which a part has ended: the rest is never sent alone. */
  get #isBroken(): boolean {
    return this.atomic && this.commands.some((c) => isEnded(c.state));
  }

  #stop(): void {
    if (this.onFailure === 'STOP') this.end('SKIPPED');
  }

  /** Ends a command that is not answered: in doubt where an earlier sending of a write may have reached the device. */
  #finish(command: LiveCommand, state: 'EXPIRED' | 'CANCELLED' | 'SKIPPED'): void {
    if (timesUnanswered(command) > 0 && isWrite(command.kind) && !isReadOfCopy(command)) {
      this.#doubt(command, 'it was sent, the device never answered, and it was not to be sent again');
    } else if (this.#move(command, state)) this.#change(command, {});
  }

  #doubt(command: LiveCommand, message: string): void {
    if (!this.#move(command, 'IN_DOUBT')) return;
    this.#change(command, { error: message, answered: true });
    this.#stop();
  }

  #mayRepeat(command: LiveCommand): boolean {
    const group = this.atomic ? this.commands : [command];
    const mayRepeat = (c: LiveCommand): boolean =>
      c.repeatable ||
      isReadOfCopy(c) ||
      checkStepOf(c) !== undefined ||
      !['add', 'copy', 'exec', 'show'].includes(c.kind);
    return !this.#isBroken && group.every(mayRepeat);
  }

  #move(command: LiveCommand, to: CommandState): boolean {
    if (!COMMAND_TRANSITIONS[command.state].includes(to)) return false;
    command.state = to;
    return true;
  }

  #change(command: LiveCommand, change: Partial<CommandChange>): void {
    this.#changes.set(command.position, {
      ...this.#changes.get(command.position),
      ...change,
      operation: this.id,
      position: command.position,
      state: command.state,
    });
  }
}

/** Whether a command is a copy whose first step, a read, is what the device gets. */
export function isReadOfCopy(command: LiveCommand): boolean {
  return command.kind === 'copy' && command.request['step'] === 'READ';
}

/** The read of another operation that a read was sent with; undefined: it was sent by itself. */
export function joinedTo({ request }: Pick<LiveCommand, 'request'>): string | undefined {
  return typeof request['joined'] === 'string' ? request['joined'] : undefined;
}

/** A request that is no part of another's any more. */
function alone({ joined: _, ...request }: Record<string, unknown>): Record<string, unknown> {
  return request;
}

/** Whether a command changes something on the device. */
export function isWrite(kind: string): boolean {
  return kind !== 'get' && kind !== 'getAcl' && kind !== 'getAccess';
}

/** How often it was sent and nothing came back. */
export function timesUnanswered(command: LiveCommand): number {
  return typeof command.request['attempts'] === 'number' ? command.request['attempts'] : 0;
}

/** An operation's state is the first that fits: in doubt, failed, cancelled, expired, superseded, succeeded. */
export function stateOf(
  commands: readonly { readonly state: string; readonly outcome: string | null }[],
): OperationState {
  const has = (state: CommandState): boolean => commands.some((c) => c.state === state);
  if (!commands.every((c) => isEnded(c.state))) {
    const isUntouched = commands.every((c) => c.state === 'QUEUED' || c.state === 'SKIPPED');
    return isUntouched ? 'QUEUED' : 'RUNNING';
  }
  if (has('IN_DOUBT')) return 'IN_DOUBT';
  if (commands.some((c) => c.state === 'ANSWERED' && c.outcome !== 'OK')) return 'FAILED';
  if (has('CANCELLED')) return 'CANCELLED';
  if (has('EXPIRED')) return 'EXPIRED';
  if (has('SUPERSEDED')) return 'SUPERSEDED';
  return 'SUCCEEDED';
}
