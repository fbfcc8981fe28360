/**
 * Misbehaviour at random, and reproducible: the same seed does the same to the same sessions. What it does to a message is
 * decided here; everything else of the session goes on as a client would, so that whatever is lost was lost by the server.
 * Source: dm1 2.7, 12 ("retry"), 20 ("general habits"), 21.
 */
import { decodeMessage, encodeMessage } from '../../../adapters/dm1/codec';
import type { BodyCommand, Message } from '../../../adapters/dm1/message';
import type { WireRequest, WireResponse } from '../transport';
import { textData } from './data';
import { alertOf, resultsOf, statusOf } from './drafts';
import { shuffleXml } from './shuffle-xml';

export const CHAOS_KINDS = {
  LOST_ANSWER: 'an answer was lost, and the message sent again',
  RESENT: 'a message was sent twice, one right after the other',
  BROKEN_OFF: 'a session was broken off without a word',
  ABORTED: 'a session was ended by Alert 1223',
  REORDERED: 'children stood in another order',
  STALE_NONCE: 'a credential was made over a stale nonce',
  ILLEGAL: 'a message held what a client must not send',
  NO_FINAL: 'a message lacked Final',
  SKIPPED: 'a MsgID was skipped',
  WRONG_SESSION: 'a copy of a message came under another SessionID',
  WRONG_ADDRESS: 'a copy of a message came to the address of no session',
  GARBAGE: 'octets that are no message',
  TRUNCATED: 'a message that was cut off',
  WRONG_TYPE: 'a message with another media type',
} as const;

export type ChaosKind = keyof typeof CHAOS_KINDS;

export interface ChaosEvent {
  readonly deviceId: string;
  readonly kind: ChaosKind;
  /** How the server took it, where that can be told at once. */
  readonly answer?: string;
}

/** How often each kind comes, of a hundred messages. */
const RATES: Readonly<Record<ChaosKind, number>> = {
  LOST_ANSWER: 6,
  RESENT: 5,
  BROKEN_OFF: 5,
  ABORTED: 2,
  REORDERED: 12,
  STALE_NONCE: 10,
  ILLEGAL: 6,
  NO_FINAL: 4,
  SKIPPED: 3,
  WRONG_SESSION: 4,
  WRONG_ADDRESS: 3,
  GARBAGE: 4,
  TRUNCATED: 3,
  WRONG_TYPE: 3,
};

const OCTETS_OF_GARBAGE = 400;
/** What no server may do to a message that comes twice. */
export const OTHER_ANSWER = 'ANOTHER ANSWER';

type Send = (request: WireRequest) => Promise<WireResponse>;

/** Mulberry32: numbers from 0 to below 1. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const octet of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ octet, 0x01000193);
  return hash >>> 0;
}

export class Chaos {
  /** What was done, by all devices of this seed. */
  readonly events: ChaosEvent[] = [];

  /** @param seed  a whole number from 0 to 2^32-1 */
  constructor(readonly seed: number) {}

  /** The misbehaviour of one device, which depends on the seed and its identifier alone. */
  of(deviceId: string): DeviceChaos {
    return new DeviceChaos(numbersFrom(this.seed ^ hashOf(deviceId)), (kind, answer) => {
      this.events.push({ deviceId, kind, ...(answer === undefined ? {} : { answer }) });
    });
  }
}

export class DeviceChaos {
  constructor(
    private readonly number: () => number,
    private readonly tell: (kind: ChaosKind, answer?: string) => void,
  ) {}

  private happens(kind: ChaosKind): boolean {
    return this.number() * 100 < RATES[kind];
  }

  private below(count: number): number {
    return Math.floor(this.number() * count);
  }

  /** The nonce for a session's first credential, or one that never was. */
  nonce(nonce: Uint8Array): Uint8Array {
    if (!this.happens('STALE_NONCE')) return nonce;
    this.tell('STALE_NONCE');
    return Uint8Array.from({ length: 16 }, () => this.below(256));
  }

  /** Whether the next message goes out under the MsgID after the one that is due. */
  skips(): boolean {
    const skips = this.happens('SKIPPED');
    if (skips) this.tell('SKIPPED');
    return skips;
  }

  /** Whether the session is left here without a word. */
  breaksOff(): boolean {
    const breaks = this.happens('BROKEN_OFF');
    if (breaks) this.tell('BROKEN_OFF');
    return breaks;
  }

  /** Whether Alert 1223 ends the session in place of the answer. */
  aborts(): boolean {
    const aborts = this.happens('ABORTED');
    if (aborts) this.tell('ABORTED');
    return aborts;
  }

  /** A message as it goes out. */
  spoil(message: Message): Message {
    let { body, final } = message;
    if (this.happens('ILLEGAL')) {
      this.tell('ILLEGAL');
      body = [...body, ...this.illegal(message)];
    }
    if (this.happens('REORDERED')) {
      this.tell('REORDERED');
      body = this.shuffled(body);
    }
    if (final && this.happens('NO_FINAL')) {
      this.tell('NO_FINAL');
      final = false;
    }
    return { ...message, body, final };
  }

