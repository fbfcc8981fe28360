import type { AccountKnowledge, Context, Effect, Envelope, Received, SessionState, Wants } from '../../adapter';
import { ALERT } from '../alert-codes';
import { nonceOctets, nonceText } from '../credential';
import { openedOf } from '../http';
import type { SimpleCommand, Status } from '../message';
import { sessionIdOf } from '../notification';
import { afterSilence } from '../quirks';
import { readCode, STATUS } from '../status-codes';
import { takeAlert } from './alerts';
import { authenticate, authenticateAgain, type Authentication, metaTypeOf, refusalOfStranger } from './authenticate';
import { followsRefusal, isLive, isUnended, maxMsgSizeOf, maxObjSizeOf, placeOf, refusalsOf } from './classify';
import { deviceInfo } from './device-info';
import { answersOf, interactionFeatures } from './interaction';
import { IncomingObjects, wholeAlert } from './large-object-in';
import { judgeSending, sliceWanted } from './large-object-out';
import {
  type DueStatus,
  type Machine,
  machineOf,
  newMachine,
  commandsUnderWay,
  type OpenCommand,
  stateOf,
  type Turn,
} from './machine';
import { chalOf, expel, nameOf, NO_WANTS, refuse, refuseVersion } from './refuse';
import { KNOWN_DTDS, KNOWN_PROTOCOLS } from './reply';
import { findOpen, takeResults } from './results';
import { isGood, settle } from './settle';
import { judgeServerRefusal } from './server-refused';
import { learnFromValues } from './versions';

/** Most commands that are loaded for one message; what does not fit stays queued. */
const COMMANDS_A_MESSAGE = 64;

/** How long a notification may be on its way until a session is no answer to it any more, milliseconds (our ruling). */
const WAKE_UP_WITHIN_MS = 60 * 60_000;

/** What a message of a client means. */
export function receive(envelope: Envelope, given: Context): Received {
  const { header } = openedOf(envelope).message;
  if (!KNOWN_DTDS.has(header.verDtd))
    return refuseVersion(envelope, given, STATUS.DTD_VERSION, `VerDTD ${header.verDtd.slice(0, 20)}`);
  if (!KNOWN_PROTOCOLS.has(header.verProto)) {
    return refuseVersion(envelope, given, STATUS.PROTOCOL_VERSION, `VerProto ${header.verProto.slice(0, 20)}`);
  }
  const { context, foreign } = ownSession(given);
  const { account } = context;
  if (account === undefined) {
    return refuse(envelope, context, refusalOfStranger(envelope, context), { count: 0 });
  }
  const place = placeOf(envelope, context);
  // One that went silent too long is not gone on with, but what it left under way is still to be told.
  const unended = isUnended(context.session) ? context.session : undefined;
  const running = isLive(context.session, context.now) ? context.session : undefined;
  const refusals = refusalsOf(context);
  const before = followsRefusal(envelope, refusals) ? refusals : { count: 0 };
  if (place === 'stranger') {
    if (metaTypeOf(account.clientAuth.type) === undefined) return expel(envelope, context);
    const reason = 'a message of no running session';
    return refuse(
      envelope,
      context,
      { ok: false, code: STATUS.AUTHENTICATION_REQUIRED, reason, counted: false },
      before,
    );
  }
  if (place === 'goesOn' && running !== undefined) {
    const judged = authenticateAgain(envelope, account, context);
    if (!judged.ok)
      return refuse(envelope, context, judged, { count: refusals?.count ?? 0, token: running.state.token });
    return goOn(envelope, context, account, running.state, judged);
  }
  const judged = authenticate(envelope, account, context);
  if (!judged.ok) return refuse(envelope, context, judged, before);
  return begin(
    envelope,
    context,
    account,
    judged,
    'token' in before ? before.token : undefined,
    unended?.state ?? foreign,
  );
}

/** A session of the other protocol is none to go on with, but what it left is. */
function ownSession(context: Context): { readonly context: Context; readonly foreign?: SessionState } {
  const { session, ...rest } = context;
  if (session === undefined || session.state.protocol !== 'DM_2_0') return { context };
  return { context: rest, ...(session.state.phase === 'ended' ? {} : { foreign: session.state }) };
}

type Proven = Authentication & { readonly ok: true };

