/** `moql demo`: a gateway with two simulated devices of different protocols, and a short tour of what GraphQL does with them. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadDemoCatalogue } from '../../schema/catalogue/load';
import { readEnvironment } from '../config/environment';
import { Simulation } from '../simulator';
import { CommandError, parse, type Command, type ExitCode, type Io } from './command';
import { startGateway, type Gateway } from './gateway';
import { createLog } from './log';
import { TOUR, type Stop } from './tour';

export const demoCommand: Command = {
  summary: 'show the gateway at work with two simulated devices',
  help: `Usage: moql demo [--once]

Starts a gateway on an embedded database in a temporary directory, with one simulated DM 1.2 device (WBXML) and one
simulated DM 2.0 device; reads, writes and executes on both by GraphQL; prints what was asked and answered; and stays
up, so that the playground can be tried. Nothing is left behind.

  --once   end after the tour

PORT says where it listens (4000; a free port where that is taken).
Exit codes: 0 done, 1 a step of the tour failed, 2 bad usage.`,
  run,
};

const DM1_DEVICE = 'IMEI:490154203237518';
const DM2_DEVICE = 'urn:uuid:2f1e9c6a-64b5-4b0e-9d5a-0c8f3f1d7a11';
const SERVER_ID = 'dm.example';
const POLL_SECONDS = 0.25;
/** Characters of a line of an answer. */
const LINE = 100;

async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const { values } = parse({ args: [...args], options: { once: { type: 'boolean', default: false } } });
  const dataDir = mkdtempSync(join(tmpdir(), 'moql-demo-'));
  try {
    return await demonstrate(io, dataDir, values.once === true);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function demonstrate(io: Io, dataDir: string, isOnce: boolean): Promise<ExitCode> {
  const key = `moql_${randomBytes(24).toString('base64url')}`;
  const port = isOnce && io.env['PORT'] === undefined ? 0 : await freePort(Number(io.env['PORT'] ?? 4000));
  // Only what concerns the demo: a DATABASE_URL of this shell must not be touched.
  const checked = readEnvironment({
    PORT: String(port),
    MOQL_DATA_DIR: dataDir,
    MOQL_ADMIN_KEY: key,
    LOG_LEVEL: 'warn',
  });
  if (!checked.ok) throw new CommandError(checked.problems.join('\n'));
  const began = Date.now();
  const gateway = await startGateway(checked.configuration, { log: createLog('warn') });
  const simulations: Simulation[] = [];
  try {
    const ask = caller(gateway.url, key);
    io.out(`moql is at ${gateway.url} (embedded database, up in ${seconds(began)})\n`);
    await setUp(ask);
    const secrets = await register(ask);
    simulations.push(...simulate(gateway, secrets));
    io.out(
      `Two devices call in: ${DM1_DEVICE} speaks DM 1.2 (WBXML, MD5), ${DM2_DEVICE} speaks DM 2.0 (JSON, Digest).`,
    );
    const reports = await Promise.all(simulations.map((simulation) => simulation.connectAll()));
    for (const report of reports.flat()) {
      io.out(
        `  ${report.deviceId}: ${report.messages.length / 2} messages, ${report.ended === 'server' ? 'session ended as it should' : report.log.join('; ')}`,
      );
    }
    for (const simulation of simulations) simulation.poll(POLL_SECONDS * 1000);
    for (const [index, stop] of TOUR.entries()) await show(io, ask, stop, index + 1);
    io.out(
      `\nThe tour took ${seconds(began)}. Each answer came from both devices; no query said which protocol they speak.`,
    );
    if (isOnce) return 0;
    io.out(
      `\nThe devices go on calling in, four times a second. Try it yourself:\n\n  playground  ${gateway.url}/graphql\n  schema      ${gateway.url}/schema.graphql\n  API key     ${key}\n\nCtrl-C ends it; nothing stays behind.`,
    );
    await io.stopped();
    return 0;
  } finally {
    for (const simulation of simulations) await simulation.stop();
    await gateway.close();
  }
}

type Ask = (query: string, variables?: Readonly<Record<string, unknown>>) => Promise<unknown>;

/** Asks as any client would, over HTTP. */
function caller(url: string, key: string): Ask {
  return async (query, variables) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables }),
    });
    const answer = (await response.json()) as { data?: unknown; errors?: readonly { message: string }[] };
    if (answer.errors !== undefined)
      throw new CommandError(`the gateway answered: ${answer.errors.map((e) => e.message).join('; ')}`);
    return answer.data;
  };
}

