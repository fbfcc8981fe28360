import type { Context, Effect, Envelope, Responded, SessionState, Wire, Work } from '../../adapter';
import { encodeMessage } from '../codec';
import { digestOf, HMAC_HEADER, hmacOf, writeHmacHeader } from '../credential';
import { openedOf, syncmlWire } from '../http';
import { canProve } from './authenticate';
import { patienceMs } from './interaction';
import { type Machine, machineOf, octetsOf, stateOf, type Turn } from './machine';
import { Packer } from './pack';
import { expiryOf } from './receive';
import { beginReply, type Omission, OMISSIONS, replyEncoding, roomForOne, sendsCred } from './reply';

/**
 * The reply that `receive` decided on, with as much of the work as it can carry. Where the client takes so little that
 * statuses, or even one command, find no room, what may be left out is left out.
 */
export function respond(envelope: Envelope, state: SessionState, work: Work, given: Context): Responded {
  const context = asSpoken(envelope, given);
  const { turn, ...machine } = machineOf(state);
  if (turn === undefined) throw new Error('respond follows receive of the same message');
  let draft = draftReply(envelope, turn, machine, work, context, 'nothing');
  for (const omits of OMISSIONS.slice(1)) {
    if (draft.isCramped) draft = draftReply(envelope, turn, machine, work, context, omits);
  }
  const { body } = draft;
  const effects = [...draft.effects];
  if (body.length > machine.maxMsgSize) {
    effects.push({
      kind: 'noted',
      what: `a message of ${body.length} octets, the least there is to say, is beyond MaxMsgSize ${machine.maxMsgSize}`,
    });
  }
  const wire = challenged(syncmlWire(body, openedOf(envelope).mediaType), turn);
  const signed = signature(turn, machine, body, context);
  const expiresAt = expiryAfter(state, draft, context) + patienceMs(draft.machine.jobs);
  return {
    state: stateOf({ ...state, phase: draft.phase ?? state.phase, expiresAt }, draft.machine),
    reply: signed === undefined ? wire : { ...wire, headers: { ...wire.headers, [HMAC_HEADER]: signed } },
    effects,
  };
}

/** The version of the message counts: of the device itself an older one may be stored, or none before its first contact. */
function asSpoken({ protocol }: Envelope, context: Context): Context {
  const { device } = context;
  return device === undefined ? context : { ...context, device: { ...device, protocol } };
}

/** A refusal on the HTTP level, which only clients with HTTP Digest get: others end their session at one. */
function challenged(wire: Wire, turn: Turn): Wire {
  const { httpChallenge } = turn;
  return httpChallenge === undefined
    ? wire
    : { ...wire, status: 401, headers: { ...wire.headers, 'www-authenticate': httpChallenge } };
}

interface Draft {
  readonly machine: Machine;
  readonly body: Uint8Array;
  readonly effects: readonly Effect[];
  /** Absent: as `receive` said. */
  readonly phase?: 'ended' | 'awaiting' | 'sending';
  /** Something that is due, or a first command, found no room. */
  readonly isCramped: boolean;
}

function draftReply(
  envelope: Envelope,
  turn: Turn,
  before: Machine,
  work: Work,
  context: Context,
  omits: Omission,
): Draft {
  const machine = structuredClone(before);
  const { message } = openedOf(envelope);
  const encoding = replyEncoding(envelope, omits);
  const { reply, left } = beginReply(envelope, turn, machine, context, omits);
  const effects: Effect[] =
    left === 0 ? [] : [{ kind: 'noted', what: `${left} statuses find no room in ${machine.maxMsgSize} octets` }];
  if (turn.trusted) {
    machine.serverMsg = message.header.msgId;
    if (reply.message().header.meta !== undefined) machine.announced = true;
    if (sendsCred(turn, before, context, omits)) machine.credDue = false;
  }
  const end = (phase: Draft['phase'], isStuck: boolean): Draft => {
    const body = encodeMessage(reply.message(), encoding);
    return { machine, body, effects, phase, isCramped: isStuck || left > 0 || body.length > machine.maxMsgSize };
  };
  if (!turn.mayCommand) return end(undefined, false);
  const { serverAuth } = context.account ?? {};
  const keepsBody = !machine.proven && canProve(serverAuth?.type);
  const best = roomForOne(envelope, turn, machine, context);
  const packer = new Packer(reply, machine, encoding, machine.serverMsg, best, keepsBody, context);
  packer.pack(work, turn.again ?? []);
  effects.push(...packer.effects);
  if (packer.isEmpty) effects.push(...finish(machine));
  return end(packer.isEmpty ? 'ended' : packer.isClosed ? 'sending' : 'awaiting', packer.isStuck);
}

/** A refused message has no session that could expire. */
function expiryAfter(state: SessionState, draft: Draft, context: Context): number {
  return state.phase === 'refused' ? state.expiresAt : expiryOf(draft.machine, context);
}

/** The session is over for a client that gets nothing but statuses. What could not be sent has no outcome. */
function finish(machine: Machine): readonly Effect[] {
  const stuck = Object.values(machine.jobs).map((job): Effect => ({
    kind: 'commandAnswered',
    command: job.command,
    outcome: 'TOO_LARGE',
    message: 'the rest of it fits into no message that the device takes',
  }));
  machine.jobs = {};
  machine.open = [];
  delete machine.outgoing;
  const unfinished: readonly Effect[] =
    machine.discovery === undefined ? [] : [{ kind: 'discoveryComplete', complete: false }];
  delete machine.discovery;
  return [...stuck, ...unfinished, { kind: 'sessionEnded', reason: 'DONE' }];
}

/** Our credential under HMAC: a header over the octets of each message. */
function signature(turn: Turn, machine: Machine, body: Uint8Array, context: Context): string | undefined {
  const known = context.account?.serverAuth;
  if (!turn.trusted || known?.type !== 'HMAC') return undefined;
  const nonce = machine.serverNonce === undefined ? known.nonce : octetsOf(machine.serverNonce);
  return writeHmacHeader({
    username: known.username,
    mac: hmacOf(digestOf(known.username, known.secret), nonce, body),
  });
}
