/**
 * What a delegation does on a device: an account for the other server, and its identifier in the ACLs of the delegated
 * objects; and back again. Pure. Source: dm1 sections 7, 15.3 and 19 ("Delegation").
 */
import {
  ACL_COMMANDS,
  effectiveAcl,
  parseAcl,
  printAcl,
  withoutServer,
  withServer,
  type Acl,
} from '../../../adapters/dm1/acl';
import { familyOf } from '../../../schema/ddf/library';
import { INHERITED_ACL } from '../acl';
import type { CommandRow } from '../judge';
import { normaliseUri, parentPlace } from '../places';
import { storeTree, storeValue } from '../stored-value';
import type { Tree } from '../../../adapters/adapter';
import type { CommandView } from '../types';
import type { DelegatedObject, Login } from './document';

/** A delegated object with its instance and what its list was before, and was made. */
export interface PlannedObject extends DelegatedObject {
  readonly miid: string;
  /** Its own list; empty: it inherited. Absent until it was read. */
  readonly before?: string;
  readonly during?: string;
}

export interface NewAccount {
  readonly name: string;
  readonly serverId: string;
  readonly url: string;
  readonly client: Login;
  readonly server: Login;
}

type Row = Omit<CommandRow, 'position'>;
const EMPTY = { request: {}, repeatable: true, emulated: false };

function ofUri(kind: CommandRow['kind'], uri: string, request: CommandRow['request'] = {}): Row {
  return { kind, moid: null, family: null, miid: null, path: '', uri, ...EMPTY, request };
}

function ofObject(kind: CommandRow['kind'], { moid, miid }: PlannedObject, request: CommandRow['request'] = {}): Row {
  return { kind, moid, family: familyOf(moid), miid, path: '', uri: null, ...EMPTY, request };
}

function numbered(rows: readonly Row[]): readonly CommandRow[] {
  return rows.map((row, position) => ({ ...row, position }));
}

/** Reads the lists of the objects and of all nodes above them, for they may inherit. */
export function readingCommands(objects: readonly PlannedObject[]): readonly CommandRow[] {
  const above = new Set(objects.flatMap(({ locUri }) => ancestorsOf(locUri)));
  return numbered([...[...above].map((uri) => ofUri('getAcl', uri)), ...objects.map((o) => ofObject('getAcl', o))]);
}

/** From the root down, without the node itself. */
function ancestorsOf(locUri: string): readonly string[] {
  const chain: string[] = [];
  for (let at = normaliseUri(locUri); at !== '.';) {
    at = parentPlace(at);
    chain.unshift(at);
  }
  return chain;
}

/** The objects with what their lists are and are to be; or why the lists cannot be known. */
export function planAcls(
  objects: readonly PlannedObject[],
  commands: readonly CommandView[],
  serverId: string,
):
  { readonly ok: true; readonly objects: readonly PlannedObject[] } | { readonly ok: false; readonly problem: string } {
  const seen = new Map(commands.map((command) => [keyOf(command), command]));
  const planned: PlannedObject[] = [];
  for (const object of objects) {
    const own = readOf(seen.get(keyOf({ uri: null, ...object })));
    if (own === undefined) return { ok: false, problem: `the ACL of ${object.locUri} could not be read` };
    // A list that DM 1.3 tells is an ancestor's counts whole; of others that cannot be read, nothing is known.
    const chain = ancestorsOf(object.locUri).map(
      (uri) => readOf(seen.get(keyOf({ uri, moid: null, miid: null })))?.acl ?? [],
    );
    const effective = effectiveAcl([...chain, own.acl]);
    const before = own.isInherited ? '' : printAcl(own.acl);
    planned.push({ ...object, before, during: printAcl(withServer(effective, serverId, ACL_COMMANDS)) });
  }
  return { ok: true, objects: planned };
}

function keyOf({
  uri,
  moid,
  miid,
}: {
  readonly uri: string | null;
  readonly moid: string | null;
  readonly miid: string | null;
}): string {
  return uri ?? `${moid === null ? '' : familyOf(moid)}\n${miid ?? ''}`;
}

function readOf(command: CommandView | undefined): { readonly acl: Acl; readonly isInherited: boolean } | undefined {
  if (command?.outcome !== 'OK' || typeof command.result !== 'string') return undefined;
  const read = parseAcl(command.result);
  return read.ok ? { acl: read.acl, isInherited: command.statusCode === INHERITED_ACL } : undefined;
}

/** The account first: rights without it would be nobody's. */
export function settingCommands(objects: readonly PlannedObject[], account: NewAccount): readonly CommandRow[] {
  return numbered([
    { ...ofUri('add', accountUri(account.name), { tree: storeTree(accountTree(account)) }), repeatable: false },
    ...objects.map((object) => setAcl(object, object.during ?? '')),
  ]);
}

/** Reads the lists again, for somebody may have changed them meanwhile. */
export function rereadingCommands(objects: readonly PlannedObject[]): readonly CommandRow[] {
  return numbered(objects.map((object) => ofObject('getAcl', object)));
}

/** Takes the rights, then the account. A list that nobody else changed is what it was before; of others the server goes. */
export function undoingCommands(
  objects: readonly PlannedObject[],
  reread: readonly CommandView[],
  { name, serverId }: { readonly name: string; readonly serverId: string },
): readonly CommandRow[] {
  const seen = new Map(reread.map((command) => [keyOf(command), command]));
  const lists = objects.flatMap((object) => {
    if (object.before === undefined) return [];
    const now = readOf(seen.get(keyOf({ uri: null, ...object })));
    const isOurs = now === undefined || now.isInherited || printAcl(now.acl) === object.during;
    return setAcl(object, isOurs ? object.before : printAcl(withoutServer(now.acl, serverId)));
  });
  return numbered([...lists, ofUri('delete', accountUri(name))]);
}

/** Whether everything was taken back; an account that is not there has gone already. */
export function isUndone(commands: readonly CommandView[]): boolean {
  return commands.every(({ kind, outcome }) => outcome === 'OK' || (kind === 'delete' && outcome === 'NOT_FOUND'));
}

function setAcl(object: PlannedObject, acl: string): Row {
  return ofObject('setAcl', object, { value: storeValue({ format: 'chr', data: acl }) });
}

function accountUri(name: string): string {
  return `./DMAcc/${name}`;
}

/** DMAcc 1.1 with what it must have (dm1 15.3). */
function accountTree({ serverId, url, client, server }: NewAccount): Tree {
  const chr = (name: string, data: string): Tree => ({ name, value: { format: 'chr', data } });
  const node = (name: string, ...children: readonly Tree[]): Tree => ({ name, children });
  const credential = (level: string, { name, secret }: Login): Tree =>
    node(
      level,
      chr('AAuthLevel', level),
      chr('AAuthType', 'DIGEST'),
      chr('AAuthName', name),
      chr('AAuthSecret', secret),
      { name: 'AAuthData', value: { format: 'bin', data: new Uint8Array() } },
    );
  return node(
    '',
    chr('AppID', 'w7'),
    chr('ServerID', serverId),
    chr('Name', serverId),
    node('AppAddr', node('1', chr('Addr', url), chr('AddrType', 'URI'))),
    chr('AAuthPref', 'DIGEST'),
    node('AppAuth', credential('CLCRED', client), credential('SRVCRED', server)),
  );
}
