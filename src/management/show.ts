/**
 * What a caller wants to be shown to the person at a device: judged before anything is queued, and made the prompt that
 * both protocols take.
 */
import type { Json, ShowInputType, ShowKind, ShowPrompt } from '../../adapters/adapter';
import { badInput } from '../access/inputs';
import type { ManagementError, ShowRequest } from './types';

/** Characters of the text; screens of devices are small, and so are their messages. */
export const LONGEST_TEXT = 4_096;
/** Characters of a choice. */
export const LONGEST_CHOICE = 256;
export const MOST_CHOICES = 64;
/** Characters that a person may be asked for. */
export const LONGEST_INPUT = 1_024;
/** Seconds: one day, the longest that clients of the field take. */
export const LONGEST_TIME = 86_400;

/** What text of each type looks like. */
export const INPUT_PATTERNS: Readonly<Record<ShowInputType, RegExp>> = {
  ALPHANUMERIC: /^/,
  NUMBER: /^[+-]?\d+$/,
  DATE: /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/,
  TIME: /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/,
  PHONE: /^\+?[\dpws]+$/,
  IPV4: /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/,
};
const PRESET_FORM: Readonly<Record<ShowInputType, string>> = {
  ALPHANUMERIC: 'text',
  NUMBER: 'digits',
  DATE: 'such as 2026-01-31',
  TIME: 'such as 12:30:00',
  PHONE: 'digits, + p w s',
  IPV4: 'such as 192.0.2.1',
};

/** Which fields belong to which kind; another one that is given is refused, for it would do nothing. */
const FIELDS: Readonly<Record<ShowKind, readonly (keyof ShowRequest)[]>> = {
  DISPLAY: [],
  CONFIRM: ['defaultAccept'],
  TEXT: ['maxLength', 'inputType', 'password', 'defaultText'],
  SINGLE_CHOICE: ['choices', 'defaultSelected'],
  MULTIPLE_CHOICE: ['choices', 'defaultSelected'],
};
const ALL_FIELDS = [
  'defaultAccept',
  'maxLength',
  'inputType',
  'password',
  'defaultText',
  'choices',
  'defaultSelected',
] as const;

/**
 * The prompt of a request.
 *
 * @param where names the command in messages, such as `commands[0].show`
 * Errors: BAD_USER_INPUT, which names the field.
 */
export function judgeShow(request: ShowRequest, where: string): ShowPrompt {
  const refuse: Refuse = (field, why) => badInput(why, `${where}.${field}`);
  for (const field of ALL_FIELDS) {
    if (request[field] != null && !FIELDS[request.type].includes(field))
      throw refuse(field, `a ${request.type} has no such thing`);
  }
  checkText(request.text, LONGEST_TEXT, (why) => refuse('text', why));
  const frame = { text: request.text, ...timesOf(request, refuse) };
  switch (request.type) {
    case 'DISPLAY':
      return { kind: 'DISPLAY', ...frame };
    case 'CONFIRM':
      return {
        kind: 'CONFIRM',
        ...frame,
        ...(request.defaultAccept == null ? {} : { preset: request.defaultAccept }),
      };
    case 'TEXT':
      return { kind: 'TEXT', ...frame, ...inputOf(request, refuse) };
    case 'SINGLE_CHOICE':
    case 'MULTIPLE_CHOICE':
      return { kind: request.type, ...frame, ...choicesOf(request, refuse) };
  }
}

type Refuse = (field: keyof ShowRequest, why: string) => ManagementError;

function timesOf(request: ShowRequest, refuse: Refuse): { minSeconds?: number; timeoutSeconds?: number } {
  const seconds = (field: 'minDisplay' | 'timeout'): number | undefined => {
    const ms = request[field];
    if (ms == null) return undefined;
    if (!Number.isInteger(ms) || ms % 1000 !== 0) throw refuse(field, 'whole seconds');
    if (ms < 1000 || ms > LONGEST_TIME * 1000) throw refuse(field, 'PT1S to PT24H');
    return ms / 1000;
  };
  const minSeconds = seconds('minDisplay');
  const timeoutSeconds = seconds('timeout');
  if (minSeconds !== undefined && timeoutSeconds !== undefined && minSeconds > timeoutSeconds)
    throw refuse('minDisplay', 'not longer than timeout');
  return {
    ...(minSeconds === undefined ? {} : { minSeconds }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}

function inputOf(
  request: ShowRequest,
  refuse: Refuse,
): { input: ShowInputType; maxLength?: number; isSecret: boolean; preset?: string } {
  const input = request.inputType ?? 'ALPHANUMERIC';
  const isSecret = request.password === true;
  const { maxLength, defaultText: preset } = request;
  if (maxLength != null && (!Number.isInteger(maxLength) || maxLength < 1 || maxLength > LONGEST_INPUT))
    throw refuse('maxLength', `1 to ${LONGEST_INPUT}`);
  if (preset != null) {
    if (isSecret) throw refuse('defaultText', 'a password has no default');
    checkText(preset, maxLength ?? LONGEST_INPUT, (why) => refuse('defaultText', why));
    if (!INPUT_PATTERNS[input].test(preset)) throw refuse('defaultText', `of ${input}: ${PRESET_FORM[input]}`);
  }
  return {
    input,
    isSecret,
    ...(maxLength == null ? {} : { maxLength }),
    ...(preset == null ? {} : { preset }),
  };
}

function choicesOf(request: ShowRequest, refuse: Refuse): { choices: readonly string[]; preset?: readonly number[] } {
  const choices = request.choices ?? [];
  if (choices.length === 0 || choices.length > MOST_CHOICES) throw refuse('choices', `1 to ${MOST_CHOICES} of them`);
  choices.forEach((choice, index) =>
    checkText(choice, LONGEST_CHOICE, (why) => refuse('choices', `[${index}]: ${why}`)),
  );
  const preset = request.defaultSelected;
  if (preset == null) return { choices };
  const isOne = request.type === 'SINGLE_CHOICE';
  if (isOne && preset.length > 1) throw refuse('defaultSelected', 'one number at most');
  if (new Set(preset).size !== preset.length) throw refuse('defaultSelected', 'each number once');
  if (preset.some((index) => !Number.isInteger(index) || index < 0 || index >= choices.length))
    throw refuse('defaultSelected', `numbers of choices, 0 to ${choices.length - 1}`);
  return { choices, preset };
}

/** Text that both protocols and any encoding can carry. */
function checkText(text: string, longest: number, refuse: (why: string) => ManagementError): void {
  const length = [...text].length;
  if (length === 0) throw refuse('must not be empty');
  if (length > longest) throw refuse(`${length} characters, at most ${longest}`);
  if (hasControl(text)) throw refuse('has a control character');
}

/** Control characters but tabulator and line feed, and what no encoding carries. */
export function hasControl(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]|\p{Cs}/u.test(text);
}

/** A prompt as it stands in a command's request. */
export function storedPrompt(request: Readonly<Record<string, unknown>>): ShowPrompt | undefined {
  const prompt = request['prompt'] as Json | undefined;
  return prompt == null || typeof prompt !== 'object' ? undefined : (prompt as unknown as ShowPrompt);
}
