/**
 * OMA DM 2.0 as an adapter: Packages #1 and #3 in, Package #2 out, everything between two packages in the state.
 * Source: OMA-TS-DM_Protocol-V2_0.
 */
import type { Adapter, Effect, SessionState } from '../adapter';
import { lackOf } from './lacks';
import { display, redact } from './redact';
import { busyWire } from './session/busy';
import { unanswered } from './session/machine';
import { openPackage } from './session/open';
import { receivePackage } from './session/receive';
import { respondPackage } from './session/respond';
import { isSamePackage3 } from './session/turn';

export { proveDevice } from './session/prove';

export function createDm2Adapter(): Adapter {
  return {
    open: openPackage,
    /**
     * A Package#3 to an address that was answered already. An identical Package#1 gets its stored reply from `receive`,
     * after its credentials were looked at: unlike a CONT address, a DevID is no secret.
     */
    isRepeat: (envelope, session) => isSamePackage3(envelope, session),
    receive: receivePackage,
    respond: respondPackage,
    lacks: lackOf,
    redact,
    display,
    expire: expireSession,
    busy: busyWire,
  };
}

function expireSession(state: SessionState): readonly Effect[] {
  if (state.phase !== 'awaiting') return [];
  return [...unanswered(state, 'the device never answered'), { kind: 'sessionEnded', reason: 'EXPIRED' }];
}

export { dm2Documents } from './documents';
