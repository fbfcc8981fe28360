/**
 * The life of commands and operations: pure transitions over an operation as it was loaded.
 * The states are those of the API; docs/queue.md draws them.
 */
import type { Outcome } from '../../adapters/adapter';
import type { ActiveOperationRow } from '../store/turn-load';
import type { CommandChange, OperationChange } from '../store/turn-apply';
import type { CommandState, OperationState } from './types';

const ENDED: ReadonlySet<string> = new Set<CommandState>([
  'ANSWERED',
  'SKIPPED',
  'EXPIRED',
  'CANCELLED',
  'SUPERSEDED',
  'IN_DOUBT',
]);
/** Sent again at most this often when no answer came. */
const MAX_ATTEMPTS = 3;

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
}

/** An operation in memory during a turn. Changes are gathered, once per command, until they are taken. */
export class LiveOperation {
  readonly id: string;
  readonly atomic: boolean;
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
  get isEnded(): boolean {
    return this.commands.every((c) => ENDED.has(c.state));
  }

  command(position: number): LiveCommand | undefined {
    return this.commands.find((c) => c.position === position);
  }

  sent(command: LiveCommand, carrier: string, miid: string | null): void {
    command.state = 'SENT';
    command.miid ??= miid;
    this.#change(command, { carrier, sent: true, miid: command.miid, request: command.request });
  }

  accepted(command: LiveCommand, code: number): void {
    command.state = 'ACCEPTED';
    this.#change(command, { code });
  }

  answered(
    command: LiveCommand,
    answer: { outcome: Outcome; code?: number; error?: string; result?: unknown; meta?: unknown },
  ): void {
    // A delete that was sent again finds nothing when the first one had worked.
    const isDone = answer.outcome === 'NOT_FOUND' && command.kind === 'delete' && attemptsOf(command) > 0;
    command.state = 'ANSWERED';
    command.outcome = isDone ? 'OK' : answer.outcome;
    this.#change(command, {
      outcome: command.outcome,
      code: answer.code ?? null,
      error: answer.error ?? null,
      result: answer.result,
      meta: answer.meta,
      answered: true,
    });
    if (command.outcome !== 'OK') this.#stop();
  }

  /** It may or may not have been executed. */
  unanswered(command: LiveCommand, message: string): void {
    const attempts = attemptsOf(command) + 1;
    if (!this.#mayRepeat(command) || attempts > MAX_ATTEMPTS) {
      command.state = 'IN_DOUBT';
      this.#change(command, { error: message, answered: true });
      this.#stop();
      return;
    }
    this.requeue(command, attempts);
  }

  /** Back into the queue; a cancelled operation's command ends instead. */
  requeue(command: LiveCommand, attempts = attemptsOf(command)): void {
    command.state = this.cancelRequested ? 'CANCELLED' : 'QUEUED';
    command.request = { ...command.request, attempts };
    this.#change(command, { request: command.request });
  }

  /** Replaces what a command asks, as between the two steps of an emulated copy. */
  rewrite(command: LiveCommand, request: Record<string, unknown>): void {
    command.request = request;
    command.state = 'QUEUED';
    this.#change(command, { request });
  }

  /** Ends what is not yet sent. */
  end(state: 'EXPIRED' | 'CANCELLED' | 'SKIPPED'): void {
    for (const command of this.commands) {
      if (command.state !== 'QUEUED') continue;
      command.state = state;
      this.#change(command, {});
    }
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

  #stop(): void {
    if (this.onFailure === 'STOP') this.end('SKIPPED');
  }

  #mayRepeat(command: LiveCommand): boolean {
    const group = this.atomic ? this.commands : [command];
    return group.every((c) => c.repeatable || !['add', 'copy', 'exec', 'show'].includes(c.kind));
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

function attemptsOf(command: LiveCommand): number {
  return typeof command.request['attempts'] === 'number' ? command.request['attempts'] : 0;
}

/** An operation's state is the first that fits: in doubt, failed, cancelled, expired, superseded, succeeded. */
export function stateOf(
  commands: readonly { readonly state: string; readonly outcome: string | null }[],
): OperationState {
  const has = (state: CommandState): boolean => commands.some((c) => c.state === state);
  if (!commands.every((c) => ENDED.has(c.state))) {
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
