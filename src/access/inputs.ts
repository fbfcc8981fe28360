/** Checks of administrative input that several services share, and pages of lists by key. */
import { ManagementError, type Page } from '../management/types';

/** A database key in decimal; undefined for text that is none. */
export function findDatabaseKey(text: string): bigint | undefined {
  return /^[0-9]{1,18}$/.test(text) ? BigInt(text) : undefined;
}

/** NOT_FOUND for text that is no key: nothing has it. */
export function getDatabaseKey(what: string, text: string): bigint {
  const key = findDatabaseKey(text);
  if (key === undefined) throw notFound(what);
  return key;
}

export function notFound(what: string): ManagementError {
  return new ManagementError('NOT_FOUND', `there is no such ${what}`);
}

export function badInput(message: string, field: string): ManagementError {
  return new ManagementError('BAD_USER_INPUT', `${field}: ${message}`, { field });
}

/** Text for people: trimmed, 1 to `longest` characters, no control characters. */
export function checkName(text: string, field: string, longest = 128): string {
  const name = text.trim();
  if (name === '') throw badInput('must not be empty', field);
  if (name.length > longest) throw badInput(`${name.length} characters, at most ${longest}`, field);
  if (/\p{C}/u.test(name)) throw badInput('has a control character', field);
  return name;
}

/** The page and whether more follows, of rows that were asked for with one more than the page holds. */
export function pageOf<T, V>(rows: readonly T[], first: number, view: (row: T) => V): Page<V> {
  return { items: rows.slice(0, first).map(view), hasNext: rows.length > first };
}

/** The condition that begins a page after a key; a cursor that is no key gives an empty page. */
export function afterKey(after: string | undefined): { readonly gt: bigint } | undefined {
  if (after === undefined) return undefined;
  return { gt: findDatabaseKey(after) ?? 9_223_372_036_854_775_807n };
}

/** Each key's item in the order of the keys, null where there is none. */
export function inOrderOf<V>(
  keys: readonly string[],
  found: readonly V[],
  keyOf: (item: V) => string,
): readonly (V | null)[] {
  const byKey = new Map(found.map((item) => [keyOf(item), item]));
  return keys.map((key) => byKey.get(key) ?? null);
}
