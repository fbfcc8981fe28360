/** Undoes Content-Encoding of what devices send, within bounds. */
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';

import type { Bytes } from '../../adapters/adapter';

const gunzipAsync = promisify(gunzip);
const inflateAsync = promisify(inflate);

export type Decoded =
  | { readonly ok: true; readonly body: Bytes }
  | { readonly ok: false; readonly status: 400 | 413 | 415; readonly reason: string };

/**
 * The body as it was before its coding. Text such as `UTF-8`, which some DM 1.x clients put there, is no coding and is
 * passed over where `lenient`.
 *
 * @param limit octets that the decoded body may have
 *
 * Errors: 415 for a coding that is not known and for two at once, 413 for what unpacks beyond the limit, 400 for broken data.
 */
export async function decodeContent(
  body: Bytes,
  coding: string | undefined,
  limit: number,
  lenient: boolean,
): Promise<Decoded> {
  const name = (coding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity' || (lenient && name === 'utf-8')) return { ok: true, body };
  const unpack = name === 'gzip' || name === 'x-gzip' ? gunzipAsync : name === 'deflate' ? inflateAsync : undefined;
  if (!unpack)
    return { ok: false, status: 415, reason: 'this Content-Encoding is not understood: gzip, deflate or none' };
  try {
    return { ok: true, body: await unpack(body, { maxOutputLength: limit }) };
  } catch (error) {
    const isTooLong = (error as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    return isTooLong
      ? { ok: false, status: 413, reason: `the body unpacks to more than ${limit} octets` }
      : { ok: false, status: 400, reason: 'the body is not in its Content-Encoding' };
  }
}
