/** What the resolvers of one request share: the caller, the services, and look-ups that are gathered over the whole query. */
import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import { responsePathAsArray } from 'graphql';

import { familyOf } from '../../schema/ddf/identity';
import type { Rights } from '../access/rights';
import { accessEntries, DAC_FAMILY } from '../management/dac';
import { readableObjects, scopedDevice } from '../management/readable';
import type { SubscriptionView } from '../management/subscription-state';
import type { Prepared } from './prepare/prepare';
import type {
  AccessEntry,
  AccountView,
  Caller,
  DeviceCredentialView,
  DeviceView,
  MoView,
  ObservedAcl,
  Services,
} from '../management/types';
import { fittingServices } from './fitting';

/** Something that went less well than asked but fails no field; listed in `extensions.warnings`. */
export interface Warning {
  readonly code: 'STALE' | 'BAD_VALUE';
  readonly path: readonly (string | number)[];
}

/** More warnings than this are counted, not listed. */
const MAX_WARNINGS = 1000;
/** Keys of one statement. */
const MAX_BATCH = 1000;

export class RequestContext {
  readonly warnings: Warning[] = [];
  warningsLeftOut = 0;
  /** What is asked for; set where Apollo Server hands the context on to what executes it. */
  prepared?: Prepared;
  /** Address of who asks, where it is known. */
  remote: string | undefined;
  /** Milliseconds since 1970 at which the request came in: ages are reckoned from here. */
  readonly startedAt: number;

  /** Shared by copies of this context. */
  private readonly life = { isOver: false };
  private devicesByKey = this.deviceKeyLoader();
  private devicesById = this.deviceIdLoader();
  private accountsById = this.accountLoader();
  private objectsByDevice = this.objectLoader();
  private aclsByDevice = this.aclLoader();
  private subscriptionsByDevice = this.subscriptionLoader();
  private credentialsByDevice = this.credentialLoader();

  readonly services: Services;

  /** @param rights what the caller may do, loaded once for the whole request */
  constructor(
    readonly caller: Caller,
    services: Services,
    readonly rights: Rights,
    readonly now: () => number = Date.now,
  ) {
    this.services = fittingServices(services, rights);
    this.startedAt = now();
  }

  /** Nobody waits for the answer any more: nothing more is loaded for it. */
  giveUp(): void {
    this.life.isOver = true;
  }

  warn(code: Warning['code'], info: GraphQLResolveInfo): void {
    if (this.warnings.length >= MAX_WARNINGS) {
      this.warningsLeftOut++;
      return;
    }
    this.warnings.push({ code, path: responsePathAsArray(info.path) });
  }

  deviceByKey(key: string): Promise<DeviceView | null> {
    return this.devicesByKey.load(key);
  }

  deviceById(deviceId: string): Promise<DeviceView | null> {
    return this.devicesById.load(deviceId);
  }

  account(id: string): Promise<AccountView | null> {
    return this.accountsById.load(id);
  }

  /**
   * Instances on a device, in order of family and MIID; of one family when a MOID of it is given. Those alone, and of them
   * what alone, the caller may read.
   */
  async objects(device: DeviceView, moid?: string): Promise<readonly MoView[]> {
    const found = await this.objectsByDevice.load(moid === undefined ? device.key : `${device.key} ${familyOf(moid)}`);
    return readableObjects(found, device, this.rights);
  }

  /** ACLs seen on an instance, in order of path; those alone that the caller may read, which takes DELEGATE. */
  async acls(device: DeviceView, { family, miid }: MoView): Promise<readonly ObservedAcl[]> {
    const scoped = scopedDevice(device);
    if (!this.rights.within('DELEGATE', scoped)) return [];
    const found = await this.aclsByDevice.load(device.key);
    return found.filter((acl) => acl.family === family && acl.miid === miid && this.rights.at('DELEGATE', scoped, acl));
  }

  /** Credentials of a device's own, without secrets. */
  credentials(device: DeviceView): Promise<readonly DeviceCredentialView[]> {
    return this.credentialsByDevice.load(device.key);
  }

  /** Subscriptions of an instance, in order of path; those alone that the caller may read. */
  async subscriptions(device: DeviceView, { family, miid }: MoView): Promise<readonly SubscriptionView[]> {
    const found = await this.subscriptionsByDevice.load(device.key);
    const scoped = scopedDevice(device);
    return found.filter((one) => one.family === family && one.miid === miid && this.rights.at('READ', scoped, one));
  }

