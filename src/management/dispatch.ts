/** A queued command as the adapter of the device's protocol takes it: its address found among the device's MOs. */
import type { Address, Command, CommandBody, FileRef, Token, Value } from '../../adapters/adapter';
import { familyOf, type DdfLibrary } from '../../schema/ddf/library';
import { accessPath, accessTree, DAC_FAMILY, objectionOfAccess, objectionToWriting, type KnownAccess } from './dac';
import { commandId, isReadOfCopy, timesUnanswered, type LiveCommand, type LiveOperation } from './command-state';
import { isContent } from './item-value';
import { bodyOfDefault } from './default-document';
import type { CopyTarget } from './judge';
import type { LiveMo } from './ledger';
import { checkStepOf, isReadable, isReadBack } from './lost-answer';
import { INBOX, isInInbox, normaliseUri, parentPlace } from './places';
import type { Resolution } from './queue';
import { storedPrompt } from './show';
import { restoreTree, restoreValue, type StoredTree, type StoredValue } from './stored-value';
import type { AccessEntry } from './types';

export interface Terrain {
  readonly mos: readonly LiveMo[];
  readonly library: DdfLibrary;
  /** Whether the device's MOs have places (DM 1.x) or are known by MIID alone (DM 2.0). */
  readonly hasPlaces: boolean;
  /** It takes new objects in its Inbox and places them itself (DM 1.3). */
  readonly hasInbox?: boolean;
  /** The device's MOs are still being looked for: what is not known may yet be found. */
  readonly isSearching: boolean;
  /** What the device's own access control was seen to allow; absent: nobody knows. */
  readonly access?: KnownAccess;
  /** Whether the device answers "as you have it" to a read with a validator (DM 2.0). */
  readonly knowsValidators?: boolean;
  /** Operations of the device that are under way. */
  readonly running?: () => Iterable<LiveOperation>;
  /** Makes a token for what a command may need. */
  readonly token: () => string;
  /** Address of a repository item that has this token. */
  readonly address: (token: string) => string;
}

/** The command for the adapter; or that it has to wait for discovery; or why the device can never take it. */
export function dispatch(command: LiveCommand, operation: LiveOperation, terrain: Terrain): Resolution<Command> {
  // An address stays the same where it is named again: of a subscription, of a default, and of a read that may be brought late.
  const token = typeof command.request['token'] === 'string' ? command.request['token'] : terrain.token();
  if (command.kind === 'default' || (command.kind === 'get' && !terrain.hasPlaces))
    command.request = { ...command.request, token };
  const body = bodyOf(command, operation, terrain, token);
  if ('kind' in body && (body.kind === 'wait' || body.kind === 'never')) return body;
  // What was lost before a read that settles it was no read.
  const attempts = timesUnanswered(command) - (checkStepOf(command) === undefined ? 0 : 1);
  const base = {
    id: commandId(operation.id, command.position),
    repeatable: command.repeatable,
    ...(attempts > 0 ? { attempts } : {}),
    token,
  };
  const group = !operation.isGroup ? {} : operation.atomic ? { atomic: operation.id } : { sequence: operation.id };
  return {
    kind: 'ready',
    command: { ...base, ...group, ...(body as CommandBody) },
  };
}

type Failure = Exclude<Resolution<never>, { kind: 'ready' }>;

