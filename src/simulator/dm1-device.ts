/** A simulated DM 1.x device: a full DM 1.2 client over a tree of its own. Source: dm1. */
import { randomBytes } from 'node:crypto';

import type { PendingOperation } from './behaviour';
import type { DeviceAlert, Dm1Memory } from './dm1/memory';
import type { Dm1DeviceOptions } from './dm1/options';
import { Dm1Session, type Dm1Host } from './dm1/session';
import type { SimulatedDevice, SessionTrigger, Stepper } from './device';
import { SessionRecord, type SessionReport } from './report';
import { standardTree } from './standard-tree';
import type { Transport } from './transport';
import { DeviceTree } from './tree';

export type { Dm1DeviceOptions } from './dm1/options';

export class Dm1Device implements SimulatedDevice {
  readonly protocol = 'dm1';
  readonly tree: DeviceTree;
  private sessionNo = 0;
  private clientNonce: Uint8Array | undefined;
  private serverNonce: Uint8Array | undefined;
  private pending: readonly PendingOperation[] = [];
  private alerts: readonly DeviceAlert[] = [];

  constructor(readonly options: Dm1DeviceOptions, private readonly transport: Transport) {
    const { deviceId, url, plants, treeLimits } = options;
    const definition = standardTree({ protocol: 'dm1', deviceId, serverUrl: url, serverId: options.serverUser ?? 'server', ...(plants === undefined ? {} : { plants }) });
    this.tree = new DeviceTree(definition, treeLimits);
  }

  get deviceId(): string {
    return this.options.deviceId;
  }

  /** Queues an alert for the next session. */
  raise(alert: DeviceAlert): void {
    this.alerts = [...this.alerts, alert];
  }

  begin(trigger: SessionTrigger = {}): Stepper {
    this.sessionNo = (this.sessionNo % 0xffff) + 1;
    const record = new SessionRecord('dm1', this.deviceId);
    const device = this;
    const host: Dm1Host = {
      options: this.options, tree: this.tree, record, random: this.options.random ?? ((count) => new Uint8Array(randomBytes(count))),
      get clientNonce() { return device.clientNonce; },
      set clientNonce(nonce) { device.clientNonce = nonce; },
      get serverNonce() { return device.serverNonce; },
      set serverNonce(nonce) { device.serverNonce = nonce; },
      get pending() { return device.pending; },
      set pending(pending) { device.pending = pending; },
      get alerts() { return device.alerts; },
      set alerts(alerts) { device.alerts = alerts; },
    };
    const session = new Dm1Session(host, {
      sessionId: trigger.sessionId ?? this.sessionNo.toString(16).toUpperCase(), initiatedBy: trigger.initiatedBy ?? 'client',
    });
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
    return {
      sessionNo: this.sessionNo, pending: this.pending, alerts: this.alerts, tree: this.tree.snapshot(),
      ...(this.clientNonce === undefined ? {} : { clientNonce: text(this.clientNonce) }),
      ...(this.serverNonce === undefined ? {} : { serverNonce: text(this.serverNonce) }),
    };
  }

  load(memory: Dm1Memory): void {
    const octets = (text: string | undefined): Uint8Array | undefined => (text === undefined ? undefined : new Uint8Array(Buffer.from(text, 'base64')));
    this.sessionNo = memory.sessionNo;
    this.clientNonce = octets(memory.clientNonce);
    this.serverNonce = octets(memory.serverNonce);
    this.pending = memory.pending;
    this.alerts = memory.alerts;
    this.tree.restore(memory.tree);
  }
}
