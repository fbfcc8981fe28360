/**
 * What a package from a device means.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.2 (package flow), 5.4 (alerts), 7.2.1 (MOS).
 */
import type { Context, Effect, Envelope, Received, SessionState, Token, Wants } from '../../adapter';
import { alertRaised, isInitiation } from '../alerts';
import type { AlertItem, Package1 } from '../package';
import { initiationEffects } from './initiation';
import { freshState, machineOf, unanswered, waitingSession, withMachine, type Machine, type Place } from './machine';
import { messageOf } from './open';
import { COMMANDS_A_PACKAGE } from './pack';
import { settle } from './settle';
import { turnOf, type Turn } from './turn';

const MAX_ALERTS = 256;
const MAX_LISTED = 1024;
const OCTETS_A_PACKAGE = 262_144;
const NOTHING: Wants = { commands: 0, octets: 0, discovery: false, slices: [] };

export function receivePackage(envelope: Envelope, context: Context): Received {
  const turn = turnOf(envelope, context);
  switch (turn.kind) {
    case 'refused': {
      const { reason, counted, foreign, stranger } = turn.verdict;
      const state = context.session?.state ?? freshState(context, 'refused', {});
      const effects: Effect[] = [{ kind: 'refused', reason, counted, ...(foreign ? { foreign } : {}) }];
      return { state, effects, wants: NOTHING, ...(stranger ? { stateless: true } : {}) };
    }
    case 'replay':
      return { state: turn.session.state, effects: [], wants: NOTHING, stateless: true };
    case 'orphan':
      return receiveOrphan(envelope, turn, context);
    case 'opens':
      return receiveFirst(envelope, turn, context);
    case 'continues':
      return receiveAnswer(envelope, turn, context);
  }
}

/** A Package#3 that nobody waits for: its alerts count, its statuses cannot. */
function receiveOrphan(envelope: Envelope, turn: Extract<Turn, { kind: 'orphan' }>, context: Context): Received {
  const alerts = alertEffects(messageOf(envelope).content.alerts);
  const state = context.session?.state ?? freshState(context, 'ended', {});
  const effects: Effect[] = [
    { kind: 'authenticated', by: turn.by },
    { kind: 'noted', what: 'Package#3 without a session' },
    ...alerts,
  ];
  return { state, effects, wants: NOTHING, ...(alerts.length === 0 ? { stateless: true } : {}) };
}

function receiveFirst(envelope: Envelope, turn: Extract<Turn, { kind: 'opens' }>, context: Context): Received {
  const message = messageOf(envelope);
  const content: Package1 = message.package === 1 && !turn.known ? message.content : { alerts: [] };
  const mos = announced(content);
  const held = turn.known && context.session !== undefined ? machineOf(context.session.state).listed : mos.listed;
  const machine: Partial<Machine> = {
    openedBy: envelope.sha256,
    openedAt: context.now,
    ...(held === undefined ? {} : { listed: held }),
  };
  const state = freshState(context, 'idle', machine);
  const effects: Effect[] = [
    { kind: 'authenticated', by: turn.by },
    { kind: 'deviceBound', deviceId: envelope.device, protocol: 'DM_2_0' },
    ...givenUp(context),
    ...(turn.known ? [] : initiationEffects(content.alerts, context)),
    ...mos.effects,
    ...alertEffects(content.alerts, envelope.token),
  ];
  return { state, effects, wants: wantsOf(machineOf(state)) };
}

/** A new Package#1 while a session is open: the old one is dead, what it sent stays without answer. */
function givenUp(context: Context): readonly Effect[] {
  const session = waitingSession(context);
  if (session === undefined) return [];
  return [
    ...unanswered(session.state, 'the device opened another session'),
    { kind: 'sessionEnded', reason: 'SUPERSEDED' },
  ];
}

function announced(content: Package1): { readonly listed?: readonly Place[]; readonly effects: readonly Effect[] } {
  if (content.mos === undefined) return { effects: [] };
  const effects: Effect[] = [];
  const listed: Place[] = [];
  let complete = true;
  for (const { moid, ddf, miids } of content.mos) {
    const mo = { kind: 'moAnnounced', moid, ...(ddf === undefined ? {} : { ddf }), recognisedBy: 'MOID' } as const;
    if (effects.length + Math.max(miids.length, 1) > MAX_LISTED) {
      complete = false;
      break;
    }
    if (miids.length === 0) effects.push(mo);
    for (const miid of new Set(miids)) {
      effects.push({ ...mo, miid });
      listed.push({ moid, miid, path: '' });
    }
  }
  effects.push({ kind: 'discoveryComplete', complete });
  return { listed, effects };
}

function alertEffects(alerts: readonly AlertItem[], reportedAt?: Token): readonly Effect[] {
  const told = alerts.filter((alert) => !isInitiation(alert));
  const dropped = told.length - MAX_ALERTS;
  const raised: Effect[] = told.slice(0, MAX_ALERTS).map((alert) => alertRaised(alert, reportedAt));
  if (dropped > 0) raised.push({ kind: 'noted', what: `${dropped} alerts beyond ${MAX_ALERTS} were dropped` });
  return raised;
}

function receiveAnswer(envelope: Envelope, turn: Extract<Turn, { kind: 'continues' }>, context: Context): Received {
  const message = messageOf(envelope);
  const before = turn.session.state;
  if (message.package !== 3) return { state: before, effects: [], wants: NOTHING };

  const settled = settle(message.content, machineOf(before), context);
  const { answered: _, answeredBy: __, ...machine } = settled.machine;
  const state: SessionState = {
    ...before,
    phase: 'idle',
    messageNo: before.messageNo + 1,
    sent: [],
    expiresAt: context.now + context.limits.sessionExpiryMs,
  };
  const next: Machine = {
    ...machine,
    ...(envelope.token === undefined ? {} : { answered: envelope.token, answeredBy: envelope.sha256 }),
  };
  return {
    state: withMachine(state, next),
    effects: [{ kind: 'authenticated', by: turn.by }, ...settled.effects, ...alertEffects(message.content.alerts)],
    wants: wantsOf(next),
  };
}

function wantsOf(machine: Machine): Wants {
  return { commands: COMMANDS_A_PACKAGE, octets: OCTETS_A_PACKAGE, discovery: !machine.asked, slices: [] };
}