/** A new session. What the old one still had under way has no outcome any more. */
function begin(
  envelope: Envelope,
  context: Context,
  account: AccountKnowledge,
  judged: Proven,
  token: string | undefined,
  old: SessionState | undefined,
): Received {
  const machine = newMachine();
  const keptToken =
    token ??
    (context.device === undefined && envelope.token === context.strangerToken ? context.strangerToken : undefined);
  const effects: Effect[] = [
    { kind: 'authenticated', by: judged.by },
    { kind: 'deviceBound', deviceId: envelope.device, protocol: envelope.protocol },
    ...nonceEffects(judged),
    ...answeredWakeUp(account, context.now),
    ...(old === undefined ? [] : [...supersede(old), ...afterSilence(old, context.device)]),
  ];
  const state = stateOf(
    {
      protocol: envelope.protocol,
      key: envelope.key ?? '',
      token: keptToken ?? context.freshToken,
      phase: 'idle',
      messageNo: envelope.messageNo ?? 0,
      expiresAt: 0,
    },
    {
      ...machine,
      auth: judged.by,
      ...(envelope.protocol === 'DM_1_3' ? { isDm13: true } : {}),
      ...(judged.resync === undefined ? {} : { serverNonce: nonceText(judged.resync) }),
    },
  );
  return read(envelope, context, account, state, judged, effects, true);
}

function goOn(
  envelope: Envelope,
  context: Context,
  account: AccountKnowledge,
  state: SessionState,
  judged: Proven,
): Received {
  return read(
    envelope,
    context,
    account,
    state,
    judged,
    [{ kind: 'authenticated', by: judged.by }, ...nonceEffects(judged)],
    false,
  );
}

function nonceEffects(judged: Proven): readonly Effect[] {
  return judged.nextNonce === undefined ? [] : [{ kind: 'nonceChanged', direction: 'CLIENT', nonce: judged.nextNonce }];
}

/**
 * Whether a session that begins answers a notification: told by the device and the time, for clients write the SessionID
 * otherwise, and one that was about to connect by itself comes all the same. Source: dm1 section 16.3.
 */
function answeredWakeUp({ notified }: AccountKnowledge, now: number): readonly Effect[] {
  if (notified === undefined || now - notified.at > WAKE_UP_WITHIN_MS) return [];
  const { sessionNo } = notified;
  return [{ kind: 'wakeUpAnswered', ...(sessionNo === undefined ? {} : { match: sessionIdOf(sessionNo) }) }];
}

function supersede(old: SessionState): readonly Effect[] {
  return [...lost(old, 'the device began a new session'), { kind: 'sessionEnded', reason: 'SUPERSEDED' }];
}

/** Commands of a session that will not be answered any more. */
export function lost(state: SessionState, message: string): readonly Effect[] {
  const sent = state.sent.flatMap((sending) => (sending.command === undefined ? [] : [sending.command]));
  const machine = state.protocol === 'DM_2_0' ? undefined : machineOf(state);
  const commands = new Set([...sent, ...(machine === undefined ? [] : commandsUnderWay(machine))]);
  return [...commands].map((command): Effect => ({ kind: 'commandUnanswered', command, message }));
}

/** Reads a message that is believed, and decides what the reply may hold. */
function read(
  envelope: Envelope,
  context: Context,
  account: AccountKnowledge,
  state: SessionState,
  judged: Proven,
  first: readonly Effect[],
  isOpening: boolean,
): Received {
  const machine = machineOf(state);
  const effects: Effect[] = [...first, ...takeHeader(envelope, context, machine, isOpening)];
  const body = readBody(envelope, context, machine, isOpening);
  effects.push(...body.effects, ...learnFromValues(body.effects, machine, context));

  const { effects: ofEnd, again, end, mayCommand } = settleMessage(envelope, context, machine, account, body);
  effects.push(...ofEnd);
  effects.push(...interactionFeatures(effects, context.device));
  machine.turn = {
    token: state.token,
    trusted: true,
    headerCode: judged.by === 'HMAC' ? STATUS.OK : STATUS.AUTHENTICATED,
    ...(judged.nextNonce === undefined ? {} : { chal: chalOf(judged.by, nonceText(judged.nextNonce)) }),
    statuses: body.statuses,
    alerts: [...body.alerts, ...(mayCommand || end !== undefined ? [] : [{ code: ALERT.NEXT_MESSAGE }])],
    final: mayCommand || end !== undefined,
    mayCommand,
    ...(again.length === 0 ? {} : { again: [...again] }),
  };
  const frame = {
    protocol: state.protocol,
    key: state.key,
    token: state.token,
    phase: end !== undefined ? 'ended' : mayCommand ? 'idle' : 'receiving',
    messageNo: envelope.messageNo ?? state.messageNo,
    expiresAt: expiryOf(machine, context),
  } as const;
  return { state: stateOf(frame, machine), effects, wants: wantsOf(machine, mayCommand) };
}

