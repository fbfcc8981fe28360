/** What a caller says of a device, checked. */
import { badInput, checkName } from '../access/inputs';

const LONGEST_DEVICE_ID = 128;
const LONGEST_TAG = 64;
const MOST_TAGS = 64;

/** Printable, without blanks at its ends, 1 to 128 characters. */
export function isDeviceId(text: string): boolean {
  return text !== '' && text.length <= LONGEST_DEVICE_ID && text === text.trim() && !/\p{C}|\p{Zl}|\p{Zp}/u.test(text);
}

/** Errors: BAD_USER_INPUT. */
export function checkDeviceId(deviceId: string): string {
  if (deviceId === '') throw badInput('must not be empty', 'deviceId');
  if (deviceId.length > LONGEST_DEVICE_ID)
    throw badInput(`${deviceId.length} characters, at most ${LONGEST_DEVICE_ID}`, 'deviceId');
  if (!isDeviceId(deviceId)) throw badInput('must be printable, without blanks at its ends', 'deviceId');
  return deviceId;
}

/** Each once. Errors: BAD_USER_INPUT. */
export function checkTags(tags: readonly string[]): readonly string[] {
  if (tags.length > MOST_TAGS) throw badInput(`${tags.length} tags, at most ${MOST_TAGS}`, 'tags');
  return [...new Set(tags.map((tag, at) => checkName(tag, `tags[${at}]`, LONGEST_TAG)))];
}
