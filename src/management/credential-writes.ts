/** What a turn writes of a device's credentials: nonces, failures, what is remembered of refusals, notifications. */
import type { Effect } from '../../adapters/adapter';
import type { CredentialRow } from '../store/turn-load';
import type { CredentialWrite } from '../store/turn-write';
import { lockedUntil } from './lock-out';

/** Failures in a row so far, and what is remembered of refusals. */
export type KnownCredential = Pick<CredentialRow, 'failures' | 'refusals'>;
/** The notifications that no session has answered. */
export type KeptNotifications = Pick<CredentialRow, 'notifiedAt' | 'notifiedSession' | 'notifiedBefore'>;

/** What the turn's effects said. */
export interface CredentialNews {
  readonly nonces: readonly { readonly direction: 'CLIENT' | 'SERVER'; readonly nonce: string }[];
  readonly refusal: Pick<Extract<Effect, { kind: 'refused' }>, 'counted'> | undefined;
  readonly isAuthenticated: boolean;
  /** What the adapter wants remembered of this refused message. */
  readonly refusals: unknown;
  /** The notification that the session answers, and with it those before; no number: all of them. */
  readonly answered: { readonly sessionNo?: number } | undefined;
}

/** Failures are counted towards a lock; a success forgets them. One write a direction at most. */
export function credentialWrites(
  news: CredentialNews,
  kept: { readonly known: KnownCredential | null; readonly notified: KeptNotifications | null },
  { lockAfter, now }: { readonly lockAfter: number; readonly now: number },
): CredentialWrite[] {
  const failures = kept.known?.failures ?? 0;
  const writes = new Map<'CLIENT' | 'SERVER', CredentialWrite>();
  const write = (direction: 'CLIENT' | 'SERVER', change: Omit<CredentialWrite, 'direction'>): void => {
    writes.set(direction, { ...writes.get(direction), direction, ...change });
  };
  for (const { direction, nonce } of news.nonces) write(direction, { nonce });
  if (news.refusal?.counted === true) {
    const count = failures + 1;
    write('CLIENT', { failures: count, lockedUntil: lockedUntil(count, lockAfter, now) });
  } else if (news.isAuthenticated && failures > 0) {
    write('CLIENT', { failures: 0, lockedUntil: null });
  }
  const isKept = kept.known?.refusals !== null && kept.known?.refusals !== undefined;
  if (news.refusals !== undefined || (news.isAuthenticated && isKept))
    write('CLIENT', { refusals: news.refusals ?? null });
  const left = leftOf(news.answered, kept.notified);
  if (left !== undefined) write('SERVER', left);
  return [...writes.values()];
}

/** What is left of the notifications; undefined: nothing changes. */
function leftOf(
  answered: CredentialNews['answered'],
  notified: KeptNotifications | null,
): Pick<CredentialWrite, 'notified' | 'notifiedBefore'> | undefined {
  if (answered === undefined || notified?.notifiedAt == null) return undefined;
  const { sessionNo } = answered;
  if (sessionNo === undefined || sessionNo === notified.notifiedSession) return { notified: null };
  const before = notified.notifiedBefore ?? [];
  return { notifiedBefore: before.slice(before.findIndex((one) => one.sessionNo === sessionNo) + 1) };
}
