/**
 * Which of the loaded commands go into the next Package#2, in their order. A client executes them one after another, so
 * nothing may overtake a write that waits for its probe.
 */
import type { Command, Context, Effect } from '../../adapter';
import type { PackageCommand } from '../package';
import { carry } from './carry';
import { beginReading, nextReads } from './first-reading';
import type { Machine, Place, SentEntry } from './machine';

export const COMMANDS_A_PACKAGE = 32;

export interface Packed {
  readonly machine: Machine;
  readonly commands: readonly PackageCommand[];
  readonly entries: readonly SentEntry[];
  readonly effects: readonly Effect[];
  /** Commands that ended without being sent. */
  readonly answered: number;
}

export function pack(work: readonly Command[], before: Machine, context: Context): Packed {
  const single = before.misaligned || context.device?.features['statusAligned'] === false;
  const groups = atomicGroups(work);
  const commands: PackageCommand[] = [];
  const entries: SentEntry[] = [];
  const effects: Effect[] = [];
  const probing: Place[] = [];
  let machine = before;
  let answered = 0;
  let changes = 0;

  for (const command of work) {
    if (command.kind === 'discover') {
      machine = beginReading(command, machine, context);
      continue;
    }
    if (entries.length >= COMMANDS_A_PACKAGE) break;
    if (command.atomic !== undefined && (groups.get(command.atomic) ?? 0) > 1) {
      const message = 'DM 2.0 keeps no group of commands whole';
      effects.push({ kind: 'commandAnswered', command: command.id, outcome: 'UNSUPPORTED', message });
      answered += 1;
      continue;
    }

    const carried = carry(command, machine, context);
    if (carried.kind === 'probed') {
      if (probing.some((place) => overlaps(place, carried.at))) break;
      probing.push(carried.at);
      if (carried.item !== undefined) effects.push(carried.item);
      commands.push(carried.command);
      entries.push(carried.entry);
      continue;
    }
    if (probing.length > 0) break;
    machine = withoutProbe(machine, command.id);
    if (carried.kind === 'answered') {
      const { outcome, code, message } = carried;
      effects.push({ kind: 'commandAnswered', command: command.id, outcome, code, message });
      answered += 1;
      continue;
    }

    if (carried.kind === 'settled') {
      effects.push(...carried.effects);
      answered += 1;
      continue;
    }
    if (carried.entry.what !== 'GET') {
      if (single && changes > 0) break;
      changes += 1;
    }
    if (carried.item !== undefined) effects.push(carried.item);
    const page = carried.page === undefined ? {} : { page: carried.page };
    effects.push({ kind: 'commandSent', command: command.id, carrier: carried.command[0], ...page });
    commands.push(carried.command);
    entries.push(carried.entry);
  }

  const reading = nextReads(machine, context);
  return {
    machine: reading.machine,
    commands: [...commands, ...reading.reads.map((read) => read.command)],
    entries: [...entries, ...reading.reads.map((read) => read.entry)],
    effects,
    answered,
  };
}

function atomicGroups(work: readonly Command[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { atomic } of work) if (atomic !== undefined) sizes.set(atomic, (sizes.get(atomic) ?? 0) + 1);
  return sizes;
}

function withoutProbe(machine: Machine, id: string): Machine {
  if (machine.probes[id] === undefined) return machine;
  const { [id]: _, ...probes } = machine.probes;
  return { ...machine, probes };
}

/** Whether one of two addresses lies at or below the other, as far as can be told. */
function overlaps(one: Place, other: Place): boolean {
  if (one.moid !== other.moid) return false;
  if (one.miid !== undefined && other.miid !== undefined && one.miid !== other.miid) return false;
  return (
    `${one.path}/`.startsWith(`${other.path}/`) ||
    `${other.path}/`.startsWith(`${one.path}/`) ||
    one.path === '' ||
    other.path === ''
  );
}
