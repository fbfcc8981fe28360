import type { Address, Effect } from '../../adapter';
import { absolute } from '../addressing';
import { ALERT, readAlertCode } from '../alert-codes';
import type { AlertCommand, Item } from '../message';
import { STATUS } from '../status-codes';
import { readFormat, readValue, textOf, valueJson } from '../values';

/**
 * What a client's Alert asks for. The session's own (1200, 1201, 1222, 1223, 1225) steer it and are not stored; client
 * events (1224) and generic alerts (1226) are the device's. Source: OMA-TS-DM_Protocol, "Alerts"; dm1 section 9.
 */
export interface AlertTaken {
  /** Status of the Alert. */
  readonly code: number;
  readonly effects: readonly Effect[];
  readonly asks?: 'abort' | 'dropObject';
}

const MARKS: ReadonlySet<string> = new Set([
  'fatal',
  'critical',
  'minor',
  'warning',
  'informational',
  'harmless',
  'indeterminate',
]);
/** Prefixes by which the specification types an alert; most clients leave them out. */
const TYPE_PREFIX = /^\s*(?:Reversed-Domain-Name|Content-Type)\s*:\s*/i;
/** SCOMO and LAWMO tell their result as sibling elements without a root. */
const RESULT_CODE = /<(?:[A-Za-z][\w.-]{0,40}:)?ResultCode(?:\s[^<>]{0,200})?>\s{0,20}(\d{1,9})\s{0,20}</;
/** Alerts whose whole Data is a result code. */
const RESULT_ALERT =
  /^(?:org\.openmobilealliance\.dm\.(?:firmwareupdate|softwarecomponent)\.|urn:oma:at:[a-z0-9:-]{1,60}:[0-9.]{1,9}:Operation(?:Complete|Report)$)/i;
const PLAIN_NUMBER = /^\s*(\d{1,9})\s*$/;
/** A result code stands at the beginning of its Data. */
const SEARCHED_CHARACTERS = 4096;

export function takeAlert(alert: AlertCommand): AlertTaken {
  switch (readAlertCode(alert.data)) {
    case ALERT.SERVER_INITIATED:
      // No proof: what a session answers is told by the notification that was made (`answeredWakeUp`).
      return { code: STATUS.OK, effects: [{ kind: 'noted', what: 'the device says that it was notified' }] };
    case ALERT.CLIENT_INITIATED:
    case ALERT.NEXT_MESSAGE:
      return { code: STATUS.OK, effects: [] };
    case ALERT.SESSION_ABORT:
      return { code: STATUS.OK, effects: [], asks: 'abort' };
    case ALERT.NO_END_OF_DATA:
      return { code: STATUS.OK, effects: [], asks: 'dropObject' };
    case ALERT.CLIENT_EVENT:
    case ALERT.GENERIC:
      return deviceAlert(alert);
    default:
      // Among them the alerts that ask a person, which only a server sends: they are ignored.
      return {
        code: STATUS.UNSUPPORTED,
        effects: [{ kind: 'noted', what: `Alert ${alert.data ?? 'without Data'} is none of DM's` }],
      };
  }
}

function deviceAlert(alert: AlertCommand): AlertTaken {
  const effects: Raised[] = [];
  for (const item of alert.items) {
    const type = item.meta?.type?.replace(TYPE_PREFIX, '').trim() ?? '';
    if (type === '')
      return { code: STATUS.INCOMPLETE, effects: [{ kind: 'noted', what: 'an Alert without Type was refused' }] };
    effects.push(raised(alert, item, type));
  }
  return effects.length === 0 ? { code: STATUS.INCOMPLETE, effects } : { code: STATUS.OK, effects: together(effects) };
}

type Raised = Extract<Effect, { readonly kind: 'alertRaised' }>;

/** Items of one Alert about the same exec are one report: SCOMO tells each component in an Item of its own. */
function together(items: readonly Raised[]): readonly Raised[] {
  const keyOf = ({ type, correlator, source }: Raised): string => JSON.stringify([type, correlator ?? source ?? null]);
  const groups = new Map<string, Raised[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return items.map((item) => {
    const group = groups.get(keyOf(item)) ?? [item];
    if (group.length === 1) return item;
    if (group.at(-1) !== item) return { ...item, final: false };
    const resultCodes = group.flatMap(({ resultCode: code }) => (code === undefined ? [] : [code]));
    return { ...item, resultCodes };
  });
}

function raised(alert: AlertCommand, item: Item, type: string): Raised {
  const meta = item.meta ?? {};
  const mark = meta.mark?.trim().toLowerCase() ?? '';
  const { value } = readValue({ format: meta.format }, item.data);
  const code = resultCode(textOf(item.data), alert.correlator !== undefined || RESULT_ALERT.test(type));
  return {
    kind: 'alertRaised',
    type,
    mark: MARKS.has(mark) ? mark : 'informational',
    ...(item.source ? { source: addressOf(item.source.locUri) } : {}),
    ...(item.target ? { target: addressOf(item.target.locUri) } : {}),
    ...(alert.correlator ? { correlator: alert.correlator } : {}),
    ...(meta.format ? { format: readFormat(meta.format) } : {}),
    data: item.data === undefined ? null : valueJson(value),
    ...(code === undefined ? {} : { resultCode: code }),
  };
}

/** @param isResult  whether a bare number is a result; in other alerts it is just data */
function resultCode(text: string, isResult: boolean): number | undefined {
  const found = (isResult ? PLAIN_NUMBER.exec(text) : null) ?? RESULT_CODE.exec(text.slice(0, SEARCHED_CHARACTERS));
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

function addressOf(uri: string): Address {
  return { uri: absolute(uri) };
}
