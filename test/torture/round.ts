/** One round: a world is made, a schedule is run while disasters come, all comes to rest, and what must hold is looked at. */
import { familyOf } from '../../schema/ddf/identity';
import { makeHome } from '../gateway/support/gateway-process';
import { addDdf, createAccount } from '../gateway/support/world';
import { Balancer } from './balancer';
import { Caller } from './caller';
import { checkCampaign, checkEvents } from './events-held';
import { Findings } from './findings';
import { Gateways } from './gateways';
import { DDF, MOID, OF_CAMPAIGN } from './object';
import { checkDeeds, checkOperations, fatesOf, type Fate } from './operations-held';
import { startOutside, type Outside } from './outside';
import { Player } from './player';
import { Random } from './random';
import { Reader } from './reader';
import { makeSchedule, type Schedule, type Size } from './schedule';
import { countOpen, readStored, type Stored } from './stored';
import { checkAlerts, checkTold, checkValues } from './values-held';

const PROCESSES = 3;
/** Until a device has told what it has. */
const MOST_CONTACTS = 10;
const CALM_ROUNDS = 15;
/** Longer than any session, lock or lease lasts. */
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

interface Parts {
  readonly schedule: Schedule;
  readonly databaseUrl: string;
  readonly url: string;
  readonly balancer: Balancer;
  readonly gateways: Gateways;
  readonly outside: Outside;
  readonly players: Map<string, Player>;
  readonly restartDatabase: () => Promise<void>;
}

/** Throws when the world cannot be made, or the schedule cannot be run. */
export async function runRound(seed: number, options: RoundOptions): Promise<RoundResult> {
  const home = await makeHome(options.databaseUrl);
  const players = new Map<string, Player>();
  const outside = await startOutside(new Random(seed, 'outside'), (deviceId, push) =>
    players.get(deviceId)?.woken(push),
  );
  const balancer = new Balancer();
  const url = await balancer.listen();
  const gateways = new Gateways(home, {
    MOQL_PUBLIC_URL: url,
    MOQL_CONFIG: outside.configuration,
    LOG_LEVEL: options.logLevel ?? 'silent',
  });
  try {
    await gateways.start(PROCESSES);
    return await run({
      schedule: makeSchedule(seed, options.size),
      databaseUrl: home.databaseUrl ?? '',
      url,
      balancer,
      gateways,
      outside,
      players,
      restartDatabase: options.restartDatabase ?? (() => Promise.resolve()),
    });
  } finally {
    await gateways.close();
    await balancer.close();
    await outside.close();
    await home.remove();
  }
}

async function run(parts: Parts): Promise<RoundResult> {
  const { schedule, databaseUrl, url, balancer, gateways, outside, players, restartDatabase } = parts;
  const began = Date.now();
  const world = { gateways, restartDatabase };
  balancer.begin(world);
  const caller = new Caller(url);
  await populate(parts, caller);
  const reader = new Reader(caller);
  reader.begin();
  balancer.begin(world, schedule.disasters);
  await beginCampaign(caller, [...players.keys()]);
  await Promise.all([...players.values()].map((player) => player.play()));
  const { requests } = balancer;
  const chaosMs = Date.now() - began;
  await balancer.calm();
  await gateways.settle();
  outside.calm();
  await rest(parts);
  await reader.finish();
  const stored = await readStored(databaseUrl, familyOf(MOID));
  const fates = fatesOf(stored, caller.accepted);
  const findings = judge(parts, caller, reader, stored, fates);
  const sumOf = (figure: (player: Player) => number): number =>
    [...players.values()].reduce((sum, player) => sum + figure(player), 0);
  return {
    seed: schedule.seed,
    findings: findings.texts,
    figures: {
      operations: caller.accepted.length,
      commands: fates.length,
      sessions: sumOf(({ sessions }) => sessions),
      wakeUps: sumOf(({ wakeUps }) => wakeUps),
      requests,
      kills: gateways.kills,
      restarts: balancer.befell.filter(({ kind }) => kind === 'restartDatabase').length,
      mishaps: sumOf(({ road }) => Object.values(road.mishaps).reduce((sum, n) => sum + n, 0)),
      askedAgain: caller.repeats,
      events: stored.events.length,
      posted: outside.hook.received.length,
      checked: findings.checked,
      chaosMs,
      ms: Date.now() - began,
      ...tallyOf(fates),
    },
  };
}

