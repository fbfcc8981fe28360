/**
 * The person who holds a simulated device: what the device shows, and what is answered. Source: dm1 9.2.
 */
import type { AlertCommand } from '../../../adapters/dm1/message';
import { textOf } from './data';
import { statusOf, textItem, type Answered, type Draft } from './drafts';

/** A user interaction alert as the person sees it. */
export interface Shown {
  /** 1100 display, 1101 confirm, 1102 text, 1103 single choice, 1104 multiple choice. */
  readonly code: number;
  /** Decoded, such as `{ MAXDT: '60', DR: '1' }`. */
  readonly options: Readonly<Record<string, string>>;
  readonly text: string;
  readonly choices: readonly string[];
}

/**
 * What the person does. `yes` also stands for "seen"; `timeout` gives the default response where there is one; a number
 * is a status of the device itself, such as 416 for what it cannot display.
 */
export type PersonReply =
  'yes' | 'no' | 'cancel' | 'timeout' | { readonly text: string } | { readonly choose: readonly number[] } | number;

export type Person = (shown: Shown) => PersonReply;

const MOST_ALERTS = { first: 1100, last: 1104 } as const;

/** Says yes, takes the default response, else the first choice. */
export const obligingPerson: Person = ({ code, options }) => {
  const preset = options['DR'];
  if (code === 1101) return preset === '0' ? 'no' : 'yes';
  if (code === 1102) return { text: preset ?? 'yes' };
  if (code === 1103 || code === 1104) return { choose: (preset ?? '1').split('-').map(Number) };
  return 'yes';
};

/** Status for a user interaction alert; undefined for other alerts. Two Items are the least, choices come on top. */
export function answerOfPerson(alert: AlertCommand, answered: Answered, person: Person): Draft | undefined {
  const code = Number((alert.data ?? '').trim());
  if (!(code >= MOST_ALERTS.first && code <= MOST_ALERTS.last)) return undefined;
  const [options, title, ...choices] = alert.items;
  if (options === undefined || title === undefined || (code >= 1103 && choices.length === 0))
    return statusOf(answered, 412);
  const shown: Shown = {
    code,
    options: Object.fromEntries(new URLSearchParams(textOf(options.data))),
    text: textOf(title.data),
    choices: choices.map((choice) => textOf(choice.data)),
  };
  return draftOf(person(shown), shown, answered);
}

function draftOf(reply: PersonReply, shown: Shown, answered: Answered): Draft {
  if (typeof reply === 'number') return statusOf(answered, reply);
  switch (reply) {
    case 'yes':
      return statusOf(answered, 200);
    case 'no':
      return statusOf(answered, 304);
    case 'cancel':
      return statusOf(answered, 214);
    case 'timeout':
      return shown.options['DR'] === undefined
        ? statusOf(answered, 408)
        : draftOf(obligingPerson(shown), shown, answered);
    default:
      return 'text' in reply
        ? statusOf(answered, 200, { items: [textItem(reply.text)] })
        : statusOf(answered, 200, { items: reply.choose.map((number) => textItem(String(number))) });
  }
}
