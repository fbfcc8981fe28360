/**
 * The answer to a package that could not be processed. Mostly an END: a 5xx would make the client give up (OMA-TS-DM_Protocol-V2_0,
 * 5.6). But alerts are never answered, so a client takes a Package#2 for the sign that they came: a package with one that is
 * stored nowhere gets a 503, and the client tells of it again.
 */
import type { Inbound, Wire } from '../../adapter';
import { INITIATION_ALERTS } from '../alerts';
import { messageOf, openPackage } from './open';
import { endWire, refusalWire } from './wires';

/** Alerts that say how the session began: nothing is lost with them. */
const SAY_NOTHING: readonly string[] = [INITIATION_ALERTS.client, INITIATION_ALERTS.server];
const RETRY_AFTER_S = 60;

export function busyWire(inbound: Inbound): Wire {
  const opened = openPackage(inbound);
  const alerts = 'envelope' in opened ? (messageOf(opened.envelope).content.alerts ?? []) : [];
  if (alerts.every(({ type }) => SAY_NOTHING.includes(type))) return endWire();
  return refusalWire(503, { 'retry-after': `${RETRY_AFTER_S}` });
}
