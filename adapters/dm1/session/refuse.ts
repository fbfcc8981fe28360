import type { Context, CredentialType, Effect, Envelope, Received, SessionState } from '../../adapter';
import { ALERT } from '../alert-codes';
import { nonceText } from '../credential';
import { digestChallenge, makeDigestNonce } from '../../http/auth';
import { openedOf } from '../http';
import type { BodyCommand } from '../message';
import { STATUS } from '../status-codes';
import { freshNonce, metaTypeOf, type Refused, strangerType } from './authenticate';
import { maxMsgSizeOf } from './classify';
import { type DueStatus, type Machine, newMachine, type Refusals, stateOf, type Turn } from './machine';

/**
 * Answers to messages that prove nothing. They change no session that is running beside them.
 * Source: dm1 sections 2.6, 2.7, 11.3 and 11.4.
 */

/** Refusals with a challenge in one session; the next is a lone 401, at which every client stops. */
const CHALLENGES_PER_SESSION = 2;

export const NO_WANTS = { commands: 0, octets: 0, discovery: false, slices: [] } as const;

/**
 * Refuses a message. No session is stored for it: the count of refusals and the address handed out are remembered
 * with the device's credential, and for strangers not at all.
 *
 * @param before  refusals of the same session before this one
 */
export function refuse(
  envelope: Envelope,
  context: Context,
  refused: Refused,
  before: { readonly count: number; readonly token?: string },
): Received {
  const { account } = context;
  const isKept = account !== undefined && context.device !== undefined;
  const type = account?.clientAuth.type ?? strangerType(context);
  // Where nothing is kept the MsgID tells how many there were.
  const count = isKept ? before.count : Math.max(0, (envelope.messageNo ?? 1) - 1);
  const isLone = refused.lone === true || count >= CHALLENGES_PER_SESSION;
  const nonce = isKept ? freshNonce(context) : context.strangerNonce;
  const token = isKept ? (before.token ?? context.freshToken) : context.strangerToken;
  const turn: Turn = {
    token,
    trusted: false,
    headerCode: isLone ? STATUS.UNAUTHORIZED : refused.code,
    ...(type === 'HTTP_DIGEST' ? { httpChallenge: httpChallengeOf(refused, context) } : {}),
    ...(isLone ? {} : { chal: chalOf(type, nonceText(nonce)) }),
    statuses: isLone ? [] : refusedStatuses(envelope, refused.code),
    alerts: [],
    final: true,
    mayCommand: false,
  };
  const effects: Effect[] = [{ kind: 'refused', reason: refused.reason, counted: refused.counted && isKept }];
  const state = deadState(envelope, context, turn);
  if (!isKept) return { state, effects, wants: NO_WANTS, stateless: true };
  if (!isLone && hasNonce(type)) effects.push({ kind: 'nonceChanged', direction: 'CLIENT', nonce });
  const refusals: Refusals = { key: envelope.key ?? '', token, count: count + 1, messageNo: envelope.messageNo ?? 0 };
  return { state, effects, wants: NO_WANTS, refusals };
}

/** Value of WWW-Authenticate. The realm is the server identifier. */
function httpChallengeOf(refused: Refused, context: Context): string {
  const realm = context.device === undefined ? context.defaultServerId : context.account?.serverId;
  const nonce = makeDigestNonce(context.digestKey, context.now);
  return digestChallenge(realm ?? context.defaultServerId, nonce, refused.stale === true);
}

/** A version that is not spoken: nothing else of the message is looked at. Source: dm1 section 1. */
export function refuseVersion(envelope: Envelope, context: Context, code: number, reason: string): Received {
  const turn: Turn = {
    token: context.strangerToken,
    trusted: false,
    headerCode: code,
    statuses: [],
    alerts: [],
    final: true,
    mayCommand: false,
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
  return openedOf(envelope)
    .message.body.filter((command) => command.kind !== 'Status' && command.cmdId !== '')
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

/** A state that is handed to `respond` and stored nowhere. */
function deadState(envelope: Envelope, context: Context, turn: Turn): SessionState {
  const machine: Machine = { ...newMachine(), maxMsgSize: maxMsgSizeOf(envelope, undefined), turn };
  const frame = {
    protocol: envelope.protocol,
    key: envelope.key ?? '',
    token: turn.token,
    phase: 'refused',
    messageNo: envelope.messageNo ?? 0,
    expiresAt: context.now,
  } as const;
  return stateOf(frame, machine);
}
