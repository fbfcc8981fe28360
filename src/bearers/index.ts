/** The bearers of a configuration. */
import type { BearerSettings } from '../config/bearer-settings';
import { readUdpAddress } from './address';
import type { Bearer, BearerLimits, BearerLog, DeliveryReport } from './bearer';
import { NONE, noneBearer } from './none';
import { PapBearer } from './pap';
import { SmppBearer } from './smpp';
import { UdpBearer } from './udp';
import { WebhookBearer } from './webhook';

export interface BearerSet {
  /** Undefined for a name that the configuration does not know. */
  find(name: string): { readonly bearer: Bearer; readonly limits: BearerLimits } | undefined;
  /** Those that send; `none` is known and not among them. */
  readonly names: readonly string[];
  /** What speaks against a device's address for datagrams; undefined: some bearer may send there. */
  objectionToUdpAddress(address: string): string | undefined;
  close(): Promise<void>;
}

export interface BearerDeps {
  readonly log: BearerLog;
  readonly reported?: (report: DeliveryReport) => void;
  readonly now?: () => number;
  readonly random?: () => number;
}

const UNLIMITED: BearerLimits = { ratePerSecond: 100_000, timeoutMs: 1000, attempts: 1 };

/** Opens no connection before the first sending. */
export function createBearers(settings: Readonly<Record<string, BearerSettings>>, deps: BearerDeps): BearerSet {
  const made = new Map<string, { readonly bearer: Bearer; readonly limits: BearerLimits }>();
  for (const [name, of] of Object.entries(settings)) made.set(name, { bearer: makeBearer(name, of, deps), limits: of });
  const udp = [...made.values()].flatMap(({ bearer }) => (bearer instanceof UdpBearer ? [bearer] : []));
  return {
    names: [...made.keys()],
    find: (name) => (name === NONE ? { bearer: noneBearer, limits: UNLIMITED } : made.get(name)),
    objectionToUdpAddress: (address) => {
      if (readUdpAddress(address) !== undefined && udp.length === 0)
        return 'no bearer of the configuration sends datagrams';
      const objections = udp.map((bearer) => bearer.objectionTo(address));
      return objections.includes(undefined) ? undefined : (objections[0] ?? 'is no address such as 192.0.2.1');
    },
    close: async () => {
      await Promise.all([...made.values()].map(({ bearer }) => bearer.close()));
    },
  };
}

function makeBearer(name: string, settings: BearerSettings, { log, now, random, reported }: BearerDeps): Bearer {
  switch (settings.type) {
    case 'smpp':
      return new SmppBearer(name, settings, { log, random, reported });
    case 'pap':
      return new PapBearer(name, settings);
    case 'udp':
      return new UdpBearer(name, settings, log);
    case 'webhook':
      return new WebhookBearer(name, settings, now);
  }
}
