/**
 * Judges the commands of an operation before anything is queued: addresses against the device's MOs and the DDFs, access
 * types, value formats. Pure; what passes is the row to store.
 */
import type { DdfLibrary, KnownNode } from '../../schema/ddf/library';
import { encodeName, familyOf, namesOf } from '../../schema/ddf/library';
import { readAclInput } from './acl';
import { coerceValue, type ValueLimits } from './coerce';
import { DAC_FAMILY, readAccessInput } from './dac';
import { documentOfDefault, subjectOfDefault } from './default-document';
import { parentFor } from './dispatch';
import { isContent } from './item-value';
import { checkName } from './names';
import { PROPERTY_NAMES, type PropertyName } from './node-properties';
import { ALL_PERMITTED, NEEDED, nestedSpots, type Permits } from './permit';
import { findPlace, normaliseUri, type PlacedMo } from './places';
import { judgeShow } from './show';
import { storeTree, storeValue, type StoredValue } from './stored-value';
import { isStorable } from './tree';
import { ManagementError, type AddressInput, type CommandInput, type NorthboundKind, type ValueInput } from './types';

/** What is known of the device when an operation is submitted. */
export interface KnownDevice {
  readonly deviceId: string;
  readonly protocol: string | null;
  /** Its MOs were looked for: what is not among them does not exist. */
  readonly isDiscovered: boolean;
  readonly mos: readonly PlacedMo[];
}

export interface CommandRow {
  readonly position: number;
  readonly kind: NorthboundKind;
  readonly moid: string | null;
  readonly family: string | null;
  readonly miid: string | null;
  readonly path: string;
  readonly uri: string | null;
  readonly request: Readonly<Record<string, unknown>>;
  readonly repeatable: boolean;
  readonly emulated: boolean;
}

/** Where a copy goes, as it is stored: by MO and path, or by the LocURI of a node of no MO. */
export type CopyTarget =
  { readonly moid: string; readonly miid: string | null; readonly path: string } | { readonly uri: string };

type Verb = KnownNode['access'][number];
/** Access types of which a node must have one for the command; of a copy it is the target. */
const VERBS: Readonly<Partial<Record<NorthboundKind, readonly Verb[]>>> = {
  get: ['Get'],
  add: ['Add'],
  replace: ['Replace'],
  copy: ['Replace', 'Add'],
  delete: ['Delete'],
  exec: ['Exec'],
};
const MAX_PATH = 1_024;
const MAX_IDENTIFIER = 256;

/** Throws ManagementError for the first command that cannot be sent; `details.command` is its index. */
export function judge(
  commands: readonly CommandInput[],
  device: KnownDevice,
  library: DdfLibrary,
  limits: ValueLimits,
  permits: Permits = ALL_PERMITTED,
): CommandRow[] {
  return judgeEach(commands, device, library, limits, permits).map((judged) => {
    if (judged instanceof ManagementError) throw judged;
    return judged;
  });
}

/** Each command's row, or why it cannot be sent. */
export function judgeEach(
  commands: readonly CommandInput[],
  device: KnownDevice,
  library: DdfLibrary,
  limits: ValueLimits,
  permits: Permits,
): (CommandRow | ManagementError)[] {
  const mos = [...device.mos];
  return commands.map((command, position) => {
    try {
      const row = judgeOne(command, position, { ...device, mos, permits }, library, limits);
      const made = newInstanceOf(row, mos);
      if (made !== undefined) mos.push(made);
      return row;
    } catch (error) {
      if (error instanceof ManagementError)
        return new ManagementError(error.code, error.message, { ...error.details, command: position });
      throw error;
    }
  });
}

/** The instance that an add will have made when later commands of the operation are sent. */
function newInstanceOf(row: CommandRow, mos: readonly PlacedMo[]): PlacedMo | undefined {
  const { moid, family, miid } = row;
  if (row.kind !== 'add' || row.path !== '' || moid === null || family === null || miid === null) return undefined;
  return mos.some((mo) => mo.family === family && mo.miid === miid) ? undefined : { moid, family, miid, place: null };
}

/** The address of what is of no node. */
const NOWHERE = { moid: null, family: null, miid: null, path: '', uri: null } as const;

/** A device with what its caller may ask of it. */
type JudgedDevice = KnownDevice & { readonly permits: Permits };

