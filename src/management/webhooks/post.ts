/** One delivery over HTTP, signed as the "Standard Webhooks" specification says. */
import { createHmac } from 'node:crypto';

export interface WebhookTarget {
  readonly name: string;
  readonly url: string;
  /** `whsec_` and Base64, or text of which the octets count. */
  readonly secret: string;
  readonly events?: readonly string[];
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly firstRetryMs: number;
  readonly lastRetryMs: number;
}

export interface Message {
  /** The same for each attempt. */
  readonly id: string;
  readonly body: string;
}

/** Octets of an answer that are read so that its connection can be used again. */
const READ_AT_MOST = 16_384;

/** `v1,` and the Base64 of HMAC-SHA-256 over `ID.SECONDS.BODY`. */
export function signatureOf(secret: string, { id, body }: Message, seconds: number): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret, 'utf8');
  return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}

/**
 * @param signal gives up before its time
 * @returns what went wrong; undefined when the receiver has it (any 2xx)
 */
export async function post(
  target: WebhookTarget,
  message: Message,
  now: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const timeout = AbortSignal.timeout(target.timeoutMs);
  const seconds = Math.floor(now / 1000);
  try {
    const answer = await fetch(target.url, {
      method: 'POST',
      // A redirect could lead anywhere.
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'moql',
        'webhook-id': message.id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signatureOf(target.secret, message, seconds),
      },
      body: message.body,
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    await drain(answer);
    return answer.status >= 200 && answer.status < 300 ? undefined : `the receiver answered ${answer.status}`;
  } catch (error) {
    return reasonOf(error);
  }
}

/** A short answer is read to its end; of a long one no more. What it says means nothing. */
async function drain({ body }: Response): Promise<void> {
  if (body === null) return;
  let octets = 0;
  try {
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      octets += chunk.length;
      if (octets > READ_AT_MOST) return;
    }
  } catch {
    // Its head was there: the receiver has the event.
  }
}

function reasonOf(error: unknown): string {
  const { name, cause } = (error ?? {}) as { readonly name?: unknown; readonly cause?: { readonly code?: unknown } };
  if (name === 'TimeoutError') return 'it did not answer in time';
  if (name === 'AbortError') return 'the gateway was stopped before it answered';
  return typeof cause?.code === 'string' ? `it could not be reached (${cause.code})` : 'it could not be reached';
}
