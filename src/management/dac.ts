/**
 * The Delegation Access Control object of a DM 2.0 device: who may do what with an instance of an MO, as it was read from the
 * device and as it is written there. Pure.
 * Source: OMA-TS-DM_Protocol-V2_0, 6.3.1.1, 10 and 12.3; dm2 12 and 14.3.
 */
import type { Json, Tree } from '../../adapters/adapter';
import { decodeName, encodeName, familyOf, namesOf } from '../../schema/ddf/library';
import { isStorable } from './tree';
import { ManagementError, type AccessEntry, type AccessRight } from './types';

export const DAC_FAMILY = 'urn:oma:mo:oma-dm-dacmo';

/** Each right's part in the sum that `AR` holds. */
const BITS: Readonly<Record<AccessRight, number>> = { READ: 1, WRITE: 2, EXECUTE: 4, DELEGATE: 8 };
const RIGHTS = Object.keys(BITS) as readonly AccessRight[];

const MOST_ENTRIES = 64;
const MOST_AUTHORITIES = 64;

/** A management authority as the object names it; a bare server identifier, as one figure has it, is one with `serverid:`. */
function authorityOf(maid: string): string {
  return maid === '*' || /^(?:serverid|appid):/i.test(maid) ? maid : `serverid:${maid}`;
}

/**
 * The entries of one instance in documents of the access-control object, in order of path. Undefined where they say nothing of
 * the instance: nobody knows its rights then.
 */
export function accessEntries(
  documents: readonly Json[],
  { family, miid }: { readonly family: string; readonly miid: string },
): readonly AccessEntry[] | undefined {
  const found = documents.flatMap((document) =>
    members(document)
      .filter(([moid]) => familyOf(rawName(moid)) === family)
      .flatMap(([, instances]) => members(instances).filter(([name]) => rawName(name) === miid))
      .map(([, rules]) => rules),
  );
  if (found.length === 0) return undefined;
  return found
    .flatMap((rules) => members(rules).flatMap(([, rule]) => entryOf(rule) ?? []))
    .sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
}

/** The entries below one instance's node, as a getAccess read it. */
export function entriesOfInstance(rules: Json): readonly AccessEntry[] {
  return accessEntries([{ x: { '': rules } }], { family: 'x', miid: '' }) ?? [];
}

function entryOf(rule: Json): AccessEntry | undefined {
  const { Path: path, Permissions: permissions } = Object.fromEntries(members(rule));
  if (permissions === undefined) return undefined;
  const authorities = members(permissions).flatMap(([, permission]) => {
    const { MAID: maid, AR: sum } = Object.fromEntries(members(permission));
    const bits = typeof sum === 'number' ? sum : Number(typeof sum === 'string' ? sum : Number.NaN);
    if (typeof maid !== 'string' || !Number.isInteger(bits)) return [];
    return [{ authority: authorityOf(maid), rights: RIGHTS.filter((right) => (bits & BITS[right]) !== 0) }];
  });
  return { path: typeof path === 'string' ? pathOf(path) : '', authorities };
}

/** `/Ops/Reset` of a ClientURI as the middle's path. */
function pathOf(text: string): string {
  return text
    .split('/')
    .filter((step) => step !== '')
    .map((step) => encodeName(rawName(step)))
    .join('/');
}

function rawName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function members(json: Json | undefined): readonly (readonly [string, Json])[] {
  return json === null || typeof json !== 'object' || Array.isArray(json) ? [] : Object.entries(json);
}

/** What a server may do at a path: by the entry of the nearest node above, which overrides those farther up. */
export function rightsAt(entries: readonly AccessEntry[], path: string, serverId: string): ReadonlySet<AccessRight> {
  const covering = entries.filter(
    (entry) => entry.path === '' || path === entry.path || path.startsWith(`${entry.path}/`),
  );
  const deepest = Math.max(-1, ...covering.map((entry) => entry.path.length));
  return new Set(
    covering
      .filter((entry) => entry.path.length === deepest)
      .flatMap((entry) => entry.authorities)
      .filter(
        ({ authority }) =>
          authority === '*' || authority.replace(/^serverid:/i, 'serverid:') === `serverid:${serverId}`,
      )
      .flatMap(({ rights }) => rights),
  );
}

const NEEDS: Readonly<Record<string, AccessRight | undefined>> = {
  get: 'READ',
  // Of what is copied; its target is judged as what a replace writes.
  copy: 'READ',
  subscribe: 'READ',
  add: 'WRITE',
  replace: 'WRITE',
  delete: 'WRITE',
  exec: 'EXECUTE',
  setAccess: 'DELEGATE',
};

