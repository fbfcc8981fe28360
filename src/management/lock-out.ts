/** How long a credential is locked that was refused several times in a row. Pure. */

const FIRST_MS = 30_000;
const LONGEST_MS = 3_600_000;

/**
 * Half a minute at the last failure that is allowed, twice as long at each one more, at most an hour.
 *
 * @param failures in a row, this one included
 * @returns ISO 8601; null while more are allowed
 */
export function lockedUntil(failures: number, allowed: number, now: number): string | null {
  const over = failures - allowed;
  return over < 0 ? null : new Date(now + Math.min(2 ** over * FIRST_MS, LONGEST_MS)).toISOString();
}
