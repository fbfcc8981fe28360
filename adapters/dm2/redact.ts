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
  const value = parsed(octets)?.value;
  if (typeof value !== 'object' || value === null) return numberOf(octets);
  clean(value as Container, 0, new Map());
  return Buffer.from(JSON.stringify(value));
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

/** An object or array of JSON. */
type Container = Record<string, unknown>;

/**
 * Takes the secrets out of what was parsed for that alone: a document of thousands of nodes is not made a second time.
 *
 * @param secrets what is known of names
 */
function clean(container: Container, depth: number, secrets: Map<string, boolean>): void {
  const isList = Array.isArray(container);
  for (const name of Object.keys(container)) {
    const value = container[name];
    if (!isList && isSecret(name, secrets)) container[name] = HIDDEN;
    else if (typeof value === 'string') {
      const text = withoutTokens(value);
      if (text !== value) container[name] = text;
    } else if (typeof value === 'object' && value !== null) {
      if (depth + 1 >= MAX_DEPTH) container[name] = HIDDEN;
      else clean(value as Container, depth + 1, secrets);
    }
  }
}

function isSecret(name: string, secrets: Map<string, boolean>): boolean {
  const known = secrets.get(name);
  if (known !== undefined) return known;
  const is = isSecretPath(name.includes('%') ? rawName(name) : name);
  secrets.set(name, is);
  return is;
}

function rawName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
