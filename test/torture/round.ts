/** One round: a world is made, a schedule is run while disasters come, all comes to rest, and what must hold is looked at. */
import { setTimeout as sleep } from 'node:timers/promises';

import { familyOf } from '../../schema/ddf/identity';
import type { Dm1Device, Dm2Device, SessionReport } from '../../src/simulator';
import { makeHome } from '../gateway/support/gateway-process';
import {
  SERVER_ID,
  SERVER_SECRET,
  addDdf,
  createAccount,
  credentialOf,
  register,
  simulated,
} from '../gateway/support/world';
import { Balancer } from './balancer';
import { Caller, type Accepted } from './caller';
import { Findings } from './findings';
import { Gateways } from './gateways';
import { DDF, MOID, rack } from './object';
import { checkDeeds, checkOperations, fatesOf } from './operations-held';
import { Random } from './random';
import { DeviceRecord } from './record';
import { Road } from './road';
import { makeSchedule, type PlannedDevice, type Size, type Step } from './schedule';
import { countOpen, readStored } from './stored';
import { checkAlerts, checkValues } from './values-held';

const PROCESSES = 2;
const CALM_ROUNDS = 12;
/** Longer than any session or lock lasts. */
const LONG_MS = 20 * 60_000;

export interface RoundOptions {
  readonly databaseUrl: string;
  readonly size?: Size;
  readonly restartDatabase?: () => Promise<void>;
  readonly logLevel?: string;
}

export interface RoundResult {
  readonly seed: number;
  readonly findings: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}

/** A device with all that is known of it. */
interface Player {
  readonly plan: PlannedDevice;
  readonly device: Dm1Device | Dm2Device;
  readonly road: Road;
  readonly record: DeviceRecord;
  readonly accepted: Accepted[];
  readonly raised: string[];
  sessions: number;
  readonly violations: Set<string>;
}

export async function runRound(seed: number, options: RoundOptions): Promise<RoundResult> {
  const schedule = makeSchedule(seed, options.size);
  const home = await makeHome(options.databaseUrl);
  const balancer = new Balancer();
  const url = await balancer.listen();
  const gateways = new Gateways(home, { MOQL_PUBLIC_URL: url, LOG_LEVEL: options.logLevel ?? 'silent' });
  const findings = new Findings();
  const began = Date.now();
  try {
    await gateways.start(PROCESSES);
    const restart = options.restartDatabase ?? ((): Promise<void> => Promise.resolve());
    const world = { gateways, restartDatabase: restart };
    balancer.begin(world);
    const caller = new Caller(url);
    const players = await populate(caller, url, seed, schedule.devices);
    balancer.begin(world, schedule.disasters);
    await Promise.all(players.map((player) => play(player, caller)));
    const requests = balancer.requests;
    await balancer.calm();
    await gateways.settle();
    const until = Date.now();
    await rest(players, gateways, home.databaseUrl ?? '');
    const stored = await readStored(home.databaseUrl ?? '', familyOf(MOID));
    const records = new Map(players.map(({ plan, record }) => [plan.deviceId, record]));
    checkOperations(findings, stored, caller.accepted);
    const fates = fatesOf(stored, caller.accepted);
    checkDeeds(findings, fates, records);
    checkValues(findings, stored, fates, records);
    checkAlerts(findings, stored, new Map(players.map((player) => [player.plan.deviceId, takenOf(player)])));
    for (const fault of gateways.faults) findings.check(false, () => fault);
    for (const { plan, violations } of players)
      for (const violation of violations) findings.check(false, () => `${plan.deviceId} objects: ${violation}`);
    const mishaps = players.flatMap(({ road }) => Object.values(road.mishaps)).reduce((sum, n) => sum + n, 0);
    const commands = fates.map(({ stored: { state, outcome } }) => (state === 'ANSWERED' ? (outcome ?? '') : state));
    const tally: Record<string, number> = {};
    for (const one of commands) tally[one] = (tally[one] ?? 0) + 1;
    return {
      seed,
      findings: findings.texts,
      figures: {
        operations: caller.accepted.length,
        commands: commands.length,
        sessions: players.reduce((sum, { sessions }) => sum + sessions, 0),
        requests,
        kills: gateways.kills,
        restarts: balancer.befell.filter(({ kind }) => kind === 'restartDatabase').length,
        mishaps,
        askedAgain: caller.repeats,
        events: stored.events.length,
        checked: findings.checked,
        chaosMs: until - began,
        ms: Date.now() - began,
        ...tally,
      },
    };
  } finally {
    await gateways.close();
    await balancer.close();
    await home.remove();
  }
}

