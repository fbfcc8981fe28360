/** WAP push through a push proxy gateway: one POST of control document and content. Source: WAP-247-PAP. */
import { randomBytes } from 'node:crypto';

import { SaxesParser } from 'saxes';

import { failed, refused, type Bearer, type BearerOutcome, type Push, type Recipient } from './bearer';
import { isAnswer, ofStatus, post } from './http';

export interface PapSettings {
  readonly url: string;
  /** HTTP Basic. */
  readonly username?: string;
  readonly password?: string;
  /** What stands behind the @ of addresses. */
  readonly domain: string;
  readonly timeoutMs: number;
}

/** Application 7 of OMNA: the device management client. */
const APPLICATION = 'x-wap-application:syncml.dm';

export class PapBearer implements Bearer {
  readonly kind = 'pap';

  constructor(
    readonly name: string,
    private readonly settings: PapSettings,
  ) {}

  async send(push: Push, { msisdn }: Recipient, signal: AbortSignal): Promise<BearerOutcome> {
    if (msisdn === undefined) return refused('the device has no msisdn');
    const { url, username, password, domain, timeoutMs } = this.settings;
    const pushId = `${randomBytes(12).toString('hex')}@${domain}`;
    const { contentType, body } = papRequest(push, { pushId, msisdn, domain });
    const headers = {
      'content-type': contentType,
      ...(username === undefined ? {} : { authorization: basic(username, password ?? '') }),
    };
    const answer = await post(url, headers, body, timeoutMs, signal);
    if (!isAnswer(answer)) return answer;
    if (answer.status < 200 || answer.status > 299) return ofStatus(answer.status);
    const told = readPapResponse(answer.text);
    if (told === undefined) return failed(`HTTP ${answer.status} without a push response`);
    return outcomeOf(told, pushId);
  }

  async close(): Promise<void> {
    // Connections of fetch end by themselves.
  }
}

/** multipart/related of two parts: the control document, and the notification with its headers. */
export function papRequest(
  push: Pick<Push, 'octets' | 'mediaType'>,
  { pushId, msisdn, domain }: { readonly pushId: string; readonly msisdn: string; readonly domain: string },
): { readonly contentType: string; readonly body: Uint8Array } {
  const boundary = `moql-${randomBytes(12).toString('hex')}`;
  const control = `<?xml version="1.0"?>
<!DOCTYPE pap PUBLIC "-//WAPFORUM//DTD PAP 1.0//EN" "http://www.wapforum.org/DTD/pap_1.0.dtd">
<pap><push-message push-id="${pushId}"><address address-value="WAPPUSH=${msisdn}/TYPE=PLMN@${domain}"></address>\
<quality-of-service priority="high" delivery-method="unconfirmed"></quality-of-service></push-message></pap>`;
  const body = Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Type: application/xml\r\n\r\n${control}\r\n--${boundary}\r\n`),
    Buffer.from(`Content-Type: ${push.mediaType}\r\nX-Wap-Application-Id: ${APPLICATION}\r\n\r\n`),
    push.octets,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return { contentType: `multipart/related; boundary="${boundary}"; type="application/xml"`, body };
}

export interface PapResult {
  readonly code: number;
  readonly description: string;
}

/** The result of a push-response, or of a badmessage-response; undefined for anything else. */
export function readPapResponse(text: string): PapResult | undefined {
  let found: PapResult | undefined;
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    const { code = '', desc = '' } = attributes as Readonly<Record<string, string>>;
    const tells = name === 'response-result' || name === 'badmessage-response';
    if (tells && /^\d{4}$/.test(code)) found ??= { code: Number(code), description: desc.slice(0, 160) };
  });
  try {
    parser.write(text).close();
  } catch {
    return undefined;
  }
  return found;
}

/** Classes of WAP-247-PAP, 9.13: 1xxx done, 2xxx the client's fault, 3xxx the gateway's, 4xxx the service's, 5xxx the device. */
function outcomeOf({ code, description }: PapResult, pushId: string): BearerOutcome {
  if (code >= 1000 && code < 2000) return { outcome: 'ACCEPTED', messageId: pushId };
  const reason = `PAP ${code}${description === '' ? '' : `: ${description}`}`;
  const isNever = code < 3000 || NEVER.has(code);
  return isNever ? refused(reason) : failed(reason);
}

/** What the gateway cannot do, and a version that it does not know. */
const NEVER: ReadonlySet<number> = new Set([3001, 3002]);

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
