/**
 * A Package#3 against the Package#2 that it answers: entry i of Status belongs to command i, if the lengths agree.
 * Source: OMA-TS-DM_Protocol-V2_0, 7.2.1.3, appendices C and F.
 */
import type { Context, Effect } from '../../adapter';
import { addressOf } from '../alerts';
import type { DataPart, Package3, StatusEntry } from '../package';
import { settleShow } from '../show';
import { DM2_STATUS, outcomeOf, type Carrier } from '../status-codes';
import { lacking } from './features';
import { afterFirstReading, settleRead } from './first-reading';
import type { Machine, SentEntry } from './machine';
import { settleGet } from './settle-get';
import { isAllowed, type Settled } from './settled';

/** Places that one add makes; what a device tells beyond is not looked at. */
const MAX_CREATED = 64;
const ACCESS = { add: 'Add', replace: 'Replace' } as const;

export function settle(content: Package3, machine: Machine, context: Context): Settled {
  const aligned = content.statuses.length === machine.sent.length;
  const settled = aligned ? settleAll(content, machine, context) : settleNothing(content, machine);
  return afterFirstReading({ ...settled, machine: { ...settled.machine, sent: [] } });
}

/** The entries cannot be trusted to stand beside their commands: each of these is unanswered. */
function settleNothing(content: Package3, machine: Machine): Settled {
  const evidence = `${content.statuses.length} statuses for ${machine.sent.length} commands`;
  const effects: Effect[] = [{ kind: 'featureLearned', feature: 'statusAligned', value: false, evidence }];
  const probes = { ...machine.probes };
  for (const sent of machine.sent) {
    if (sent.what === 'PROBE') probes[sent.id] = { sc: 0, tries: (probes[sent.id]?.tries ?? 0) + 1 };
    else if ('id' in sent) effects.push({ kind: 'commandUnanswered', command: sent.id, message: evidence });
  }
  return { machine: { ...machine, probes, misaligned: true }, effects };
}

function settleAll(content: Package3, machine: Machine, context: Context): Settled {
  let settled: Settled = { machine, effects: [] };
  for (const [index, sent] of machine.sent.entries()) {
    const status = content.statuses[index];
    if (status === undefined) continue;
    const part = content.parts.find((one) => one.index === index);
    const next = settleOne(sent, status, part, settled.machine, context);
    settled = { machine: next.machine, effects: [...settled.effects, ...next.effects] };
  }
  return settled;
}

function settleOne(
  sent: SentEntry,
  status: StatusEntry,
  part: DataPart | undefined,
  machine: Machine,
  context: Context,
): Settled {
  switch (sent.what) {
    case 'CONT':
      return settleCont(status.sc, machine);
    case 'GET':
      return settleGet(sent, status.sc, part, machine, context);
    case 'PROBE':
      // The next carrier is tried, if one is left; without any the write goes unasked.
      return status.sc === DM2_STATUS.NOT_IMPLEMENTED
        ? lacking(sent.by, `${sent.by} answered 501`, machine)
        : { machine: withProbe(machine, sent.id, status.sc), effects: [] };
    case 'HGET':
      return { machine, effects: settleHget(sent, status, context) };
    case 'DELETE':
    case 'EXEC':
      return { machine, effects: [settlePlain(sent, status.sc, context)] };
    case 'SHOW':
      return { machine, effects: settleShow(sent.id, status.sc) };
    case 'READ':
      return settleRead(sent, status.sc, part, machine, context);
  }
}

function withProbe(machine: Machine, id: string, sc: number): Machine {
  const tries = (machine.probes[id]?.tries ?? 0) + 1;
  return { ...machine, probes: { ...machine.probes, [id]: { sc, tries } } };
}

function settleCont(sc: number, machine: Machine): Settled {
  return sc === DM2_STATUS.NOT_IMPLEMENTED ? lacking('CONT', 'CONT answered 501', machine) : { machine, effects: [] };
}

function settleHget(
  sent: Extract<SentEntry, { what: 'HGET' }>,
  status: StatusEntry,
  context: Context,
): readonly Effect[] {
  const { sc } = status;
  if (sc !== DM2_STATUS.OK) {
    const allowed = sent.kind === 'copy' ? undefined : isAllowed(sent.at, ACCESS[sent.kind], context);
    return [{ kind: 'commandAnswered', command: sent.id, outcome: outcomeOf('HGET', sc, allowed), code: sc }];
  }
  // The repository is the witness: there are clients that report 200 for a document they could not fetch.
  if (context.items[sent.token]?.fetched !== true) {
    const message = 'the device reports 200 for a document that it did not fetch';
    return [{ kind: 'commandUnanswered', command: sent.id, message }];
  }

  const created = sent.kind === 'add' ? (status.uris ?? []).slice(0, MAX_CREATED).map(addressOf) : [];
  const instances = created.flatMap((at): readonly Effect[] =>
    'moid' in at && at.path === '' && at.miid !== undefined
      ? [{ kind: 'moAnnounced', moid: at.moid, miid: at.miid, recognisedBy: 'MOID' }]
      : [],
  );
  return [
    ...instances,
    {
      kind: 'commandAnswered',
      command: sent.id,
      outcome: 'OK',
      code: sc,
      ...(created.length === 0 ? {} : { created }),
    },
  ];
}

function settlePlain(sent: Extract<SentEntry, { what: 'DELETE' | 'EXEC' }>, sc: number, context: Context): Effect {
  const carrier: Carrier = sent.what;
  if (carrier === 'EXEC' && sc === DM2_STATUS.ACCEPTED) {
    return { kind: 'commandAccepted', command: sent.id, code: sc };
  }
  const allowed = isAllowed(sent.at, carrier === 'EXEC' ? 'Exec' : 'Delete', context);
  return { kind: 'commandAnswered', command: sent.id, outcome: outcomeOf(carrier, sc, allowed), code: sc };
}
