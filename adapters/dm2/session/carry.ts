/**
 * How a caller's command travels: reads by GET or HPUT (`reading.ts`), writes by HGET from the repository, delete and exec
 * by their own, a copy by a read and a write.
 * Writes overwrite without a word on this protocol, so a GET asks first whether the node is there: an add onto an
 * existing node is ALREADY_EXISTS and a replace of a missing one NOT_FOUND, as on DM 1.x.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.3 (commands).
 */
import { carryAccess } from '../access-control';
import type { Address, Command, Context } from '../../adapter';
import { carryShow } from '../show';
import { carrySubscription } from '../subscribe';
import { DM2_STATUS, outcomeOf } from '../status-codes';
import { carryFile } from './carry-file';
import { type Carried, unsupported } from './carried';
import { uriOf } from './first-reading';
import type { Machine, Place } from './machine';
import { carryDefault, writeByHget } from './document';
import { carryRead, readCarriers, readCommand, type Read } from './reading';
import { settleLate } from './settle-get';

export type { Carried } from './carried';

type Write = Extract<Command, { kind: 'add' | 'replace' }>;
type Get = Extract<Command, { kind: 'get' }>;
type Copy = Extract<Command, { kind: 'copy' }>;
type Exec = Extract<Command, { kind: 'exec' }>;

const MAX_PROBES = 2;
const NO_READ = 'the device has none of GET, HPUT and HPOST';

export function carry(command: Exclude<Command, { kind: 'discover' }>, machine: Machine, context: Context): Carried {
  switch (command.kind) {
    case 'get':
      return carryGet(command, machine, context);
    case 'add':
    case 'replace':
      return carryWrite(command, machine, context);
    case 'delete': {
      const at = placeOf(command.at);
      if (at === undefined) return unsupported('DM 2.0 addresses nodes by MO');
      return { kind: 'sent', command: ['DELETE', uriOf(at)], entry: { what: 'DELETE', id: command.id, at } };
    }
    case 'exec':
      return carryExec(command, context);
    case 'copy':
      return carryCopy(command, machine, context);
    case 'default':
      return carryDefault(command, machine, context);
    case 'access':
      return carryAccess(command, context);
    case 'show':
      return carryShow(command, context);
    case 'subscribe':
    case 'unsubscribe':
      return carrySubscription(command, context);
  }
}

function placeOf(address: Address): Place | undefined {
  if ('uri' in address) return undefined;
  const { moid, miid, path } = address;
  return miid === undefined ? { moid, path } : { moid, miid, path };
}

function carryGet(command: Get, machine: Machine, context: Context): Carried {
  const at = placeOf(command.at);
  if (at === undefined) return unsupported('DM 2.0 addresses nodes by MO');
  if (command.prop !== undefined) return unsupported('DM 2.0 has no properties of nodes');
  const { depth, validator } = command;
  const carried = carryRead(command, { at, depth, validator }, machine, context);
  if (carried === undefined) return unsupported(NO_READ);
  const brought = (command.attempts ?? 0) > 0 ? context.items[command.token]?.uploaded : undefined;
  const late = settleLate(carried.entry, brought, context);
  return late === undefined ? { kind: 'sent', ...carried } : { kind: 'settled', effects: late };
}

function read(command: Command, what: Read, machine: Machine, context: Context): Carried {
  const carried = carryRead(command, what, machine, context);
  return carried === undefined ? unsupported(NO_READ) : { kind: 'sent', ...carried };
}

/** DM 2.0 has no copy: what is at one address is read and then written at the other, in two packages. */
function carryCopy(command: Copy, machine: Machine, context: Context): Carried {
  const from = placeOf(command.from);
  const to = placeOf(command.to);
  if (from === undefined || to === undefined) return unsupported('DM 2.0 addresses nodes by MO');
  if (command.content === undefined) return read(command, { at: from }, machine, context);
  return writeByHget(command, { kind: 'copy', tree: command.content }, to, context);
}

