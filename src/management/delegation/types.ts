/** Server delegation as callers see it. */
import type { Caller, Page } from '../types';

/** Another gateway that was introduced to this one. */
export interface PeerView {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly deviceUrl: string;
  readonly serverId: string;
  readonly ownServerId: string | null;
  readonly grantTo: string | null;
}
export interface PeerInput {
  readonly name: string;
  /** Address of the gateway, without path. */
  readonly url: string;
  /** Where devices reach it; its `url` with `/dm/1` when left out. */
  readonly deviceUrl?: string | null;
  readonly serverId: string;
  /** Absent: it may not delegate to this gateway. */
  readonly ownServerId?: string | null;
  /** Shared by both; presented in either direction. */
  readonly secret: string;
  readonly grantTo?: string | null;
}
/**
 * GIVEN: PREPARING while ACLs are read and set, ACTIVE, ENDING while they are taken back, ENDED, FAILED. TAKEN: ACTIVE, ENDED.
 */
export type DelegationState = 'PREPARING' | 'ACTIVE' | 'ENDING' | 'ENDED' | 'FAILED';
export interface DelegationView {
  readonly id: string;
  readonly direction: 'GIVEN' | 'TAKEN';
  readonly state: DelegationState;
  readonly device: string;
  readonly peer: string;
  readonly moids: readonly string[];
  readonly until: Date | null;
  readonly problem: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}
/** src/management/delegation/ */
export interface Delegations {
  createPeer(input: PeerInput, caller: Caller): Promise<PeerView>;
  /** IN_USE while something is delegated. */
  deletePeer(id: string, caller: Caller): Promise<PeerView>;
  peers(): Promise<readonly PeerView[]>;
  /** Errors: NOT_FOUND, FORBIDDEN, NO_SUCH_MO, NOT_SUPPORTED_BY_DEVICE, BAD_USER_INPUT, PEER_REFUSED. */
  give(
    input: {
      readonly deviceId: string;
      readonly peer: string;
      readonly moids: readonly string[];
      readonly expiresInMs?: number | null;
    },
    caller: Caller,
  ): Promise<DelegationView>;
  end(id: string, caller: Caller): Promise<DelegationView>;
  list(caller: Caller, first: number, after?: string): Promise<Page<DelegationView>>;
  /** A document that another gateway posts. */
  receive(bearer: string | undefined, body: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Does what is due: called by the timer. */
  advance(): Promise<void>;
}
