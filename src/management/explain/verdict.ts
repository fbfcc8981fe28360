/** What would become of a command, judged in a dry run. Pure. */
import { isDeepStrictEqual } from 'node:util';

import type { Asked, Json, Lack } from '../../../adapters/adapter';
import { namesOf } from '../../../schema/ddf/library';
import { objectionOfAcl, type KnownAcl } from '../acl';
import { objectionOfAccess, objectionToWriting, type KnownAccess } from '../dac';
import type { CommandRow, CopyTarget } from '../judge';
import { storedPrompt } from '../show';
import { restoreValue, type StoredTree, type StoredValue } from '../stored-value';
import { scalarOf, setOwn } from '../tree';
import type { ErrorCode, ManagementError } from '../types';
import type { Objector, Judgement, Verdict } from './types';

/** What is known of the device beside its addresses. */
export interface DryRunFacts {
  readonly acls: readonly (KnownAcl & { readonly observedAt?: Date | null })[];
  readonly access: KnownAccess & { readonly observedAt: Date | null };
  readonly serverId: string;
  readonly features: Readonly<Record<string, { readonly value: Json; readonly at: string }>>;
  readonly documents: readonly DocumentFacts[];
  /** Whether the caller may be told of values there. */
  mayRead(family: string, path: string): boolean;
  readonly lacks: (asked: Asked, features: Readonly<Record<string, Json>>) => Lack | undefined;
}

export interface DocumentFacts {
  readonly family: string;
  readonly miid: string;
  readonly values: Json;
  /** Format and MIME type of leaves by path, where they differ from the DDF's. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** When all of it, else something of it, was last seen. */
  readonly observedAt: Date | null;
}

const BY_CODE: Readonly<Partial<Record<ErrorCode, readonly [Judgement, Objector | null]>>> = {
  FORBIDDEN: ['FORBIDDEN', 'GRANTS'],
  NOT_FOUND: ['FORBIDDEN', 'GRANTS'],
  ACCESS_TYPE: ['FORBIDDEN', 'DDF'],
  NOT_IN_DDF: ['NOT_IN_DDF', 'DDF'],
  NOT_SUPPORTED_BY_DEVICE: ['LACKS_FEATURE', 'PROTOCOL'],
  NO_SUCH_MO: ['NO_SUCH_OBJECT', null],
  MO_AMBIGUOUS: ['NO_SUCH_OBJECT', null],
  NO_PLACE: ['NO_SUCH_OBJECT', null],
};

/** Of a command for which the operation would be refused. @param by who says so where its code does not tell */
export function verdictOfError({ code, message }: ManagementError, by?: Objector): Verdict {
  const [judgement, objector] = BY_CODE[code] ?? ['BAD_VALUE', null];
  return { judgement, by: by ?? objector, code, message, seenAt: null };
}

/** Of a command that would be queued. */
export function verdictOf(row: CommandRow, facts: DryRunFacts): Verdict {
  const against = (by: Objector, judgement: Judgement, message: string, seenAt: Date | null): Verdict => ({
    judgement,
    by,
    code: null,
    message,
    seenAt,
  });
  const values = Object.fromEntries(Object.entries(facts.features).map(([name, { value }]) => [name, value]));
  const lack = facts.lacks(askedOf(row), values);
  if (lack !== undefined) {
    const at = facts.features[lack.feature]?.at;
    return against('FEATURE', 'LACKS_FEATURE', lack.reason, at === undefined ? null : new Date(at));
  }
  const access = objectionOfAccess(row, facts.access) ?? objectionToCopy(row, facts.access);
  if (access !== undefined) return against('ACCESS_CONTROL', 'FORBIDDEN', access, facts.access.observedAt);
  const acl = objectionOfAcl(row, facts.acls, facts.serverId);
  if (acl !== undefined) return against('ACL', 'FORBIDDEN', acl, aclSeenAt(row, facts.acls));
  const equal =
    row.family !== null && facts.mayRead(row.family, row.path) ? equalDocument(row, facts.documents) : undefined;
  if (equal !== undefined)
    return {
      judgement: 'ALREADY_EQUAL',
      by: null,
      code: null,
      message: 'the device has this value already, as far as is stored; it is sent all the same',
      seenAt: equal.observedAt,
    };
  const message = row.emulated
    ? 'it will be sent, as a read and a write, for the protocol has no such command'
    : 'it will be sent in the next session of the device';
  return { judgement: 'WILL_BE_SENT', by: null, code: null, message, seenAt: null };
}

