/**
 * The Package#2 that answers a package. One that expects an answer begins with CONT to a new address; END stands alone.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.3.8 (CONT), 5.3.9 (END).
 */
import type { Context, Effect, Envelope, Responded, Sent, SessionState, Wire, Work } from '../../adapter';
import type { PackageCommand } from '../package';
import { machineOf, withMachine, type Machine, type SentEntry } from './machine';
import { pack, type Packed } from './pack';
import { supports } from './reading';
import { turnOf } from './turn';
import { challengeWire, endWire, packageWire, refusalWire } from './wires';

export function respondPackage(envelope: Envelope, state: SessionState, work: Work, context: Context): Responded {
  // Only a turn that opened or continued a session is idle here; the others left the stored state as it was.
  if (state.phase !== 'idle') return { state, reply: fixedReply(envelope, context), effects: [] };

  const packed = pack(work.commands, machineOf(state), context);
  const cont = supports('CONT', packed.machine, context);
  // What follows a command that ended on the spot is loaded only in the next turn: the client is asked to come again.
  const again = cont && packed.answered > 0 && work.more;
  if (packed.commands.length === 0 && !again) return end(state, packed);
  return send(state, packed, cont, context);
}

function fixedReply(envelope: Envelope, context: Context): Wire {
  const turn = turnOf(envelope, context);
  if (turn.kind === 'replay') return turn.session.lastReply;
  if (turn.kind !== 'refused') return endWire();
  const { status, stale } = turn.verdict;
  return status === 403 ? refusalWire(403) : challengeWire(envelope, context, stale);
}

function end(state: SessionState, packed: Packed): Responded {
  return {
    state: withMachine({ ...state, phase: 'ended', sent: [] }, { ...packed.machine, sent: [], probes: {}, plain: [] }),
    reply: endWire(),
    effects: [...packed.effects, { kind: 'sessionEnded', reason: 'DONE' }],
  };
}

function send(state: SessionState, packed: Packed, cont: boolean, context: Context): Responded {
  const first: readonly PackageCommand[] = cont ? [['CONT', `${context.baseUrl}/dm/2/${context.freshToken}`]] : [];
  const entries: readonly SentEntry[] = cont ? [{ what: 'CONT' }, ...packed.entries] : packed.entries;
  const commands = [...first, ...packed.commands];
  const machine: Machine = { ...packed.machine, sent: entries };
  const next: SessionState = {
    ...state,
    token: context.freshToken,
    phase: 'awaiting',
    sent: entries.map((entry, index) => sentOf(entry, index, commands[index]?.[0] ?? '')),
    expiresAt: context.now + context.limits.sessionExpiryMs,
  };
  const effects: readonly Effect[] = packed.effects;
  return { state: withMachine(next, machine), reply: packageWire({ commands }, takesUploads(commands)), effects };
}

/** The device may put data into the repository, so it is told which types are taken there. */
function takesUploads(commands: readonly PackageCommand[]): boolean {
  return commands.some(([name]) => name === 'HPUT' || name === 'HPOST' || name === 'SUB');
}

function sentOf(entry: SentEntry, index: number, carrier: string): Sent {
  const ref = `CMD[${index}]`;
  if (entry.what === 'CONT') return { ref, purpose: 'cont', carrier };
  // A probe is no command on its way: the write that it is for is still queued.
  if (entry.what === 'READ' || entry.what === 'PROBE') return { ref, purpose: 'discovery', carrier };
  return { ref, command: entry.id, purpose: 'command', carrier };
}
