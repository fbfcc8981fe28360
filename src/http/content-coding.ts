/** Content-Encoding of what devices send, undone within bounds, and of what they are answered. */
import { promisify } from 'node:util';
import { deflate, gunzip, gzip, inflate, inflateRaw } from 'node:zlib';

import type { Bytes, Wire } from '../../adapters/adapter';

const gunzipAsync = promisify(gunzip);
const inflateAsync = promisify(inflate);
const inflateRawAsync = promisify(inflateRaw);
const gzipAsync = promisify(gzip);
const deflateAsync = promisify(deflate);

export type Decoded =
  | { readonly ok: true; readonly body: Bytes }
  | { readonly ok: false; readonly status: 400 | 413 | 415; readonly reason: string };

export interface Bounds {
  /** Octets that the decoded body may have. */
  readonly octets: number;
  /** How many times its size a body may unpack to, once that is more than {@link ALWAYS_UNPACKED}. */
  readonly inflation: number;
}

/** Octets to which any body may unpack: a short text that repeats itself is no attack. */
const ALWAYS_UNPACKED = 64 * 1024;
/** Answers below it are sent as they are: compressed they would hardly be shorter. */
const WORTH_PACKING = 512;

/**
 * The body as it was before its coding. Text such as `UTF-8`, which some DM 1.x clients put there, is no coding and is
 * passed over where `lenient`. `deflate` is taken with the zlib header that RFC 9110 asks for, and without.
 *
 * Errors: 415 for a coding that is not known and for two at once, 413 for what unpacks beyond a bound, 400 for broken data.
 */
export async function decodeContent(
  body: Bytes,
  coding: string | undefined,
  bounds: Bounds,
  lenient: boolean,
): Promise<Decoded> {
  const name = (coding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity' || (lenient && (name === 'utf-8' || name === 'utf8')))
    return { ok: true, body };
  const unpack = unpackerOf(name, body);
  if (!unpack)
    return { ok: false, status: 415, reason: 'this Content-Encoding is not understood: gzip, deflate or none' };
  const limit = Math.min(bounds.octets, Math.max(ALWAYS_UNPACKED, bounds.inflation * body.length));
  try {
    return { ok: true, body: await unpack(body, { maxOutputLength: limit }) };
  } catch (error) {
    const isTooLong = (error as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    return isTooLong
      ? { ok: false, status: 413, reason: `the body unpacks to more than ${limit} octets` }
      : { ok: false, status: 400, reason: 'the body is not in its Content-Encoding' };
  }
}

function unpackerOf(name: string, body: Bytes): typeof gunzipAsync | undefined {
  if (name === 'gzip' || name === 'x-gzip') return gunzipAsync;
  if (name !== 'deflate') return undefined;
  return hasZlibHeader(body) ? inflateAsync : inflateRawAsync;
}

/** Source: RFC 1950, section 2.2. */
function hasZlibHeader([method = 0, flags = 0]: Bytes): boolean {
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0;
}

/**
 * An answer in the coding that the device takes: gzip, else deflate, else as it is. Its length is that of what is sent.
 *
 * @param accepted the request's Accept-Encoding; absent: the answer stays as it is
 */
export async function encodeContent(wire: Wire, accepted: string | undefined): Promise<Wire> {
  if (accepted === undefined || wire.body.length < WORTH_PACKING) return wire;
  const takes = acceptedCodings(accepted);
  const coding = takes('gzip') ? 'gzip' : takes('deflate') ? 'deflate' : undefined;
  if (coding === undefined) return { ...wire, headers: { ...wire.headers, vary: 'accept-encoding' } };
  const body = await (coding === 'gzip' ? gzipAsync(wire.body) : deflateAsync(wire.body));
  return {
    ...wire,
    headers: {
      ...wire.headers,
      'content-encoding': coding,
      'content-length': String(body.length),
      vary: 'accept-encoding',
    },
    body,
  };
}

/** Source: RFC 9110, section 12.5.3. A coding that is not named is not taken, `*` or not: clients of the field send no `*`. */
function acceptedCodings(accepted: string): (name: string) => boolean {
  const weights = new Map(
    accepted
      .toLowerCase()
      .split(',')
      .map((part): [string, number] => {
        const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
        const weight = parameters.find((parameter) => parameter.startsWith('q='));
        return [name, weight === undefined ? 1 : Number(weight.slice(2))];
      }),
  );
  return (name) => (weights.get(name) ?? 0) > 0;
}
