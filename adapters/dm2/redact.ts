/**
 * A package without secrets, for people who look into what went over the wire. It is read and written anew, so that nothing
 * passes which was not understood. Credentials of DM 2.0 stand in headers, which are not kept. Pure; never throws.
 */
import type { Bytes, Redacted } from '../adapter';
import { HIDDEN, isSecretPath, octetsLeftOut, withoutTokens } from '../http/redaction';
import { parseMediaType } from '../http/media-type';
import { textOf } from '../http/utf8';
import { type Part, readMultipart, writeMultipart } from './multipart';
import { MEDIA_TYPES } from './package';

const MULTIPART = /^multipart\//i;
const DOCUMENTS: ReadonlySet<string> = new Set(Object.values(MEDIA_TYPES));
const MAX_DEPTH = 64;

export function redact(octets: Bytes, mediaType: string): Redacted {
  if (!MULTIPART.test(mediaType.trim())) return { octets: jsonOrNumber(octets), mediaType };
  const parts = readMultipart(mediaType, octets);
  if (!parts.ok) return { octets: Buffer.from(octetsLeftOut(octets.length)), mediaType: 'text/plain' };
  const { contentType, body } = writeMultipart(
    parts.value.map((part, index) => ({
      ...(part.name === undefined ? {} : { name: part.name }),
      mediaType: part.mediaType ?? 'application/octet-stream',
      body: isDocument(part, index) ? jsonOrNumber(part.body) : numberOf(part.body),
    })),
  );
  return { octets: body, mediaType: contentType };
}

/** Whether a part is a package or a tree. Any other may be the value of one node, even where it reads as JSON. */
function isDocument({ mediaType, name }: Part, index: number): boolean {
  if (mediaType === undefined) return index === 0 && name === undefined;
  return DOCUMENTS.has(parseMediaType(mediaType).type);
}

function numberOf(octets: Bytes): Bytes {
  return Buffer.from(octets.length === 0 ? '' : octetsLeftOut(octets.length));
}

/** Its JSON indented, part by part. */
export function display(octets: Bytes, mediaType: string): string {
  const parts = MULTIPART.test(mediaType.trim()) ? readMultipart(mediaType, octets) : undefined;
  if (parts?.ok !== true) return pretty(octets);
  return parts.value
    .map(({ name, mediaType: type, body }) => `--- ${name ?? 'package'} ${type ?? ''}\n${pretty(body)}`)
    .join('\n');
}

function pretty(octets: Bytes): string {
  const json = parsed(octets);
  return json === undefined ? Buffer.from(octets).toString('utf8') : JSON.stringify(json.value, null, 2);
}

/** An object or array without secrets. A bare value is that of a node which nothing here names, so its length alone is told. */
function jsonOrNumber(octets: Bytes): Bytes {
  const json = parsed(octets);
  const isTree = json !== undefined && typeof json.value === 'object' && json.value !== null;
  if (!isTree) return numberOf(octets);
  return Buffer.from(JSON.stringify(cleaned(json.value, 0)));
}

function parsed(octets: Bytes): { readonly value: unknown } | undefined {
  const text = textOf(octets);
  if (text === undefined) return undefined;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function cleaned(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return withoutTokens(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return HIDDEN;
  if (Array.isArray(value)) return value.map((one) => cleaned(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      isSecretPath(rawName(name)) ? HIDDEN : cleaned(member, depth + 1),
    ]),
  );
}

function rawName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