function judgeOne(
  command: CommandInput,
  position: number,
  device: JudgedDevice,
  library: DdfLibrary,
  limits: ValueLimits,
): CommandRow {
  const where = `commands[${position}].${command.kind}`;
  const isDm2 = device.protocol === 'DM_2_0';
  const base = {
    position,
    kind: command.kind,
    repeatable: 'repeatable' in command && command.repeatable === true,
    emulated: isDm2 && command.kind === 'copy',
  };
  if (command.kind === 'show') {
    device.permits.check(NEEDED.show, undefined, where);
    return { ...base, ...NOWHERE, request: { prompt: judgeShow(command, where) } };
  }
  if (command.kind === 'default') return judgeDefault(command, base, where, device, library, limits);
  if ((command.kind === 'getAcl' || command.kind === 'setAcl') && isDm2) {
    throw new ManagementError('NOT_SUPPORTED_BY_DEVICE', `${where}: DM 2.0 has no such command`);
  }
  if (command.kind === 'getAccess' || command.kind === 'setAccess')
    return judgeAccess(command, base, where, device, library);
  const at =
    command.kind === 'copy'
      ? locate(command.from, where, 'get', device, library)
      : locate(command.address, where, command.kind, device, library);
  const node =
    at.moid === null
      ? undefined
      : checkNode(at.moid, at.path, command.kind === 'copy' ? 'get' : command.kind, where, library);
  const row = {
    ...base,
    moid: at.moid,
    family: at.moid === null ? null : familyOf(at.moid),
    miid: at.miid,
    path: at.path,
    uri: at.uri,
  };
  switch (command.kind) {
    case 'get':
      return {
        ...row,
        request: {
          ...(command.depth == null ? {} : { depth: depthOf(command.depth, where) }),
          ...propertiesWanted(command.properties, where, isDm2),
        },
      };
    case 'getAcl':
    case 'delete':
      return { ...row, request: {} };
    case 'setAcl':
      return { ...row, request: { value: storeValue({ format: 'chr', data: readAclInput(command, where) }) } };
    case 'copy': {
      const to = locate(command.to, `${where}.to`, 'copy', device, library);
      const target = to.moid === null ? undefined : checkNode(to.moid, to.path, 'copy', `${where}.to`, library);
      // What is copied there may bring ACLs along.
      if (isSerialisedTree(target?.mime)) checkPermitted(to, 'setAcl', `${where}.to`, device);
      return { ...row, request: { to: targetOf(to) } };
    }
    case 'exec':
      if (isDm2 && command.value != null)
        throw new ManagementError(
          'NOT_SUPPORTED_BY_DEVICE',
          `${where}.value: EXEC of DM 2.0 carries no argument; set the node's parameters by replace first`,
        );
      return { ...row, request: execArgument(command.value, where, node, limits) };
    case 'add':
    case 'replace':
      // A serialised tree may bring ACLs along.
      if (isSerialisedTree(command.value?.type) || isSerialisedTree(node?.mime))
        checkPermitted(at, 'setAcl', `${where}.value`, device);
      return sendable(
        {
          ...row,
          request: {
            ...written(command.value, `${where}.value`, command.kind, node, limits, at, library),
            ...wholeness(command, where),
          },
        },
        `${where}.value`,
        device,
      );
  }
}

/** Access rights are those of an instance; parts of it are named by their entries. */
function judgeAccess(
  command: Extract<CommandInput, { kind: 'getAccess' | 'setAccess' }>,
  base: Pick<CommandRow, 'position' | 'kind' | 'repeatable' | 'emulated'>,
  where: string,
  device: JudgedDevice,
  library: DdfLibrary,
): CommandRow {
  if (device.protocol !== null && device.protocol !== 'DM_2_0')
    throw new ManagementError('NOT_SUPPORTED_BY_DEVICE', `${where}: DM 1.x has access control lists: use setAcl`);
  const { moid, miid, path } = locate(command.address, where, command.kind, device, library);
  if (moid === null || path !== '')
    throw new ManagementError('BAD_USER_INPUT', `${where}.address: an instance, without path`);
  const request = command.kind === 'getAccess' ? {} : { entries: readAccessInput(command.entries, where) };
  return { ...base, moid, family: familyOf(moid), miid, path, uri: null, request };
}

