/**
 * OMA DM 1.x: SyncML messages in XML or WBXML, spoken as a server. Everything is a function of values; the middle
 * hands in clocks, randomness, secrets and the stored session.
 */
import type { Adapter, Envelope, StoredSession } from '../adapter';
import { DEFAULT_CODEC_LIMITS, type CodecLimits } from './codec';
import { busyWire, openInbound } from './http';
import { lackOf } from './lacks';
import { display, redact } from './redact';
import { isRepeat } from './session/classify';
import { lost, receive } from './session/receive';
import { respond } from './session/respond';

export type { CodecLimits } from './codec';

/** What is read of a message; what is left out is as by default. */
export type Dm1Options = Partial<CodecLimits>;

/**
 * Sixteen times what we usually announce; beyond it no client of the field goes. Clients may pass the MaxMsgSize that we
 * announce, for some do not read it.
 */
const DEFAULT_MAX_OCTETS = 1024 * 1024;

export function createDm1Adapter(options: Dm1Options = {}): Adapter {
  const limits = { ...DEFAULT_CODEC_LIMITS, maxOctets: DEFAULT_MAX_OCTETS, ...options };
  return {
    open: (inbound) => openInbound(inbound, limits),
    isRepeat: (envelope: Envelope, session: StoredSession, now, workWaiting) =>
      isRepeat(envelope, session, now, workWaiting),
    receive,
    respond,
    expire: (state) =>
      state.phase === 'ended'
        ? []
        : [...lost(state, 'the session expired before the answer'), { kind: 'sessionEnded', reason: 'EXPIRED' }],
    lacks: lackOf,
    redact: (octets, mediaType) => redact(octets, mediaType, limits),
    display: (octets, mediaType) => display(octets, mediaType, limits),
    busy: busyWire,
  };
}

export { dm1Documents } from './documents';
