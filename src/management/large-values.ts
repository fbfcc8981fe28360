/** Values of commands that are too long to be carried along in each row that is loaded: they stand in `blob` instead. */
import { createHash } from 'node:crypto';

import type { NewBlob } from '../store/operations';
import type { CommandRow } from './judge';
import type { StoredValue } from './stored-value';

/** Octets up to which a value stays in its command. */
export const MAX_INLINE_OCTETS = 8 * 1024;

/** What an XML reader changes or refuses: control characters, and carriage returns, which it reads as line feeds. */
const ODD =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The commands with their long values taken out; a value of the store is told by its digest until its key is known. */
export function takeLargeValues(rows: readonly CommandRow[]): {
  readonly rows: readonly CommandRow[];
  readonly blobs: readonly NewBlob[];
} {
  const blobs = new Map<string, NewBlob>();
  const taken = rows.map((row) => {
    const value = row.request['value'] as StoredValue | undefined;
    const octets = value === undefined || !CARRIERS.has(row.kind) ? undefined : octetsOf(value);
    if (value === undefined || octets === undefined || octets.length <= MAX_INLINE_OCTETS) return row;
    const sha256 = createHash('sha256').update(octets).digest('hex');
    blobs.set(sha256, { sha256, length: octets.length, base64: octets.toString('base64') });
    const isText = value.k === 's';
    const stored: StoredValue = {
      f: value.f,
      ...(value.m === undefined ? {} : { m: value.m }),
      k: 'r',
      d: sha256,
      l: octets.length,
      t: isText,
      p: isText && !ODD.test(String(value.d)),
    };
    return { ...row, request: { ...row.request, value: stored } };
  });
  return { rows: taken, blobs: [...blobs.values()] };
}

/** Commands that can carry a value in chunks. */
const CARRIERS: ReadonlySet<string> = new Set(['add', 'replace', 'exec']);

function octetsOf(value: StoredValue): Buffer | undefined {
  if (value.k === 's') return Buffer.from(String(value.d), 'utf8');
  return value.k === 'x' ? Buffer.from(String(value.d), 'base64') : undefined;
}
