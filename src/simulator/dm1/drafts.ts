/** Commands of a client package before they have a CmdID. Source: dm1 2.4, 3. */
import type { AlertCommand, BodyCommand, Item, Meta, Results, Status } from '../../../adapters/dm1/message';
import { textData } from './data';

/** A command whose CmdID is given when it is packed. */
export type Draft = BodyCommand;

export interface Answered {
  readonly msgRef: string;
  readonly cmdRef: string;
  readonly cmd: string;
}

export function statusOf(
  answered: Answered,
  code: number,
  more: {
    readonly target?: string;
    readonly source?: string;
    readonly chal?: Meta;
    readonly items?: readonly Item[];
  } = {},
): Status {
  return {
    kind: 'Status',
    cmdId: '',
    ...answered,
    targetRefs: more.target === undefined ? [] : [more.target],
    sourceRefs: more.source === undefined ? [] : [more.source],
    ...(more.chal === undefined ? {} : { chal: more.chal }),
    data: String(code),
    items: more.items ?? [],
  };
}

export function resultsOf(answered: Answered, items: readonly Item[]): Results {
  return { kind: 'Results', cmdId: '', msgRef: answered.msgRef, cmdRef: answered.cmdRef, items };
}

export function alertOf(code: number, items: readonly Item[] = [], correlator?: string): AlertCommand {
  return { kind: 'Alert', cmdId: '', data: String(code), ...(correlator === undefined ? {} : { correlator }), items };
}

export function textItem(text: string): Item {
  return { data: textData(text) };
}