  /** Who may do what with an instance on a DM 2.0 device; null where that is not known, and without DELEGATE on it. */
  async access(device: DeviceView, { family, miid }: MoView): Promise<readonly AccessEntry[] | null> {
    if (!this.rights.at('DELEGATE', scopedDevice(device), { family, path: '' })) return null;
    const objects = await this.objectsByDevice.load(`${device.key} ${DAC_FAMILY}`);
    const documents = objects.map(({ values }) => values);
    return accessEntries(documents, { family, miid }) ?? null;
  }

  /** Forgets what was loaded: after a mutation, and after devices were asked. */
  reload(): void {
    this.devicesByKey = this.deviceKeyLoader();
    this.devicesById = this.deviceIdLoader();
    this.accountsById = this.accountLoader();
    this.aclsByDevice = this.aclLoader();
    this.subscriptionsByDevice = this.subscriptionLoader();
    this.credentialsByDevice = this.credentialLoader();
    this.reloadObjects();
  }

  reloadObjects(): void {
    this.objectsByDevice = this.objectLoader();
  }

  private deviceKeyLoader(): DataLoader<string, DeviceView | null> {
    return this.loader((keys) => this.services.devices.getMany(keys));
  }

  private deviceIdLoader(): DataLoader<string, DeviceView | null> {
    return this.loader((ids) => this.services.devices.findMany(ids));
  }

  private accountLoader(): DataLoader<string, AccountView | null> {
    return this.loader((ids) => this.services.accounts.getMany(ids));
  }

  private aclLoader(): DataLoader<string, readonly ObservedAcl[]> {
    const load = async (keys: readonly string[]): Promise<readonly (readonly ObservedAcl[])[]> => {
      const found = new Map<string, ObservedAcl[]>(keys.map((key) => [key, []]));
      for (const acl of await this.services.objects.acls(keys)) found.get(acl.device)?.push(acl);
      return keys.map((key) => found.get(key) ?? []);
    };
    return this.loader(load);
  }

  private credentialLoader(): DataLoader<string, readonly DeviceCredentialView[]> {
    const load = async (keys: readonly string[]): Promise<readonly (readonly DeviceCredentialView[])[]> => {
      const found = new Map<string, DeviceCredentialView[]>(keys.map((key) => [key, []]));
      for (const one of await this.services.devices.credentials(keys)) found.get(one.device)?.push(one);
      return keys.map((key) => found.get(key) ?? []);
    };
    return this.loader(load);
  }

  private subscriptionLoader(): DataLoader<string, readonly SubscriptionView[]> {
    const load = async (keys: readonly string[]): Promise<readonly (readonly SubscriptionView[])[]> => {
      const found = await this.services.subscriptions.list(keys);
      return keys.map((key) => found.filter(({ device }) => device === key));
    };
    return this.loader(load);
  }

  /** Keys are `DEVICE` or `DEVICE FAMILY`; one call loads all of them. */
  private objectLoader(): DataLoader<string, readonly MoView[]> {
    return this.loader((keys) => loadObjects(keys, this.services), MAX_BATCH * 8);
  }

  private loader<V>(
    load: (keys: readonly string[]) => Promise<readonly (V | Error)[]>,
    maxBatchSize = MAX_BATCH,
  ): DataLoader<string, V> {
    const { life } = this;
    return new DataLoader(
      (keys) => (life.isOver ? Promise.reject(new Error('the request was given up')) : load(keys)),
      { maxBatchSize },
    );
  }
}

async function loadObjects(keys: readonly string[], services: Services): Promise<readonly (readonly MoView[])[]> {
  const devices = new Set<string>();
  const families = new Set<string>();
  let all = false;
  for (const key of keys) {
    const blank = key.indexOf(' ');
    devices.add(blank < 0 ? key : key.slice(0, blank));
    if (blank < 0) all = true;
    else families.add(key.slice(blank + 1));
  }
  const views = await services.objects.load([...devices], all ? undefined : [...families]);
  const found = new Map<string, MoView[]>();
  for (const view of [...views].sort(byFamilyAndMiid)) {
    for (const key of [view.device, `${view.device} ${view.family}`]) {
      const list = found.get(key);
      if (list) list.push(view);
      else found.set(key, [view]);
    }
  }
  return keys.map((key) => found.get(key) ?? []);
}

function byFamilyAndMiid(a: MoView, b: MoView): number {
  if (a.family !== b.family) return a.family < b.family ? -1 : 1;
  return a.miid < b.miid ? -1 : a.miid > b.miid ? 1 : 0;
}
