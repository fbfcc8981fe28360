/**
 * Packages #1, #2 and #3 between octets and values: strict on the way out, tolerant on the way in.
 * Source: OMA-TS-DM_Protocol-V2_0, 7.2.1 (schemas), appendix F (multipart); tolerances as real clients need them:
 * a member that is null counts as absent, unknown members are ignored, statuses may be bare numbers.
 */
import type { Bytes, Json } from '../adapter';
import { parseMediaType } from '../http/media-type';
import { readMultipart, writeMultipart, type Part } from './multipart';
import {
  MEDIA_TYPES,
  type AlertItem,
  type DataPart,
  type Package1,
  type Package2,
  type Package3,
  type PackageCommand,
  type StatusEntry,
  type SupportedMo,
} from './package';
import { failed, ok, type Result } from './result';
import { textOf } from '../http/utf8';
import { storable, storableJson } from './storable-text';

export type PackageError = 'NOT_JSON' | 'BAD_SHAPE' | 'BAD_MULTIPART' | 'NO_PACKAGE' | 'UNKNOWN_TYPE';

const MAX_PART_INDEX = 99_999;

type Members = Readonly<Record<string, unknown>>;

/** Reads the body of a Package#1. `{}` is legal. Entries of MOS without a MOID and alerts without a type are left out. */
export function decodePackage1(body: Bytes): Result<Package1, PackageError> {
  const json = objectIn(body);
  if (!json.ok) return json;

  const alerts = readAlerts(json.value['Alert']);
  if (alerts === undefined) return failed('BAD_SHAPE', 'Alert is no array of alerts');
  const listed = json.value['MOS'];
  if (listed === undefined || listed === null) return ok({ alerts });
  if (!Array.isArray(listed)) return failed('BAD_SHAPE', 'MOS is no array');

  const mos: SupportedMo[] = [];
  for (const [index, entry] of listed.entries()) {
    const mo = readSupportedMo(entry);
    if (mo === undefined) return failed('BAD_SHAPE', `MOS[${index}] is no description of an MO`);
    if (mo.moid !== '') mos.push(mo);
  }
  return ok({ mos, alerts });
}

function readSupportedMo(entry: unknown): SupportedMo | undefined {
  if (!isObject(entry)) return undefined;
  const moid = textMember(entry, 'MOID') ?? '';
  const ddf = textMember(entry, 'DDF');
  const listed = entry['MIID'] ?? [];
  const miids: string[] = [];
  for (const miid of Array.isArray(listed) ? listed : [listed]) {
    if (typeof miid !== 'string' && typeof miid !== 'number') return undefined;
    miids.push(storable(String(miid)));
  }
  return { moid, ...(ddf === undefined ? {} : { ddf }), miids };
}

/**
 * Reads the body of a Package#2 (what a client does). `malformed` has the indexes of commands that are no array of
 * texts: such a command is kept at its place, its parameters as JSON text, so that it can be answered 400.
 */
export function decodePackage2(
  body: Bytes,
): Result<Package2 & { readonly malformed: readonly number[] }, PackageError> {
  const json = objectIn(body);
  if (!json.ok) return json;
  const listed = json.value['CMD'];
  if (!Array.isArray(listed)) return failed('BAD_SHAPE', 'CMD is no array');

  const commands: PackageCommand[] = [];
  const malformed: number[] = [];
  for (const [index, entry] of listed.entries()) {
    const words: readonly unknown[] = Array.isArray(entry) ? entry : [];
    if (words.length === 0 || words.some((word) => typeof word !== 'string')) malformed.push(index);
    const [name = '', ...parameters] = words.map((word) => (typeof word === 'string' ? word : 'null'));
    commands.push([name, ...parameters]);
  }
  return ok({ commands, malformed });
}