function bodyOf(command: LiveCommand, operation: LiveOperation, terrain: Terrain, token: Token): CommandBody | Failure {
  const { request } = command;
  const lacking = lackingOf(command, operation, terrain);
  if (lacking !== undefined) return { kind: 'never', outcome: 'UNSUPPORTED', reason: lacking };
  const unaddressed = unaddressedBody(command);
  if (unaddressed !== undefined) return unaddressed;
  if (checkStepOf(command) !== undefined) return checkOf(command, operation, terrain);
  const at =
    command.kind === 'add' && command.path === '' && command.uri === null
      ? newInstance(command, operation, terrain)
      : addressOf(command, terrain);
  if ('kind' in at) return at;
  const forbidden = terrain.access && objectionOfAccess({ ...command, miid: miidOf(at) }, terrain.access);
  if (forbidden !== undefined) return { kind: 'never', outcome: 'PERMISSION_DENIED', reason: forbidden };
  const content = contentOf(command, terrain);
  if ('kind' in content) return content;
  const { value, ...file } = content;
  switch (command.kind) {
    case 'get':
      return {
        kind: 'get',
        at,
        depth: typeof request['depth'] === 'number' ? request['depth'] : undefined,
        ...(Array.isArray(request['props']) ? { props: request['props'] as string[] } : {}),
        ...validatorFor(command, at, terrain),
      };
    case 'getAcl':
      return { kind: 'get', at, prop: 'ACL' };
    case 'getAccess':
    case 'setAccess':
      return accessBody(command, at, terrain);
    case 'setAcl':
      return { kind: 'replace', at, prop: 'ACL', value };
    case 'add':
    case 'replace':
      if (command.kind === 'add') command.request = withSettle(command, isSettled(command, at, terrain));
      return {
        kind: command.kind,
        at,
        value,
        ...file,
        tree: request['tree'] === undefined ? undefined : restoreTree(request['tree'] as StoredTree),
        ...(request['whole'] === true ? { whole: true } : {}),
      };
    case 'delete':
    case 'subscribe':
      return { kind: command.kind, at };
    case 'exec': {
      const exec = {
        kind: 'exec',
        at,
        argument: value,
        correlator: commandId(operation.id, command.position),
      } as const;
      if (terrain.hasPlaces || !isLikeAnother(command, terrain)) return exec;
      command.request = { ...request, report: token };
      return { ...exec, apart: true };
    }
    case 'copy':
      return copyOf(command, at, terrain);
    default:
      return { kind: 'never', reason: `there is no command "${command.kind}"` };
  }
}

/** On DM 2.0 a copy is a read, and a write of what was read. */
function copyOf(command: LiveCommand, at: Address, terrain: Terrain): CommandBody | Failure {
  const { request } = command;
  const to = request['to'] as CopyTarget | undefined;
  if (to === undefined) return { kind: 'never', reason: 'the copy has no target' };
  const target = addressOf(targetOf(to), terrain);
  if ('kind' in target) return target;
  const isRead = 'uri' in target || isReadable(target.moid, target.path, terrain.library);
  command.request = withSettle(command, isRead);
  if (terrain.hasPlaces || 'uri' in target) return { kind: 'copy', from: at, to: target };
  const forbidden = terrain.access && objectionToWriting(target, terrain.access);
  if (forbidden !== undefined) return { kind: 'never', outcome: 'PERMISSION_DENIED', reason: forbidden };
  const content = request['content'] as StoredTree | undefined;
  if (content !== undefined) return { kind: 'copy', from: at, to: target, content: restoreTree(content) };
  if (!isReadOfCopy(command)) command.request = { ...command.request, step: 'READ' };
  return { kind: 'copy', from: at, to: target };
}

function withSettle({ request }: LiveCommand, isSettled: boolean): Record<string, unknown> {
  const { settle: _, ...rest } = request;
  return isSettled ? { ...rest, settle: true } : rest;
}

/** Whether a read tells what became of an add: what it makes has an address, and can be read. */
function isSettled(command: LiveCommand, at: Address, { hasPlaces, library }: Terrain): boolean {
  const isNamed = 'uri' in at || (hasPlaces ? !isInInbox(at.place) : at.miid !== undefined);
  return isNamed && isReadBack(command, library);
}

/** What is read to settle an add or copy whose answer was lost. */
function checkOf(command: LiveCommand, operation: LiveOperation, terrain: Terrain): CommandBody | Failure {
  const { request, kind, path, uri } = command;
  const place = typeof request['place'] === 'string' ? request['place'] : undefined;
  const isTarget = kind === 'copy' && checkStepOf(command) === 'TARGET';
  const at = isTarget
    ? addressOf(targetOf(request['to'] as CopyTarget), terrain)
    : kind === 'copy' || path !== '' || uri !== null
      ? addressOf(command, terrain)
      : place === undefined || command.moid === null
        ? newInstance(command, operation, terrain)
        : { moid: command.moid, miid: command.miid ?? undefined, path: '', place };
  if ('kind' in at) return at;
  const read = {
    kind: 'get',
    family: 'uri' in at ? null : familyOf(at.moid),
    miid: miidOf(at),
    path: 'uri' in at ? '' : at.path,
  };
  const forbidden = terrain.access && objectionOfAccess(read, terrain.access);
  return forbidden === undefined ? { kind: 'get', at } : { kind: 'never', reason: forbidden };
}