  private shuffled<T>(list: readonly T[]): readonly T[] {
    const shuffled = [...list];
    for (let at = shuffled.length - 1; at > 0; at -= 1) {
      const other = this.below(at + 1);
      [shuffled[at], shuffled[other]] = [shuffled[other] as T, shuffled[at] as T];
    }
    return shuffled;
  }

  private illegal({ body }: Message): readonly BodyCommand[] {
    const cmdId = String(body.length + 90);
    const answered = { msgRef: String(this.below(9)), cmdRef: String(50 + this.below(40)), cmd: 'Replace' };
    const kinds: readonly BodyCommand[] = [
      { kind: 'Get', cmdId, items: [{ target: { locUri: './DevInfo/DevId' } }] },
      { kind: 'Delete', cmdId, items: [{ target: { locUri: './DevInfo' } }] },
      { kind: 'Foreign', name: 'Put', cmdId },
      { ...alertOf(1100 + this.below(5)), cmdId },
      { ...alertOf(9999), cmdId },
      { ...statusOf(answered, 200), cmdId },
      { ...statusOf({ ...answered, cmd: 'Get' }, this.below(999)), cmdId },
      { ...resultsOf(answered, [{ source: { locUri: './DevInfo/Man' }, data: textData('Mallory') }]), cmdId },
      { kind: 'Replace', cmdId, items: [{ source: { locUri: './Vendor/Acme' }, data: textData('x') }] },
    ];
    return [kinds[this.below(kinds.length)] as BodyCommand];
  }

  /** Sends a message with whatever happens to it on its way, and what comes before it. Rejects when no answer came at all. */
  async exchange(request: WireRequest, send: Send): Promise<WireResponse> {
    await this.intrude(request, send);
    const wire = this.happens('REORDERED') ? this.reordered(request) : request;
    if (this.happens('LOST_ANSWER')) return this.twice('LOST_ANSWER', wire, send);
    if (this.happens('RESENT')) return this.twice('RESENT', wire, send);
    return send(wire);
  }

  private async twice(kind: ChaosKind, request: WireRequest, send: Send): Promise<WireResponse> {
    const first = await send(request);
    const second = await send(request);
    const refused = isRefusalAnswer(first) && isRefusalAnswer(second);
    this.tell(kind, sameAnswer(first, second) ? 'the same answer' : refused ? 'refused both times' : OTHER_ANSWER);
    return second;
  }

  private reordered(request: WireRequest): WireRequest {
    if (request.body === undefined || !/xml/.test(request.headers['content-type'] ?? '')) return request;
    const body = shuffleXml(request.body, (list) => this.shuffled(list));
    if (body === undefined) return request;
    this.tell('REORDERED');
    return { ...request, body };
  }

  /** What comes between two messages of a session, and must not harm it. */
  private async intrude(request: WireRequest, send: Send): Promise<void> {
    const body = request.body ?? new Uint8Array();
    const put = async (kind: ChaosKind, wrong: Partial<WireRequest>): Promise<void> => {
      const answer = await send({ ...request, ...wrong });
      this.tell(kind, `HTTP ${answer.status}`);
    };
    if (this.happens('GARBAGE'))
      await put('GARBAGE', { body: Uint8Array.from({ length: this.below(OCTETS_OF_GARBAGE) }, () => this.below(256)) });
    if (this.happens('TRUNCATED')) await put('TRUNCATED', { body: body.slice(0, this.below(body.length)) });
    if (this.happens('WRONG_TYPE'))
      await put('WRONG_TYPE', { headers: { ...request.headers, 'content-type': 'text/plain' } });
    if (this.happens('WRONG_ADDRESS')) {
      const token = Array.from({ length: 22 }, () => 'abcdefghijklmnop'[this.below(16)] ?? 'a').join('');
      await put('WRONG_ADDRESS', { url: request.url.replace(/(\/dm\/1)(?:\/[\w-]+)?/, `$1/${token}`) });
    }
    const otherSession = this.happens('WRONG_SESSION') ? withOtherSession(request, 'F00D') : undefined;
    if (otherSession !== undefined) await put('WRONG_SESSION', { body: otherSession });
  }
}

export function sameAnswer(one: WireResponse, other: WireResponse): boolean {
  return one.status === other.status && Buffer.compare(Buffer.from(one.body), Buffer.from(other.body)) === 0;
}

/** Whether SyncHdr is answered with 401 or 407: such an answer has a fresh nonce each time. */
function isRefusalAnswer({ body, headers }: WireResponse): boolean {
  const decoded = decodeMessage(body, headers['content-type'] ?? '');
  const status = decoded.ok ? decoded.value.message.body[0] : undefined;
  return status?.kind === 'Status' && (status.data === '401' || status.data === '407');
}

/** The message under another SessionID, or undefined where its octets are no message. */
function withOtherSession({ body, headers }: WireRequest, sessionId: string): Uint8Array | undefined {
  const decoded = decodeMessage(body ?? new Uint8Array(), headers['content-type'] ?? '');
  if (!decoded.ok) return undefined;
  const { message, encoding } = decoded.value;
  return encodeMessage({ ...message, header: { ...message.header, sessionId } }, encoding);
}