/** Reads a Package#3, alone or in a multipart body with the data of its GETs. Data parts are views of `body`. */
export function decodePackage3(contentType: string, body: Bytes): Result<Package3, PackageError> {
  const type = parseMediaType(contentType).type;
  if (type === MEDIA_TYPES.response) return readPackage3(body, []);
  if (type !== MEDIA_TYPES.multipart) return failed('UNKNOWN_TYPE', 'neither a Package#3 nor a multipart body');

  const read = readMultipart(contentType, body);
  if (!read.ok) return failed('BAD_MULTIPART', read.message);
  const at = packagePart(read.value);
  const part = read.value[at];
  if (part === undefined) return failed('NO_PACKAGE', 'no part holds the Package#3');
  return readPackage3(part.body, dataParts(read.value, at));
}

/** The part of the right type, else the first one unless it is plainly data: named and typed. */
function packagePart(parts: readonly Part[]): number {
  const typed = parts.findIndex((part) => parseMediaType(part.mediaType).type === MEDIA_TYPES.response);
  if (typed >= 0) return typed;
  const first = parts[0];
  return first !== undefined && (first.name === undefined || first.mediaType === undefined) ? 0 : -1;
}

function dataParts(parts: readonly Part[], packageAt: number): DataPart[] {
  const found = new Map<number, DataPart>();
  for (const [at, part] of parts.entries()) {
    if (at === packageAt || part.name === undefined || !/^\d{1,5}$/.test(part.name)) continue;
    const index = Number(part.name);
    if (index > MAX_PART_INDEX || found.has(index)) continue;
    found.set(index, { index, mediaType: part.mediaType ?? 'text/plain', body: part.body });
  }
  return [...found.values()];
}

function readPackage3(body: Bytes, parts: readonly DataPart[]): Result<Package3, PackageError> {
  const json = objectIn(body);
  if (!json.ok) return json;
  const statuses = readStatuses(json.value['Status']);
  if (statuses === undefined) return failed('BAD_SHAPE', 'Status is no array of status entries');
  const alerts = readAlerts(json.value['Alert']);
  if (alerts === undefined) return failed('BAD_SHAPE', 'Alert is no array of alerts');
  return ok({ statuses, alerts, parts });
}

function readStatuses(listed: unknown): readonly StatusEntry[] | undefined {
  if (listed === undefined || listed === null) return [];
  if (!Array.isArray(listed)) return undefined;

  const statuses: StatusEntry[] = [];
  let loose: string[] | undefined;
  for (const entry of listed as readonly unknown[]) {
    if (typeof entry === 'string') {
      // In the specification's examples the URI stands loose behind the number of its entry.
      if (loose === undefined) return undefined;
      const last = statuses.at(-1);
      if (last !== undefined && last.uris === undefined) statuses[statuses.length - 1] = { ...last, uris: loose };
      loose.push(storable(entry));
      continue;
    }
    const status = typeof entry === 'number' ? readCode(entry) : readStatusObject(entry);
    if (status === undefined) return undefined;
    statuses.push(status);
    loose = typeof entry === 'number' ? [] : undefined;
  }
  return statuses;
}

function readCode(code: unknown): StatusEntry | undefined {
  const sc = typeof code === 'string' && /^\d{3,4}$/.test(code) ? Number(code) : code;
  return typeof sc === 'number' && Number.isSafeInteger(sc) ? { sc } : undefined;
}

function readStatusObject(entry: unknown): StatusEntry | undefined {
  if (!isObject(entry)) return undefined;
  const status = readCode(entry['sc']);
  if (status === undefined) return undefined;
  const listed = entry['URI'] ?? undefined;
  if (listed === undefined) return status;
  const uris = (Array.isArray(listed) ? listed : [listed]).filter((uri): uri is string => typeof uri === 'string');
  return uris.length === 0 ? status : { ...status, uris: uris.map(storable) };
}