/** Where a copy goes, as the address of a command. */
function targetOf(to: CopyTarget): Pick<LiveCommand, 'moid' | 'family' | 'miid' | 'path' | 'uri'> {
  return 'uri' in to
    ? { moid: null, family: null, miid: null, path: '', uri: to.uri }
    : { ...to, family: familyOf(to.moid), uri: null };
}

/** Commands that are of no object of the device as it is known now. */
function unaddressedBody(command: LiveCommand): CommandBody | Failure | undefined {
  if (command.kind === 'show') {
    const prompt = storedPrompt(command.request);
    return prompt === undefined ? { kind: 'never', reason: 'there is nothing to show' } : { kind: 'show', prompt };
  }
  if (command.kind === 'default') return bodyOfDefault(command);
  // The device may have it no more, or by another name: it is named as the device was asked.
  if (command.kind === 'unsubscribe') {
    const { moid, miid, path } = command;
    return { kind: 'unsubscribe', at: { moid: moid ?? '', miid: miid ?? undefined, path } };
  }
  return undefined;
}

function miidOf(at: Address): string | null {
  return 'uri' in at ? null : (at.miid ?? null);
}

/** At the node of the instance in the access-control object. */
function accessBody({ kind, request }: LiveCommand, of: Address, { mos }: Terrain): CommandBody | Failure {
  const object = mos.find((mo) => mo.family === DAC_FAMILY);
  if (object === undefined)
    return { kind: 'never', outcome: 'UNSUPPORTED', reason: 'the device has no access-control object' };
  if ('uri' in of || of.miid === undefined) return { kind: 'never', reason: 'access rights are those of an instance' };
  const at = { moid: object.moid, miid: object.miid, path: accessPath(of.moid, of.miid) };
  if (kind === 'getAccess') return { kind: 'get', at };
  return { kind: 'access', at, tree: accessTree(of.miid, request['entries'] as readonly AccessEntry[]) };
}

/** What stands for all that is stored of an instance; a device that still has it sends nothing. */
function validatorFor(command: LiveCommand, at: Address, { mos, knowsValidators }: Terrain): { validator?: string } {
  const { cv: _, ...request } = command.request;
  const known =
    'moid' in at && at.miid !== undefined
      ? mos.find((mo) => mo.family === command.family && mo.miid === at.miid)
      : undefined;
  const validator = knowsValidators === true && request['uncached'] !== true ? known?.validator : undefined;
  // An empty one stands for none.
  const isKnown = validator != null && validator !== '';
  command.request = isKnown ? { ...request, cv: true } : request;
  return isKnown ? { validator } : {};
}

/** Whether the alert that ends an exec could be taken for that of another one that is waited for. */
function isLikeAnother(command: LiveCommand, { running }: Terrain): boolean {
  for (const operation of running?.() ?? []) {
    for (const other of operation.commands) {
      const isWaited = other.kind === 'exec' && (other.state === 'ACCEPTED' || other.state === 'SENT');
      if (!isWaited || other === command || other.family !== command.family) continue;
      if (other.miid === null || command.miid === null || other.miid === command.miid) return true;
    }
  }
  return false;
}

/** What the command carries: a value, or a file that the device fetches in its place. */
function contentOf(
  command: LiveCommand,
  terrain: Terrain,
): { readonly value?: Value; readonly file?: FileRef } | Failure {
  const file = fileOf(command, terrain);
  if (file !== undefined) return 'kind' in file ? file : { file };
  const value = command.request['value'] as StoredValue | undefined;
  return value === undefined ? {} : { value: restoreValue(value, command.head) };
}

/**
 * A file of the repository whose content the device fetches as the node's. Where the node takes the file's address, the
 * address is made here: it is handed out when the command is sent, and stays the same if that has to be repeated.
 */
function fileOf(command: LiveCommand, terrain: Terrain): FileRef | Failure | undefined {
  const value = command.request['value'] as StoredValue | undefined;
  if (value?.k !== 'f') return undefined;
  if (isContent(value)) {
    if (terrain.hasPlaces)
      return { kind: 'never', outcome: 'UNSUPPORTED', reason: 'a DM 1.x device fetches no content of nodes' };
    const { d: file, a: access = 'DEVICE', m: mime = 'application/octet-stream', l: length = 0 } = value;
    return { file: String(file), access, mime, length };
  }
  if (value.u === undefined) {
    const token = terrain.token();
    command.request = { ...command.request, value: { ...value, u: terrain.address(token), w: token } };
  }
  return undefined;
}

