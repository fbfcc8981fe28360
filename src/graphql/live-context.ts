/** The context of subscriptions: who asked, as he stands at each delivery. */
import type { Caller, DeviceView, Services } from '../management/types';
import { ManagementError } from '../management/types';
import type { Rights } from '../access/rights';
import { RequestContext } from './context';

/** How a caller came in, and what all who did share. */
export interface Entrance {
  readonly services: Services;
  /** Whether the key that was shown is good, now. */
  readonly authenticate: () => Promise<Caller | null>;
  /** Address of the other end. */
  readonly remote?: string | undefined;
  readonly devices: DeviceMemo;
  readonly now?: () => number;
}

export class LiveContext extends RequestContext {
  constructor(
    private readonly entrance: Entrance,
    caller: Caller,
    rights: Rights,
  ) {
    super(caller, entrance.services, rights, entrance.now);
    this.remote = entrance.remote;
  }

  /** For the next delivery: nothing that was loaded or decided before counts. UNAUTHENTICATED when the key ended. */
  renewed(): Promise<LiveContext> {
    return enter(this.entrance);
  }

  /** The same event is told to many at about the same time. */
  override deviceByKey(key: string): Promise<DeviceView | null> {
    // What a device is to grants by filter is the caller's own.
    if (this.rights.filters.length > 0) return super.deviceByKey(key);
    return this.entrance.devices.get(key, () => super.deviceByKey(key));
  }
}

/** Throws UNAUTHENTICATED. */
export async function enter(entrance: Entrance): Promise<LiveContext> {
  const caller = await entrance.authenticate();
  if (caller === null)
    throw new ManagementError('UNAUTHENTICATED', 'The key is missing, or it is not known (any more).');
  return new LiveContext(entrance, caller, await entrance.services.grants.rightsOf(caller));
}

/** Devices that were just loaded. */
export class DeviceMemo {
  readonly #known = new Map<string, { readonly at: number; readonly device: Promise<DeviceView | null> }>();

  /** @param keptMs so long what was loaded counts as new */
  constructor(
    private readonly keptMs = 250,
    private readonly most = 1_000,
  ) {}

  get(key: string, load: () => Promise<DeviceView | null>): Promise<DeviceView | null> {
    const known = this.#known.get(key);
    if (known && Date.now() - known.at < this.keptMs) return known.device;
    const device = load();
    this.#known.delete(key);
    this.#known.set(key, { at: Date.now(), device });
    device.catch(() => this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.most && oldest !== undefined) this.#known.delete(oldest);
    return device;
  }
}
