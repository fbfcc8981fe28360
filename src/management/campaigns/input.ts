/** Checks of what callers say of a campaign, beside its commands. */
import { badInput, checkName } from '../../access/inputs';
import { DEFAULT_EXPIRY_MS } from '../operations';
import { isStorable } from '../tree';
import { ManagementError } from '../types';
import type { Pace } from './pace';
import type { AbortRule } from './thresholds';
import type { CampaignRules, CreateCampaign } from './types';
import { checkTimeZone, readTimeOfDay, WEEKDAYS, type Weekday, type Window } from './windows';

export const MOST_DEVICE_IDS = 10_000;
const LONGEST_DEVICE_ID = 128;
const MOST_WINDOWS = 28;
const MOST_RULES = 16;
const MOST_A_MINUTE = 1_000_000;
const LARGEST_FACTOR = 10;
const MOST_DEVICES = 1_000_000_000;
const DEFAULT_ZONE = 'UTC';

/** All but the commands and the files that they send. Errors: BAD_USER_INPUT, LIMIT_PAGE_SIZE. */
export function checkCampaign(
  input: CreateCampaign,
  now: number,
): { readonly name: string; readonly rules: Omit<CampaignRules, 'files'>; readonly expiresInMs: number } {
  const name = checkName(input.name, 'name');
  if ((input.condition === undefined) === (input.deviceIds === undefined))
    throw badInput('give exactly one of where and deviceIds', 'where');
  if (input.deviceIds !== undefined) checkDeviceIds(input.deviceIds);
  const { startAt, endAt } = input;
  if (endAt !== undefined && endAt.getTime() <= Math.max(now, startAt?.getTime() ?? 0))
    throw badInput('must lie ahead, and after startAt', 'endAt');
  const timeZone = checkTimeZone(input.timeZone ?? DEFAULT_ZONE);
  return {
    name,
    expiresInMs: input.expiresInMs ?? DEFAULT_EXPIRY_MS,
    rules: {
      pace: checkPace(input.pace ?? {}),
      windows: checkWindows(input.windows ?? []),
      timeZone,
      abort: checkAbort(input.abort ?? []),
      successPercentage: checkPercentage(input.successPercentage ?? 100, 'success.percentage'),
    },
  };
}

function checkDeviceIds(ids: readonly string[]): void {
  if (ids.length === 0) throw badInput('must name a device', 'deviceIds');
  if (ids.length > MOST_DEVICE_IDS)
    throw new ManagementError(
      'LIMIT_PAGE_SIZE',
      `deviceIds has ${ids.length} entries, at most ${MOST_DEVICE_IDS} are taken; choose more by where`,
      { limit: MOST_DEVICE_IDS },
    );
  const odd = ids.find((id) => id.length > LONGEST_DEVICE_ID || !isStorable(id));
  if (odd !== undefined)
    throw new ManagementError('NOT_FOUND', `there is no device ${odd.slice(0, LONGEST_DEVICE_ID)}`);
}

function checkPace({ maximumPerMinute, exponential, maximumConcurrent }: Pace): Pace {
  if (maximumPerMinute !== undefined) checkCount(maximumPerMinute, MOST_A_MINUTE, 'pace.maximumPerMinute');
  if (maximumConcurrent !== undefined) checkCount(maximumConcurrent, MOST_DEVICES, 'pace.maximumConcurrent');
  if (exponential !== undefined) {
    const { basePerMinute, factor, everySucceeded } = exponential;
    if (maximumPerMinute === undefined) throw badInput('an exponential pace needs a maximum', 'pace.maximumPerMinute');
    checkCount(basePerMinute, maximumPerMinute, 'pace.exponential.basePerMinute');
    checkCount(everySucceeded, MOST_DEVICES, 'pace.exponential.everySucceeded');
    if (!(factor > 1 && factor <= LARGEST_FACTOR))
      throw badInput(`more than 1, at most ${LARGEST_FACTOR}`, 'pace.exponential.factor');
  }
  return { maximumPerMinute, exponential, maximumConcurrent };
}

function checkWindows(windows: NonNullable<CreateCampaign['windows']>): readonly Window[] {
  if (windows.length > MOST_WINDOWS) throw badInput(`at most ${MOST_WINDOWS}`, 'windows');
  return windows.map(({ days, from, to }, index) => {
    const [begins, ends] = [from, to].map(readTimeOfDay);
    if (begins === undefined || ends === undefined)
      throw badInput('from and to are times of day, 00:00 to 23:59', `windows[${index}]`);
    const which = [...new Set(days)].map((day) => WEEKDAYS.indexOf(day as Weekday));
    return { days: which, from: begins, to: ends };
  });
}

function checkAbort(rules: readonly AbortRule[]): readonly AbortRule[] {
  if (rules.length > MOST_RULES) throw badInput(`at most ${MOST_RULES}`, 'abort');
  return rules.map(({ failures, percentage, minimumExecuted }, index) => ({
    failures,
    percentage: checkPercentage(percentage, `abort[${index}].percentage`),
    minimumExecuted: checkCount(minimumExecuted, MOST_DEVICES, `abort[${index}].minimumExecuted`),
  }));
}

function checkPercentage(value: number, field: string): number {
  if (!(value > 0 && value <= 100)) throw badInput('more than 0, at most 100', field);
  return value;
}

function checkCount(value: number, most: number, field: string): number {
  if (!Number.isInteger(value) || value < 1 || value > most) throw badInput(`a whole number from 1 to ${most}`, field);
  return value;
}
