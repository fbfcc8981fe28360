/** What a person sent from a page of SHOW, as the answer to its prompt. Pure. */
import { hasControl, INPUT_PATTERNS, LONGEST_INPUT } from '../management/show';
import type { ShowAnswer, ShowInputType, ShowPrompt } from '../management/show-pages';

/** Names of the form's fields. Buttons are told apart by name: some old browsers send the label in place of the value. */
export const FIELD = { accept: 'yes', refuse: 'no', text: 'text', choice: 'choice' } as const;

export type ReadAnswer =
  | { readonly ok: true; readonly answer: ShowAnswer }
  /** What to tell the person; `typed` stands in the field again. */
  | { readonly ok: false; readonly problem: string; readonly typed?: string; readonly selected?: readonly number[] };

const plain = (answer: ShowAnswer['answer']): ShowAnswer => ({ answer, text: null, selected: [] });

const HINT: Readonly<Record<ShowInputType, string>> = {
  ALPHANUMERIC: 'text',
  NUMBER: 'digits only, such as 42',
  DATE: 'a date, such as 2026-01-31',
  TIME: 'a time, such as 12:30:00',
  PHONE: 'a telephone number, such as +441234567',
  IPV4: 'an address, such as 192.0.2.1',
};

/** What is to be typed, in words. */
export function hintOf(input: ShowInputType): string {
  return HINT[input];
}

/** A form without any of the page's buttons was sent by the Enter key, which accepts. */
export function readAnswer(prompt: ShowPrompt, form: URLSearchParams): ReadAnswer {
  if (form.has(FIELD.refuse)) return { ok: true, answer: plain('REFUSED') };
  switch (prompt.kind) {
    case 'DISPLAY':
      return { ok: true, answer: plain('ACCEPTED') };
    case 'CONFIRM':
      if (!form.has(FIELD.accept)) return { ok: false, problem: 'Please choose Yes or No.' };
      return { ok: true, answer: plain('ACCEPTED') };
    case 'TEXT':
      return readText(prompt, form.get(FIELD.text) ?? '');
    case 'SINGLE_CHOICE':
    case 'MULTIPLE_CHOICE':
      return readChoices(prompt, form.getAll(FIELD.choice));
  }
}

function readText(prompt: Extract<ShowPrompt, { kind: 'TEXT' }>, sent: string): ReadAnswer {
  const text = tidy(prompt.input, sent);
  const again = prompt.isSecret || hasControl(text) ? {} : { typed: text };
  const longest = prompt.maxLength ?? LONGEST_INPUT;
  const length = [...text].length;
  if (length > longest)
    return { ok: false, problem: `That is ${length} characters; at most ${longest} are possible.`, ...again };
  if (hasControl(text) || /[\t\n]/.test(text))
    return { ok: false, problem: 'That has a character which is not possible here.', ...again };
  if (!INPUT_PATTERNS[prompt.input].test(text))
    return { ok: false, problem: `Please type ${HINT[prompt.input]}.`, ...again };
  return { ok: true, answer: { ...plain('ACCEPTED'), text } };
}

/** Spaces around what is no free text are none of it; browsers leave seconds out that are none. */
function tidy(input: ShowInputType, text: string): string {
  if (input === 'ALPHANUMERIC') return text;
  const trimmed = text.trim();
  return input === 'TIME' && /^\d{2}:\d{2}$/.test(trimmed) ? `${trimmed}:00` : trimmed;
}

function readChoices(
  { kind, choices }: Extract<ShowPrompt, { kind: 'SINGLE_CHOICE' | 'MULTIPLE_CHOICE' }>,
  sent: readonly string[],
): ReadAnswer {
  const selected = [...new Set(sent)].map((text) => (/^\d{1,3}$/.test(text) ? Number(text) : -1));
  if (selected.some((index) => index < 0 || index >= choices.length))
    return { ok: false, problem: 'Please choose from the list.', selected: [] };
  if (kind === 'SINGLE_CHOICE' && selected.length !== 1)
    return { ok: false, problem: 'Please choose one.', selected: [] };
  return { ok: true, answer: { ...plain('ACCEPTED'), selected: selected.sort((one, other) => one - other) } };
}
