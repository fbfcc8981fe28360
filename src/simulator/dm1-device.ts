/** A simulated DM 1.x device: a full DM 1.x client over a tree of its own. Source: dm1. */
import { randomBytes } from 'node:crypto';

import { sameAnswer, type DeviceChaos } from './dm1/chaos';
import { traitsOf, type ClientProfile } from './dm1/clients';
import type { DeviceAlert, Dm1Memory } from './dm1/memory';
import type { Dm1DeviceOptions } from './dm1/options';
import { violation } from './dm1/rules';
import { Dm1Session, type Dm1State } from './dm1/session';
import type { Traits } from './dm1/traits';
import { httpDigest } from './dm2/exchange';
import type { SimulatedDevice, SessionTrigger, Stepper } from './device';
import { accountOf } from './accounts';
import { SessionRecord, type SessionReport } from './report';
import { standardTree } from './standard-tree';
import type { Transport, WireRequest, WireResponse } from './transport';
import { DeviceTree } from './tree';

export type { Dm1DeviceOptions } from './dm1/options';

export class Dm1Device implements SimulatedDevice {
  readonly protocol = 'dm1';
  readonly tree: DeviceTree;
  private sessionNo = 0;
  /** Sessions begun by this object. */
  private begun = 0;
  private readonly state: Dm1State = { pending: [], alerts: [] };

  readonly options: Dm1DeviceOptions;
  private readonly traits: Traits;
  private chaos: DeviceChaos | undefined;
  /** With the credentials of HTTP where it has some. */
  private readonly transport: Transport;

  constructor(
    given: Dm1DeviceOptions,
    private readonly carrier: Transport,
    /** Another account of the same device shares its tree. */
    tree?: DeviceTree,
  ) {
    this.traits = traitsOf(given.client);
    const told = Object.entries(given).filter(([, value]) => value !== undefined);
    this.options = { ...defaultsOf(given.client, this.traits), ...(Object.fromEntries(told) as typeof given) };
    const { deviceId, url, plants, isBare, treeLimits, version, chaos, auth } = this.options;
    this.transport = auth === 'digest' ? httpDigest(this.options, carrier) : carrier;
    this.chaos = chaos?.of(deviceId);
    const { accountPlace, devInfoValues, largeObjects } = this.traits;
    const definition = standardTree({
      protocol: 'dm1',
      deviceId,
      serverUrl: url,
      serverId: this.options.serverUser ?? 'server',
      dm1: {
        version: version ?? '1.2',
        ...(accountPlace === undefined ? {} : { accountPlace }),
        ...(devInfoValues === undefined ? {} : { devInfoValues }),
        ...(largeObjects === undefined ? {} : { largeObjects }),
      },
      ...(plants === undefined ? {} : { plants }),
      ...(isBare === undefined ? {} : { isBare }),
    });
    this.tree = tree ?? new DeviceTree(definition, treeLimits, version === '1.3' ? '1.3' : '1.2');
    this.state.clientNonce = this.options.nonces?.client;
    this.state.serverNonce = this.options.nonces?.server;
  }

  get deviceId(): string {
    return this.options.deviceId;
  }

  /** The same device as it speaks to another server, by the account that it has of it; undefined when it has none. */
  withAccountOf(serverId: string): Dm1Device | undefined {
    const account = accountOf(this.tree, serverId);
    return account && new Dm1Device({ ...this.options, ...account, auth: 'md5' }, this.carrier, this.tree);
  }

  /** Queues an alert for the next session. */
  raise(alert: DeviceAlert): void {
    this.state.alerts = [...this.state.alerts, alert];
  }

  /** No misbehaviour from now on. */
  calm(): void {
    this.chaos = undefined;
  }

  begin(trigger: SessionTrigger = {}): Stepper {
    this.sessionNo = (this.sessionNo % 0xffff) + 1;
    this.begun += 1;
    const record = new SessionRecord('dm1', this.deviceId);
    const { options, tree, state, traits, chaos } = this;
    const random = options.random ?? ((count: number) => new Uint8Array(randomBytes(count)));
    const session = new Dm1Session(
      { options, tree, record, random, state, traits, chaos },
      {
        sessionId: sessionIdOf(traits, this.sessionNo, trigger.sessionId),
        initiatedBy: trigger.initiatedBy === 'server' ? 'server' : 'client',
      },
    );
    let messages = 0;
    const patience = this.begun % 2 === 1 ? options.interruptAfter : undefined;
    const step = async (): Promise<boolean> => {
      if (session.over) return false;
      messages += 1;
      try {
        const request = session.next();
        if (session.over) return false;
        const response = await this.exchange(request);
        const again = options.repeats === true ? await this.transport(request) : response;
        if (messages === patience || chaos?.breaksOff() === true) session.leave();
        else session.receive(again);
        // A refusal does nothing that could be done twice: it has a nonce of its own each time.
        if (session.isAuthenticated && !sameAnswer(response, again))
          record.violations.push(violation('REPEAT', `${response.body.length} and ${again.body.length} octets`));
      } catch (error) {
        session.lost(error instanceof Error ? error.message : String(error));
      }
      return !session.over;
    };
    return { step, report: () => record.report() };
  }

  private exchange(request: WireRequest): Promise<WireResponse> {
    return this.chaos === undefined ? this.transport(request) : this.chaos.exchange(request, this.transport);
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

/** What a client does unless the caller wants it otherwise. */
function defaultsOf(client: ClientProfile | undefined, traits: Traits): Partial<Dm1DeviceOptions> {
  if (client === undefined) return {};
  return {
    wbxml: client.forms[0] === 'wbxml',
    wbxmlPublicIdAsText: traits.wbxmlPublicIdAsText === true,
    version: client.version,
    auth: client.auth,
  };
}

/** Source: dm1 3, 16.3, 20; client-quirks 15, 22. */
function sessionIdOf(traits: Traits, number: number, notified: string | undefined): string {
  if (notified !== undefined) return traits.swapsNotifiedId === true ? swapped(notified) : notified;
  switch (traits.sessionIds ?? 'hex') {
    case 'hex':
      return number.toString(16).toUpperCase();
    case 'lowerHex':
      return number.toString(16);
    case 'decimal':
      return String(number);
    case 'one':
      return '1';
  }
}

/** The two octets of a 16-bit number in hex: `102` → `201`. */
function swapped(hex: string): string {
  const number = Number.parseInt(hex, 16);
  return (((number & 0xff) << 8) | (number >> 8)).toString(16).toUpperCase();
}
