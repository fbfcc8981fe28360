/**
 * Generic alerts: which of them open a session, and what the others say.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.4, appendix D and 13.1 (alerts of DM 1.x).
 */
import type { Address, Effect, Json, Token } from '../adapter';
import { parseClientUri, pathOfNames, plainAddressOf } from './client-uri';
import type { AlertItem } from './package';
import { isObject } from './package-codec';

export const INITIATION_ALERTS = {
  server: 'urn:oma:at:dm:2.0:ServerInitiatedMgmt',
  client: 'urn:oma:at:dm:2.0:ClientInitiatedMgmt',
  bootstrap: 'urn:oma:at:dm:2.0:BootstrapComplete',
} as const;

export type Initiation = keyof typeof INITIATION_ALERTS;

const MARKS: readonly string[] = [
  'fatal',
  'critical',
  'minor',
  'warning',
  'informational',
  'harmless',
  'indeterminate',
];
const MAX_NOTIFICATION_ID = 65_535;
const MAX_XML = 4096;
/** Alerts whose whole data is a result code; elsewhere a bare number is just data. */
const RESULT_ALERT =
  /^(?:org\.openmobilealliance\.dm\.firmwareupdate\.|urn:oma:at:[a-z0-9-]+:[0-9.]+:Operation(?:Complete|Report)$)/;

/** How a session was opened; `client` when no alert says so. */
export function initiationOf(alerts: readonly AlertItem[]): { kind: Initiation; notificationId?: number } {
  for (const kind of ['server', 'bootstrap'] as const) {
    const alert = alerts.find((item) => item.type === INITIATION_ALERTS[kind]);
    if (alert === undefined) continue;
    const notificationId = kind === 'server' ? notificationIdOf(alert.data) : undefined;
    return notificationId === undefined ? { kind } : { kind, notificationId };
  }
  return { kind: 'client' };
}

export function isInitiation(alert: AlertItem): boolean {
  return Object.values<string>(INITIATION_ALERTS).includes(alert.type);
}

/** NOTIFICATION-ID: a number of two octets, decimal text, or an object with exactly one member that holds one of these. */
export function notificationIdOf(data: Json | undefined): number | undefined {
  const held = isObject(data) ? onlyMember(data) : data;
  const id = decimal(held);
  return id !== undefined && id <= MAX_NOTIFICATION_ID ? id : undefined;
}

function onlyMember(data: Readonly<Record<string, unknown>>): unknown {
  const members = Object.values(data);
  return members.length === 1 ? members[0] : undefined;
}

function decimal(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\d{1,9}$/.test(value.trim())) return Number(value);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export interface AlertResult {
  /** Result code of the operation that ended. */
  readonly result?: number;
  /** SCOMO: identifier of the component. */
  readonly identifier?: string;
}

/** The result that an alert reports: converted to JSON (`ResultCode`), passed through from DM 1.x (`DM1x`), or bare. */
export function resultOf(alert: Pick<AlertItem, 'type' | 'data'>): AlertResult {
  const { data } = alert;
  if (isObject(data) && data['ResultCode'] !== undefined) {
    return compact(decimal(data['ResultCode']), data['Identifier']);
  }
  const held = isObject(data) ? data['DM1x'] : data;
  const markup = typeof held === 'string' && isObject(data) ? elementsOf(held) : undefined;
  if (markup !== undefined) return markup;
  return RESULT_ALERT.test(alert.type) ? compact(decimal(held), undefined) : {};
}

function elementsOf(xml: string): AlertResult | undefined {
  const text = xml.slice(0, MAX_XML);
  const result = /<ResultCode>\s{0,64}(\d{1,9})\s{0,64}<\/ResultCode>/.exec(text)?.[1];
  const identifier = /<Identifier>([^<]*)<\/Identifier>/.exec(text)?.[1];
  return result === undefined ? undefined : compact(Number(result), identifier);
}

function compact(result: number | undefined, identifier: unknown): AlertResult {
  return {
    ...(result === undefined ? {} : { result }),
    ...(typeof identifier === 'string' ? { identifier } : {}),
  };
}

/**
 * An alert in the middle's words. Addresses that are no ClientURI are kept as they came.
 *
 * @param reportedAt token of the address that the session was opened at: an exec's own, where it has one
 */
export function alertRaised(alert: AlertItem, reportedAt?: Token): Extract<Effect, { kind: 'alertRaised' }> {
  const mark = alert.mark?.toLowerCase() ?? '';
  const { result } = resultOf(alert);
  return {
    kind: 'alertRaised',
    type: alert.type,
    mark: MARKS.includes(mark) ? mark : 'informational',
    ...(alert.sourceUri === undefined ? {} : { source: addressOf(alert.sourceUri) }),
    ...(alert.targetUri === undefined ? {} : { target: addressOf(alert.targetUri) }),
    ...(alert.dataType === undefined ? {} : { mime: alert.dataType }),
    data: alert.data ?? null,
    ...(reportedAt === undefined ? {} : { reportedAt }),
    ...(result === undefined ? {} : { resultCode: result }),
  };
}

/** A ClientURI as the middle's address; `{ uri }` when it is none or names no single node. */
export function addressOf(text: string): Address {
  const uri = parseClientUri(text);
  const plain = uri.ok ? plainAddressOf(uri.value) : undefined;
  if (plain === undefined) return { uri: text };
  const { moid, miid, path } = plain;
  return { moid, ...(miid === undefined ? {} : { miid }), path: pathOfNames(path) };
}