/** Of an MO that the device need not have; whether one is there is the device's to look. */
function judgeDefault(
  command: Extract<CommandInput, { kind: 'default' }>,
  base: Pick<CommandRow, 'position' | 'kind' | 'repeatable' | 'emulated'>,
  where: string,
  { protocol, permits }: JudgedDevice,
  library: DdfLibrary,
  limits: ValueLimits,
): CommandRow {
  if (protocol !== null && protocol !== 'DM_2_0')
    throw new ManagementError('NOT_SUPPORTED_BY_DEVICE', `${where}: DM 1.x has no such command`);
  const subject = subjectOfDefault(command, where, library);
  checkNoAccess(subject.family, command.kind, where);
  permits.check(NEEDED.default, { family: subject.family, path: '' }, where);
  const request = documentOfDefault(command, subject.moid, where, library, limits);
  return { ...base, ...subject, path: '', uri: null, request };
}

/** The access-control object is changed under DELEGATE alone, and not by what changes data. */
function checkNoAccess(family: string | null, kind: NorthboundKind, where: string): void {
  if (family !== DAC_FAMILY || ['get', 'getAccess', 'getAcl'].includes(kind)) return;
  throw new ManagementError(
    'ACCESS_TYPE',
    `${where}.address: access rights are changed by setAccess at the object that they are for`,
    { moid: DAC_FAMILY, access: ['Get'] },
  );
}

function wholeness(
  { kind, value, whole }: CommandInput & { readonly kind: 'add' | 'replace' },
  where: string,
): { readonly whole?: true } {
  if (whole !== true) return {};
  if (kind === 'replace' && value?.json != null) return { whole };
  throw new ManagementError('BAD_USER_INPUT', `${where}.whole: only a replace by a tree (value.json) can be whole`);
}

interface Located {
  readonly moid: string | null;
  readonly miid: string | null;
  readonly path: string;
  readonly uri: string | null;
}

function locate(
  input: AddressInput,
  where: string,
  kind: NorthboundKind,
  device: JudgedDevice,
  library: DdfLibrary,
): Located {
  const path = input.path ?? '';
  if ((input.moid == null) === (input.uri == null))
    throw new ManagementError('BAD_USER_INPUT', `${where}.address: give exactly one of moid and uri`);
  if (input.uri != null) {
    const at = locateUri(input.uri, where, device);
    checkPermitted(at, kind, where, device);
    return at;
  }
  const moid = input.moid ?? '';
  const miid = input.miid ?? null;
  if (!isIdentifier(moid)) {
    throw new ManagementError('BAD_USER_INPUT', `${where}.address.moid: 1 to ${MAX_IDENTIFIER} characters`);
  }
  if (miid !== null && !isIdentifier(miid)) {
    throw new ManagementError('BAD_USER_INPUT', `${where}.address.miid: 1 to ${MAX_IDENTIFIER} characters`);
  }
  checkPath(path, where);
  if (kind === 'add' && path === '') checkName(miid ?? '', `${where}.address.miid`);
  checkNoAccess(familyOf(moid), kind, where);
  // Before it is looked for, so that a refusal does not tell whether it is there.
  device.permits.check(NEEDED[kind], spotOf(moid, path), where);
  const at = locateMo({ moid, miid, path }, where, kind, device, library);
  checkPermitted(at, kind, where, device);
  return at;
}

function targetOf({ moid, miid, path, uri }: Located): CopyTarget {
  return moid === null ? { uri: uri ?? '.' } : { moid, miid, path };
}

function spotOf(moid: string, path: string): { family: string; path: string } {
  const names = namesOf(path) ?? [];
  return { family: familyOf(moid), path: names.map(encodeName).join('/') };
}

function checkPermitted(at: Located, kind: NorthboundKind, where: string, { permits, mos }: JudgedDevice): void {
  if (at.moid === null) {
    permits.checkRaw(NEEDED[kind], where);
    return;
  }
  permits.check(NEEDED[kind], spotOf(at.moid, at.path), where);
  if (permits === ALL_PERMITTED) return;
  for (const spot of nestedSpots(at, mos)) permits.check(NEEDED[kind], spot, where);
}

function isIdentifier(text: string): boolean {
  return text.length > 0 && text.length <= MAX_IDENTIFIER && isStorable(text);
}

