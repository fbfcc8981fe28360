/** Whether two definitions say the same, wherever in their files they say it. */
import type { MoDefinition } from '../ddf/model';

/** The same definitions in the same order. */
export function sayTheSame(a: readonly MoDefinition[], b: readonly MoDefinition[]): boolean {
  return a.length === b.length && a.every((definition, i) => isSame(definition, b[i]));
}

/** Plain values, compared whole; an absent property and an undefined one are one, and places in the file count nothing. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((one, i) => isSame(one, b[i]));
  }
  return isSameRecord(a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>);
}

function isSameRecord(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  for (const key in a) if (key !== 'at' && !isSame(a[key], b[key])) return false;
  for (const key in b) if (key !== 'at' && b[key] !== undefined && a[key] === undefined) return false;
  return true;
}
