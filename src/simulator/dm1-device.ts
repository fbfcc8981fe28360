/** A simulated DM 1.x device: a full DM 1.2 client over a tree of its own. Source: dm1. */
import { randomBytes } from 'node:crypto';

import type { DeviceAlert, Dm1Memory } from './dm1/memory';
import type { Dm1DeviceOptions } from './dm1/options';
import { Dm1Session, type Dm1State } from './dm1/session';
import type { SimulatedDevice, SessionTrigger, Stepper } from './device';
import { accountOf } from './accounts';
import { SessionRecord, type SessionReport } from './report';
import { standardTree } from './standard-tree';
import type { Transport } from './transport';
import { DeviceTree } from './tree';

export type { Dm1DeviceOptions } from './dm1/options';

export class Dm1Device implements SimulatedDevice {
  readonly protocol = 'dm1';
  readonly tree: DeviceTree;
  private sessionNo = 0;
  private readonly state: Dm1State = { pending: [], alerts: [] };

  constructor(
    readonly options: Dm1DeviceOptions,
    private readonly transport: Transport,
    /** Another account of the same device shares its tree. */
    tree?: DeviceTree,
  ) {
    const { deviceId, url, plants, treeLimits } = options;
    const definition = standardTree({
      protocol: 'dm1',
      deviceId,
      serverUrl: url,
      serverId: options.serverUser ?? 'server',
      ...(plants === undefined ? {} : { plants }),
    });
    this.tree = tree ?? new DeviceTree(definition, treeLimits, options.version === '1.3' ? '1.3' : '1.2');
  }

  get deviceId(): string {
    return this.options.deviceId;
  }

  /** The same device as it speaks to another server, by the account that it has of it; undefined when it has none. */
  withAccountOf(serverId: string): Dm1Device | undefined {
    const account = accountOf(this.tree, serverId);
    return account && new Dm1Device({ ...this.options, ...account, auth: 'md5' }, this.transport, this.tree);
  }

  /** Queues an alert for the next session. */
  raise(alert: DeviceAlert): void {
    this.state.alerts = [...this.state.alerts, alert];
  }

  begin(trigger: SessionTrigger = {}): Stepper {
    this.sessionNo = (this.sessionNo % 0xffff) + 1;
    const record = new SessionRecord('dm1', this.deviceId);
    const { options, tree, state } = this;
    const random = options.random ?? ((count: number) => new Uint8Array(randomBytes(count)));
    const session = new Dm1Session(
      { options, tree, record, random, state },
      {
        sessionId: trigger.sessionId ?? this.sessionNo.toString(16).toUpperCase(),
        initiatedBy: trigger.initiatedBy ?? 'client',
      },
    );
    const step = async (): Promise<boolean> => {
      if (session.over) return false;
      try {
        session.receive(await this.transport(session.next()));
      } catch (error) {
        session.lost(error instanceof Error ? error.message : String(error));
      }
      return !session.over;
    };
    return { step, report: () => record.report() };
  }

  async connect(trigger: SessionTrigger = {}): Promise<SessionReport> {
    const stepper = this.begin(trigger);
    for (let turns = this.options.maxMessages ?? 1000; turns > 0 && (await stepper.step()); turns -= 1);
    return stepper.report();
  }

  save(): Dm1Memory {
    const text = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
    const { clientNonce, serverNonce, pending, alerts } = this.state;
    return {
      sessionNo: this.sessionNo,
      pending,
      alerts,
      tree: this.tree.snapshot(),
      ...(clientNonce === undefined ? {} : { clientNonce: text(clientNonce) }),
      ...(serverNonce === undefined ? {} : { serverNonce: text(serverNonce) }),
    };
  }

  load(memory: Dm1Memory): void {
    const octets = (text: string | undefined): Uint8Array | undefined =>
      text === undefined ? undefined : new Uint8Array(Buffer.from(text, 'base64'));
    this.sessionNo = memory.sessionNo;
    this.state.clientNonce = octets(memory.clientNonce);
    this.state.serverNonce = octets(memory.serverNonce);
    this.state.pending = memory.pending;
    this.state.alerts = memory.alerts;
    this.tree.restore(memory.tree);
  }
}
