/**
 * SHOW: the device's browser is sent to a page of ours, and the person answers there, outside of the session. The device
 * only tells whether the browser started.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.3.7.
 */
import type { Command, Context, Effect, ShowAnswer } from '../adapter';
import type { Carried } from './session/carry';
import { DM2_STATUS, OUTCOMES } from './status-codes';

/** Name under which it is kept whether the device can show pages. */
export const SHOW_FEATURE = 'SHOW';

const REFUSED: ShowAnswer = { answer: 'REFUSED', text: null, selected: [] };

/** The page's address is made of the command's token, which nobody else knows. */
export function carryShow(command: Extract<Command, { kind: 'show' }>, context: Context): Carried {
  if (context.device?.features[SHOW_FEATURE] === false)
    return {
      kind: 'answered',
      outcome: 'UNSUPPORTED',
      message: 'the device has no browser: it answered SHOW with 501',
    };
  return {
    kind: 'sent',
    command: ['SHOW', `${context.baseUrl}/ui/${command.token}`],
    entry: { what: 'SHOW', id: command.id },
    page: command.token,
  };
}

/** 200: the browser started, and the page tells the rest. */
export function settleShow(command: string, sc: number): readonly Effect[] {
  if (sc === DM2_STATUS.OK || sc === DM2_STATUS.ACCEPTED) return [{ kind: 'commandAccepted', command, code: sc }];
  const outcome = OUTCOMES[sc] ?? 'DEVICE_ERROR';
  const answered: Effect = {
    kind: 'commandAnswered',
    command,
    outcome,
    code: sc,
    ...(outcome === 'USER_REFUSED' ? { data: REFUSED } : {}),
  };
  if (sc !== DM2_STATUS.NOT_IMPLEMENTED) return [answered];
  const evidence = `SHOW answered ${sc}`;
  return [{ kind: 'featureLearned', feature: SHOW_FEATURE, value: false, evidence }, answered];
}