/** Of a copy, what speaks against writing where it goes. */
function objectionToCopy({ kind, request }: CommandRow, access: KnownAccess): string | undefined {
  const to = kind === 'copy' ? (request['to'] as CopyTarget) : undefined;
  return to === undefined || 'uri' in to ? undefined : objectionToWriting(to, access);
}

function askedOf({ kind, request }: CommandRow): Asked {
  const prompt = kind === 'show' ? storedPrompt(request)?.kind : undefined;
  return { kind, ...(prompt === undefined ? {} : { prompt }), ...(request['whole'] === true ? { whole: true } : {}) };
}

/** Of the list of the node or of its nearest ancestor. */
function aclSeenAt({ family, miid, path }: CommandRow, acls: DryRunFacts['acls']): Date | null {
  const above = acls
    .filter((acl) => acl.family === family && acl.miid === miid)
    .filter((acl) => acl.path === '' || path === acl.path || path.startsWith(`${acl.path}/`))
    .sort((one, other) => other.path.length - one.path.length);
  return above[0]?.observedAt ?? null;
}

/** The stored object in which a replace would change nothing. */
function equalDocument(row: CommandRow, documents: readonly DocumentFacts[]): DocumentFacts | undefined {
  if (row.kind !== 'replace' || row.family === null || row.miid === null) return undefined;
  const document = documents.find(({ family, miid }) => family === row.family && miid === row.miid);
  const names = namesOf(row.path);
  if (document === undefined || names === undefined) return undefined;
  const stored = nodeAt(document.values, names);
  if (stored === undefined) return undefined;
  const value = row.request['value'] as StoredValue | undefined;
  const tree = row.request['tree'] as StoredTree | undefined;
  const isEqual =
    tree === undefined
      ? value !== undefined && isStoredAs(value, row.path, stored, document)
      : row.request['whole'] === true
        ? isDeepStrictEqual(jsonOf(tree), stored)
        : holds(stored, jsonOf(tree));
  return isEqual ? document : undefined;
}

function isStoredAs(value: StoredValue, path: string, stored: Json, { meta }: DocumentFacts): boolean {
  // Whether a file is what the device has, nobody knows here.
  if (value.k === 'f' || value.k === 'r') return false;
  const own = Object.hasOwn(meta, path) ? meta[path] : undefined;
  if (Array.isArray(own) && own[0] !== value.f) return false;
  return isDeepStrictEqual(scalarOf(restoreValue(value)), stored);
}

/** A tree as it is stored; undefined where a value of it cannot be. */
function jsonOf({ v, c }: StoredTree): Json | undefined {
  if (v !== undefined) return v.k === 'f' || v.k === 'r' ? undefined : scalarOf(restoreValue(v));
  const object: Record<string, Json> = {};
  for (const child of c ?? []) {
    const json = jsonOf(child);
    if (json === undefined) return undefined;
    setOwn(object, child.n, json);
  }
  return object;
}

function nodeAt(values: Json, names: readonly string[]): Json | undefined {
  let node: Json | undefined = values;
  for (const name of names) node = isObject(node) && Object.hasOwn(node, name) ? node[name] : undefined;
  return node;
}

/** Whether writing the leaves of `wanted` changes nothing. */
function holds(stored: Json, wanted: Json | undefined): boolean {
  if (wanted === undefined) return false;
  if (!isObject(wanted)) return isDeepStrictEqual(stored, wanted);
  return (
    isObject(stored) &&
    Object.entries(wanted).every(([name, value]) => Object.hasOwn(stored, name) && holds(stored[name] ?? null, value))
  );
}

function isObject(json: Json | undefined): json is { readonly [name: string]: Json } {
  return json !== null && typeof json === 'object' && !Array.isArray(json);
}
