/** 4. Every event was delivered, in order: to who reads them, and to who takes webhooks. */
import { readGlobalId } from '../../src/graphql/global-id';
import type { Received } from '../support/webhook-receiver';
import type { Findings } from './findings';
import type { Stored } from './stored';

export function checkEvents(
  findings: Findings,
  stored: Stored,
  read: readonly string[],
  posted: readonly Received[],
): void {
  const places = stored.events.map(({ place }) => place);
  const differs = places.findIndex((place, at) => read[at] !== place);
  findings.check(
    differs < 0 && read.length === places.length,
    () =>
      `${read.length} events were read of ${places.length}; the first that differs is number ${differs}, ${places[differs] ?? 'none'}`,
  );
  findings.check(stored.waitingDeliveries === 0, () => `${stored.waitingDeliveries} webhook deliveries still wait`);
  findings.check(stored.deadDeliveries === 0, () => `${stored.deadDeliveries} webhook deliveries were given up`);
  const deviceOf = new Map(stored.events.map(({ place, device }) => [place, device]));
  const byDevice = new Map<string, string[]>();
  const seen = new Set<string>();
  for (const { body } of posted) {
    const place = readGlobalId(body.id)?.key ?? body.id;
    const device = deviceOf.get(place);
    if (device === undefined)
      findings.check(false, () => `a webhook told of ${place} ${body.type}, which is not stored`);
    if (device === undefined || seen.has(place)) continue;
    seen.add(place);
    byDevice.set(device, [...(byDevice.get(device) ?? []), place]);
  }
  for (const device of new Set(deviceOf.values())) {
    const due = stored.events.filter((event) => event.device === device).map(({ place }) => place);
    const told = byDevice.get(device) ?? [];
    const at = due.findIndex((place, n) => told[n] !== place);
    findings.check(
      at < 0 && told.length === due.length,
      () =>
        `webhooks told ${told.length} of ${due.length} events of device ${device}; the first out of order is ${due[at] ?? 'none'}`,
    );
  }
}

/** A campaign began each device once, whatever happened to those that took it further. */
export function checkCampaign(findings: Findings, stored: Stored, devices: readonly string[]): void {
  const own = stored.operations.filter(({ caller }) => caller.startsWith('campaign:'));
  for (const deviceId of devices) {
    const times = own.filter((operation) => operation.deviceId === deviceId).length;
    findings.check(times === 1, () => `${deviceId} has ${times} operations of the campaign`);
  }
  findings.check(stored.openWakeUps === 0, () => `${stored.openWakeUps} wake-ups are open`);
}
