import type { Context, CredentialType, Effect, Envelope, Received, SessionState, StoredSession } from '../../adapter';
import { ALERT } from '../alert-codes';
import { nonceText } from '../credential';
import { openedOf } from '../http';
import type { BodyCommand } from '../message';
import { STATUS } from '../status-codes';
import { freshNonce, metaTypeOf, type Refused } from './authenticate';
import { maxMsgSizeOf } from './classify';
import { type DueStatus, type Machine, machineOf, newMachine, type Refusals, stateOf, type Turn } from './machine';

/**
 * Answers to messages that prove nothing. They change no session that is running beside them.
 * Source: dm1 sections 2.6, 2.7, 11.3 and 11.4.
 */

/** Refusals with a challenge in one session; the next is a lone 401, at which every client stops. */
const CHALLENGES_PER_SESSION = 2;

export const NO_WANTS = { commands: 0, octets: 0, discovery: false, slices: [] } as const;

/**
 * Refuses a message of a known account.
 *
 * @param before   refusals of the same session before this one
 * @param session  the device's running session, which stays as it is
 */
export function refuse(
  envelope: Envelope, context: Context, refused: Refused,
  before: { readonly count: number; readonly token?: string }, session: StoredSession | undefined,
): Received {
  const account = context.account;
  const isStored = account !== undefined && context.device !== undefined;
  const type = account?.clientAuth.type ?? 'DIGEST_MD5';
  // What nothing is stored for is counted by MsgID.
  const count = isStored ? before.count : Math.max(0, (envelope.messageNo ?? 1) - 1);
  const isLone = refused.lone === true || count >= CHALLENGES_PER_SESSION;
  const nonce = isStored ? freshNonce(context) : context.strangerNonce;
  const token = isStored ? before.token ?? context.freshToken : context.strangerToken;
  const turn: Turn = {
    token,
    trusted: false,
    headerCode: isLone ? STATUS.UNAUTHORIZED : refused.code,
    ...(isLone ? {} : { chal: chalOf(type, nonceText(nonce)) }),
    statuses: isLone ? [] : refusedStatuses(envelope, refused.code),
    alerts: [],
    final: true,
    mayCommand: false,
  };
  const refusals: Refusals = { key: envelope.key ?? '', token, count: count + 1, messageNo: envelope.messageNo ?? 0 };
  const effects: Effect[] = [{ kind: 'refused', reason: refused.reason, counted: refused.counted && isStored }];
  if (!isStored) return { state: deadState(envelope, context, turn), effects, wants: NO_WANTS, stateless: true };
  if (!isLone && hasNonce(type)) effects.push({ kind: 'nonceChanged', direction: 'CLIENT', nonce });
  if (session !== undefined) {
    const machine: Machine = { ...machineOf(session.state), turn };
    return { state: stateOf(session.state, machine), effects, wants: NO_WANTS, refusals };
  }
  if (isLone) effects.push({ kind: 'sessionEnded', reason: 'REFUSED' });
  const machine: Machine = { ...newMachine(), maxMsgSize: maxMsgSizeOf(envelope, undefined), turn };
  return { state: stateOf(frameOf(envelope, context, turn, isLone), machine), effects, wants: NO_WANTS, refusals };
}

/** A version that is not spoken: nothing else of the message is looked at. Source: dm1 section 1. */
export function refuseVersion(envelope: Envelope, context: Context, code: number, reason: string): Received {
  const turn: Turn = {
    token: context.strangerToken, trusted: false, headerCode: code, statuses: [], alerts: [], final: true, mayCommand: false,
  };
  return {
    state: deadState(envelope, context, turn),
    effects: [{ kind: 'refused', reason, counted: false }],
    wants: NO_WANTS,
    stateless: true,
  };
}

/** An account without DM credentials cannot challenge a message out of order: it is told to give the session up. */
export function expel(envelope: Envelope, context: Context): Received {
  const turn: Turn = {
    token: context.strangerToken,
    trusted: false,
    headerCode: STATUS.AUTHENTICATED,
    statuses: [],
    alerts: [{ code: ALERT.SESSION_ABORT }],
    final: true,
    mayCommand: false,
  };
  return {
    state: deadState(envelope, context, turn),
    effects: [{ kind: 'refused', reason: 'a message of no running session', counted: false }],
    wants: NO_WANTS,
    stateless: true,
  };
}

/** The same code for every command of a message. */
export function refusedStatuses(envelope: Envelope, code: number): readonly DueStatus[] {
  return openedOf(envelope).message.body
    .filter((command) => command.kind !== 'Status' && command.cmdId !== '')
    .map((command) => ({ cmdRef: command.cmdId, cmd: nameOf(command), code }));
}

export function nameOf(command: BodyCommand): string {
  return command.kind === 'Foreign' ? command.name : command.kind;
}

/** Chal for a type of credential; absent nonce for Basic, which has none. */
export function chalOf(type: CredentialType, nonce: string): Turn['chal'] {
  const name = metaTypeOf(type);
  if (name === undefined) return undefined;
  return hasNonce(type) ? { type: name, nonce } : { type: name };
}

function hasNonce(type: CredentialType): boolean {
  return type === 'DIGEST_MD5' || type === 'HMAC';
}

function deadState(envelope: Envelope, context: Context, turn: Turn): SessionState {
  const machine: Machine = { ...newMachine(), maxMsgSize: maxMsgSizeOf(envelope, undefined), turn };
  return stateOf(frameOf(envelope, context, turn, false), machine);
}

function frameOf(envelope: Envelope, context: Context, turn: Turn, isOver: boolean): Parameters<typeof stateOf>[0] {
  return {
    protocol: envelope.protocol,
    key: envelope.key ?? '',
    token: turn.token,
    phase: isOver ? 'ended' : 'refused',
    messageNo: envelope.messageNo ?? 0,
    expiresAt: context.now + context.limits.sessionExpiryMs,
  };
}
