/**
 * The way of a device's messages to its server and back, on which they are lost, come twice, or come late. What befalls the
 * nth message of a device the seed alone decides.
 */
import { httpTransport } from '../../src/simulator';
import type { Transport, WireRequest, WireResponse } from '../../src/simulator';
import type { Random } from './random';

export const MISHAPS = {
  requestLost: 'a message never came',
  replyLost: 'an answer never came',
  repeated: 'a message came twice, at the same time',
  copiedLate: 'a copy of a message came after later ones',
  late: 'a message came after later ones',
} as const;
export type Mishap = keyof typeof MISHAPS;

/** How often each comes, of a hundred messages. */
const RATES: Readonly<Record<Mishap, number>> = {
  requestLost: 3,
  replyLost: 5,
  repeated: 5,
  copiedLate: 4,
  late: 2,
};
const KINDS = Object.keys(RATES) as readonly Mishap[];

interface Held {
  readonly request: WireRequest;
  after: number;
}

const plain = httpTransport({ timeoutMs: 120_000 });
/** An answer that says "later" is none. */
const http: Transport = async (request) => {
  const answer = await plain(request);
  if (answer.status >= 500) throw new Error(`HTTP ${answer.status}`);
  return answer;
};

export function hangUpRoads(): void {
  plain.close();
}

export class Road {
  /** How often each mishap came. */
  readonly mishaps: Partial<Record<Mishap, number>> = {};
  #held: Held[] = [];
  #isCalm = false;

  constructor(private readonly random: Random) {}

  readonly transport: Transport = async (request) => {
    const mishap = this.#drawn(request);
    const mayTryAgain = this.random.happens(60);
    if (this.#isCalm) return this.#patiently(request);
    try {
      return await this.#carry(request, mishap);
    } catch (error) {
      if (!mayTryAgain) throw error;
      return await http(request);
    } finally {
      await this.#release();
    }
  };

  /** Nothing happens to messages any more; those that were held come now. */
  async calm(): Promise<void> {
    for (const held of this.#held) held.after = 0;
    await this.#release();
    this.#isCalm = true;
  }

  #drawn({ method }: WireRequest): Mishap | undefined {
    let drawn = this.random.below(100);
    for (const kind of KINDS) {
      // Nothing is said of documents that overtake one another on their way to the repository.
      if (drawn < RATES[kind]) return method === 'POST' || !/[lL]ate/.test(kind) ? kind : undefined;
      drawn -= RATES[kind];
    }
    return undefined;
  }

  async #carry(request: WireRequest, mishap: Mishap | undefined): Promise<WireResponse> {
    if (mishap === undefined) return http(request);
    this.mishaps[mishap] = (this.mishaps[mishap] ?? 0) + 1;
    switch (mishap) {
      case 'requestLost':
        throw new Error('lost on its way');
      case 'replyLost':
        await http(request);
        throw new Error('the answer was lost on its way');
      case 'repeated': {
        const [answer] = await Promise.all([http(request), http(request).catch(() => undefined)]);
        return answer;
      }
      case 'copiedLate':
        this.#hold(request);
        return http(request);
      case 'late':
        this.#hold(request);
        throw new Error('held up on its way');
    }
  }

  #hold(request: WireRequest): void {
    this.#held.push({ request, after: 1 + this.random.below(6) });
  }

  /** What was held comes when enough others have passed; nobody waits for its answer. */
  async #release(): Promise<void> {
    for (const held of this.#held) held.after -= 1;
    const due = this.#held.filter(({ after }) => after <= 0);
    this.#held = this.#held.filter(({ after }) => after > 0);
    for (const { request } of due) await http(request).catch(() => undefined);
  }

  /** As a client that repeats a message until it is answered. */
  async #patiently(request: WireRequest): Promise<WireResponse> {
    return http(request).catch(() => http(request));
  }
}
