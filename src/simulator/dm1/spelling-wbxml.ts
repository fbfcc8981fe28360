/**
 * WBXML as old Nokia devices write it: header values as OPAQUE, the namespace as an attribute of the root.
 * Works on what the codec of `adapters/dm1` writes: no string table but the public id, text as STR_I. Source: dm1 13.2, 20.
 */

const SWITCH_PAGE = 0x00;
const END = 0x01;
const STR_I = 0x03;
const OPAQUE = 0xc3;
const HAS_CONTENT = 0x40;
const HAS_ATTRIBUTES = 0x80;
const SYNCML = 0x2d;
const SYNC_HDR = 0x2c;

export interface WbxmlSpelling {
  readonly opaqueHeader?: boolean | undefined;
  readonly namespaceAttribute?: string | undefined;
}

export function spellWbxml(body: Uint8Array, spelling: WbxmlSpelling): Uint8Array {
  const start = headerLength(body);
  const out: number[] = [...body.subarray(0, start)];
  let at = start;
  let depth = 0;
  let page = 0;
  /** Depth of the SyncHdr while inside it. */
  let hdr: number | undefined;
  while (at < body.length) {
    const token = body[at] ?? 0;
    at += 1;
    if (token === SWITCH_PAGE) {
      page = body[at] ?? 0;
      out.push(token, page);
      at += 1;
    } else if (token === END) {
      if (hdr === depth) hdr = undefined;
      depth -= 1;
      out.push(token);
    } else if (token === STR_I) {
      const end = body.indexOf(0, at);
      const text = body.subarray(at, end);
      at = end + 1;
      if (hdr !== undefined && spelling.opaqueHeader === true) out.push(OPAQUE, ...integer(text.length), ...text);
      else out.push(STR_I, ...text, 0);
    } else if (token === OPAQUE) {
      const { value, next } = readInteger(body, at);
      out.push(OPAQUE, ...body.subarray(at, next + value));
      at = next + value;
    } else {
      const isRoot = page === 0 && (token & 0x3f) === SYNCML && depth === 0;
      if ((token & HAS_CONTENT) !== 0) depth += 1;
      if (page === 0 && (token & 0x3f) === SYNC_HDR) hdr = depth;
      if (isRoot && spelling.namespaceAttribute !== undefined) {
        // LITERAL attribute of index 0 in an empty table, its value inline, the end of the attributes.
        out.push(
          token | HAS_ATTRIBUTES,
          0x04,
          0x00,
          STR_I,
          ...Buffer.from(spelling.namespaceAttribute, 'latin1'),
          0,
          END,
        );
      } else out.push(token);
    }
  }
  return Uint8Array.from(out);
}

/** Octets of version, public id, charset and string table. */
function headerLength(body: Uint8Array): number {
  let at = 1;
  const publicId = readInteger(body, at);
  at = publicId.next;
  if (publicId.value === 0) at = readInteger(body, at).next;
  at = readInteger(body, at).next;
  const table = readInteger(body, at);
  return table.next + table.value;
}

function readInteger(body: Uint8Array, from: number): { readonly value: number; readonly next: number } {
  let value = 0;
  let at = from;
  for (;;) {
    const octet = body[at] ?? 0;
    at += 1;
    value = value * 128 + (octet & 0x7f);
    if ((octet & 0x80) === 0) return { value, next: at };
  }
}

function integer(value: number): readonly number[] {
  const groups = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) groups.unshift((rest & 0x7f) | 0x80);
  return groups;
}
