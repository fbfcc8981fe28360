/** A queued command as the adapter of the device's protocol takes it: its address found among the device's MOs. */
import type { Address, Command, CommandBody, Token } from '../../adapters/adapter';
import { familyOf, type DdfLibrary } from '../../schema/ddf/library';
import { commandId, isReadOfCopy, type LiveCommand, type LiveOperation } from './command-state';
import type { CopyTarget } from './judge';
import type { LiveMo } from './ledger';
import { INBOX, normaliseUri, parentPlace } from './places';
import type { Resolution } from './queue';
import { storedPrompt } from './show';
import { restoreTree, restoreValue, type StoredTree, type StoredValue } from './stored-value';

export interface Terrain {
  readonly mos: readonly LiveMo[];
  readonly library: DdfLibrary;
  /** Whether the device's MOs have places (DM 1.x) or are known by MIID alone (DM 2.0). */
  readonly hasPlaces: boolean;
  /** It takes new objects in its Inbox and places them itself (DM 1.3). */
  readonly hasInbox?: boolean;
  /** The device's MOs are still being looked for: what is not known may yet be found. */
  readonly isSearching: boolean;
  /** Whether the device answers "as you have it" to a read with a validator (DM 2.0). */
  readonly knowsValidators?: boolean;
  /** Operations of the device that are under way. */
  readonly running?: () => Iterable<LiveOperation>;
  /** Makes a token for what a command may need. */
  readonly token: () => string;
}

/** The command for the adapter; or that it has to wait for discovery; or why the device can never take it. */
export function dispatch(command: LiveCommand, operation: LiveOperation, terrain: Terrain): Resolution<Command> {
  const token = terrain.token();
  const body = bodyOf(command, operation, terrain, token);
  if ('kind' in body && (body.kind === 'wait' || body.kind === 'never')) return body;
  const base = {
    id: commandId(operation.id, command.position),
    repeatable: command.repeatable,
    ...(typeof command.request['attempts'] === 'number' ? { attempts: command.request['attempts'] } : {}),
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
  if (command.kind === 'show') {
    const prompt = storedPrompt(request);
    return prompt === undefined ? { kind: 'never', reason: 'there is nothing to show' } : { kind: 'show', prompt };
  }
  const at =
    command.kind === 'add' && command.path === '' && command.uri === null
      ? newInstance(command, operation, terrain)
      : addressOf(command, terrain);
  if ('kind' in at) return at;
  const value =
    request['value'] === undefined ? undefined : restoreValue(request['value'] as StoredValue, command.head);
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
    case 'setAcl':
      return { kind: 'replace', at, prop: 'ACL', value };
    case 'add':
    case 'replace':
      return {
        kind: command.kind,
        at,
        value,
        tree: request['tree'] === undefined ? undefined : restoreTree(request['tree'] as StoredTree),
        ...(request['whole'] === true ? { whole: true } : {}),
      };
    case 'delete':
      return { kind: 'delete', at };
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
    case 'copy': {
      const to = request['to'] as CopyTarget | undefined;
      if (to === undefined) return { kind: 'never', reason: 'the copy has no target' };
      const target = addressOf(
        'uri' in to
          ? { moid: null, family: null, miid: null, path: '', uri: to.uri }
          : { ...to, family: familyOf(to.moid), uri: null },
        terrain,
      );
      if ('kind' in target) return target;
      if (terrain.hasPlaces) return { kind: 'copy', from: at, to: target };
      const content = request['content'] as StoredTree | undefined;
      if (content !== undefined) return { kind: 'copy', from: at, to: target, content: restoreTree(content) };
      command.request = isReadOfCopy(command) ? request : { ...request, step: 'READ' };
      return { kind: 'copy', from: at, to: target };
    }
    default:
      return { kind: 'never', reason: `there is no command "${command.kind}"` };
  }
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

/** What DM 2.0 has not; told here of devices whose protocol was not known when the operation was accepted. */
function lackingOf(command: LiveCommand, operation: LiveOperation, terrain: Terrain): string | undefined {
  if (terrain.hasPlaces) return undefined;
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
