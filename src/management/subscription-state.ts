/** Subscriptions of parts of management objects as callers see them. */
export type SubscriptionState = 'REQUESTED' | 'ACTIVE' | 'ENDING' | 'UNSUPPORTED' | 'FAILED';

export interface SubscriptionView {
  /** Database key. */
  readonly device: string;
  readonly family: string;
  readonly moid: string;
  readonly miid: string;
  readonly path: string;
  readonly state: SubscriptionState;
  /** How many hold it. */
  readonly holders: number;
  /** When the device last told of a change. */
  readonly pushedAt: Date | null;
  /** Decimal id of the operation that asked the device last. */
  readonly operation: string;
}

/** What of a subscription's row and its last command tells how far it is. */
export function subscriptionState(
  isWanted: boolean,
  command: { readonly state: string | null; readonly outcome: string | null },
): SubscriptionState {
  const { state, outcome } = command;
  const isWaiting = state === 'QUEUED' || state === 'SENT' || state === 'ACCEPTED';
  if (!isWanted) return 'ENDING';
  if (isWaiting) return 'REQUESTED';
  if (state === 'ANSWERED' && outcome === 'OK') return 'ACTIVE';
  return outcome === 'UNSUPPORTED' ? 'UNSUPPORTED' : 'FAILED';
}
