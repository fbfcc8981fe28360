/** Bodies that may be of any length and may never end, read within bounds. */
import type { Readable } from 'node:stream';

export interface ReceiveBounds {
  readonly octets: number;
  /** Longest silence between two pieces. */
  readonly idleMs: number;
  /** Longest time for the whole. */
  readonly totalMs: number;
}

export type Received =
  | { readonly ok: true; readonly length: number }
  /** BROKEN: the sender went away, or what it sends is no HTTP. */
  | { readonly ok: false; readonly why: 'TOO_LARGE' | 'TOO_SLOW' | 'BROKEN' };

const EXPIRED = Symbol('expired');

/**
 * Hands on the pieces of a body, one after another. The body is left unread where a bound is passed, so that its sender can
 * still be answered. What `take` throws is thrown on.
 */
export async function receive(
  body: Readable,
  bounds: ReceiveBounds,
  take: (piece: Buffer) => void | Promise<void>,
): Promise<Received> {
  const pieces = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  let expire = (): void => undefined;
  const expired = new Promise<typeof EXPIRED>((resolve) => {
    expire = () => resolve(EXPIRED);
  });
  const idle = setTimeout(expire, bounds.idleMs);
  const total = setTimeout(expire, bounds.totalMs);
  try {
    for (let length = 0; ;) {
      const next = await Promise.race([pieces.next().catch(() => undefined), expired]);
      if (next === EXPIRED) return { ok: false, why: 'TOO_SLOW' };
      if (next === undefined) return { ok: false, why: 'BROKEN' };
      if (next.done === true) return { ok: true, length };
      length += next.value.length;
      if (length > bounds.octets) return { ok: false, why: 'TOO_LARGE' };
      await take(next.value);
      idle.refresh();
    }
  } finally {
    clearTimeout(idle);
    clearTimeout(total);
  }
}
