/** Runs simulated devices: once, when poked, or polling until stopped. Used by `moql simulate` and by tests. */
import type { SessionTrigger, SimulatedDevice } from './device';
import { Dm1Device, type Dm1DeviceOptions } from './dm1-device';
import { Dm2Device, type Dm2DeviceOptions } from './dm2-device';
import { deviceIdOf } from './identity';
import type { SessionReport } from './report';
import { httpTransport, type Transport } from './transport';
import { listenForWakeUps, type WakeUpListener, type Woken } from './wake-ups';

interface Common {
  /** Devices to make; their identifiers count up from `deviceId`. Default 1. */
  readonly count?: number;
  /** Default: HTTP with kept-alive connections. */
  readonly transport?: Transport;
  /** Begin a session of each device every so many seconds; absent: only when told. */
  readonly pollSeconds?: number;
  /** Sessions that run at the same time; default 16. */
  readonly concurrency?: number;
  /** Called after each session. */
  readonly onReport?: (report: SessionReport) => void;
  /** Called with each wake-up that {@link Simulation.listen} heard. */
  readonly onWakeUp?: (deviceId: string, woken: Woken) => void;
  /** User and secret of each device where they differ; else those of the options. */
  readonly login?: (deviceId: string, n: number) => { readonly user: string; readonly secret: string } | undefined;
}

export type SimulateOptions =
  | (Common & { readonly protocol: 'dm1'; readonly device: Dm1DeviceOptions })
  | (Common & { readonly protocol: 'dm2'; readonly device: Dm2DeviceOptions });

export class Simulation {
  readonly devices: readonly (Dm1Device | Dm2Device)[];
  private readonly transport: Transport & { readonly close?: () => void };
  private readonly last = new Map<SimulatedDevice, Promise<unknown>>();
  private readonly waiting: (() => void)[] = [];
  private readonly stopping: (() => void)[] = [];
  private readonly listeners: WakeUpListener[] = [];
  private running = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: SimulateOptions) {
    this.transport = options.transport ?? httpTransport();
    this.devices = Array.from({ length: options.count ?? 1 }, (_, n) => this.make(n));
    const { pollSeconds } = options;
    if (pollSeconds !== undefined) this.poll(pollSeconds * 1000);
  }

  /** One session of each device. */
  async connectAll(trigger?: SessionTrigger): Promise<readonly SessionReport[]> {
    return Promise.all(this.devices.map((device) => this.connect(device, trigger)));
  }

  /** One session of a device, as after a notification. Sessions of one device follow one another. */
  async poke(
    deviceId: string,
    trigger: SessionTrigger = { initiatedBy: 'server' },
  ): Promise<SessionReport | undefined> {
    const device = this.devices.find((one) => one.deviceId === deviceId);
    return device === undefined ? undefined : this.connect(device, trigger);
  }

  /**
   * The devices listen for wake-ups by UDP, each on a port of its own from `port` on (0: any), and begin a session after
   * each that they believe.
   *
   * @returns where they listen, in the order of the devices
   */
  async listen(at: { readonly host: string; readonly port: number }): Promise<readonly string[]> {
    for (const [n, device] of this.devices.entries()) {
      const port = at.port === 0 ? 0 : at.port + n;
      const listener = await listenForWakeUps(device, { host: at.host, port }, (woken) => {
        this.options.onWakeUp?.(device.deviceId, woken);
        if (woken.ok && !this.stopped) void this.connect(device, woken.trigger);
      });
      this.listeners.push(listener);
    }
    return this.listeners.map(({ address }) => address);
  }

  /** Settles when {@link stop} was called. */
  async untilStopped(): Promise<void> {
    if (!this.stopped) await new Promise<void>((resolve) => this.stopping.push(resolve));
  }

  /** No new session begins; running ones come to their end. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await Promise.all(this.listeners.splice(0).map((listener) => listener.close()));
    await Promise.all(this.last.values());
    this.transport.close?.();
    for (const resolve of this.stopping.splice(0)) resolve();
  }

  private async connect(device: SimulatedDevice, trigger?: SessionTrigger): Promise<SessionReport> {
    const before = this.last.get(device) ?? Promise.resolve();
    const session = before.then(() => this.limited(() => device.connect(trigger)));
    this.last.set(device, session);
    const report = await session;
    this.options.onReport?.(report);
    return report;
  }

  private async limited<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= (this.options.concurrency ?? 16))
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next in line, or becomes free.
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }

  /** A session of each device at once, and again every so many milliseconds, until {@link stop}. */
  poll(everyMs: number): void {
    const round = async (): Promise<void> => {
      await this.connectAll();
      if (!this.stopped) this.timer = setTimeout(() => void round(), everyMs);
    };
    void round();
  }

  private make(n: number): Dm1Device | Dm2Device {
    const { options } = this;
    const deviceId = deviceIdOf(options.device.deviceId, n);
    const login = options.login?.(deviceId, n);
    return options.protocol === 'dm1'
      ? new Dm1Device({ ...options.device, ...login, deviceId }, this.transport)
      : new Dm2Device({ ...options.device, ...login, deviceId }, this.transport);
  }
}

/** Makes the devices and, with `pollSeconds`, begins their first sessions at once. */
export function simulate(options: SimulateOptions): Simulation {
  return new Simulation(options);
}
