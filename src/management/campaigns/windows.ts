/** Times of the week at which a campaign may start devices, by the clocks on the wall where they are. Pure. */

import { badInput } from '../../access/inputs';

export const WEEKDAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** From a minute of the day up to another; one that ends at or before its beginning ends on the next day. */
export interface Window {
  /** On which it begins, Monday is 0; none: every day. */
  readonly days: readonly number[];
  /** Minutes since midnight. */
  readonly from: number;
  readonly to: number;
}

const LONGEST_NAME = 64;
const formats = new Map<string, Intl.DateTimeFormat>();
/** Names of zones are given by callers, so no more than there are of them are kept. */
const MOST_FORMATS = 1_000;

/** Whether a name of a time zone is known here: `Europe/Berlin`, `UTC`. Offsets are no zones. */
export function isTimeZone(name: string): boolean {
  if (name.length > LONGEST_NAME || !/^[A-Za-z][\w+/-]*$/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Errors: BAD_USER_INPUT. */
export function checkTimeZone(name: string): string {
  if (!isTimeZone(name)) throw badInput('must be the IANA name of a time zone, such as Europe/Berlin', 'timeZone');
  return name;
}

/**
 * Whether some window is open; always without windows. An hour that the clocks skip opens none, one that they show twice
 * opens its window twice.
 *
 * @param now milliseconds since 1970
 */
export function isOpen(windows: readonly Window[], zone: string, now: number): boolean {
  if (windows.length === 0) return true;
  const { day, minute } = wallClock(zone, now);
  const yesterday = (day + 6) % 7;
  return windows.some(({ days, from, to }) => {
    const beginsOn = (which: number): boolean => days.length === 0 || days.includes(which);
    if (from < to) return beginsOn(day) && minute >= from && minute < to;
    return (beginsOn(day) && minute >= from) || (beginsOn(yesterday) && minute < to);
  });
}

/** Minutes since midnight of `HH:MM`, 00:00 to 23:59. */
export function readTimeOfDay(text: string): number | undefined {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes);
}

function wallClock(zone: string, now: number): { readonly day: number; readonly minute: number } {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  );
  const day = WEEKDAYS.findIndex((name) => name.startsWith((parts['weekday'] ?? '').toUpperCase()));
  return { day, minute: Number(parts['hour']) * 60 + Number(parts['minute']) };
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  if (formats.size >= MOST_FORMATS) formats.clear();
  formats.set(zone, format);
  return format;
}
