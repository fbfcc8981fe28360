/**
 * The page of a `show` on DM 2.0: SHOW sends the device's browser there, and what the person does there ends the command.
 * What the command keeps of it is a digest of its address and the time until which it is good.
 */
import { createHash } from 'node:crypto';

import type { Outcome, ShowAnswer, ShowPrompt, Token } from '../../adapters/adapter';
import { storedPrompt } from './show';

/** Where the caller gives the person no time, the page is good for a day. */
export const PAGE_LIFE_MS = 86_400_000;
/** What it may take until the page stands on the screen: the person's time begins after it. */
export const PAGE_START_MS = 60_000;

/** What a command's request holds of its page. */
export interface StoredPage {
  /** SHA-256 of the token, hex. */
  readonly sha256: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** By which a page's command is found. */
export function pageKey(token: Token): string {
  return createHash('sha256').update(token).digest('hex');
}

/** A command's request with the page that is handed out now; one from an earlier sending is good no more. */
export function withPage(
  request: Readonly<Record<string, unknown>>,
  token: Token,
  now: number,
): Record<string, unknown> {
  const seconds = storedPrompt(request)?.timeoutSeconds;
  const until = now + (seconds === undefined ? PAGE_LIFE_MS : seconds * 1000 + PAGE_START_MS);
  const page: StoredPage = { sha256: pageKey(token), until };
  return { ...request, page };
}

export function hasPage(request: Readonly<Record<string, unknown>>): boolean {
  return request['page'] !== undefined;
}

/** What a person's time that ran out comes to: what the prompt offered counts as their answer, as on DM 1.x. */
export function answerAtTimeout(prompt: ShowPrompt): ShowAnswer {
  const plain = (answer: ShowAnswer['answer']): ShowAnswer => ({ answer, text: null, selected: [] });
  switch (prompt.kind) {
    case 'DISPLAY':
      return plain('TIMED_OUT');
    case 'CONFIRM':
      if (prompt.preset === undefined) return plain('TIMED_OUT');
      return plain(prompt.preset ? 'ACCEPTED' : 'REFUSED');
    case 'TEXT':
      return prompt.preset === undefined ? plain('TIMED_OUT') : { ...plain('ACCEPTED'), text: prompt.preset };
    case 'SINGLE_CHOICE':
    case 'MULTIPLE_CHOICE':
      return prompt.preset === undefined || prompt.preset.length === 0
        ? plain('TIMED_OUT')
        : { ...plain('ACCEPTED'), selected: [...prompt.preset].sort((one, other) => one - other) };
  }
}

/** The command's outcome. */
export function outcomeOfAnswer({ answer }: ShowAnswer): Outcome {
  return answer === 'ACCEPTED' ? 'OK' : answer === 'REFUSED' ? 'USER_REFUSED' : 'TIMED_OUT';
}
