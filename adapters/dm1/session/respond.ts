import type { Context, Effect, Envelope, Responded, SessionState, Work } from '../../adapter';
import { encodeMessage } from '../codec';
import { digestOf, HMAC_HEADER, hmacOf, writeHmacHeader } from '../credential';
import { openedOf, syncmlWire } from '../http';
import { type Machine, machineOf, octetsOf, stateOf, type Turn } from './machine';
import { Packer } from './pack';
import { beginReply, roomForOne, sendsCred } from './reply';

/** The reply that `receive` decided on, with as much of the work as it can carry. */
export function respond(envelope: Envelope, state: SessionState, work: Work, context: Context): Responded {
  const { turn, ...rest } = machineOf(state);
  if (turn === undefined) throw new Error('respond follows receive of the same message');
  const machine: Machine = rest;
  const { encoding } = openedOf(envelope);
  const { reply, left } = beginReply(envelope, turn, machine, context);
  const effects: Effect[] =
    left === 0 ? [] : [{ kind: 'noted', what: `${left} statuses find no room in ${machine.maxMsgSize} octets` }];
  const hasCred = sendsCred(turn, machine, context);
  if (turn.trusted) {
    machine.serverMsg = openedOf(envelope).message.header.msgId;
    if (reply.message().header.meta !== undefined) machine.announced = true;
    if (hasCred) machine.credDue = false;
  }

  let { phase } = state;
  if (turn.mayCommand) {
    const { serverAuth } = context.account ?? {};
    const keepsBody = !machine.proven && (serverAuth?.type === 'BASIC' || serverAuth?.type === 'DIGEST_MD5');
    const best = roomForOne(envelope, turn, machine, context);
    const packer = new Packer(reply, machine, encoding, machine.serverMsg, best, keepsBody, context);
    packer.pack(work, turn.again ?? []);
    effects.push(...packer.effects);
    phase = packer.isEmpty ? 'ended' : 'awaiting';
    if (packer.isEmpty) effects.push(...finish(machine));
  }
  const body = encodeMessage(reply.message(), encoding);
  if (body.length > machine.maxMsgSize) {
    effects.push({
      kind: 'noted',
      what: `a message of ${body.length} octets, the least there is to say, is beyond MaxMsgSize ${machine.maxMsgSize}`,
    });
  }
  const wire = syncmlWire(body, openedOf(envelope).mediaType);
  const signed = signature(turn, machine, body, context);
  return {
    state: stateOf({ ...state, phase }, machine),
    reply: signed === undefined ? wire : { ...wire, headers: { ...wire.headers, [HMAC_HEADER]: signed } },
    effects,
  };
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
