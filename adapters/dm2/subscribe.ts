/**
 * SUB and UNSUB: the device puts a part of an MO to an address of ours whenever something in it changes, outside of sessions.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.3.11 and 5.3.12.
 */
import type { Bytes, Command, Context, DdfKnowledge, Effect } from '../adapter';
import { namesOfPath, printClientUri } from './client-uri';
import type { Carried } from './session/carry';
import type { Place } from './session/machine';
import { readData } from './session/read-data';
import { DM2_STATUS, OUTCOMES } from './status-codes';

/** Name under which it is kept whether the device has subscriptions. */
export const SUB_FEATURE = 'SUB';

/** UNSUB has to name the address as SUB did, letter for letter: both are printed here. */
export function carrySubscription(
  command: Extract<Command, { kind: 'subscribe' | 'unsubscribe' }>,
  context: Context,
): Carried {
  const { at, id, token } = command;
  if ('uri' in at) return { kind: 'answered', outcome: 'UNSUPPORTED', message: 'DM 2.0 addresses nodes by MO' };
  if (context.device?.features[SUB_FEATURE] === false)
    return {
      kind: 'answered',
      outcome: 'UNSUPPORTED',
      message: 'the device has no subscriptions: it answered SUB with 501',
    };
  const uri = printClientUri({ moid: at.moid, miid: at.miid, path: namesOfPath(at.path) });
  return command.kind === 'subscribe'
    ? {
        kind: 'sent',
        command: ['SUB', `${context.baseUrl}/repository/${token}`, uri],
        entry: { what: 'SUB', id },
      }
    : { kind: 'sent', command: ['UNSUB', uri], entry: { what: 'UNSUB', id } };
}

/** A subscription that the device does not know is ended as well. */
export function settleSubscription(
  { what, id }: { readonly what: 'SUB' | 'UNSUB'; readonly id: string },
  sc: number,
): readonly Effect[] {
  const isGone = what === 'UNSUB' && sc === DM2_STATUS.NOT_FOUND;
  const outcome = isGone ? 'OK' : (OUTCOMES[sc] ?? 'DEVICE_ERROR');
  const answered: Effect = { kind: 'commandAnswered', command: id, outcome, code: sc };
  if (what !== 'SUB' || sc !== DM2_STATUS.NOT_IMPLEMENTED) return [answered];
  const evidence = `SUB answered ${sc}`;
  return [{ kind: 'featureLearned', feature: SUB_FEATURE, value: false, evidence }, answered];
}

/** What a device put to the address of a subscription: the part of the MO as it is now, in MO data or as a bare value. */
export function readPush(
  { mime, body }: { readonly mime: string; readonly body: Bytes },
  at: Place & { readonly miid: string },
  ddf: DdfKnowledge,
): { readonly ok: true; readonly effects: readonly Effect[] } | { readonly ok: false; readonly reason: string } {
  const read = readData({ mime, body }, at, undefined, { ddf });
  if (!read.ok) return { ok: false, reason: read.message };
  const { tree, validator, bad } = read.value;
  return {
    ok: true,
    effects: [
      { kind: 'moAnnounced', moid: at.moid, miid: at.miid, recognisedBy: 'MOID' },
      { kind: 'valuesObserved', at, tree, complete: true, ...(validator === undefined ? {} : { validator }) },
      ...bad.map((path): Effect => ({ kind: 'noted', what: `value at ${path} does not fit its format` })),
    ],
  };
}