/** What the device's own access rights say against a command; undefined when nothing does, or when they are not known. */
export function objectionOfAccess(
  command: {
    readonly kind: string;
    readonly family: string | null;
    readonly miid: string | null;
    readonly path: string;
  },
  { documents, serverId }: KnownAccess,
): string | undefined {
  const { kind, family, miid, path } = command;
  const needed = NEEDS[kind];
  // A new instance has no entry yet, and the object itself is guarded by those of the instances that it tells of.
  if (needed === undefined || family === null || miid === null || family === DAC_FAMILY) return undefined;
  if (kind === 'add' && path === '') return undefined;
  const entries = accessEntries(documents, { family, miid });
  if (entries === undefined || rightsAt(entries, path, serverId).has(needed)) return undefined;
  return `the device's access control gives ${serverId} no right to ${needed} at "${path}" of ${family} ${miid}`;
}

/** What they say against writing at an address, as the second step of a copy does. */
export function objectionToWriting(
  { moid, miid, path }: { readonly moid: string; readonly miid?: string | null; readonly path: string },
  known: KnownAccess,
): string | undefined {
  return objectionOfAccess({ kind: 'replace', family: familyOf(moid), miid: miid ?? null, path }, known);
}

/** What is known of a device's access rights. */
export interface KnownAccess {
  /** Documents of its access-control object that are young enough to count. */
  readonly documents: readonly Json[];
  /** Ours on that device. */
  readonly serverId: string;
}

/** Where the entries of an instance stand in the access-control object. */
export function accessPath(moid: string, miid: string): string {
  return `${encodeName(moid)}/${encodeName(miid)}`;
}

/** The node of an instance with its entries, as it is written. */
export function accessTree(miid: string, entries: readonly AccessEntry[]): Tree {
  const folder = (name: string, children: readonly Tree[]): Tree => ({ name, children, childrenComplete: true });
  const text = (name: string, data: string): Tree => ({ name, value: { format: 'chr', data } });
  const sum = (rights: readonly AccessRight[]): number => rights.reduce((bits, right) => bits | BITS[right], 0);
  return folder(
    miid,
    entries.map(({ path, authorities }, index) =>
      folder(String(index + 1), [
        ...(path === ''
          ? []
          : [
              text(
                'Path',
                `/${path
                  .split('/')
                  .map((name) => encodeURIComponent(decodeName(name)))
                  .join('/')}`,
              ),
            ]),
        folder(
          'Permissions',
          authorities.map(({ authority, rights }, at) =>
            folder(String(at + 1), [
              text('MAID', authority),
              { name: 'AR', value: { format: 'int', data: sum(rights) } },
            ]),
          ),
        ),
      ]),
    ),
  );
}

/** Entries that a caller gives. Errors: BAD_USER_INPUT, which names the place. */
export function readAccessInput(entries: readonly AccessEntry[], where: string): readonly AccessEntry[] {
  const refuse = (place: string, why: string): ManagementError =>
    new ManagementError('BAD_USER_INPUT', `${where}.${place}: ${why}`);
  if (entries.length > MOST_ENTRIES) throw refuse('entries', `at most ${MOST_ENTRIES}`);
  const paths = new Set<string>();
  return entries.map(({ path: given, authorities }, index) => {
    const path = (given as string | null | undefined) ?? '';
    const place = `entries[${index}]`;
    const names = path === '' ? [] : namesOf(path);
    if (
      names === undefined ||
      path.length > 1024 ||
      !isStorable(path) ||
      names.some((name) => name === '' || name === '..' || name === '.')
    )
      throw refuse(`${place}.path`, 'node names joined by "/", below the root; empty: the whole object');
    const printed = names.map(encodeName).join('/');
    if (paths.has(printed)) throw refuse(`${place}.path`, 'each path once');
    paths.add(printed);
    if (authorities.length > MOST_AUTHORITIES) throw refuse(`${place}.authorities`, `at most ${MOST_AUTHORITIES}`);
    const known = new Set<string>();
    for (const [at, { authority }] of authorities.entries()) {
      if (!/^(?:\*|(?:serverid|appid):[\x21-\x7e]{1,200})$/.test(authority))
        throw refuse(`${place}.authorities[${at}].authority`, 'serverid:ID, appid:ID, or * for all');
      if (known.has(authority)) throw refuse(`${place}.authorities[${at}].authority`, 'each authority once');
      known.add(authority);
    }
    return {
      path: printed,
      authorities: authorities.map(({ authority, rights }) => ({
        authority,
        rights: RIGHTS.filter((right) => rights.includes(right)),
      })),
    };
  });
}
