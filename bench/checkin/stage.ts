/** The two servers, each with a database of its own that holds the same, and the load generator. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from 'pg';

import { startChild, type Child } from '../child';
import type { Bench } from '../figure';
import { DEVICES, QUICK_DEVICES } from './fleet';
import type { CheckInLoad, LoadResult, PostLoad } from './load';

export type Kind = 'embedded' | 'postgresql';

export interface Server {
  readonly url: string;
  /** Processor time so far, microseconds. */
  cpu(): Promise<number>;
}

export interface Stage {
  readonly gateway: Server;
  readonly floor: Server;
  load(load: CheckInLoad | PostLoad): Promise<LoadResult>;
  close(): Promise<void>;
}

/** CPU profiles of both servers are written there. */
const PROFILE_DIRECTORY = process.env['BENCH_PROFILE'];

export async function openStage(bench: Bench, kind: Kind, databaseUrl: string | undefined): Promise<Stage> {
  const devices = bench.quick ? QUICK_DEVICES : DEVICES;
  const fleet = { BENCH_DEVICES: String(devices) };
  bench.note(`${kind}: ${devices} devices call in for the first time`);
  const began = Date.now();
  const record = join(bench.directory, `${kind}.recording`);
  const databases = await databasePair(bench, kind, databaseUrl);
  const children: Child[] = [];
  const close = async (): Promise<void> => {
    for (const child of children.splice(0)) await child.stop();
    await databases.remove();
  };
  const serve = async (module: string, env: Readonly<Record<string, string>>, execArgv?: string[]): Promise<Server> => {
    const child = startChild(module, { ...fleet, ...env }, execArgv);
    children.push(child);
    const { url } = await child.ask<{ url: string }>({ do: 'start' });
    const cpu = async (): Promise<number> => {
      const { user, system } = await child.ask<NodeJS.CpuUsage>({ do: 'cpu' });
      return user + system;
    };
    return { url, cpu };
  };
  try {
    await serve('checkin/gateway-server', { ...databases.first, BENCH_RECORD: record });
    await children.pop()?.stop();
    await databases.copy();
    bench.note(`${kind}: ready after ${Math.round((Date.now() - began) / 1000)} s`);
    const profiled = PROFILE_DIRECTORY === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${PROFILE_DIRECTORY}`];
    const gateway = await serve('checkin/gateway-server', databases.first, profiled);
    const floor = await serve('checkin/floor-server', { ...databases.second, BENCH_RECORD: record }, profiled);
    const generator = startChild('checkin/load', fleet);
    children.push(generator);
    return { gateway, floor, load: (load) => generator.ask<LoadResult>(load), close };
  } catch (error) {
    await close();
    throw error;
  }
}

export interface DatabasePair {
  readonly first: Readonly<Record<string, string>>;
  readonly second: Readonly<Record<string, string>>;
  /** Makes the second what the first is; nobody may have the first open. */
  copy(): Promise<void>;
  remove(): Promise<void>;
}

/** @param label  apart from those of other suites of this run */
export async function databasePair(
  bench: Bench,
  kind: Kind,
  databaseUrl: string | undefined,
  label = '',
): Promise<DatabasePair> {
  return kind === 'embedded' ? embeddedPair(bench, label) : postgresPair(databaseUrl ?? '', label);
}

function embeddedPair({ directory }: Bench, label: string): DatabasePair {
  const [first, second] = [join(directory, `${label}gateway`), join(directory, `${label}floor`)];
  return {
    first: { MOQL_DATA_DIR: first },
    second: { MOQL_DATA_DIR: second },
    copy: () => Promise.resolve(cpSync(first, second, { recursive: true })),
    remove: () => Promise.resolve(),
  };
}

/** Databases `moql_bench_…` on the server that DATABASE_URL names; nothing else there is touched. */
async function postgresPair(databaseUrl: string, label: string): Promise<DatabasePair> {
  const name = `moql_bench_${process.pid}_${label}`;
  const [first, second] = [`${name}gateway`, `${name}floor`];
  const run = async (...statements: readonly string[]): Promise<void> => {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const urlOf = (name: string): string => Object.assign(new URL(databaseUrl), { pathname: `/${name}` }).href;
  await run(`CREATE DATABASE ${first}`);
  return {
    first: { DATABASE_URL: urlOf(first) },
    second: { DATABASE_URL: urlOf(second) },
    copy: () => run(`CREATE DATABASE ${second} TEMPLATE ${first}`),
    remove: () =>
      run(`DROP DATABASE IF EXISTS ${first} WITH (FORCE)`, `DROP DATABASE IF EXISTS ${second} WITH (FORCE)`),
  };
}
