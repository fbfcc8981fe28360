/**
 * The page of a prompt as HTML that any browser takes: no script, no image, one column, fields with labels. What follows it
 * are pages that say one thing. Pure.
 */
import type { ShowInputType, ShowPrompt } from '../management/show-pages';
import { FIELD, hintOf, type ReadAnswer } from './answer';
import { markup, pageOf, type Markup } from './markup';

type Refusal = Extract<ReadAnswer, { ok: false }>;

/** Keyboards and pickers of browsers that have them; to others every field is a line of text. */
const INPUT: Readonly<Record<ShowInputType, { readonly type: string; readonly mode?: string; readonly wide: number }>> =
  {
    ALPHANUMERIC: { type: 'text', wide: 40 },
    NUMBER: { type: 'text', mode: 'numeric', wide: 20 },
    DATE: { type: 'date', wide: 12 },
    TIME: { type: 'time', wide: 10 },
    PHONE: { type: 'tel', wide: 20 },
    IPV4: { type: 'text', mode: 'decimal', wide: 16 },
  };

/**
 * The page that asks.
 *
 * @param address of the page, as its form names it: the last part of its own
 * @param refusal why the answer that came was none, and what it was
 */
export function promptPage(prompt: ShowPrompt, address: string, refusal?: Refusal): string {
  const wrong = refusal !== undefined && markup`<p class="wrong" id="wrong" role="alert">${refusal.problem}</p>`;
  const body = markup`<form method="post" action="${address}" accept-charset="utf-8" autocomplete="off">
${wrong}${askedBy(prompt, refusal)}
${timeOf(prompt)}<div>${buttonsOf(prompt)}</div></form>`;
  return pageOf(refusal === undefined ? 'Message from your device' : 'Please correct your answer', body);
}

/** What the person is told, and the fields that they fill in. */
function askedBy(prompt: ShowPrompt, refusal: Refusal | undefined): Markup {
  switch (prompt.kind) {
    case 'DISPLAY':
    case 'CONFIRM':
      return markup`<h1>${prompt.kind === 'DISPLAY' ? 'Message' : 'Please answer'}</h1>
<p class="say" dir="auto" lang="">${prompt.text}</p>`;
    case 'TEXT':
      return textField(prompt, refusal);
    case 'SINGLE_CHOICE':
    case 'MULTIPLE_CHOICE':
      return choiceFields(prompt, refusal);
  }
}

function textField(prompt: Extract<ShowPrompt, { kind: 'TEXT' }>, refusal: Refusal | undefined): Markup {
  const { type, mode, wide } = INPUT[prompt.input];
  // A secret is never written back into the page.
  const value = prompt.isSecret ? undefined : (refusal?.typed ?? prompt.preset);
  const hint = prompt.input !== 'ALPHANUMERIC' && hintOf(prompt.input);
  const described = [hint === false ? '' : 'hint', refusal === undefined ? '' : 'wrong'].filter((id) => id !== '');
  const attributes = [
    markup` type="${prompt.isSecret ? 'password' : type}"`,
    markup` size="${wide}"`,
    ...(mode === undefined ? [] : [markup` inputmode="${mode}"`]),
    // Seconds are asked for where they are part of the answer.
    ...(type === 'time' && !prompt.isSecret ? [markup` step="1"`] : []),
    ...(prompt.maxLength === undefined ? [] : [markup` maxlength="${prompt.maxLength}"`]),
    ...(value === undefined ? [] : [markup` value="${value}"`]),
    ...(described.length === 0 ? [] : [markup` aria-describedby="${described.join(' ')}"`]),
    ...(refusal === undefined ? [] : [markup` aria-invalid="true"`]),
  ];
  return markup`<h1><label class="say" for="text" dir="auto" lang="">${prompt.text}</label></h1>
${hint !== false && markup`<p class="hint" id="hint">${hint}</p>`}
<input class="line" id="text" name="${FIELD.text}"${attributes} dir="auto" autocomplete="off" autocapitalize="off" spellcheck="false">`;
}

function choiceFields(
  prompt: Extract<ShowPrompt, { kind: 'SINGLE_CHOICE' | 'MULTIPLE_CHOICE' }>,
  refusal: Refusal | undefined,
): Markup {
  const chosen = refusal?.selected ?? prompt.preset ?? [];
  const type = prompt.kind === 'SINGLE_CHOICE' ? 'radio' : 'checkbox';
  const fields = prompt.choices.map(
    (
      choice,
      index,
    ) => markup`<label class="pick" for="c${index}"><input type="${type}" id="c${index}" name="${FIELD.choice}" value="${index}"${
      chosen.includes(index) && markup` checked="checked"`
    }> <span class="say" dir="auto" lang="">${choice}</span></label>
`,
  );
  const described = refusal !== undefined && markup` aria-describedby="wrong"`;
  return markup`<fieldset${described}><legend class="say" dir="auto" lang="">${prompt.text}</legend>
${fields}</fieldset>`;
}

/** Whoever has little time is told so. */
function timeOf({ timeoutSeconds }: ShowPrompt): Markup | undefined {
  if (timeoutSeconds === undefined) return undefined;
  const [count, unit] =
    timeoutSeconds < 120
      ? [timeoutSeconds, 'second']
      : timeoutSeconds < 7200
        ? [Math.floor(timeoutSeconds / 60), 'minute']
        : [Math.floor(timeoutSeconds / 3600), 'hour'];
  return markup`<p class="hint">You have ${count} ${unit}${count !== 1 && 's'} to answer.</p>
`;
}

/** The first one is that of the Enter key: of a question the answer that is offered, if one is. */
function buttonsOf(prompt: ShowPrompt): readonly Markup[] {
  const button = (name: string, label: string): Markup =>
    markup`<input class="go" type="submit" name="${name}" value="${label}">
`;
  const accept = button(FIELD.accept, prompt.kind === 'DISPLAY' ? 'OK' : prompt.kind === 'CONFIRM' ? 'Yes' : 'Send');
  if (prompt.kind === 'DISPLAY') return [accept];
  const refuse = button(FIELD.refuse, prompt.kind === 'CONFIRM' ? 'No' : 'Cancel');
  return prompt.kind === 'CONFIRM' && prompt.preset === false ? [refuse, accept] : [accept, refuse];
}

/** After an answer, and after the same one once more. */
export const THANKS = note('Thank you', 'Your answer was taken. You can close this page.');
/** For every address at which there is nothing to answer, whatever the reason. */
export const NOTHING_HERE = note(
  'Nothing to answer',
  'There is no question at this address, or it waits for no answer any more.',
);
/** For a form that cannot be read. */
export const UNREADABLE = note('Please try again', 'What was sent could not be read. Go back and send the form again.');
export const TROUBLE = note('Please try again later', 'The answer could not be taken now.');

function note(title: string, text: string): string {
  return pageOf(title, markup`<div class="note"><h1>${title}</h1><p>${text}</p></div>`);
}
