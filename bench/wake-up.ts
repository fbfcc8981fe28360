/** `wakeup`: from a mutation through a UDP wake-up on loopback to the reply that carries its command. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { loadDemoCatalogue } from '../schema/catalogue/load';
import { startGateway, type Gateway } from '../src/cli/gateway';
import { createLog } from '../src/cli/log';
import { readEnvironment } from '../src/config/environment';
import { httpTransport, listenForWakeUps, simulate, type Simulation, type Transport } from '../src/simulator';
import { databasePair, type Kind } from './checkin/stage';
import { figure, type Bench } from './figure';

const NAME = 'wakeup';
const ADMIN_KEY = 'bench-admin-key';
const LOGIN = { user: 'bench', secret: 'a secret of the devices' };
const SERVER = { user: 'dm.example', secret: 'a secret of the gateway' };
const MOID = 'urn:oma:mo:ext-acme-meter:1.0';
const DEVICES = 8;
const ROUNDS = 5;
const WAKE_UPS = 200;
const GOAL_MS = 150;

export async function wakeUpFigures(bench: Bench): Promise<void> {
  const { DATABASE_URL: databaseUrl } = process.env;
  for (const kind of ['embedded', ...(databaseUrl === undefined ? [] : ['postgresql'])] as Kind[]) {
    const name = `${NAME}.${kind}`;
    if (bench.wants(name)) await measure(bench, name, kind, databaseUrl);
  }
}

async function measure(bench: Bench, name: string, kind: Kind, databaseUrl: string | undefined): Promise<void> {
  const databases = await databasePair(bench, kind, databaseUrl, `${NAME}_`);
  const stage = await WakeUpStage.open(bench, databases.first);
  try {
    const median: number[] = [];
    const p99: number[] = [];
    for (let round = -1; round < (bench.quick ? 2 : ROUNDS); round += 1) {
      const times = (await stage.round(bench.quick ? WAKE_UPS / 4 : WAKE_UPS)).sort((a, b) => a - b);
      if (round < 0) continue;
      median.push(times[times.length >> 1] ?? Number.NaN);
      p99.push(times[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN);
    }
    bench.tell(figure(`${name}.p50`, 'ms', median));
    bench.tell(figure(`${name}.p99`, 'ms', p99, `< ${GOAL_MS}`));
  } finally {
    await stage.close();
    await databases.remove();
  }
}

/** A gateway and devices that listen, in this process: the clock is one. */
class WakeUpStage {
  /** By DevId: told when a reply carried a command. */
  readonly #carried = new Map<string, (at: number) => void>();

  private constructor(
    private readonly gateway: Gateway,
    private readonly simulation: Simulation,
  ) {}

  static async open(bench: Bench, database: Readonly<Record<string, string>>): Promise<WakeUpStage> {
    const path = join(bench.directory, 'wake-up.json');
    const udp = { type: 'udp', networks: ['127.0.0.1'], devicePorts: true, ratePerSecond: 10_000 };
    writeFileSync(path, JSON.stringify({ bearers: { udp }, wakeUp: { bearers: ['udp'] } }));
    const checked = readEnvironment({
      PORT: '0',
      MOQL_ADMIN_KEY: ADMIN_KEY,
      MOQL_SECRET_KEY: 'secret key of the bench',
      MOQL_CONFIG: path,
      LOG_LEVEL: 'error',
      ...database,
    });
    if (!checked.ok) throw new Error(checked.problems.join('; '));
    const gateway = await startGateway(checked.configuration, { log: createLog('error') });
    for (const { text } of loadDemoCatalogue())
      await ask(gateway.url, 'mutation ($source: String!) { addDdf(input: { source: $source }) { id } }', {
        source: text,
      });
    const { createAccount } = await ask<{ createAccount: { id: string } }>(
      gateway.url,
      'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id } }',
      {
        input: {
          serverId: SERVER.user,
          clientAuth: { type: 'DIGEST_MD5', username: LOGIN.user, secret: LOGIN.secret },
          serverAuth: { type: 'DIGEST_MD5', username: SERVER.user, secret: SERVER.secret },
        },
      },
    );
    const stage: { made?: WakeUpStage } = {};
    const http = httpTransport();
    const simulation = simulate({
      protocol: 'dm1',
      count: DEVICES,
      transport: watching(http, (deviceId, at) => stage.made?.carried(deviceId, at)),
      device: {
        url: `${gateway.deviceUrl}/dm/1`,
        deviceId: 'urn:uuid:bench-wake-up',
        ...LOGIN,
        auth: 'md5',
        serverUser: SERVER.user,
        serverSecret: SERVER.secret,
      },
    });
    stage.made = new WakeUpStage(gateway, simulation);
    for (const device of simulation.devices) {
      const listener = await listenForWakeUps(device, { host: '127.0.0.1', port: 0 }, (woken) => {
        if (woken.ok) void simulation.poke(device.deviceId, woken.trigger);
      });
      stage.made.#listeners.push(listener);
      await ask(gateway.url, 'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { id } }', {
        input: {
          deviceId: device.deviceId,
          accountId: createAccount.id,
          protocol: 'DM_1_2',
          udpAddress: listener.address,
        },
      });
    }
    await simulation.connectAll();
    await simulation.connectAll();
    return stage.made;
  }

  readonly #listeners: { close(): Promise<void> }[] = [];

  carried(deviceId: string, at: number): void {
    this.#carried.get(deviceId)?.(at);
    this.#carried.delete(deviceId);
  }

  /** One mutation after the other, each for the next device; milliseconds each until the reply that carries its command. */
  async round(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let n = 0; n < count; n += 1) {
      const device = this.simulation.devices[n % DEVICES];
      if (device === undefined) break;
      const carried = new Promise<number>((resolve) => this.#carried.set(device.deviceId, resolve));
      const began = performance.now();
      const done = ask(this.gateway.url, SUBMIT, { id: device.deviceId });
      times.push((await carried) - began);
      await done;
    }
    return times;
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners) await listener.close();
    await this.simulation.stop();
    await this.gateway.close();
  }
}

const SUBMIT = `mutation ($id: ID!) { submitOperation(input: { deviceId: $id, wait: "PT20S",
  commands: [{ get: { address: { moid: "${MOID}", path: "Serial" } } }] }) { state } }`;

/** Tells of replies that carry a command: of DM 1.x in XML, a Get. */
function watching(transport: Transport, carried: (deviceId: string, at: number) => void): Transport {
  const device = /urn:uuid:bench-wake-up(?:-\d+)?/;
  return async (request) => {
    const response = await transport(request);
    const at = performance.now();
    const text = Buffer.from(response.body).toString('latin1');
    const [deviceId] = text.includes('<Get>') ? (device.exec(text) ?? []) : [];
    if (deviceId !== undefined) carried(deviceId, at);
    return response;
  };
}

async function ask<T>(url: string, query: string, variables: object): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}