function locateMo(
  { moid, miid, path }: { readonly moid: string; readonly miid: string | null; readonly path: string },
  where: string,
  kind: NorthboundKind,
  device: JudgedDevice,
  library: DdfLibrary,
): Located {
  const family = familyOf(moid);
  const instances = device.mos.filter((mo) => mo.family === family);
  if (kind === 'add' && path === '') {
    checkPlace(moid, instances, device, library, where);
    const version = instances.find((mo) => mo.miid === miid)?.moid ?? library.definition(moid)?.moid ?? moid;
    return { moid: version, miid, path, uri: null };
  }
  const [only, another] = instances;
  if (miid === null && another !== undefined) throw missing(moid, null, instances, where, device);
  const known = miid === null ? only : instances.find((mo) => mo.miid === miid);
  if (known !== undefined) return { moid: known.moid, miid: known.miid, path, uri: null };
  if (device.isDiscovered) throw missing(moid, miid, instances, where, device);
  if (!library.isKnown(moid)) {
    throw new ManagementError(
      'NO_SUCH_MO',
      `${where}.address: no DDF describes ${moid}, and ${device.deviceId} has not told of it`,
      { moid },
    );
  }
  return { moid, miid, path, uri: null };
}

function missing(
  moid: string,
  miid: string | null,
  instances: readonly PlacedMo[],
  where: string,
  device: JudgedDevice,
): ManagementError {
  const miids = device.permits.tellsOf(familyOf(moid)) ? instances.map((mo) => mo.miid) : [];
  if (miid === null && instances.length > 1) {
    return new ManagementError(
      'MO_AMBIGUOUS',
      `${where}.address: ${device.deviceId} has ${instances.length} instances of ${moid}; name one by miid: ${miids.join(', ')}`,
      { moid, miids },
    );
  }
  const what =
    miid === null || miids.length === 0
      ? `no ${moid}${miid === null ? '' : ` "${miid}"`}`
      : `no instance "${miid}" of ${moid} (it has ${miids.join(', ')})`;
  return new ManagementError('NO_SUCH_MO', `${where}.address: ${device.deviceId} has ${what}`, { moid, miids });
}

function locateUri(uri: string, where: string, device: KnownDevice): Located {
  if (device.protocol === 'DM_2_0')
    throw new ManagementError(
      'NOT_SUPPORTED_BY_DEVICE',
      `${where}.address.uri: a DM 2.0 device has no LocURIs; address by moid and path`,
    );
  checkName(uri.replace(/^\.(?:\/|$)/, ''), `${where}.address.uri`);
  if (uri.length > MAX_PATH || !isStorable(uri) || !/^(\.|\.\/[^\s].*|[^/\s].*)$/s.test(uri)) {
    throw new ManagementError('BAD_USER_INPUT', `${where}.address.uri: not a LocURI such as ./DevInfo/Man`);
  }
  const found = findPlace(device.mos, uri);
  if (found !== undefined) return { moid: found.mo.moid, miid: found.mo.miid, path: found.path, uri: null };
  return { moid: null, miid: null, path: '', uri: normaliseUri(uri) };
}

function isSerialisedTree(mime: string | null | undefined): boolean {
  return /^application\/vnd\.syncml\.dmtnds/i.test(mime?.trim() ?? '');
}

function checkPath(path: string, where: string): void {
  checkName(path, `${where}.address.path`);
  if (
    path.length > MAX_PATH ||
    !isStorable(path) ||
    namesOf(path) === undefined ||
    /(?:^|\/)\.\.?(?:\/|$)/.test(path) ||
    path.startsWith('/') ||
    path.endsWith('/')
  ) {
    throw new ManagementError(
      'BAD_USER_INPUT',
      `${where}.address.path: node names joined by "/", without one at either end, at most ${MAX_PATH} characters`,
    );
  }
}

function checkPlace(
  moid: string,
  instances: readonly PlacedMo[],
  device: KnownDevice,
  library: DdfLibrary,
  where: string,
): void {
  if (device.protocol === 'DM_2_0' || device.protocol === null || !device.isDiscovered) return;
  // A DM 1.3 device takes it in its Inbox.
  if (device.protocol === 'DM_1_3') return;
  if (parentFor(moid, instances, library) === undefined) {
    throw new ManagementError(
      'NO_PLACE',
      `${where}.address: nothing tells where an instance of ${moid} goes on ${device.deviceId}: it has none yet, and the DDF names no place`,
      { moid },
    );
  }
}

