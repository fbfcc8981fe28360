/** Records as they stand in the files of `moql export` and `moql import`: one JSON object a line, with its `kind`. */

export const KINDS = ['account', 'device', 'grant'] as const;
export type Kind = (typeof KINDS)[number];

export interface ImportRecord {
  readonly line: number;
  readonly kind: Kind;
  /** Without `kind`. */
  readonly members: Readonly<Record<string, unknown>>;
  /** The same for records of which one call takes only one. */
  readonly identity: string;
  readonly octets: number;
}

/** A line that cannot be imported, and why. */
export interface BadLine {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** The record of a line; null for an empty one. */
export function readRecord(line: number, text: string | undefined): ImportRecord | BadLine | null {
  if (text === undefined) return { line, code: 'LINE_TOO_LONG', message: 'a line has at most 1 MiB' };
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    // Some editors begin a file with it.
    value = JSON.parse(line === 1 ? text.replace(/^\ufeff/, '') : text);
  } catch {
    return { line, code: 'NO_JSON', message: 'the line is no JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { line, code: 'NO_JSON', message: 'the line is no JSON object' };
  const { kind, ...members } = value as Readonly<Record<string, unknown>>;
  const known = KINDS.find((one) => one === kind);
  if (known === undefined)
    return { line, code: 'UNKNOWN_KIND', message: `"kind" must be ${KINDS.map((one) => `"${one}"`).join(', ')}` };
  return { line, kind: known, members, identity: identityOf(known, members), octets: text.length };
}

export function isBad(read: ImportRecord | BadLine): read is BadLine {
  return 'code' in read;
}

function identityOf(kind: Kind, members: Readonly<Record<string, unknown>>): string {
  if (kind === 'device') return JSON.stringify(members['deviceId']);
  if (kind === 'account') return JSON.stringify([members['serverId'], members['name'] ?? null]);
  return JSON.stringify(members);
}
