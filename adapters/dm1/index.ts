/**
 * OMA DM 1.x: SyncML messages in XML or WBXML, spoken as a server. Everything is a function of values; the middle
 * hands in clocks, randomness, secrets and the stored session.
 */
import type { Adapter, Envelope, StoredSession } from '../adapter';
import { busyWire, openInbound } from './http';
import { isRepeat } from './session/classify';
import { lost, receive } from './session/receive';
import { respond } from './session/respond';

export interface Dm1Options {
  /** Octets of the largest message that is read. Clients may pass the MaxMsgSize that we announce: some do not read it. */
  readonly maxOctets?: number;
}

/** Sixteen times what we usually announce; beyond it no client of the field goes. */
const DEFAULT_MAX_OCTETS = 1024 * 1024;

export function createDm1Adapter(options: Dm1Options = {}): Adapter {
  const maxOctets = options.maxOctets ?? DEFAULT_MAX_OCTETS;
  return {
    open: (inbound) => openInbound(inbound, maxOctets),
    isRepeat: (envelope: Envelope, session: StoredSession, now, workWaiting) =>
      isRepeat(envelope, session, now, workWaiting),
    receive,
    respond,
    expire: (state) =>
      state.phase === 'ended'
        ? []
        : [...lost(state, 'the session expired before the answer'), { kind: 'sessionEnded', reason: 'EXPIRED' }],
    busy: busyWire,
  };
}

export { dm1Documents } from './documents';