interface MessageSettled {
  readonly effects: readonly Effect[];
  /** Commands to send again with our credential. */
  readonly again: readonly OpenCommand[];
  /** Why the session is over. */
  readonly end?: 'ABORTED' | 'SERVER_REFUSED';
  /** Whether the reply may hold commands. */
  readonly mayCommand: boolean;
}

/** What the answers of a message come to, and whether it is our turn. */
function settleMessage(
  envelope: Envelope,
  context: Context,
  machine: Machine,
  account: AccountKnowledge,
  body: BodyRead,
): MessageSettled {
  const { sending, effects: ofSending } = judgeSending(machine, envelope.final, body.dropsObject);
  // A client that puts Final into every message has not finished while a large object has not, in either direction.
  const isReceiving = machine.incoming !== undefined && machine.incoming.refused === undefined;
  const isFinished = sending === 'ended' || (sending === 'none' && envelope.final);
  const isComplete = isFinished && !isReceiving;
  const refusal = isComplete && !body.aborts ? judgeServerRefusal(machine, account) : undefined;
  const again = refusal?.again ?? [];
  // Alerts after Statuses: one may tell the end of an Exec that the same message accepts.
  const effects = [
    ...ofSending,
    ...(refusal?.effects ?? []),
    ...settle(machine, isComplete || body.aborts, again, context),
    ...body.raised,
  ];
  if (isComplete) delete machine.headerCode;
  if (machine.outgoing !== undefined && machine.jobs[machine.outgoing.job] === undefined) delete machine.outgoing;
  const end = body.aborts ? 'ABORTED' : refusal?.isOver ? 'SERVER_REFUSED' : undefined;
  if (end !== undefined) {
    return {
      effects: [...effects, ...stop(machine), { kind: 'sessionEnded', reason: end }],
      again,
      end,
      mayCommand: false,
    };
  }
  // In the middle of our own package only its next chunk may come.
  return { effects, again, mayCommand: isComplete || (sending === 'goesOn' && !isReceiving) };
}

function takeHeader(envelope: Envelope, context: Context, machine: Machine, isOpening: boolean): readonly Effect[] {
  const { message, encoding } = openedOf(envelope);
  const { locName } = message.header.source;
  if (locName !== undefined) machine.clientUser = locName.slice(0, MAX_USER);
  machine.maxMsgSize = maxMsgSizeOf(envelope, isOpening ? undefined : machine.maxMsgSize);
  machine.maxObjSize = maxObjSizeOf(envelope) ?? machine.maxObjSize;
  const isNews = isOpening && encoding.form === 'wbxml' && context.device?.features[FEATURE_WBXML] !== true;
  return isNews
    ? [{ kind: 'featureLearned', feature: FEATURE_WBXML, value: true, evidence: 'it sent a WBXML message' }]
    : [];
}

/** Nothing that is under way will be answered any more. */
function stop(machine: Machine): readonly Effect[] {
  const message = 'the session ended before its answer';
  const effects = commandsUnderWay(machine).map((command): Effect => ({ kind: 'commandUnanswered', command, message }));
  machine.jobs = {};
  machine.open = [];
  delete machine.discovery;
  delete machine.incoming;
  delete machine.outgoing;
  return effects;
}

/** When a silent client is given up; later while a large object is on its way. Source: dm1 section 2.1 (our ruling). */
export function expiryOf(machine: Machine, context: Context): number {
  const { sessionExpiryMs, transferExpiryMs } = context.limits;
  const isTransfer = machine.incoming !== undefined || machine.outgoing !== undefined;
  return context.now + (isTransfer ? transferExpiryMs : sessionExpiryMs);
}

/** Longest user name that is repeated to the client, in characters. */
const MAX_USER = 255;

/** Feature under which it is remembered that a device speaks WBXML. */
export const FEATURE_WBXML = 'dm1.wbxml';

interface BodyRead {
  readonly effects: readonly Effect[];
  /** By Alerts, in their order. */
  readonly raised: readonly Effect[];
  readonly statuses: readonly DueStatus[];
  readonly alerts: Turn['alerts'];
  readonly aborts: boolean;
  /** The client misses the end of an object that we send. */
  readonly dropsObject: boolean;
}

