/** `/ui/TOKEN`: the page to which SHOW sends a device's browser. */
import type { PageState, ShowPages } from '../management/show-pages';
import { readAnswer } from './answer';
import { POLICY } from './markup';
import { NOTHING_HERE, THANKS, UNREADABLE, promptPage } from './prompt-page';

/** Octets of a form: the longest answer, every octet of it percent-encoded, and the rest. */
export const LONGEST_FORM = 32 * 1024;

export interface PortalRequest {
  readonly method: string;
  readonly token: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}
export interface PortalReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface Portal {
  handle(request: PortalRequest): Promise<PortalReply>;
}

/**
 * Answers GET with the prompt, and POST with thanks once its answer is stored. An address that is unknown, foreign, expired or
 * used up is answered alike: 404 and the same page; but the same form sent twice is thanked for twice.
 */
export function createPortal(pages: ShowPages): Portal {
  return {
    async handle({ method, token, contentType, body }) {
      if (method === 'GET' || method === 'HEAD') return asked(await pages.find(token), token);
      if (method !== 'POST') return portalReply(405, NOTHING_HERE, { allow: 'GET, HEAD, POST' });
      const form = formOf(contentType, body);
      const page = await pages.find(token);
      if (page.state === 'GONE') return portalReply(404, NOTHING_HERE);
      if (page.state === 'ANSWERED') return portalReply(200, THANKS);
      if (form === undefined) return portalReply(400, UNREADABLE);
      const read = readAnswer(page.prompt, form);
      if (!read.ok) return portalReply(422, promptPage(page.prompt, token, read));
      const taken = await pages.answer(token, read.answer);
      return taken === 'GONE' ? portalReply(404, NOTHING_HERE) : portalReply(200, THANKS);
    },
  };
}

function asked(page: PageState, token: string): PortalReply {
  return page.state === 'OPEN' ? portalReply(200, promptPage(page.prompt, token)) : portalReply(404, NOTHING_HERE);
}

/** Undefined for what no form of ours sends. */
function formOf(contentType: string, body: Uint8Array): URLSearchParams | undefined {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded' || body.byteLength > LONGEST_FORM) return undefined;
  return new URLSearchParams(Buffer.from(body).toString('utf8'));
}

/** A page, with what keeps it and its address to itself. */
export function portalReply(status: number, text: string, headers: Readonly<Record<string, string>> = {}): PortalReply {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'x-robots-tag': 'noindex',
      'cache-control': 'no-store',
      ...headers,
    },
    text,
  };
}
