/** Commands that share the fate of others on the wire: known again from what is stored, or made by the package at hand. */
import type { Effect } from '../../adapters/adapter';
import { joinedTo, type LiveCommand, type LiveOperation } from './command-state';
import type { Shared, Taken } from './sharing';
import { storableText } from './tree';

/** What a message or a reply tells of one command. */
export type CommandEffect = Extract<
  Effect,
  { kind: 'commandSent' | 'commandAccepted' | 'commandAnswered' | 'commandUnanswered' | 'commandNotExecuted' }
>;

export class Companions {
  readonly #joined = new Map<string, Taken[]>();
  readonly #superseded = new Map<string, readonly Taken[]>();

  /** An operation that is under way: some of its reads may have been sent with others. */
  know(operation: LiveOperation): void {
    for (const command of operation.commands) {
      const other = joinedTo(command);
      if (other !== undefined) this.#join(other, [{ operation, command }]);
    }
  }

  /** @param id of the command that is about to be sent */
  add(id: string, { joined, supersedes }: Pick<Shared, 'joined' | 'supersedes'>): void {
    this.#join(id, joined);
    if (supersedes.length > 0) this.#superseded.set(id, supersedes);
  }

  /** Reads that have the answer of this one. */
  joinedTo(id: string): readonly Taken[] {
    return this.#joined.get(id) ?? [];
  }

  /** A command is in the reply: so are the reads that joined it, and the replaces whose place it takes are over. */
  sent(id: string, carrier: string, miid: string | null): void {
    for (const { operation, command } of this.joinedTo(id)) operation.sentWith(command, id, carrier, miid);
    for (const { operation, command } of this.#superseded.get(id) ?? []) operation.supersede(command);
  }

  #join(id: string, taken: readonly Taken[]): void {
    if (taken.length > 0) this.#joined.set(id, [...(this.#joined.get(id) ?? []), ...taken]);
  }
}

/** What becomes of a command that has no answer, or not the last. */
export function move(
  operation: LiveOperation,
  command: LiveCommand,
  effect: Exclude<CommandEffect, { kind: 'commandSent' | 'commandAnswered' }>,
): void {
  if (effect.kind === 'commandAccepted') operation.accepted(command, effect.code);
  else if (effect.kind === 'commandNotExecuted') operation.requeue(command);
  else operation.unanswered(command, storableText(effect.message ?? 'the device did not answer'));
}