/** What DM 2.0 has not; told here of devices whose protocol was not known when the operation was accepted. */
function lackingOf(command: LiveCommand, operation: LiveOperation, terrain: Terrain): string | undefined {
  if (terrain.hasPlaces) {
    if (command.kind === 'default') return 'DM 1.x has no DEFAULT';
    return command.kind === 'getAccess' || command.kind === 'setAccess'
      ? 'DM 1.x has no access-control object'
      : undefined;
  }
  if (operation.isGroup) return `DM 2.0 has no ${operation.atomic ? 'atomic groups' : 'sequences'}`;
  if (command.uri !== null) return 'a DM 2.0 device has no LocURIs';
  if (['getAcl', 'setAcl'].includes(command.kind)) return `DM 2.0 has no ${command.kind}`;
  if (command.kind === 'exec' && command.request['value'] !== undefined) return 'EXEC of DM 2.0 carries no argument';
  return undefined;
}

function addressOf(
  command: Pick<LiveCommand, 'moid' | 'family' | 'miid' | 'path' | 'uri'>,
  terrain: Terrain,
): Address | Failure {
  if (command.uri !== null) return { uri: command.uri };
  const moid = command.moid ?? '';
  const ofFamily = terrain.mos.filter((mo) => mo.family === command.family);
  const candidates = command.miid === null ? ofFamily : ofFamily.filter((mo) => mo.miid === command.miid);
  const [mo] = candidates;
  if (mo === undefined) {
    if (terrain.isSearching) return { kind: 'wait' };
    return {
      kind: 'never',
      reason:
        command.miid === null ? `the device has no ${moid}` : `the device has no instance ${command.miid} of ${moid}`,
    };
  }
  if (candidates.length > 1) {
    return {
      kind: 'never',
      reason: `the device has ${candidates.length} instances of ${moid}: name one by miid (${candidates.map((c) => c.miid).join(', ')})`,
    };
  }
  return { moid: mo.moid, miid: mo.miid, path: command.path, place: mo.place ?? undefined };
}

/** Where a new instance goes: DM 2.0 devices name and place it themselves; on DM 1.x beside its like, else where its DDF says. */
function newInstance(command: LiveCommand, operation: LiveOperation, terrain: Terrain): Address | Failure {
  const moid = command.moid ?? '';
  const ofFamily = terrain.mos.filter((mo) => mo.family === command.family);
  const known = ofFamily.find((mo) => mo.miid === command.miid);
  if (known !== undefined) return { moid: known.moid, miid: known.miid, path: '', place: known.place ?? undefined };
  if (terrain.isSearching) return { kind: 'wait' };
  const version = ofFamily[0]?.moid ?? terrain.library.definition(moid)?.moid ?? moid;
  if (!terrain.hasPlaces) return { moid: version, miid: command.miid ?? undefined, path: '' };
  const parent =
    parentFor(moid, ofFamily, terrain.library) ?? (terrain.hasInbox === true ? { place: INBOX } : undefined);
  if (parent === undefined)
    return { kind: 'never', reason: `NO_PLACE: nothing tells where an instance of ${moid} goes on this device` };
  const place = parent.whole ?? `${parent.place}/${encodeURIComponent(command.miid ?? freshName(operation, command))}`;
  command.request = { ...command.request, place };
  return { moid: version, miid: command.miid ?? undefined, path: '', place };
}

/** A name that no other add of the device gets. */
function freshName(operation: LiveOperation, command: LiveCommand): string {
  return command.position === 0 ? `n${operation.id}` : `n${operation.id}-${command.position}`;
}

/** The interior node that takes a new instance, or the whole place where the MO's root has a fixed name. */
export function parentFor(
  moid: string,
  ofFamily: readonly { readonly place: string | null }[],
  library: DdfLibrary,
): { place: string; whole?: string } | undefined {
  const sibling = ofFamily.find((mo) => mo.place !== null);
  if (sibling?.place != null) return { place: parentPlace(sibling.place) };
  for (const definition of library.definitions(moid)) {
    if (definition.place === undefined) continue;
    const place = normaliseUri(definition.place.replace(/\/\*$/, ''));
    return definition.root.name === '' ? { place } : { place: parentPlace(place), whole: place };
  }
  return undefined;
}
