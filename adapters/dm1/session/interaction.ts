import type { Context, DeviceKnowledge, Effect, ShowAnswer, ShowInputType, ShowKind, ShowPrompt } from '../../adapter';
import { ALERT } from '../alert-codes';
import type { AlertCommand, Item, Status } from '../message';
import { outcomeInAtomic, outcomeOf, STATUS } from '../status-codes';
import { textOf } from '../values';
import type { Job } from './machine';

/**
 * User interaction: a prompt as one of the Alerts 1100 to 1104, and the Status of it as the person's answer.
 * Source: OMA-TS-DM_Protocol, "User Interaction Alerts"; dm1 section 9.2.
 */

const ALERT_OF: Readonly<Record<ShowKind, number>> = {
  DISPLAY: ALERT.DISPLAY,
  CONFIRM: ALERT.CONFIRM,
  TEXT: ALERT.TEXT_INPUT,
  SINGLE_CHOICE: ALERT.SINGLE_CHOICE,
  MULTIPLE_CHOICE: ALERT.MULTIPLE_CHOICE,
};

const INPUT_TYPE: Readonly<Record<ShowInputType, string>> = {
  ALPHANUMERIC: 'A',
  NUMBER: 'N',
  DATE: 'D',
  TIME: 'T',
  PHONE: 'P',
  IPV4: 'I',
};

/** Where the caller gives the person no time, a session with a prompt open is kept this much longer than others. */
const USUAL_PATIENCE_SECONDS = 600;

/** The Alert of a prompt: options, text, choices. Its first two Items always stand there, the first empty without options. */
export function alertOf(prompt: ShowPrompt): AlertCommand {
  const options = optionsOf(prompt);
  const choices = 'choices' in prompt ? prompt.choices : [];
  return {
    kind: 'Alert',
    cmdId: '',
    data: String(ALERT_OF[prompt.kind]),
    items: [options === '' ? {} : textItem(options), textItem(prompt.text), ...choices.map(textItem)],
  };
}

function textItem(text: string): Item {
  return { data: { kind: 'text', text } };
}

