/**
 * Multipart bodies, octet for octet. Form-data parsers drop a part without a name and read values as text; a
 * Package#3 needs its parts in order with their headers and bytes.
 * Source: RFC 2046, 5.1.1; OMA-TS-DM_Protocol-V2_0, appendix F.
 */
import { createHash } from 'node:crypto';

import type { Bytes } from '../adapter';
import { parseMediaType } from '../http/media-type';
import { failed, ok, type Result } from './result';

const MAX_PARTS = 4096;
const MAX_HEAD_OCTETS = 16_384;
const CRLF = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
/** RFC 2046 `bchars`, at most 70 and not ending in a space. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

export interface Part {
  /** Header values by name in lower case, folded lines joined. */
  readonly headers: ReadonlyMap<string, string>;
  /** `name` of its Content-Disposition. */
  readonly name?: string;
  /** Content-Type as it stands in the part. */
  readonly mediaType?: string;
  /** A view of the body that was read, not a copy. */
  readonly body: Bytes;
}

export type MultipartError = 'NO_BOUNDARY' | 'TRUNCATED' | 'BAD_HEAD' | 'TOO_MANY_PARTS';

/**
 * Reads the parts of a body.
 *
 * @param contentType value of the Content-Type header; its `boundary` parameter may be quoted
 *
 * Preamble, epilogue and a missing CR LF after the closing delimiter are legal. Errors: NO_BOUNDARY; TRUNCATED without
 * closing delimiter; BAD_HEAD when a part's headers have no end, are no headers or exceed 16 KiB; TOO_MANY_PARTS
 * beyond 4096. One pass over the octets.
 */
export function readMultipart(contentType: string, body: Bytes): Result<readonly Part[], MultipartError> {
  const boundary = parseMediaType(contentType).params.get('boundary');
  if (boundary === undefined || !BOUNDARY.test(boundary)) {
    return failed('NO_BOUNDARY', 'the Content-Type names no boundary');
  }

  const octets = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const dashes = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.concat([CRLF, dashes]);

  let found = firstDelimiter(octets, dashes, delimiter);
  const parts: Part[] = [];
  while (found !== undefined && !found.closes) {
    if (parts.length >= MAX_PARTS) return failed('TOO_MANY_PARTS', `more than ${MAX_PARTS} parts`);
    const next = nextDelimiter(octets, delimiter, found.end - CRLF.length);
    if (next === undefined) break;
    const part = readPart(octets.subarray(found.end, Math.max(found.end, next.start)));
    if (part === undefined) return failed('BAD_HEAD', `the headers of part ${parts.length} are unreadable`);
    parts.push(part);
    found = next;
  }
  if (found === undefined || !found.closes) return failed('TRUNCATED', 'the closing delimiter is missing');
  return ok(parts);
}

interface Delimiter {
  readonly start: number;
  readonly end: number;
  readonly closes: boolean;
}

function firstDelimiter(octets: Buffer, dashes: Buffer, delimiter: Buffer): Delimiter | undefined {
  if (octets.subarray(0, dashes.length).equals(dashes)) {
    const here = delimiterEnd(octets, dashes.length);
    if (here !== undefined) return { start: 0, ...here };
  }
  return nextDelimiter(octets, delimiter, 0);
}

function nextDelimiter(octets: Buffer, delimiter: Buffer, from: number): Delimiter | undefined {
  let start = octets.indexOf(delimiter, from);
  while (start >= 0) {
    const here = delimiterEnd(octets, start + delimiter.length);
    if (here !== undefined) return { start, ...here };
    start = octets.indexOf(delimiter, start + 1);
  }
  return undefined;
}

/** What follows `--boundary`: `--` closes; blanks and CR LF go on; anything else only looks like a delimiter. */
function delimiterEnd(octets: Buffer, from: number): { end: number; closes: boolean } | undefined {
  const closes = octets[from] === 0x2d && octets[from + 1] === 0x2d;
  let at = closes ? from + 2 : from;
  // Blanks are counted, so that a run of them after each look-alike cannot make the search quadratic.
  for (let blanks = 0; blanks < 64 && (octets[at] === 0x20 || octets[at] === 0x09); blanks += 1) at += 1;
  if (closes && at >= octets.length) return { end: octets.length, closes };
  if (octets[at] === 0x0d && octets[at + 1] === 0x0a) return { end: at + 2, closes };
  return undefined;
}

function readPart(octets: Buffer): Part | undefined {
  // A part without headers begins with the empty line itself.
  const headless = octets.subarray(0, 2).equals(CRLF);
  const headEnd = headless ? 0 : octets.subarray(0, MAX_HEAD_OCTETS).indexOf(HEAD_END);
  if (headEnd < 0) return undefined;

  const headers = readHeaders(octets.subarray(0, headEnd).toString('latin1'));
  if (headers === undefined) return undefined;
  const body = octets.subarray(headless ? CRLF.length : headEnd + HEAD_END.length);
  const disposition = headers.get('content-disposition');
  const name = disposition === undefined ? undefined : parseMediaType(disposition).params.get('name');
  const mediaType = headers.get('content-type');
  return {
    headers,
    body,
    ...(name === undefined ? {} : { name }),
    ...(mediaType === undefined ? {} : { mediaType }),
  };
}

function readHeaders(head: string): Map<string, string> | undefined {
  const lines: string[] = [];
  for (const line of head === '' ? [] : head.split('\r\n')) {
    const folded = line.startsWith(' ') || line.startsWith('\t');
    if (!folded) lines.push(line);
    else if (lines.length === 0) return undefined;
    else lines[lines.length - 1] += ` ${line.trim()}`;
  }

  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) return undefined;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}

export interface OutgoingPart {
  /** Left out for the part that is the Package#3. */
  readonly name?: string;
  readonly mediaType: string;
  readonly body: Bytes;
}

/** Writes a multipart/form-data body with a boundary that occurs in none of the parts; the same parts give the same octets. */
export function writeMultipart(parts: readonly OutgoingPart[]): { contentType: string; body: Bytes } {
  const boundary = freeBoundary(parts);
  const pieces: Bytes[] = [];
  for (const part of parts) {
    const name = part.name === undefined ? '' : `; name="${part.name.replace(/["\\\r\n]/g, '')}"`;
    const head = [
      `--${boundary}`,
      `Content-Disposition: form-data${name}`,
      `Content-Type: ${part.mediaType.replace(/[\r\n]/g, '')}`,
    ];
    pieces.push(Buffer.from(`${head.join('\r\n')}\r\n\r\n`), part.body, CRLF);
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(pieces) };
}

function freeBoundary(parts: readonly OutgoingPart[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part.body);
  const seed = hash.digest('hex').slice(0, 24);
  let boundary = seed;
  for (let n = 1; parts.some((part) => Buffer.from(part.body).includes(boundary)); n += 1) boundary = `${seed}-${n}`;
  return boundary;
}