async function populate(
  caller: Caller,
  url: string,
  seed: number,
  plans: readonly PlannedDevice[],
): Promise<readonly Player[]> {
  const reachable = { graphql: (...given: Parameters<Caller['graphql']>) => caller.graphql(...given), deviceUrl: url };
  await addDdf(reachable, DDF);
  const accountId = await createAccount(reachable);
  return Promise.all(
    plans.map(async (plan, n): Promise<Player> => {
      const road = new Road(new Random(seed, `road ${n}`));
      const { protocol, deviceId } = plan;
      const notification = { secret: Buffer.from(SERVER_SECRET), data: new Uint8Array() };
      const known =
        protocol === 'dm1'
          ? { serverSecret: SERVER_SECRET, wbxml: n % 4 === 0 }
          : { notification, serverId: SERVER_ID };
      const given = { ...known, plants: [rack(plan.ops)], maxMessages: 60 };
      const device = simulated(protocol, url, deviceId, given as never, road.transport);
      await register(reachable, {
        deviceId,
        accountId,
        protocol: protocol === 'dm1' ? 'DM_1_2' : 'DM_2_0',
        clientAuth: credentialOf(device),
      });
      const record = new DeviceRecord(device.tree);
      return { plan, device, road, record, accepted: [], raised: [], sessions: 0, violations: new Set() };
    }),
  );
}

async function play(player: Player, caller: Caller): Promise<void> {
  for (const step of player.plan.steps) await take(step, player, caller);
}

async function take(step: Step, player: Player, caller: Caller): Promise<void> {
  switch (step.do) {
    case 'submit':
      player.accepted.push(await caller.submit(player.plan.deviceId, step.operation));
      return;
    case 'cancel': {
      const one = player.accepted.at(-1 - step.back);
      if (one !== undefined) await caller.cancel(one.id);
      return;
    }
    case 'alert':
      player.raised.push(step.text);
      raise(player.device, step.text);
      return;
    case 'session':
      await contact(player, step.leaveAfter);
      return;
    case 'pause':
      await sleep(step.ms);
      return;
  }
}

const ALERT = 'com.acme.rack.told';

function raise(device: Dm1Device | Dm2Device, text: string): void {
  if (device.protocol === 'dm1') (device as Dm1Device).raise({ type: ALERT, data: text });
  else (device as Dm2Device).raise({ type: ALERT, dataType: 'text/plain', data: text });
}

/** Alerts that the device no longer keeps. */
function takenOf({ device, raised }: Player): readonly string[] {
  const kept = JSON.stringify(device.save().alerts);
  return raised.filter((text) => !kept.includes(`"${text}"`));
}

async function contact(player: Player, leaveAfter?: number): Promise<SessionReport> {
  player.sessions += 1;
  if (leaveAfter === undefined) return noted(player, await player.device.connect());
  const stepper = player.device.begin();
  for (let messages = 0; messages < leaveAfter && (await stepper.step()); messages += 1);
  return noted(player, stepper.report());
}

function noted(player: Player, report: SessionReport): SessionReport {
  for (const { rule, section, detail } of report.violations) player.violations.add(`${rule} (${section}) ${detail}`);
  return report;
}

/** Nothing is lost any more; devices call until nothing is to be done. */
async function rest(players: readonly Player[], gateways: Gateways, databaseUrl: string): Promise<void> {
  for (const { road } of players) await road.calm();
  for (let round = 0; round < CALM_ROUNDS; round += 1) {
    await gateways.pass(LONG_MS, true);
    await Promise.all(players.map((player) => contact(player)));
    if (round > 1 && (await countOpen(databaseUrl)) === 0) return;
  }
}
