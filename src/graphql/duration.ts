/** Durations in milliseconds and their ISO 8601 text. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** Whole numbers but for the seconds; years and months have no fixed length and are refused. */
const DURATION =
  /^P(?=.)(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?=.)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12}(?:\.\d{1,9})?)S)?)?$/;

/**
 * Milliseconds of an ISO 8601 duration such as `PT30S`, `P30D`, `P1DT12H`; fractions of a millisecond are cut off.
 *
 * @returns undefined for anything else: years, months, signs, and what is longer than 2^53−1 milliseconds
 *
 * Source: RFC 3339, appendix A, "ISO 8601 Collected ABNF" (dur-day, dur-time, dur-week).
 */
export function parseDuration(text: string): number | undefined {
  if (text.length > 64) return undefined;
  const match = DURATION.exec(text);
  if (!match) return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  const ms = part(1) * WEEK + part(2) * DAY + part(3) * HOUR + part(4) * MINUTE + Math.floor(part(5) * SECOND + 1e-6);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** The shortest text of a duration of whole, non-negative milliseconds: 30000 → `PT30S`, 2592000000 → `P30D`. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms));
  const take = (unit: number): number => {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    return count;
  };
  const days = take(DAY);
  const hours = take(HOUR);
  const minutes = take(MINUTE);
  const seconds = rest / SECOND;
  const time = [hours && `${hours}H`, minutes && `${minutes}M`, seconds && `${seconds}S`].filter(Boolean).join('');
  if (days === 0 && time === '') return 'PT0S';
  return `P${days === 0 ? '' : `${days}D`}${time === '' ? '' : `T${time}`}`;
}