async function setUp(ask: Ask): Promise<void> {
  for (const { text } of loadDemoCatalogue()) {
    await ask('mutation ($source: String!) { addDdf(input: { source: $source }) { id } }', { source: text });
  }
}

interface Secrets {
  readonly client: string;
  readonly server: string;
}

async function register(ask: Ask): Promise<Secrets> {
  const secrets = { client: randomBytes(12).toString('base64url'), server: randomBytes(12).toString('base64url') };
  const made = (await ask(
    `mutation ($serverId: String!, $server: CredentialInput!) { createAccount(input: { serverId: $serverId, name: "Demo", serverAuth: $server }) { id } }`,
    { serverId: SERVER_ID, server: { type: 'DIGEST_MD5', username: SERVER_ID, secret: secrets.server } },
  )) as { createAccount: { id: string } };
  const device = async (deviceId: string, protocol: string, type: string): Promise<unknown> =>
    ask('mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { id } }', {
      input: {
        deviceId,
        accountId: made.createAccount.id,
        protocol,
        tags: ['demo'],
        clientAuth: { type, username: 'demo', secret: secrets.client },
      },
    });
  await device(DM1_DEVICE, 'DM_1_2', 'DIGEST_MD5');
  await device(DM2_DEVICE, 'DM_2_0', 'HTTP_DIGEST');
  return secrets;
}

function simulate(gateway: Gateway, secrets: Secrets): Simulation[] {
  const login = { user: 'demo', secret: secrets.client };
  return [
    new Simulation({
      protocol: 'dm1',
      device: {
        url: `${gateway.deviceUrl}/dm/1`,
        deviceId: DM1_DEVICE,
        ...login,
        auth: 'md5',
        wbxml: true,
        serverUser: SERVER_ID,
        serverSecret: secrets.server,
      },
    }),
    new Simulation({
      protocol: 'dm2',
      device: { url: `${gateway.deviceUrl}/dm/2`, deviceId: DM2_DEVICE, ...login, auth: 'digest', serverId: SERVER_ID },
    }),
  ];
}

async function show(io: Io, ask: Ask, stop: Stop, number: number): Promise<void> {
  const began = Date.now();
  io.out(`\n${number}. ${stop.title}\n`);
  io.out(indent(stop.query.trim()));
  const answer = await ask(stop.query, { one: DM1_DEVICE, two: DM2_DEVICE });
  io.out(`\n   answered in ${seconds(began)}:\n`);
  io.out(indent(readable(answer, '')));
  const complaint = stop.check(answer);
  if (complaint !== undefined) throw new CommandError(`step ${number}: ${complaint}`);
}

/** JSON with whatever fits into a line on one. */
function readable(json: unknown, margin: string): string {
  const flat = JSON.stringify(json)
    .replace(/([{,:])(?=["{[\dtfn])/g, '$1 ')
    .replace(/\}/g, ' }');
  if (typeof json !== 'object' || json === null || margin.length + flat.length <= LINE) return flat;
  const deeper = `${margin}  `;
  const [open, close] = Array.isArray(json) ? '[]' : '{}';
  const members = Array.isArray(json)
    ? json.map((member) => readable(member, deeper))
    : Object.entries(json).map(([name, member]) => `${JSON.stringify(name)}: ${readable(member, deeper)}`);
  return `${open}\n${members.map((member) => deeper + member).join(',\n')}\n${margin}${close}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '   ');
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/** The wanted port, or 0 (any) where it is taken. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(wanted, '127.0.0.1', () => probe.close(() => resolve(wanted)));
  });
}
