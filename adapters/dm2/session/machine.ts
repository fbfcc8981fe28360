/** What the DM 2.0 session keeps between two packages beside the common part: plain JSON, small, without values. */
import type { Context, Effect, Json, SessionState, StoredSession, Token } from '../../adapter';

/** A concrete address inside an MO; no `miid`: the only instance. */
export interface Place {
  readonly moid: string;
  readonly miid?: string;
  /** Middle's path, '' = the root. */
  readonly path: string;
}

/** What stands at one index of CMD, so that the status at the same index can be understood. */
export type SentEntry =
  | { readonly what: 'CONT' }
  /** A read, of a get or of a copy's first step; `token`: it was asked by HPUT or HPOST to that repository address. */
  | {
      readonly what: 'GET';
      readonly id: string;
      readonly at: Place;
      readonly by: ReadCarrier;
      readonly token?: Token;
      readonly depth?: number;
      readonly level?: number;
      readonly validator?: string;
    }
  /** Reads whether a node exists before an add or replace is sent; the command itself is still queued. */
  | { readonly what: 'PROBE'; readonly id: string; readonly by: ReadCarrier }
  | {
      readonly what: 'HGET';
      readonly id: string;
      readonly token: Token;
      readonly at: Place;
      readonly kind: 'add' | 'replace' | 'copy';
    }
  | { readonly what: 'DELETE' | 'EXEC'; readonly id: string; readonly at: Place }
  | { readonly what: 'SHOW'; readonly id: string }
  /** First reading of a whole MO, for no caller. */
  | { readonly what: 'READ'; readonly at: Place; readonly validator?: string };

/** Commands that bring values to us. */
export type ReadCarrier = 'GET' | 'HPUT' | 'HPOST';

export interface Probe {
  /** Status of the GET; 0 when the device's statuses could not be told apart. */
  readonly sc: number;
  readonly tries: number;
}

/** MO roots still to be read for first values. */
export interface Reading {
  readonly queue: readonly Place[];
  readonly messagesLeft: number;
  readonly nodesLeft: number;
}

export interface Machine {
  /** SHA-256 of the Package#1 that opened the session, and when it came (milliseconds since 1970). */
  readonly openedBy: string;
  readonly openedAt: number;
  /** CONT address whose Package#3 was processed last, and the SHA-256 of that package. */
  readonly answered?: Token;
  readonly answeredBy?: string;
  readonly sent: readonly SentEntry[];
  /** Results of probes by command. */
  readonly probes: Readonly<Record<string, Probe>>;
  /** Commands whose GET was refused with a query and goes again without. */
  readonly plain: readonly string[];
  /** Commands whose upload failed and that go again by GET. */
  readonly inline: readonly string[];
  /** Features that the client was found not to have in this session. */
  readonly lacks: readonly string[];
  readonly misaligned: boolean;
  /** Instances that this session's Package#1 listed; absent when it had no MOS. */
  readonly listed?: readonly Place[];
  /** The device was asked for first values in this session. */
  readonly asked: boolean;
  readonly reading?: Reading;
}

/** The adapter's part of a stored session. It was written by {@link withMachine} and by nobody else. */
export function machineOf(state: SessionState): Machine {
  const held = state.machine as unknown as Partial<Machine> | null;
  return {
    openedBy: '',
    openedAt: 0,
    sent: [],
    probes: {},
    plain: [],
    inline: [],
    lacks: [],
    misaligned: false,
    asked: false,
    ...held,
  };
}

export function withMachine(state: SessionState, machine: Machine): SessionState {
  return { ...state, machine: machine as unknown as Json };
}

/** A session that has begun with the message at hand and has sent nothing. */
export function freshState(context: Context, phase: SessionState['phase'], machine: Partial<Machine>): SessionState {
  const state: SessionState = {
    protocol: 'DM_2_0',
    key: '',
    token: context.freshToken,
    phase,
    messageNo: 1,
    sent: [],
    expiresAt: context.now + context.limits.sessionExpiryMs,
    machine: null,
  };
  return withMachine(state, { ...machineOf(state), ...machine });
}

/** The device's session if it waits for a Package#3, also when its time is over. */
export function waitingSession(context: Context): StoredSession | undefined {
  const session = context.session;
  return session?.state.protocol === 'DM_2_0' && session.state.phase === 'awaiting' ? session : undefined;
}

export function isExpired(session: StoredSession, now: number): boolean {
  return now > session.state.expiresAt;
}

/** Every command that was sent and will not be answered any more. */
export function unanswered(state: SessionState, message: string): readonly Effect[] {
  return state.sent.flatMap((sent): readonly Effect[] =>
    sent.command === undefined ? [] : [{ kind: 'commandUnanswered', command: sent.command, message }],
  );
}
