/** One POST to an address of the configuration: no redirect is followed, no long answer read. */
import { failed, reasonOf, type BearerOutcome } from './bearer';

export interface Answer {
  readonly status: number;
  /** The first octets as text. */
  readonly text: string;
}

const MOST_OCTETS = 65_536;

/** The answer, or FAILED where none came within `timeoutMs`. */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Answer | BearerOutcome> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body: Buffer.from(body),
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    });
    return { status: answer.status, text: await firstOf(answer) };
  } catch (error) {
    if (timeout.aborted) return failed(`no answer within ${timeoutMs} ms`);
    return failed(signal.aborted ? 'the gateway is being stopped' : reasonOf(error));
  }
}

export function isAnswer(value: Answer | BearerOutcome): value is Answer {
  return 'status' in value;
}

/** What an HTTP status outside of 200 to 299 means for a sending. */
export function ofStatus(status: number): BearerOutcome {
  const isLater = status >= 500 || status === 408 || status === 425 || status === 429;
  const isRedirect = status >= 300 && status < 400;
  const reason = isRedirect ? `HTTP ${status}; redirects are not followed` : `HTTP ${status}`;
  return isLater ? failed(reason) : { outcome: 'REFUSED', reason };
}

async function firstOf(answer: Response): Promise<string> {
  if (answer.body === null) return '';
  const pieces: Uint8Array[] = [];
  let octets = 0;
  for await (const piece of answer.body as unknown as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    octets += piece.length;
    // Leaving the loop ends the reading.
    if (octets >= MOST_OCTETS) break;
  }
  return Buffer.concat(pieces).subarray(0, MOST_OCTETS).toString('utf8');
}
