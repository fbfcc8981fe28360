/**
 * A Package#3 against the Package#2 that it answers: entry i of Status belongs to command i, if the lengths agree.
 * Source: OMA-TS-DM_Protocol-V2_0, 7.2.1.3, appendices C and F.
 */
import type { Context, Effect, Tree } from '../../adapter';
import { isAccessObject } from '../access-control';
import { addressOf } from '../alerts';
import { namesOfPath } from '../client-uri';
import type { DataPart, Package3, StatusEntry } from '../package';
import { settleShow } from '../show';
import { settleSubscription } from '../subscribe';
import { DM2_STATUS, outcomeOf, type Carrier } from '../status-codes';
import { afterFirstReading, settleRead } from './first-reading';
import type { Machine, Place, SentEntry } from './machine';
import { cutTree, readData } from './read-data';

export interface Settled {
  readonly machine: Machine;
  readonly effects: readonly Effect[];
}

const NO_GET: Effect = { kind: 'featureLearned', feature: 'GET', value: false, evidence: 'GET answered 501' };

/** Places that one add makes; what a device tells beyond is not looked at. */
const MAX_CREATED = 64;

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
      return {
        machine: withProbe(machine, sent.id, status.sc),
        effects: status.sc === DM2_STATUS.NOT_IMPLEMENTED ? [NO_GET] : [],
      };
    case 'HGET':
      return { machine, effects: settleHget(sent, status, context) };
    case 'DELETE':
    case 'EXEC':
      return { machine, effects: [settlePlain(sent, status.sc, context)] };
    case 'SHOW':
      return { machine, effects: settleShow(sent.id, status.sc) };
    case 'SUB':
    case 'UNSUB':
      return { machine, effects: settleSubscription({ what: sent.what, id: sent.id }, status.sc) };
    case 'READ':
      return settleRead(sent.at, status.sc, part, machine, context);
  }
}

function withProbe(machine: Machine, id: string, sc: number): Machine {
  const tries = (machine.probes[id]?.tries ?? 0) + 1;
  return { ...machine, probes: { ...machine.probes, [id]: { sc, tries } } };
}

function settleCont(sc: number, machine: Machine): Settled {
  if (sc !== DM2_STATUS.NOT_IMPLEMENTED) return { machine, effects: [] };
  const effects: Effect[] = [{ kind: 'featureLearned', feature: 'CONT', value: false, evidence: 'CONT answered 501' }];
  return { machine: { ...machine, contRefused: true }, effects };
}

type SentGet = Extract<SentEntry, { what: 'GET' }>;

function settleGet(sent: SentGet, sc: number, part: DataPart | undefined, machine: Machine, context: Context): Settled {
  const plain = machine.plain.includes(sent.id);
  const refused = sc === DM2_STATUS.BAD_REQUEST || sc === DM2_STATUS.NOT_IMPLEMENTED;
  if (refused && !plain && (sent.level !== undefined || sent.validator !== undefined)) {
    // The query is optional for clients: the same node is asked for once more without it.
    const effects: Effect[] = [{ kind: 'commandNotExecuted', command: sent.id }];
    return { machine: { ...machine, plain: [...machine.plain, sent.id] }, effects };
  }

  const effects: Effect[] = [];
  if (sc === DM2_STATUS.NOT_IMPLEMENTED) {
    effects.push(NO_GET);
  } else if (plain && sc === DM2_STATUS.OK) {
    const evidence = 'GET refused with a query, answered without';
    effects.push({ kind: 'featureLearned', feature: 'query', value: false, evidence });
  }
  return { machine, effects: [...effects, ...getEffects(sent, sc, part, context)] };
}

function getEffects(sent: SentGet, sc: number, part: DataPart | undefined, context: Context): readonly Effect[] {
  const answer = { kind: 'commandAnswered', command: sent.id, code: sc } as const;
  if (sc === DM2_STATUS.OK) {
    if (part === undefined)
      return [{ ...answer, outcome: 'DEVICE_ERROR', message: 'the device sent no data with 200' }];
    const read = readData(part, sent.at, sent.level, context);
    if (!read.ok) return [{ ...answer, outcome: 'DEVICE_ERROR', message: read.message }];
    const { tree, miid, validator, bad } = read.value;
    const at: Place = miid === undefined ? sent.at : { ...sent.at, miid };
    const complete = sent.level === undefined;
    // The answer tells the values; what it has no place for is told beside it.
    const isNews = validator !== undefined || miid !== undefined;
    const observed: Effect = { kind: 'valuesObserved', at, tree, complete, validator };
    return [
      ...(isNews ? [observed] : []),
      ...bad.map((path): Effect => ({ kind: 'noted', what: `value at ${path} does not fit its format` })),
      { ...answer, outcome: 'OK', tree: cutTree(tree, sent.depth) },
    ];
  }
  if (sc === DM2_STATUS.NO_CONTENT) {
    return [{ ...answer, outcome: 'OK', tree: emptyTree(sent.at, context) }];
  }
  if (sc === DM2_STATUS.NOT_MODIFIED) {
    if (sent.validator === undefined) {
      return [{ ...answer, outcome: 'DEVICE_ERROR', message: 'the device answered 304 to a read without validator' }];
    }
    return [
      { kind: 'valuesUnchanged', at: sent.at },
      { ...answer, outcome: 'OK', unchanged: true },
    ];
  }
  return [{ ...answer, outcome: outcomeOf('GET', sc, isAllowed(sent.at, 'Get', context)) }];
}

/** 204: the node exists and has nothing to return. */
function emptyTree(at: Place, context: Context): Tree {
  const name = namesOfPath(at.path).at(-1) ?? at.miid ?? '';
  const interior = at.path === '' || context.ddf.node(at.moid, at.path)?.format === 'node';
  if (interior) return { name, children: [], childrenComplete: true };
  return { name, value: { format: 'null', data: null } };
}

function settleHget(
  sent: Extract<SentEntry, { what: 'HGET' }>,
  status: StatusEntry,
  context: Context,
): readonly Effect[] {
  const { sc } = status;
  if (sc !== DM2_STATUS.OK) {
    const access = sent.kind === 'add' ? 'Add' : 'Replace';
    const allowed = isAccessObject(sent.at.moid) ? undefined : isAllowed(sent.at, access, context);
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

/** What the DDF says of an access; `undefined` for a node that no DDF describes. */
function isAllowed(
  at: Place,
  access: 'Add' | 'Delete' | 'Exec' | 'Get' | 'Replace',
  context: Context,
): boolean | undefined {
  return context.ddf.node(at.moid, at.path)?.access.includes(access);
}
