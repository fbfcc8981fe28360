/** A simulated DM 2.0 device: a client with a tree of its own. Source: dm2. */
import type { AlertItem } from '../../adapters/dm2/package';
import type { PendingOperation } from './behaviour';
import type { SessionTrigger, SimulatedDevice, Stepper } from './device';
import { obligingPerson } from './dm1/person';
import { ACCESS_PLANT, fillAccess } from './dm2/access';
import { Browser } from './dm2/browser';
import { pushSubscriptions, takeDefault, type Subscription } from './dm2/commands';
import { Exchange } from './dm2/exchange';
import type { Dm2DeviceOptions } from './dm2/options';
import { Dm2Session, type Dm2State } from './dm2/session';
import { SessionRecord, type SessionReport, type TranscriptEntry } from './report';
import { standardTree } from './standard-tree';
import type { Transport } from './transport';
import { DeviceTree, type NodeState } from './tree';

export type { Dm2DeviceOptions } from './dm2/options';

/** What a DM 2.0 device keeps between sessions, as JSON. */
export interface Dm2Memory {
  readonly pending: readonly PendingOperation[];
  readonly alerts: readonly AlertItem[];
  readonly defaults: Readonly<Record<string, string>>;
  readonly subscriptions: readonly Subscription[];
  readonly tree: NodeState;
}

const NOTIFICATIONS_KEPT = 32;

export class Dm2Device implements SimulatedDevice {
  readonly protocol = 'dm2';
  readonly tree: DeviceTree;
  private readonly exchange: Exchange;
  private readonly browser: Browser;
  private readonly defaults = new Map<string, string>();
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly state: Dm2State = { pending: [], alerts: [] };
  /** NOTIFICATION-IDs that came, the last ones. */
  private notified: readonly number[] = [];
  private isBootstrapTold: boolean;

  constructor(
    readonly options: Dm2DeviceOptions,
    transport: Transport,
  ) {
    const { deviceId, url, treeLimits, access, isBare } = options;
    const plants = [...(options.plants ?? []), ...(access === undefined ? [] : [ACCESS_PLANT])];
    const definition = standardTree({
      protocol: 'dm2',
      deviceId,
      serverUrl: url,
      serverId: options.serverId ?? 'server',
      plants,
      ...(isBare === undefined ? {} : { isBare }),
    });
    this.tree = new DeviceTree(definition, treeLimits);
    if (access !== undefined) fillAccess(this.tree, access);
    this.exchange = new Exchange(options, transport);
    this.isBootstrapTold = options.bootstrapped !== true;
    this.browser = new Browser(transport);
  }

  get deviceId(): string {
    return this.options.deviceId;
  }

  /** Queues an alert for the next session. */
  raise(alert: AlertItem): void {
    this.state.alerts = [...this.state.alerts, alert];
  }

  /** Whether a notification with this identifier came before; from now on it did. */
  isNotified(notificationId: number): boolean {
    const isKnown = this.notified.includes(notificationId);
    if (!isKnown) this.notified = [...this.notified, notificationId].slice(-NOTIFICATIONS_KEPT);
    return isKnown;
  }

  begin(trigger: SessionTrigger = this.isBootstrapTold ? {} : { initiatedBy: 'bootstrap' }): Stepper {
    const record = new SessionRecord('dm2', this.deviceId);
    const { options, tree, exchange, browser, defaults, subscriptions, state } = this;
    const session = new Dm2Session(
      { options, tree, exchange, browser, defaults, subscriptions, record, state },
      trigger,
    );
    const step = async (): Promise<boolean> => {
      try {
        if (!session.over) await session.step();
      } catch (error) {
        record.ended = 'error';
        record.log.push(error instanceof Error ? error.message : String(error));
      }
      if (record.authenticated) this.isBootstrapTold = true;
      return !session.over;
    };
    return { step, report: () => record.report() };
  }

  async connect(trigger?: SessionTrigger): Promise<SessionReport> {
    const stepper = this.begin(trigger);
    for (let turns = this.options.maxMessages ?? 1000; turns > 0 && (await stepper.step()); turns -= 1);
    await this.answerPages();
    return stepper.report();
  }

  /** The person answers what SHOW opened; HTTP statuses of the pages. After `connect` none is left. */
  async answerPages(): Promise<readonly number[]> {
    return this.browser.use(this.options.person ?? obligingPerson);
  }

  /** Puts what changed below subscribed nodes to their repository addresses; how many were taken. */
  async pushChanges(): Promise<number> {
    const transcript: TranscriptEntry[] = [];
    const { options, tree, exchange, browser, defaults, subscriptions } = this;
    return pushSubscriptions({ options, tree, exchange, browser, defaults, subscriptions, transcript });
  }

  /** An application needs values of an MO: where DEFAULT said so they are fetched; status as of an HGET. */
  async needs(moid: string): Promise<number | undefined> {
    const { options, tree, exchange, browser, defaults, subscriptions } = this;
    return takeDefault({ options, tree, exchange, browser, defaults, subscriptions, transcript: [] }, moid);
  }

  save(): Dm2Memory {
    return {
      ...this.state,
      defaults: Object.fromEntries(this.defaults),
      subscriptions: [...this.subscriptions.values()],
      tree: this.tree.snapshot(),
    };
  }

  load(memory: Dm2Memory): void {
    this.state.pending = memory.pending;
    this.state.alerts = memory.alerts;
    this.defaults.clear();
    for (const [moid, uri] of Object.entries(memory.defaults)) this.defaults.set(moid, uri);
    this.subscriptions.clear();
    for (const subscription of memory.subscriptions) this.subscriptions.set(subscription.clientUri, subscription);
    this.tree.restore(memory.tree);
  }
}