function checkNode(
  moid: string,
  path: string,
  kind: NorthboundKind,
  where: string,
  library: DdfLibrary,
): KnownNode | undefined {
  if (!library.isKnown(moid)) return undefined;
  const node = library.node(moid, path);
  if (node === undefined)
    throw new ManagementError('NOT_IN_DDF', `${where}.address: the DDF of ${moid} has no node "${path}"`, {
      moid,
      path,
    });
  const verbs = VERBS[kind];
  if (verbs !== undefined && !verbs.some((verb) => node.access.includes(verb))) {
    const allowed = node.access.length === 0 ? 'nothing' : node.access.join(', ');
    throw new ManagementError(
      'ACCESS_TYPE',
      `${where}.address: ${verbs.join(' or ')} is not allowed on "${path}" of ${moid}; its access types are: ${allowed}`,
      { moid, path, access: [...node.access] },
    );
  }
  return node;
}

/** ACLs have a command and a right of their own. */
function propertiesWanted(
  wanted: readonly PropertyName[] | null | undefined,
  where: string,
  isDm2: boolean,
): { readonly props?: readonly string[] } {
  if (wanted == null || wanted.length === 0) return {};
  if (isDm2)
    throw new ManagementError('NOT_SUPPORTED_BY_DEVICE', `${where}.properties: DM 2.0 has no properties of nodes`);
  const names = [...new Set(wanted)];
  if (!names.every((name) => name !== 'ACL' && PROPERTY_NAMES.includes(name)))
    throw new ManagementError('BAD_USER_INPUT', `${where}.properties: of ${PROPERTY_NAMES.slice(1).join(', ')}`);
  return { props: names };
}

function depthOf(depth: number, where: string): number {
  if (!Number.isInteger(depth) || depth < 0 || depth > 64)
    throw new ManagementError('BAD_USER_INPUT', `${where}.depth: 0 to 64`);
  return depth;
}

function within(at: Located, library: DdfLibrary): { moid: string; path: string; library: DdfLibrary } | undefined {
  return at.moid === null || !library.isKnown(at.moid) ? undefined : { moid: at.moid, path: at.path, library };
}

function written(
  input: ValueInput | null | undefined,
  where: string,
  kind: 'add' | 'replace',
  node: KnownNode | undefined,
  limits: ValueLimits,
  at: Located,
  library: DdfLibrary,
): Record<string, unknown> {
  const result = coerceValue(input, where, node, limits, within(at, library));
  if (result === undefined) {
    if (kind === 'replace' && (node === undefined || (node.format !== 'null' && node.format !== 'node'))) {
      throw new ManagementError('BAD_USER_INPUT', `${where}: a replace needs a value`);
    }
    if (node !== undefined && node.format !== 'node') {
      if (node.format !== 'null')
        throw new ManagementError(
          'BAD_USER_INPUT',
          `${where}: "${at.path}" is a leaf of format ${node.format} and needs a value`,
          { expected: node.format },
        );
      return { value: storeValue({ format: 'null', data: null }) };
    }
    return {};
  }
  if ('value' in result) return { value: storeValue(result.value) };
  return 'item' in result ? { value: result.item } : { tree: storeTree(result.tree) };
}

/** A DM 1.x device fetches nothing by itself; where its protocol is not known yet, that shows when it comes. */
function sendable(row: CommandRow, where: string, { protocol }: KnownDevice): CommandRow {
  const value = row.request['value'] as StoredValue | undefined;
  if (value === undefined || !isContent(value) || protocol === null || protocol === 'DM_2_0') return row;
  throw new ManagementError(
    'NOT_SUPPORTED_BY_DEVICE',
    `${where}: a DM 1.x device takes the octets of "${row.path}" in the session alone: send them as base64`,
  );
}

function execArgument(
  input: ValueInput | null | undefined,
  where: string,
  node: KnownNode | undefined,
  limits: ValueLimits,
): Record<string, unknown> {
  if (input == null) return {};
  // An interior node may be executed with an argument, whose format the DDF then does not tell.
  const describing = node?.format === 'node' || node?.format === 'null' ? undefined : node;
  const result = coerceValue(input, `${where}.value`, describing, limits, undefined);
  if (result !== undefined && 'tree' in result)
    throw new ManagementError('BAD_FORMAT', `${where}.value: an argument is one value`);
  if (result !== undefined && 'item' in result) {
    if (isContent(result.item))
      throw new ManagementError('BAD_FORMAT', `${where}.value: an argument takes an item's address alone (chr)`, {
        expected: 'chr',
      });
    return { value: result.item };
  }
  return result === undefined ? {} : { value: storeValue(result.value) };
}
