/**
 * What of a document is asked for: all of it, a part, or nothing because the client has it. Pure.
 * Source: RFC 9110, sections 13 (conditions) and 14 (ranges).
 */

export interface Representation {
  readonly length: number;
  /** With its quotes; strong. */
  readonly etag: string;
  /** Absent: not told. */
  readonly lastModified?: Date;
}

/** Octets `start` to `end`, the latter not included. */
export type Portion =
  | { readonly status: 200 | 206; readonly start: number; readonly end: number }
  /** 304: the client has it. 412: not what the client expects. 416: nothing of it lies there. */
  | { readonly status: 304 | 412 | 416 };

/** Answer to GET or HEAD. Several ranges at once, units other than bytes and what cannot be read are answered by the whole. */
export function portionOf(
  method: string,
  headers: Readonly<Record<string, string | undefined>>,
  { length, etag, lastModified }: Representation,
): Portion {
  const match = headers['if-match'];
  if (match !== undefined && !lists(match, etag)) return { status: 412 };
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined && lists(noneMatch, etag)) return { status: 304 };

  const whole = { status: 200, start: 0, end: length } as const;
  const range = headers['range'];
  if (method !== 'GET' || range === undefined || !isCurrent(headers['if-range'], etag, lastModified)) return whole;
  const [, first, last] = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(range) ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return whole;
  const start = first === '' ? Math.max(0, length - Number(last)) : Number(first);
  const end = first === '' || last === '' ? length : Math.min(length, Number(last) + 1);
  // "5-2" is no range, and counts as none.
  if (first !== '' && last !== '' && Number(last) < Number(first)) return whole;
  return start < end ? { status: 206, start, end } : { status: 416 };
}

/** If-Range goes by the very octets: a weak tag and another date than the one told do not count. */
function isCurrent(condition: string | undefined, etag: string, lastModified: Date | undefined): boolean {
  if (condition === undefined) return true;
  const text = condition.trim();
  return text.startsWith('"') ? text === etag : lastModified !== undefined && text === lastModified.toUTCString();
}

function lists(header: string, etag: string): boolean {
  return header.split(',', 32).some((piece) => {
    const tag = piece.trim().replace(/^W\//, '');
    return tag === '*' || tag === etag;
  });
}
