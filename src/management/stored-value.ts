/** Values on their way to a device, as they stand in a command's stored request. */
import type { DmFormat, Tree, Value } from '../../adapters/adapter';

/**
 * `d` by `k`: s text, n number (INF and NaN as text, which JSON has not), i decimal text of an integer, b boolean, x Base64 of octets,
 * z null, r key in `blob` of octets (`t`: they are text, `p`: without control characters) of which there are `l`, f key of a file in the repository, of `l`
 * octets, which the device fetches: as the node's content, or at the address that is the node's value (`u`, with token `w`,
 * once it was handed out).
 */
export interface StoredValue {
  readonly f: DmFormat;
  readonly m?: string;
  readonly k: 's' | 'n' | 'i' | 'b' | 'x' | 'z' | 'r' | 'f';
  readonly d: string | number | boolean | null;
  readonly l?: number;
  readonly t?: boolean;
  readonly p?: boolean;
  /** f: how the device proves itself; absent: as the use asks for. */
  readonly a?: 'DEVICE' | 'ADDRESS';
  readonly u?: string;
  readonly w?: string;
}
export interface StoredTree {
  readonly n: string;
  readonly v?: StoredValue;
  readonly c?: readonly StoredTree[];
}

/** A value as JSON. */
export function storeValue(value: Value): StoredValue {
  const base = value.mime === undefined ? { f: value.format } : { f: value.format, m: value.mime };
  const { data } = value;
  if (typeof data === 'string') return { ...base, k: 's', d: data };
  if (typeof data === 'number') return { ...base, k: 'n', d: Number.isFinite(data) ? data : String(data) };
  if (typeof data === 'boolean') return { ...base, k: 'b', d: data };
  if (typeof data === 'bigint') return { ...base, k: 'i', d: data.toString() };
  if (data instanceof Uint8Array) return { ...base, k: 'x', d: Buffer.from(data).toString('base64') };
  return { ...base, k: 'z', d: null };
}

/**
 * The value again.
 *
 * @param head first octets of a value in `blob`, where they were loaded: all of them make it whole
 */
export function restoreValue(stored: StoredValue, head?: Uint8Array): Value {
  const base = stored.m === undefined ? { format: stored.f } : { format: stored.f, mime: stored.m };
  switch (stored.k) {
    case 'i':
      return { ...base, data: BigInt(String(stored.d)) };
    case 'x':
      return { ...base, data: Buffer.from(String(stored.d), 'base64') };
    case 'r':
      return { ...base, data: restoreStored(stored, head) };
    case 'f':
      return { ...base, data: stored.u ?? null };
    case 'n':
      return { ...base, data: Number(stored.d) };
    case 's':
    case 'b':
    case 'z':
      return { ...base, data: stored.d };
  }
}

function restoreStored(stored: StoredValue, head: Uint8Array | undefined): Value['data'] {
  const { d, l: length = 0, t: isText = false, p: isPlain = false } = stored;
  if (head?.length === length) return isText ? Buffer.from(head).toString('utf8') : head;
  return { blob: String(d), length, isText, isPlain, ...(head === undefined ? {} : { head }) };
}

/** A tree as JSON. */
export function storeTree(tree: Tree): StoredTree {
  if (tree.value !== undefined) return { n: tree.name, v: storeValue(tree.value) };
  return { n: tree.name, c: (tree.children ?? []).map(storeTree) };
}

/** The tree again; all of its children are known. */
export function restoreTree(stored: StoredTree): Tree {
  if (stored.v !== undefined) return { name: stored.n, value: restoreValue(stored.v) };
  return { name: stored.n, children: (stored.c ?? []).map(restoreTree), childrenComplete: true };
}