async function populate({ schedule, url, gateways, players }: Parts, caller: Caller): Promise<void> {
  const reachable = { graphql: (...given: Parameters<Caller['graphql']>) => caller.graphql(...given), deviceUrl: url };
  await addDdf(reachable, DDF);
  const accountId = await createAccount(reachable);
  const around = { seed: schedule.seed, url, caller, gateways, accountId, now: () => gateways.now() };
  for (const [n, plan] of schedule.devices.entries()) players.set(plan.deviceId, new Player(plan, n, around));
  await Promise.all([...players.values()].map((player) => player.register()));
  // So that they are known, and what they tell by themselves can be asked for.
  await Promise.all([...players.values()].map((player) => player.contact()));
  for (const { protocol, deviceId } of schedule.devices)
    if (protocol === 'dm2') await subscribe(caller, deviceId, () => players.get(deviceId)?.contact());
}

/** Messages are lost from the first one on: a device that has told of nothing yet calls again. */
async function subscribe(caller: Caller, deviceId: string, contact: () => Promise<void> | undefined): Promise<void> {
  const input = { deviceId, address: { moid: MOID, path: 'Told' } };
  for (let tries = 1; ; tries += 1) {
    try {
      await caller.ask(
        'mutation ($input: SubscribeManagementObjectInput!) { subscribeManagementObject(input: $input) { path } }',
        { input },
      );
      return;
    } catch (error) {
      if (tries === MOST_CONTACTS || !String(error).includes('NO_SUCH_MO')) throw error;
      await contact();
    }
  }
}

async function beginCampaign(caller: Caller, deviceIds: readonly string[]): Promise<void> {
  const commands = [{ exec: { address: { moid: MOID, path: `Ops/${OF_CAMPAIGN}` } } }];
  const input = { name: 'torture', deviceIds, commands, pace: { maximumPerMinute: 20 }, idempotencyKey: 'campaign' };
  await caller.ask('mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { id } }', { input });
}

/** Nothing is lost any more; devices call until nothing is to be done. */
async function rest({ players, gateways, databaseUrl }: Parts): Promise<void> {
  const all = [...players.values()];
  for (const { road } of all) await road.calm();
  for (let round = 0; round < CALM_ROUNDS; round += 1) {
    await gateways.pass(LONG_MS, true);
    await Promise.all(all.map((player) => player.contact()));
    await gateways.pass(LONG_MS, true);
    await Promise.all(all.map((player) => player.idle()));
    if (round > 0 && (await countOpen(databaseUrl)) === 0) return;
  }
}

function judge(
  { players, gateways, outside, balancer }: Parts,
  caller: Caller,
  reader: Reader,
  stored: Stored,
  fates: readonly Fate[],
): Findings {
  const findings = new Findings();
  const records = new Map([...players].map(([deviceId, { record }]) => [deviceId, record]));
  checkOperations(findings, stored, caller.accepted);
  checkDeeds(findings, fates, records);
  checkValues(findings, stored, fates, records);
  checkAlerts(findings, stored, new Map([...players].map(([deviceId, { alertsTaken }]) => [deviceId, alertsTaken])));
  checkTold(findings, stored, players);
  checkEvents(findings, stored, reader.places, outside.hook.received);
  checkCampaign(findings, stored, [...players.keys()]);
  for (const [deviceId, { record, objections }] of players) {
    const times = record.times('exec', `Ops/${OF_CAMPAIGN}`);
    findings.check(times <= 1, () => `${deviceId} executed the campaign's node ${times} times`);
    for (const objection of objections) findings.check(false, () => `${deviceId} objects: ${objection}`);
  }
  for (const fault of [...gateways.faults, ...balancer.faults]) findings.check(false, () => fault);
  return findings;
}

/** Commands by what became of them. */
function tallyOf(fates: readonly Fate[]): Record<string, number> {
  const tally: Record<string, number> = {};
  for (const { stored } of fates) {
    const became = stored.state === 'ANSWERED' ? (stored.outcome ?? '') : stored.state;
    tally[became] = (tally[became] ?? 0) + 1;
  }
  return tally;
}
