/** A tortured device: it does what its plan says, and is woken up meanwhile; one session at a time. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Dm1Device, Dm2Device, SessionReport } from '../../src/simulator';
import { wokenBy } from '../../src/simulator/wake-ups';
import { SERVER_ID, SERVER_SECRET, credentialOf, register, simulated } from '../gateway/support/world';
import type { Accepted, Caller } from './caller';
import type { Gateways } from './gateways';
import { PLACE, rack } from './object';
import { Random } from './random';
import { DeviceRecord } from './record';
import { Road } from './road';
import type { PlannedDevice, Step } from './schedule';

const ALERT = 'com.acme.rack.told';
/** DM 2.0 has no session identifiers: for ten seconds a Package#1 like the one before it is that one. */
const SAME_PACKAGE_MS = 11_000;
/**
 * A message that comes late begins a session of its own, or is a stranger's, as is one of a session that is over for the gateways'
 * clocks (dm1 2.7). The session that ran is authenticated anew then, at another address, and what the device had challenged its
 * server with was not heard.
 */
const BY_LATE_MESSAGES = /^(?:RESP_URI .* after |SERVER_CREDENTIAL )/;

export interface Surroundings {
  readonly seed: number;
  readonly url: string;
  readonly caller: Caller;
  readonly gateways: Gateways;
  readonly accountId: string;
  /** What the gateways' clocks show. */
  readonly now: () => number;
}

export class Player {
  readonly device: Dm1Device | Dm2Device;
  readonly record: DeviceRecord;
  readonly road: Road;
  sessions = 0;
  wakeUps = 0;
  /** What the device objected to. */
  readonly objections = new Set<string>();
  /** Values of Told, in order; how many of them the server has certainly. */
  readonly told: string[] = [];
  toldSurely = 0;
  readonly #accepted: Accepted[] = [];
  readonly #raised: string[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly plan: PlannedDevice,
    n: number,
    private readonly around: Surroundings,
  ) {
    const { protocol, deviceId, ops } = plan;
    this.road = new Road(new Random(around.seed, `road ${n}`));
    const notification = { secret: Buffer.from(SERVER_SECRET), data: new Uint8Array() };
    const known =
      protocol === 'dm1'
        ? { serverSecret: SERVER_SECRET, wbxml: n % 4 === 0 }
        : { notification, serverId: SERVER_ID, features: { subscriptions: true } };
    const given = { ...known, plants: [rack(ops)], maxMessages: 80, onViolation: 'note' };
    this.device = simulated(protocol, around.url, deviceId, given as never, this.road.transport);
    this.record = new DeviceRecord(this.device.tree);
  }

  async register(): Promise<void> {
    const { caller, url, accountId } = this.around;
    const reachable = {
      graphql: (...given: Parameters<Caller['graphql']>) => caller.graphql(...given),
      deviceUrl: url,
    };
    const { protocol, deviceId } = this.plan;
    await register(reachable, {
      deviceId,
      accountId,
      protocol: protocol === 'dm1' ? 'DM_1_2' : 'DM_2_0',
      clientAuth: credentialOf(this.device),
    });
  }

  async play(): Promise<void> {
    for (const step of this.plan.steps) await this.#take(step);
  }

  /** A whole session, or one that is left after so many messages; when those before it are over. */
  async contact(leaveAfter = Infinity): Promise<void> {
    await this.#alone(async () => {
      const stepper = this.device.begin();
      for (let messages = 0; messages < leaveAfter && (await stepper.step()); messages += 1);
      await this.#noted(stepper.report());
    });
  }

  /** A push came. What it cannot believe the device leaves. */
  woken(push: Uint8Array): void {
    const woken = wokenBy(this.device, push, this.around.now());
    if (!woken.ok) return;
    this.wakeUps += 1;
    void this.#alone(async () => this.#noted(await this.device.connect(woken.trigger)));
  }

  /** When all sessions are over. */
  async idle(): Promise<void> {
    await this.#alone(() => Promise.resolve());
  }

  /** Alerts that the device no longer keeps. */
  get alertsTaken(): readonly string[] {
    const kept = JSON.stringify(this.device.save().alerts);
    return this.#raised.filter((text) => !kept.includes(`"${text}"`));
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #noted(report: SessionReport): Promise<void> {
    this.sessions += 1;
    for (const { rule, section, detail } of report.violations) {
      if (BY_LATE_MESSAGES.test(`${rule} ${detail}`)) continue;
      this.objections.add(`${rule} (${section}) ${detail}`);
    }
    if (report.ended !== 'server' && report.protocol === 'dm2') await this.around.gateways.pass(SAME_PACKAGE_MS, false);
  }

  async #take(step: Step): Promise<void> {
    const { caller } = this.around;
    switch (step.do) {
      case 'submit':
        this.#accepted.push(await caller.submit(this.plan.deviceId, step.operation));
        return;
      case 'cancel': {
        const one = this.#accepted.at(-1 - step.back);
        if (one !== undefined) await caller.cancel(one.id);
        return;
      }
      case 'alert':
        this.#raise(step.text);
        return;
      case 'tell':
        await this.#tell(step.text);
        return;
      case 'session':
        await this.contact(step.leaveAfter);
        return;
      case 'pause':
        await sleep(step.ms);
        return;
    }
  }

  #raise(text: string): void {
    this.#raised.push(text);
    if (this.device.protocol === 'dm1') (this.device as Dm1Device).raise({ type: ALERT, data: text });
    else (this.device as Dm2Device).raise({ type: ALERT, dataType: 'text/plain', data: text });
  }

  /** The device changes a value by itself, and puts it where it was told to, if it was. */
  async #tell(text: string): Promise<void> {
    await this.#alone(async () => {
      this.told.push(text);
      this.device.tree.replace([...PLACE, 'Told'], { value: text }, undefined);
      if (this.device.protocol !== 'dm2') return;
      if ((await (this.device as Dm2Device).pushChanges()) > 0) this.toldSurely = this.told.length;
    });
  }
}
