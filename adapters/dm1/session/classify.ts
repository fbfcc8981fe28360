import type { Context, Envelope, StoredSession } from '../../adapter';
import { equalsSecretly } from '../credential';
import { openedOf } from '../http';
import { DEFAULT_MAX_MSG_SIZE, LEAST_MAX_MSG_SIZE, type Refusals } from './machine';

/** How long a repeated message gets the stored answer. Source: dm1 section 2.7. */
export const REPEAT_WINDOW_MS = 60_000;

/**
 * What a message is to the session that the device had last. Source: dm1 section 2.7.
 * `again`: package 1 after a refusal, in the same session; `opens`: a new session; `goesOn`: the next message of a
 * running one; `stranger`: out of order, or of a session that is dead, foreign or never was.
 */
export type MessagePlace = 'again' | 'opens' | 'goesOn' | 'stranger';

/**
 * Whether the stored answer is due: the same message of the same session, at most a minute after it was handled.
 * Where that session had ended and work is waiting, a first message is a new session: with a constant SessionID and
 * no nonce two first messages are identical.
 */
export function isRepeat(envelope: Envelope, session: StoredSession, now: number, workWaiting: boolean): boolean {
  if (!isSameMessage(envelope, session)) return false;
  if (session.state.phase === 'ended' && workWaiting && envelope.opens) return false;
  return now - session.lastAt <= REPEAT_WINDOW_MS;
}

/** What was kept of refusals in a claimed session; a refused message stores no session. */
export function refusalsOf(context: Context): Refusals | undefined {
  return context.refusals as unknown as Refusals | undefined;
}

export function placeOf(envelope: Envelope, context: Context): MessagePlace {
  const { session } = context;
  if (envelope.opens) return followsRefusal(envelope, refusalsOf(context)) ? 'again' : 'opens';
  if (session === undefined) return 'stranger';
  const { state } = session;
  const isNext =
    isLive(session, context.now) &&
    state.key === envelope.key &&
    isOfToken(envelope, state.token) &&
    envelope.messageNo === state.messageNo + 1;
  return isNext ? 'goesOn' : 'stranger';
}

/** Whether a message claims the session that was refused, with the next MsgID. */
export function followsRefusal(envelope: Envelope, refused: Refusals | undefined): refused is Refusals {
  return (
    refused !== undefined &&
    refused.key === envelope.key &&
    isOfToken(envelope, refused.token) &&
    envelope.messageNo === refused.messageNo + 1
  );
}

/** Whether the session can be gone on with: authenticated, not ended, not expired. */
export function isLive(session: StoredSession | undefined, now: number): session is StoredSession {
  return isUnended(session) && now <= session.state.expiresAt;
}

/** Whether the session was authenticated and nobody ended it. */
export function isUnended(session: StoredSession | undefined): session is StoredSession {
  return session !== undefined && session.state.phase !== 'ended' && session.state.phase !== 'refused';
}

/** MaxObjSize that the client announces, in octets; it may change within a session. Garbage counts as absent. */
export function maxObjSizeOf(envelope: Envelope): number | undefined {
  const text = openedOf(envelope).message.header.meta?.maxObjSize?.trim() ?? '';
  const told = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return told === 0 ? undefined : told;
}

/** MaxMsgSize by which the client is answered, in octets. Garbage counts as absent. Source: dm1 section 3. */
export function maxMsgSizeOf(envelope: Envelope, before: number | undefined): number {
  const text = openedOf(envelope).message.header.meta?.maxMsgSize?.trim() ?? '';
  const told = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (told === 0) return before ?? DEFAULT_MAX_MSG_SIZE;
  return Math.max(told, LEAST_MAX_MSG_SIZE);
}

function isSameMessage(envelope: Envelope, session: StoredSession): boolean {
  if (envelope.sha256 !== session.lastSha256) return false;
  const { state } = session;
  return state.key === envelope.key && state.messageNo === envelope.messageNo && isOfToken(envelope, state.token);
}

/** A message that was posted to no session's address belongs to the session by device and SessionID alone. */
function isOfToken(envelope: Envelope, token: string): boolean {
  return envelope.token === undefined || equalsSecretly(envelope.token, token);
}