/** An array of alerts; also a single alert, and an array wrapped once more as the schema's reference would have it. */
function readAlerts(listed: unknown): readonly AlertItem[] | undefined {
  if (listed === undefined || listed === null) return [];
  if (isObject(listed)) {
    if (listed['AlertType'] !== undefined) return readAlerts([listed]);
    const inner = listed['Alert'];
    return Array.isArray(inner) ? readAlerts(inner) : inner === undefined || inner === null ? [] : undefined;
  }
  if (!Array.isArray(listed)) return undefined;

  const alerts: AlertItem[] = [];
  for (const entry of listed as readonly unknown[]) {
    if (!isObject(entry)) return undefined;
    const alert = readAlert(entry);
    if (alert !== undefined) alerts.push(alert);
  }
  return alerts;
}

function readAlert(entry: Members): AlertItem | undefined {
  const type = textMember(entry, 'AlertType');
  if (type === undefined || type === '') return undefined;
  const sourceUri = textMember(entry, 'SourceURI');
  const targetUri = textMember(entry, 'TargetURI');
  const mark = textMember(entry, 'Mark');
  const dataType = textMember(entry, 'DataType');
  const data = entry['Data'] === undefined ? undefined : (storableJson(entry['Data']) ?? null);
  return {
    type,
    ...(sourceUri === undefined ? {} : { sourceUri }),
    ...(targetUri === undefined ? {} : { targetUri }),
    ...(mark === undefined ? {} : { mark }),
    ...(dataType === undefined ? {} : { dataType }),
    ...(data === undefined ? {} : { data }),
  };
}

export function encodePackage1(value: Package1): Bytes {
  const mos = value.mos?.map((mo) => ({ DDF: mo.ddf, MOID: mo.moid, MIID: mo.miids }));
  return jsonOctets({ MOS: mos, Alert: value.alerts.length === 0 ? undefined : value.alerts.map(alertMembers) });
}

export function encodePackage2(value: Package2): Bytes {
  return jsonOctets({ CMD: value.commands.map((command) => command.map(String)) });
}

/** A Package#3 with its Content-Type: multipart as soon as a GET brought data, plain JSON otherwise. */
export function encodePackage3(value: Package3): { contentType: string; body: Bytes } {
  const status = value.statuses.map((entry) => ({ sc: entry.sc, URI: entry.uris }));
  const alerts = value.alerts.length === 0 ? undefined : value.alerts.map(alertMembers);
  const body = jsonOctets({ Status: status, Alert: alerts });
  if (value.parts.length === 0) return { contentType: MEDIA_TYPES.response, body };
  return writeMultipart([
    { mediaType: MEDIA_TYPES.response, body },
    ...value.parts.map((part) => ({ name: String(part.index), mediaType: part.mediaType, body: part.body })),
  ]);
}

function alertMembers(alert: AlertItem): Record<string, Json | undefined> {
  return {
    AlertType: alert.type,
    SourceURI: alert.sourceUri,
    TargetURI: alert.targetUri,
    Mark: alert.mark,
    DataType: alert.dataType,
    Data: alert.data,
  };
}

function jsonOctets(value: unknown): Bytes {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

function objectIn(body: Bytes): Result<Members, 'NOT_JSON' | 'BAD_SHAPE'> {
  const json = parseJson(body);
  if (!json.ok) return json;
  return isObject(json.value) ? ok(json.value) : failed('BAD_SHAPE', 'the body is no JSON object');
}

/** Octets as a JSON value. */
export function parseJson(body: Bytes): Result<unknown, 'NOT_JSON'> {
  const text = textOf(body);
  if (text === undefined) return failed('NOT_JSON', 'the body is not UTF-8');
  try {
    const value: unknown = JSON.parse(text);
    return ok(value);
  } catch {
    return failed('NOT_JSON', 'the body is not JSON');
  }
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textMember(entry: Members, name: string): string | undefined {
  const value = entry[name];
  return typeof value === 'string' ? storable(value) : undefined;
}
