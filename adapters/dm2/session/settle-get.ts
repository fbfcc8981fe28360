/**
 * What came of a read, by GET or by an upload to the repository; and what its status tells of the client.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.3.2, 5.3.3, 5.3.6, 11 (caching), appendix C.
 */
import type { Context, Effect, Tree } from '../../adapter';
import { namesOfPath } from '../client-uri';
import type { DataPart } from '../package';
import { DM2_STATUS, outcomeOf } from '../status-codes';
import { featuresIn, lacking, type Learned } from './features';
import type { Machine, Place, SentEntry } from './machine';
import { cutTree, readData, type Data } from './read-data';
import { plainKey, readCarriers } from './reading';
import { isAllowed, type Settled } from './settled';

type SentGet = Extract<SentEntry, { what: 'GET' }>;

export function settleGet(
  sent: SentGet,
  sc: number,
  part: DataPart | undefined,
  machine: Machine,
  context: Context,
): Settled {
  const again = askedAgain(sent, sc, machine, context);
  if (again !== undefined) {
    const effects: Effect[] = [...again.effects, { kind: 'commandNotExecuted', command: sent.id }];
    return { machine: again.machine, effects };
  }
  const learned = learnedOf(sent, sc, machine);
  const data = sent.token === undefined ? part : context.items[sent.token]?.uploaded;
  const effects = sc === DM2_STATUS.OK ? dataEffects(sent, data, context) : otherEffects(sent, sc, context);
  return { machine: learned.machine, effects: [...learned.effects, ...effects] };
}

/** A read that goes again at once in another manner: without query, by another carrier, or by GET as its upload failed. */
function askedAgain(sent: SentGet, sc: number, machine: Machine, context: Context): Learned | undefined {
  const hasQuery = sent.level !== undefined || sent.validator !== undefined;
  const isRefused = sc === DM2_STATUS.BAD_REQUEST || sc === DM2_STATUS.NOT_IMPLEMENTED;
  const key = plainKey(sent.by, sent.id);
  if (isRefused && hasQuery && !machine.plain.includes(key) && !machine.lacks.includes(sent.by)) {
    // The query is optional for clients.
    return { machine: { ...machine, plain: [...machine.plain, key] }, effects: [] };
  }
  if (lacksCarrier(sent, sc)) {
    const learned = lacking(sent.by, `${sent.by} answered ${sc}`, machine);
    return readCarriers(false, learned.machine, context).length > 0 ? learned : undefined;
  }
  const mayInline = sc === DM2_STATUS.SERVER_URI_ERROR && sent.by !== 'GET' && !machine.inline.includes(sent.id);
  if (!mayInline || readCarriers(false, machine, context)[0] !== 'GET') return undefined;
  return { machine: { ...machine, inline: [...machine.inline, sent.id] }, effects: [] };
}

/** 406: the client has none of the types that the repository takes, and will not have one the next time. */
function lacksCarrier(sent: SentGet, sc: number): boolean {
  return sc === DM2_STATUS.NOT_IMPLEMENTED || (sc === DM2_STATUS.NOT_ACCEPTABLE && sent.by !== 'GET');
}

function learnedOf(sent: SentGet, sc: number, machine: Machine): Learned {
  if (lacksCarrier(sent, sc)) return lacking(sent.by, `${sent.by} answered ${sc}`, machine);
  if (machine.plain.includes(plainKey(sent.by, sent.id)) && sc === DM2_STATUS.OK) {
    return lacking('query', `${sent.by} refused with a query, answered without`, machine);
  }
  return { machine, effects: [] };
}

/**
 * What a device brought for a read after the session that asked for it: it ends the read without asking again. Undefined where
 * nothing came, or nothing that can be read.
 */
export function settleLate(sent: SentGet, data: Data | undefined, context: Context): readonly Effect[] | undefined {
  const effects = data === undefined ? [] : dataEffects(sent, data, context);
  return effects.some((effect) => effect.kind === 'commandAnswered' && effect.outcome === 'OK') ? effects : undefined;
}

function dataEffects(sent: SentGet, data: Data | undefined, context: Context): readonly Effect[] {
  const answer = { kind: 'commandAnswered', command: sent.id, code: DM2_STATUS.OK } as const;
  if (data === undefined) {
    const message =
      sent.token === undefined
        ? 'the device sent no data with 200'
        : `the device reports 200 for an ${sent.by} that never came`;
    return [{ ...answer, outcome: 'DEVICE_ERROR', message }];
  }
  const read = readData(data, sent.at, sent.level, context);
  if (!read.ok) return [{ ...answer, outcome: 'DEVICE_ERROR', message: read.message }];
  const { tree, miid, validator, bad } = read.value;
  // A part of an instance says nothing of the whole, whatever validator came with it.
  const known = context.device?.features ?? {};
  const isWhole = sent.level === undefined && sent.depth === undefined && sent.at.path === '';
  return [
    ...featuresIn({ moid: sent.at.moid, tree, ...(validator === undefined ? {} : { validator }) }, known),
    // The answer tells the values; an instance that nobody named is told beside it.
    ...(miid === undefined
      ? []
      : [{ kind: 'valuesObserved', at: { ...sent.at, miid }, tree, complete: sent.level === undefined } as const]),
    ...bad.map((path): Effect => ({ kind: 'noted', what: `value at ${path} does not fit its format` })),
    {
      ...answer,
      outcome: 'OK',
      tree: cutTree(tree, sent.depth),
      ...(validator === undefined || !isWhole ? {} : { validator }),
    },
  ];
}

function otherEffects(sent: SentGet, sc: number, context: Context): readonly Effect[] {
  const answer = { kind: 'commandAnswered', command: sent.id, code: sc } as const;
  if (sc === DM2_STATUS.NO_CONTENT) return [{ ...answer, outcome: 'OK', tree: emptyTree(sent.at, context) }];
  if (sc === DM2_STATUS.NOT_MODIFIED) {
    if (sent.validator === undefined) {
      return [{ ...answer, outcome: 'DEVICE_ERROR', message: 'the device answered 304 to a read without validator' }];
    }
    return [
      { kind: 'valuesUnchanged', at: sent.at },
      { ...answer, outcome: 'OK', unchanged: true },
    ];
  }
  return [{ ...answer, outcome: outcomeOf(sent.by, sc, isAllowed(sent.at, 'Get', context)) }];
}

/** 204: the node exists and has nothing to return. */
function emptyTree(at: Place, context: Context): Tree {
  const name = namesOfPath(at.path).at(-1) ?? at.miid ?? '';
  const interior = at.path === '' || context.ddf.node(at.moid, at.path)?.format === 'node';
  if (interior) return { name, children: [], childrenComplete: true };
  return { name, value: { format: 'null', data: null } };
}