function readBody(envelope: Envelope, context: Context, machine: Machine, isOpening: boolean): BodyRead {
  const effects: Effect[] = [];
  const raised: Effect[] = [];
  const statuses: DueStatus[] = [];
  const alerts: { code: number; uri?: string }[] = [];
  const devInfo: SimpleCommand[] = [];
  const objects = new IncomingObjects(machine, context);
  let aborts = false;
  let dropsObject = false;
  const due = (cmdRef: string, cmd: string, code: number): void => {
    if (cmdRef !== '') statuses.push({ cmdRef, cmd, code });
  };
  for (const command of openedOf(envelope).message.body) {
    switch (command.kind) {
      case 'Status':
        effects.push(...takeStatus(machine, command, isOpening));
        break;
      case 'Results': {
        const taken = takeResults(machine, command, objects);
        if (taken.status !== undefined && command.cmdId !== '') statuses.push(taken.status);
        effects.push(...taken.effects);
        break;
      }
      case 'Alert': {
        const { alert, code } = wholeAlert(objects, command);
        const taken = alert === undefined ? undefined : takeAlert(alert);
        due(command.cmdId, 'Alert', code ?? taken?.code ?? STATUS.OK);
        raised.push(...(taken?.effects ?? []));
        if (taken?.asks === 'abort') aborts = true;
        if (taken?.asks === 'dropObject') {
          dropsObject = true;
          objects.drop();
        }
        break;
      }
      case 'Replace':
        due(command.cmdId, 'Replace', STATUS.OK);
        objects.interrupt();
        devInfo.push(command);
        break;
      default:
        // Only the server manages: a client sends neither Get nor Add, and nothing of data synchronisation.
        due(command.cmdId, nameOf(command), STATUS.UNSUPPORTED);
    }
  }
  objects.end();
  if (objects.unfinished !== undefined) alerts.push({ code: ALERT.NO_END_OF_DATA, uri: objects.unfinished });
  return {
    effects: [...deviceInfo(devInfo), ...effects, ...objects.effects],
    raised,
    statuses,
    alerts,
    aborts,
    dropsObject,
  };
}

/** Puts a Status to the command that it answers. */
function takeStatus(machine: Machine, status: Status, isOpening: boolean): readonly Effect[] {
  const code = readCode(status.data);
  if (status.cmdRef === '0' || status.cmd === 'SyncHdr') return takeHeaderStatus(machine, status, code, isOpening);
  const open = findOpen(machine, status.msgRef, status.cmdRef);
  if (open === undefined) {
    // A Status for our Alert 1222 or for Results is no news; one for a command of an older session comes too late.
    return status.cmd === 'Alert' ? [] : [{ kind: 'noted', what: `Status ${code} for no command that is open` }];
  }
  // Several Statuses for one command: the first failure counts.
  if (open.code === undefined || (isGood(open.code) && !isGood(code))) open.code = code;
  if (open.role === 'tnds' && status.targetRefs[0] !== undefined) open.told = status.targetRefs[0];
  if (open.carrier === 'Alert') open.answers = [...(open.answers ?? []), ...answersOf(status)];
  if (isGood(code)) machine.proven = true;
  return [];
}

/** The client's judgement of our SyncHdr, and its nonce for our next credential. */
function takeHeaderStatus(machine: Machine, status: Status, code: number, isOpening: boolean): readonly Effect[] {
  const effects: Effect[] = [];
  const told = status.chal?.nextNonce;
  if (told !== undefined) {
    const nonce = nonceOctets(told);
    machine.serverNonce = nonceText(nonce);
    effects.push({ kind: 'nonceChanged', direction: 'SERVER', nonce });
  }
  // In package 1 it judges a refusal of ours, which carried no credential.
  if (isOpening) return effects;
  if (machine.headerCode === undefined || isGood(machine.headerCode)) machine.headerCode = code;
  if (isGood(code)) machine.proven = true;
  // 200 with a challenge: each of our messages is to be authenticated.
  if (code === STATUS.OK && told !== undefined) machine.credDue = true;
  return effects;
}

function wantsOf(machine: Machine, mayCommand: boolean): Wants {
  if (!mayCommand || machine.turn?.again !== undefined) return NO_WANTS;
  const slice = sliceWanted(machine);
  if (slice !== undefined) return { ...NO_WANTS, slices: [slice] };
  const isReading = Object.keys(machine.jobs).length > 0;
  return {
    commands: isReading ? 0 : COMMANDS_A_MESSAGE,
    octets: isReading ? 0 : machine.maxMsgSize,
    discovery: !isReading && machine.discovery === undefined && !machine.discovered,
    slices: [],
  };
}
