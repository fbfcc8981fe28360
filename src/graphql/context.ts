/** What the resolvers of one request share: the caller, the services, and look-ups that are gathered over the whole query. */
import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import { responsePathAsArray } from 'graphql';

import { familyOf } from '../../schema/ddf/identity';
import type { AccountView, Caller, DeviceView, MoView, Services } from '../management/types';

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
  /** Milliseconds since 1970 at which the request came in: ages are reckoned from here. */
  readonly startedAt: number;

  private devicesByKey = this.deviceKeyLoader();
  private devicesById = this.deviceIdLoader();
  private accountsById = this.accountLoader();
  private objectsByDevice = this.objectLoader();

  constructor(
    readonly caller: Caller,
    readonly services: Services,
    readonly now: () => number = Date.now,
  ) {
    this.startedAt = now();
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

  /** Instances on a device, in order of family and MIID; of one family when a MOID of it is given. */
  objects(device: string, moid?: string): Promise<readonly MoView[]> {
    return this.objectsByDevice.load(moid === undefined ? device : `${device} ${familyOf(moid)}`);
  }

  /** Forgets what was loaded: after a mutation, and after devices were asked. */
  reload(): void {
    this.devicesByKey = this.deviceKeyLoader();
    this.devicesById = this.deviceIdLoader();
    this.accountsById = this.accountLoader();
    this.reloadObjects();
  }

  reloadObjects(): void {
    this.objectsByDevice = this.objectLoader();
  }

  private deviceKeyLoader(): DataLoader<string, DeviceView | null> {
    return new DataLoader((keys) => this.services.devices.getMany(keys), { maxBatchSize: MAX_BATCH });
  }

  private deviceIdLoader(): DataLoader<string, DeviceView | null> {
    return new DataLoader((ids) => this.services.devices.findMany(ids), { maxBatchSize: MAX_BATCH });
  }

  private accountLoader(): DataLoader<string, AccountView | null> {
    return new DataLoader((ids) => this.services.accounts.getMany(ids), { maxBatchSize: MAX_BATCH });
  }

  /** Keys are `DEVICE` or `DEVICE FAMILY`; one call loads all of them. */
  private objectLoader(): DataLoader<string, readonly MoView[]> {
    return new DataLoader(async (keys) => loadObjects(keys, this.services), { maxBatchSize: MAX_BATCH * 8 });
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
