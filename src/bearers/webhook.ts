/** Wake-up by an HTTP request to a service that knows how to reach the device. */
import { createHmac } from 'node:crypto';

import { type Bearer, type BearerOutcome, type Push, type Recipient } from './bearer';
import { isAnswer, ofStatus, post } from './http';

export interface WebhookSettings {
  readonly url: string;
  /** Signs each request. */
  readonly secret: string;
  readonly timeoutMs: number;
}

export const SIGNATURE_HEADER = 'x-moql-signature';

/** `t=SECONDS,v1=HEX`: HMAC-SHA-256 of `SECONDS.BODY`, so that an old request cannot be sent again as a new one. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`, 'utf8').digest('hex');
  return `t=${seconds},v1=${digest}`;
}

export class WebhookBearer implements Bearer {
  readonly kind = 'webhook';

  constructor(
    readonly name: string,
    private readonly settings: WebhookSettings,
    private readonly now: () => number = Date.now,
  ) {}

  async send(push: Push, to: Recipient, signal: AbortSignal): Promise<BearerOutcome> {
    const { url, secret, timeoutMs } = this.settings;
    const body = JSON.stringify({
      type: 'wakeUp',
      bearer: this.name,
      deviceId: to.deviceId,
      msisdn: to.msisdn ?? null,
      udpAddress: to.udpAddress ?? null,
      mediaType: push.mediaType,
      octets: base64(push.octets),
      wsp: base64(push.wsp),
      sms: push.sms.map(base64),
    });
    const headers = {
      'content-type': 'application/json',
      [SIGNATURE_HEADER]: signatureOf(secret, Math.floor(this.now() / 1000), body),
    };
    const answer = await post(url, headers, Buffer.from(body, 'utf8'), timeoutMs, signal);
    if (!isAnswer(answer)) return answer;
    if (answer.status < 200 || answer.status > 299) return ofStatus(answer.status);
    const messageId = idIn(answer.text);
    return { outcome: 'ACCEPTED', ...(messageId === undefined ? {} : { messageId }) };
  }

  async close(): Promise<void> {
    // Connections of fetch end by themselves.
  }
}

/** `id` of an answer in JSON, for the records. */
function idIn(text: string): string | undefined {
  try {
    const { id } = JSON.parse(text) as { id?: unknown };
    return typeof id === 'string' || typeof id === 'number' ? String(id).slice(0, 128) : undefined;
  } catch {
    return undefined;
  }
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64');
}
