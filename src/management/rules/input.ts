/** Checks of what callers say of a rule. */
import { familyOf } from '../../../schema/ddf/identity';
import type { DdfLibrary } from '../../../schema/ddf/library';
import { badInput, checkName } from '../../access/inputs';
import { checkTemplate, filesOf } from '../campaigns/template';
import { DEFAULT_EXPIRY_MS } from '../operations';
import { ManagementError } from '../types';
import { LONGEST_VALUE } from './follow';
import type { Action, CreateRule, Pace, Trigger } from './types';

const MOST_COMMANDS = 64;
const MOST_TAGS = 16;
const LONGEST_TAG = 64;
const LONGEST_TEXT = 512;
const LONGEST_COMMANDS = 65_536;
const MOST_A_WHILE = 1_000;
const LONGEST_WHILE_MS = 31 * 86_400_000;
const DEFAULTS: Pace = { debounceMs: 60_000, count: 10, perMs: 86_400_000 };

/** Types of events that happen without a message of the device. */
export const EVENTS_WITHOUT_MESSAGE: readonly string[] = [
  'deviceRegistered',
  'managementObjectPushed',
  'operationEnded',
  'wakeUpFailed',
];
/** Those, and what a device's message brings before it is answered. */
export const TRIGGERING_EVENTS: readonly string[] = [
  'alertRaised',
  'bootstrapCompleted',
  'deviceRegistered',
  'discoveryDue',
  'driftFound',
  'managementObjectFound',
  'managementObjectGone',
  'managementObjectMoved',
  'managementObjectPushed',
  'operationEnded',
  'wakeUpAnswered',
  'wakeUpFailed',
];

/** Errors: BAD_USER_INPUT. */
export function checkTrigger({ events = ['alertRaised'], alertType, mark, moid }: CreateRule['trigger']): Trigger {
  if (events.length === 0 || !events.every((type) => TRIGGERING_EVENTS.includes(type)))
    throw badInput(`some of ${TRIGGERING_EVENTS.join(', ')}`, 'on.events');
  const ofAlert = [alertType, mark, moid].some((text) => text !== undefined);
  if (ofAlert && (events.length !== 1 || events[0] !== 'alertRaised'))
    throw badInput('alertType, mark and moid are of alerts: leave events out', 'on.events');
  return {
    events: [...new Set(events)],
    ...(alertType === undefined ? {} : { alertType: checkName(alertType, 'on.alertType', LONGEST_TEXT) }),
    ...(mark === undefined ? {} : { mark: checkName(mark, 'on.mark', LONGEST_TEXT).toLowerCase() }),
    ...(moid === undefined ? {} : { moid, family: familyOf(checkName(moid, 'on.moid', LONGEST_TEXT)) }),
  };
}

/** Errors: BAD_USER_INPUT, LIMIT_COMMANDS, LIMIT_VALUE_SIZE, and those of judging the commands for any device. */
export function checkAction(
  { commands = [], expiresInMs = DEFAULT_EXPIRY_MS, addTags = [], removeTags = [] }: CreateRule['action'],
  library: DdfLibrary,
  now: number,
): Action {
  if (commands.length > MOST_COMMANDS)
    throw new ManagementError('LIMIT_COMMANDS', `${commands.length} commands; a rule has at most ${MOST_COMMANDS}`, {
      limit: MOST_COMMANDS,
    });
  if (filesOf(commands).length > 0) throw badInput('a rule sends no files of the repository', 'do.commands');
  if (expiresInMs <= 0 || expiresInMs > LONGEST_WHILE_MS)
    throw badInput('more than nothing, at most 31 days', 'do.expiresIn');
  checkTemplate(
    { commands, atomic: false, sequence: false, expiresInMs },
    { library, valueOctets: LONGEST_VALUE, items: new Map(), now },
  );
  const tagsOf = (tags: readonly string[], field: string): readonly string[] => {
    if (tags.length > MOST_TAGS) throw badInput(`at most ${MOST_TAGS}`, field);
    return [...new Set(tags.map((tag) => checkName(tag, field, LONGEST_TAG)))];
  };
  // Whole numbers beyond 2^53−1 become decimal text, which values take as well.
  const text = JSON.stringify(commands, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  if (text.length > LONGEST_COMMANDS)
    throw new ManagementError(
      'LIMIT_VALUE_SIZE',
      `the commands have ${text.length} characters, at most ${LONGEST_COMMANDS}`,
      {
        limit: LONGEST_COMMANDS,
      },
    );
  return {
    commands: JSON.parse(text) as Action['commands'],
    expiresInMs,
    addTags: tagsOf(addTags, 'do.addTags'),
    removeTags: tagsOf(removeTags, 'do.removeTags'),
  };
}

/** Errors: BAD_USER_INPUT. */
export function checkPace({ debounceMs, count, perMs }: Partial<Pace> = {}): Pace {
  const pace = {
    debounceMs: debounceMs ?? DEFAULTS.debounceMs,
    count: count ?? DEFAULTS.count,
    perMs: perMs ?? DEFAULTS.perMs,
  };
  if (pace.debounceMs < 0 || pace.debounceMs > LONGEST_WHILE_MS) throw badInput('at most 31 days', 'debounce');
  if (!Number.isInteger(pace.count) || pace.count < 1 || pace.count > MOST_A_WHILE)
    throw badInput(`1 to ${MOST_A_WHILE}`, 'most.count');
  if (pace.perMs <= 0 || pace.perMs > LONGEST_WHILE_MS)
    throw badInput('more than nothing, at most 31 days', 'most.per');
  return pace;
}