/** With an address of its own for the report where that tells apart what could not be told otherwise. */
function carryExec(command: Exec, context: Context): Carried {
  const at = placeOf(command.at);
  if (at === undefined) return unsupported('DM 2.0 addresses nodes by MO');
  if (command.argument !== undefined) return unsupported('EXEC carries no argument on DM 2.0');
  const report = command.apart === true ? [`${context.baseUrl}/dm/2/${command.token}`] : [];
  return { kind: 'sent', command: ['EXEC', uriOf(at), ...report], entry: { what: 'EXEC', id: command.id, at } };
}

function carryWrite(command: Write, machine: Machine, context: Context): Carried {
  const at = placeOf(command.at);
  if (at === undefined) return unsupported('DM 2.0 addresses nodes by MO');
  if (command.prop !== undefined) return unsupported('DM 2.0 has no properties of nodes');

  if (command.kind === 'add' && isKnownInstance(at, context)) return { kind: 'answered', outcome: 'ALREADY_EXISTS' };
  const [by] = readCarriers(false, machine, context);
  if (by !== undefined && needsProbe(command, at, context)) {
    const probe = machine.probes[command.id];
    if (probe === undefined || (probe.sc === 0 && probe.tries < MAX_PROBES)) {
      const asked = readCommand(by, uriOf(at), command, context);
      return { kind: 'probed', ...asked, entry: { what: 'PROBE', id: command.id, by }, at };
    }
    const outcome = probedOutcome(command.kind, probe.sc);
    if (outcome !== undefined) return outcome;
  }
  if (command.file !== undefined) return carryFile(command, command.file, at, context);
  return writeByHget(command, command, at, context);
}

/** Not where there is nothing to compare with: a node that cannot be read, an instance without name. */
function needsProbe(command: Write, at: Place, context: Context): boolean {
  return !(command.kind === 'add' && at.path === '' && isUnnamed(at)) && isReadable(at, context);
}

/** The device has told of this instance, and nobody can ask whether it is still there. */
function isKnownInstance(at: Place, context: Context): boolean {
  if (at.path !== '' || isUnnamed(at) || isReadable(at, context)) return false;
  return context.device?.mos.some((mo) => mo.moid === at.moid && mo.miid === at.miid) === true;
}

function isReadable(at: Place, context: Context): boolean {
  const known = context.ddf.node(at.moid, at.path);
  return known === undefined || known.access.length === 0 || known.access.includes('Get');
}

function isUnnamed(at: Place): boolean {
  return at.miid === undefined || at.miid === '';
}

/** What the probe settles by itself; `undefined`: the write goes ahead. */
function probedOutcome(kind: 'add' | 'replace', sc: number): Carried | undefined {
  switch (sc) {
    case 0:
      return { kind: 'answered', outcome: 'DEVICE_ERROR', message: 'the statuses do not match the commands' };
    case DM2_STATUS.OK:
    case DM2_STATUS.NO_CONTENT:
    case DM2_STATUS.NOT_MODIFIED:
      return kind === 'add' ? { kind: 'answered', outcome: 'ALREADY_EXISTS' } : undefined;
    case DM2_STATUS.NOT_FOUND:
    case DM2_STATUS.BAD_REQUEST:
      return kind === 'add' ? undefined : { kind: 'answered', outcome: 'NOT_FOUND', code: DM2_STATUS.NOT_FOUND };
    case DM2_STATUS.NOT_IMPLEMENTED:
      return undefined;
    case DM2_STATUS.FORBIDDEN:
    case DM2_STATUS.NOT_ALLOWED:
      // It cannot be read; replacing may be allowed all the same, but an add could overwrite what is there.
      return kind === 'add' ? { kind: 'answered', outcome: outcomeOf('GET', sc), code: sc } : undefined;
    default:
      return { kind: 'answered', outcome: outcomeOf('GET', sc), code: sc };
  }
}
