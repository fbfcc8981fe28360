/**
 * How a caller's command travels: reads by GET or HPUT (`reading.ts`), writes by HGET from the repository, delete and exec
 * by their own, a copy by a read and a write.
 * Writes overwrite without a word on this protocol, so a GET asks first whether the node is there: an add onto an
 * existing node is ALREADY_EXISTS and a replace of a missing one NOT_FOUND, as on DM 1.x.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.3 (commands).
 */
import type { Address, Command, Context, Effect, Outcome, Token, Tree, Value } from '../../adapter';
import { namesOfPath } from '../client-uri';
import { encodeBareValue } from '../leaf-value';
import { encodeMoJson } from '../mo-json';
import { MEDIA_TYPES, type PackageCommand } from '../package';
import { carryShow } from '../show';
import { DM2_STATUS, outcomeOf } from '../status-codes';
import { uriOf } from './first-reading';
import type { Machine, Place, SentEntry } from './machine';
import { carryRead, readCarriers, readCommand, type Read } from './reading';

export type Carried =
  /** Ends here: it cannot be carried, or the probe has told its outcome. */
  | { readonly kind: 'answered'; readonly outcome: Outcome; readonly code?: number; readonly message?: string }
  | {
      readonly kind: 'sent';
      readonly command: PackageCommand;
      readonly entry: SentEntry;
      readonly item?: Effect;
      /** Token of the page that it opens. */
      readonly page?: Token;
    }
  | {
      readonly kind: 'probed';
      readonly command: PackageCommand;
      readonly entry: SentEntry;
      readonly at: Place;
      readonly item?: Effect;
    };

type Write = Extract<Command, { kind: 'add' | 'replace' }>;
type Get = Extract<Command, { kind: 'get' }>;
type Copy = Extract<Command, { kind: 'copy' }>;
type Exec = Extract<Command, { kind: 'exec' }>;

const MAX_PROBES = 2;

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
    case 'show':
      return carryShow(command, context);
    case 'subscribe':
    case 'unsubscribe':
    case 'default':
      return unsupported(`${command.kind} is not carried on DM 2.0`);
  }
}

function unsupported(message: string): Carried {
  return { kind: 'answered', outcome: 'UNSUPPORTED', message };
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
  return read(command, { at, depth, validator }, machine, context);
}

function read(command: Command, what: Read, machine: Machine, context: Context): Carried {
  const carried = carryRead(command, what, machine, context);
  return carried === undefined
    ? unsupported('the device has none of GET, HPUT and HPOST')
    : { kind: 'sent', ...carried };
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
  return writeByHget(command, command, at, context);
}

/** Not where there is nothing to compare with: a node that cannot be read, an instance without name. */
function needsProbe(command: Write, at: Place, context: Context): boolean {
  if (command.kind === 'add' && at.path === '' && isUnnamed(at)) return false;
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

/** What is written, and as what. */
interface Written {
  readonly kind: 'add' | 'replace' | 'copy';
  readonly value?: Value;
  readonly tree?: Tree;
  readonly whole?: boolean;
}

function writeByHget(command: Command, written: Written, at: Place, context: Context): Carried {
  const { kind, value, tree: content, whole } = written;
  const creates = kind === 'add' && at.path === '';
  const path = namesOfPath(at.path);
  const target = creates ? { moid: at.moid, path } : { moid: at.moid, miid: at.miid, path };
  const tree: Tree = {
    name: path.at(-1) ?? labelOf(content, at),
    ...(value === undefined || value.format === 'node' ? {} : { value }),
    ...(content?.children === undefined ? {} : { children: content.children }),
    ...(content?.value === undefined ? {} : { value: content.value }),
  };
  // An interior node that is fetched becomes what was fetched; where the rest of it is to stay, its leaves tell their places.
  const isPart = kind === 'replace' && whole !== true && tree.children !== undefined;
  const entries = isPart ? leavesOf(tree, target) : [{ at: target, tree }];
  if (entries.length === 0)
    return { kind: 'answered', outcome: 'BAD_VALUE', message: 'the tree has no value to write' };
  const document = encodeMoJson(entries);
  if (!document.ok) {
    return document.code === 'NO_DATA'
      ? { kind: 'answered', outcome: 'TOO_LARGE', message: document.message }
      : { kind: 'answered', outcome: 'BAD_VALUE', message: document.message };
  }

  const bare = tree.value === undefined ? undefined : encodeBareValue(tree.value);
  const item: Effect = {
    kind: 'itemOffered',
    token: command.token,
    command: command.id,
    direction: 'DOWNLOAD',
    mime: MEDIA_TYPES.moJson,
    body: document.value,
    ...(bare === undefined ? {} : { alternatives: [{ mime: bare.mediaType, body: bare.body }] }),
  };
  const serverUri = `${context.baseUrl}/repository/${command.token}`;
  const carried: PackageCommand = creates || isPart ? ['HGET', serverUri] : ['HGET', serverUri, uriOf(at)];
  const entry: SentEntry = { what: 'HGET', id: command.id, token: command.token, at, kind };
  return { kind: 'sent', command: carried, entry, item };
}

type Entry = Parameters<typeof encodeMoJson>[0][number];

function leavesOf(tree: Tree, at: Entry['at']): readonly Entry[] {
  if (tree.children === undefined) return [{ at, tree }];
  // An empty interior node is nothing that a replace could write.
  return tree.children.flatMap((child) => leavesOf(child, { ...at, path: [...at.path, child.name] }));
}

/** The root node's name: the wanted instance, else what the caller named it, else the middle part of the MOID. */
function labelOf(content: Tree | undefined, at: Place): string {
  const named = isUnnamed(at) ? content?.name : at.miid;
  if (named !== undefined && named !== '') return named;
  const word = at.moid.split(/[:/]/).filter((piece) => /[A-Za-z]/.test(piece));
  return word.at(-1) ?? 'x';
}