/** `NAME=value` joined by `&`, values URL-encoded. */
function optionsOf(prompt: ShowPrompt): string {
  const options: [string, string | number | undefined][] = [
    ['MINDT', prompt.minSeconds],
    ['MAXDT', prompt.timeoutSeconds],
    ['DR', presetOf(prompt)],
  ];
  if (prompt.kind === 'TEXT') {
    options.push(['MAXLEN', prompt.maxLength], ['IT', INPUT_TYPE[prompt.input]], ['ET', prompt.isSecret ? 'P' : 'T']);
  }
  return options.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${urlEncoded(value)}`])).join('&');
}

function urlEncoded(value: string | number): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Default response; choices are counted from 1 on the wire. */
function presetOf(prompt: ShowPrompt): string | undefined {
  switch (prompt.kind) {
    case 'DISPLAY':
      return undefined;
    case 'CONFIRM':
      return prompt.preset === undefined ? undefined : prompt.preset ? '1' : '0';
    case 'TEXT':
      return prompt.preset === undefined ? undefined : wireText(prompt.input, prompt.preset);
    case 'SINGLE_CHOICE':
    case 'MULTIPLE_CHOICE':
      return prompt.preset === undefined || prompt.preset.length === 0
        ? undefined
        : prompt.preset.map((index) => index + 1).join('-');
  }
}

/** `2026-01-31` as DDMMYYYY, `12:30:00` as hhmmss; others as they are. */
function wireText(input: ShowInputType, text: string): string {
  if (input === 'DATE') return text.split('-').reverse().join('');
  return input === 'TIME' ? text.replaceAll(':', '') : text;
}

/** The way back from {@link wireText}; what is no day or time stays what the device sent. */
function typedText(input: ShowInputType, text: string): string {
  const day = input === 'DATE' ? /^\s*([0-3]\d)([01]\d)(\d{4})\s*$/.exec(text) : null;
  if (day !== null) return `${day[3]}-${day[2]}-${day[1]}`;
  const time = input === 'TIME' ? /^\s*([0-2]\d)([0-5]\d)([0-6]\d)\s*$/.exec(text) : null;
  return time === null ? text : `${time[1]}:${time[2]}:${time[3]}`;
}

/** What the session keeps of a prompt to read its answer by. */
export interface Asked {
  readonly kind: ShowKind;
  readonly timeoutSeconds?: number;
  readonly input?: ShowInputType;
  readonly isSecret?: boolean;
  /** Number of choices. */
  readonly choices?: number;
}

/** The member of a job that holds {@link Asked}; none for other commands. */
export function askedOf(command: { readonly kind: string; readonly prompt?: ShowPrompt }): { readonly show?: Asked } {
  const { prompt } = command;
  if (command.kind !== 'show' || prompt === undefined) return {};
  return {
    show: {
      kind: prompt.kind,
      ...(prompt.timeoutSeconds === undefined ? {} : { timeoutSeconds: prompt.timeoutSeconds }),
      ...(prompt.kind === 'TEXT' ? { input: prompt.input, isSecret: prompt.isSecret } : {}),
      ...('choices' in prompt ? { choices: prompt.choices.length } : {}),
    },
  };
}

/** Milliseconds that the session waits longer, for a person is asked. */
export function patienceMs(jobs: Readonly<Record<string, Job>>): number {
  let seconds = 0;
  for (const job of Object.values(jobs)) {
    if (job.kind === 'plain' && job.show !== undefined)
      seconds = Math.max(seconds, job.show.timeoutSeconds ?? USUAL_PATIENCE_SECONDS);
  }
  return seconds * 1000;
}

/** Texts of a Status' Items. */
export function answersOf(status: Status): readonly string[] {
  return status.items.map((item) => textOf(item.data));
}

type ShowJob = Job & { readonly kind: 'plain' };

/** What became of a prompt whose Status is there or will not come. */
export function finishShow(job: ShowJob, asked: Asked, context: Context): readonly Effect[] {
  const { command } = job;
  const learned = learnedBy(asked.kind, job.bad, job.good, context.device);
  if (job.bad !== undefined) {
    const outcome = job.inAtomic === true ? outcomeInAtomic(job.bad) : outcomeOf(job.bad);
    const answer = outcome === 'USER_REFUSED' ? 'REFUSED' : outcome === 'TIMED_OUT' ? 'TIMED_OUT' : undefined;
    const message = PROBLEMS[job.bad];
    return [
      ...learned,
      {
        kind: 'commandAnswered',
        command,
        outcome,
        code: job.bad,
        ...(message === undefined ? {} : { message }),
        ...(answer === undefined ? {} : { data: plainAnswer(answer) }),
      },
    ];
  }
  if (job.silent === true) return [{ kind: 'commandUnanswered', command, message: 'the device gave no Status' }];
  return [...learned, accepted(job, asked)];
}

const PROBLEMS: Readonly<Record<number, string>> = {
  [STATUS.UNSUPPORTED]: 'the device has no such user interaction',
  [STATUS.TOO_BIG]: 'the device cannot display it: the text or the choices are too long',
  [STATUS.INCOMPLETE]: 'the device takes the prompt for incomplete',
};

function plainAnswer(answer: ShowAnswer['answer']): ShowAnswer {
  return { answer, text: null, selected: [] };
}

/** The answer of a person who gave one. One that fits no prompt of its kind is the device's failure. */
function accepted(job: ShowJob, asked: Asked): Effect {
  const { command } = job;
  const code = job.good === undefined ? {} : { code: job.good };
  const given = job.answers ?? [];
  const ok = (data: ShowAnswer): Effect => ({
    kind: 'commandAnswered',
    command,
    outcome: 'OK',
    ...code,
    data,
    ...(asked.isSecret === true ? { secret: true } : {}),
  });
  const odd = (message: string): Effect => ({
    kind: 'commandAnswered',
    command,
    outcome: 'DEVICE_ERROR',
    ...code,
    message,
  });
  switch (asked.kind) {
    case 'DISPLAY':
    case 'CONFIRM':
      return ok(plainAnswer('ACCEPTED'));
    case 'TEXT': {
      const [text] = given;
      if (text === undefined) return odd('the device tells that the person answered, and not what');
      return ok({ ...plainAnswer('ACCEPTED'), text: typedText(asked.input ?? 'ALPHANUMERIC', text) });
    }
    case 'SINGLE_CHOICE':
    case 'MULTIPLE_CHOICE': {
      const selected = chosen(given, asked.choices ?? 0);
      if (selected === undefined) return odd(`the device answers with a choice that is none of the ${asked.choices}`);
      if (asked.kind === 'SINGLE_CHOICE' && selected.length !== 1)
        return odd(`the device answers with ${selected.length} choices in place of one`);
      return ok({ ...plainAnswer('ACCEPTED'), selected });
    }
  }
}

/** Numbers of choices from 0, in order, each once. Undefined when one is none of them. */
function chosen(texts: readonly string[], count: number): readonly number[] | undefined {
  const numbers = new Set<number>();
  for (const text of texts) {
    const digits = text.trim();
    const number = /^\d{1,4}$/.test(digits) ? Number(digits) : 0;
    if (number < 1 || number > count) return undefined;
    numbers.add(number - 1);
  }
  return [...numbers].sort((one, other) => one - other);
}

// What a device can show ---------------------------------------------------------------------------------------------

/** Features under which it is remembered which prompts a device takes. */
export const SHOW_FEATURES: Readonly<Record<ShowKind, string>> = {
  DISPLAY: 'dm1.show.display',
  CONFIRM: 'dm1.show.confirm',
  TEXT: 'dm1.show.text',
  SINGLE_CHOICE: 'dm1.show.singleChoice',
  MULTIPLE_CHOICE: 'dm1.show.multipleChoice',
};

function learnedBy(
  kind: ShowKind,
  bad: number | undefined,
  good: number | undefined,
  device: DeviceKnowledge | undefined,
): readonly Effect[] {
  const code = bad ?? good;
  if (code === undefined) return [];
  const value = code === STATUS.UNSUPPORTED ? false : SHOWN.has(code) ? true : undefined;
  return learned(kind, value, `Status ${code} to Alert ${ALERT_OF[kind]}`, device);
}

/** Codes of a prompt that came before a person. */
const SHOWN: ReadonlySet<number> = new Set([
  STATUS.OK,
  STATUS.CANCELLED_BY_USER,
  STATUS.NOT_CONFIRMED,
  STATUS.TIMED_OUT,
]);

function learned(
  kind: ShowKind,
  value: boolean | undefined,
  evidence: string,
  device: DeviceKnowledge | undefined,
): readonly Effect[] {
  const feature = SHOW_FEATURES[kind];
  if (value === undefined || device?.features[feature] === value) return [];
  return [{ kind: 'featureLearned', feature, value, evidence }];
}

/** Leaves of DevDetail/UserInteraction, and the prompts that they tell of. Source: OMA-TS-DM_StdObj 1.3; dm1 section 15. */
const TOLD_BY: Readonly<Record<string, readonly ShowKind[]>> = {
  Display: ['DISPLAY'],
  Confirm: ['CONFIRM'],
  UserInput: ['TEXT'],
  Choice: ['SINGLE_CHOICE', 'MULTIPLE_CHOICE'],
};
const TELLING = /^\.\/DevDetail\/UserInteraction\/(Display|Confirm|UserInput|Choice)$/;

/** What a 1.3 device's DevDetail, read with these effects, tells of the prompts that it takes. */
export function interactionFeatures(
  effects: readonly Effect[],
  device: DeviceKnowledge | undefined,
): readonly Effect[] {
  const found: Effect[] = [];
  const told = (uri: string, value: unknown): void => {
    const leaf = TELLING.exec(uri)?.[1];
    if (leaf === undefined || typeof value !== 'boolean') return;
    for (const kind of TOLD_BY[leaf] ?? []) found.push(...learned(kind, value, `${uri} is ${value}`, device));
  };
  for (const effect of effects) {
    if (effect.kind !== 'valuesObserved' || !('uri' in effect.at)) continue;
    const { uri } = effect.at;
    if (TELLING.test(uri)) told(uri, effect.tree.value?.data);
    if (uri !== './DevDetail' && uri !== './DevDetail/UserInteraction') continue;
    const node = uri === './DevDetail' ? effect.tree.children?.find((c) => c.name === 'UserInteraction') : effect.tree;
    for (const leaf of node?.children ?? []) told(`./DevDetail/UserInteraction/${leaf.name}`, leaf.value?.data);
  }
  return found;
}
