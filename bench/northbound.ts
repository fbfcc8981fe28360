/**
 * `northbound.list`: 50 devices with their DevInfo, FUMO and SCOMO, against servers that others would write over the same rows.
 * `northbound.scalar`: one value of one device, against Apollo Server that has it in memory. The gateway knows who asks by a key
 * of its store, and what he may read by a grant; its limits are on, and set so high that none is met.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { openDatabase } from '../src/store/database';
import { migrate } from '../src/store/migrate';
import type { Sql } from '../src/store/sql';
import { ADMIN_KEY } from './checkin/fleet';
import type { LoadResult, PostLoad } from './checkin/load';
import { databasePair, type Kind } from './checkin/stage';
import { startChild, type Child } from './child';
import { figure, ratios, type Bench } from './figure';

const NAME = 'northbound';
/** Registered; the list has the first of them. */
const DEVICES = 200;
const LISTED = 50;
const COMPONENTS = 10;
const TAG = 'bench';
const PROFILE_DIRECTORY = process.env['BENCH_PROFILE'];
const LIMITS = { costPerSecond: 1_000_000_000, costBurst: 1_000_000_000 };

const LIST = {
  query: `query ($first: Int!) { devices(first: $first) { nodes {
    deviceId
    devInfo { devId man mod dmV lang }
    fumo { pkgName pkgVersion state }
    scomo { inventory { deployed { items { nodeName id name version description status state envType } } } }
  } } }`,
  variables: { first: LISTED },
};
const SCALAR = {
  query: 'query ($deviceId: ID!) { device(deviceId: $deviceId) { devInfo { man } } }',
  variables: { deviceId: deviceId(7) },
};
const SCALAR_DATA = { device: { devInfo: { man: 'Example Devices' } } };

export async function northboundFigures(bench: Bench): Promise<void> {
  const databaseUrl = process.env['DATABASE_URL'];
  for (const kind of ['embedded', 'postgresql'] as const) {
    const wantsScalar = ['gateway', 'apollo', 'to_apollo'].some((one) => bench.wants(`${NAME}.scalar.${one}.${kind}`));
    const wantsList = kind === 'postgresql' && bench.wants(`${NAME}.list`);
    if (!wantsScalar && !wantsList) continue;
    if (kind === 'postgresql' && databaseUrl === undefined) {
      bench.note(`${NAME}: PostgreSQL left out, DATABASE_URL is not set`);
      continue;
    }
    const scene = await Scene.of(bench, kind, databaseUrl);
    try {
      if (wantsList) await list(bench, scene);
      if (wantsScalar) await scalar(bench, scene, kind);
    } finally {
      await scene.close();
    }
  }
}

async function list(bench: Bench, scene: Scene): Promise<void> {
  const usual = await scene.serve('usual');
  const mercurius = await scene.serve('mercurius');
  const found = await scene.race(LIST, { gateway: scene.gateway, usual, mercurius });
  const name = `${NAME}.list`;
  for (const [who, rounds] of Object.entries(found)) bench.tell(figure(`${name}.${who}`, '1/s', rounds));
  bench.tell(figure(`${name}.to_usual`, 'ratio', ratios(found.gateway, found.usual), '>= 5'));
  bench.tell(figure(`${name}.to_mercurius`, 'ratio', ratios(found.gateway, found.mercurius), '>= 0.8'));
}

async function scalar(bench: Bench, scene: Scene, kind: Kind): Promise<void> {
  const apollo = await scene.serve('apollo-memory');
  const found = await scene.race(SCALAR, { gateway: scene.gateway, apollo }, SCALAR_DATA);
  const name = `${NAME}.scalar`;
  for (const [who, rounds] of Object.entries(found)) bench.tell(figure(`${name}.${who}.${kind}`, '1/s', rounds));
  bench.tell(figure(`${name}.to_apollo.${kind}`, 'ratio', ratios(found.gateway, found.apollo), '>= 0.7'));
}

interface Asked {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

interface Contender {
  readonly url: string;
  readonly key?: string;
}

interface Pace {
  readonly rounds: number;
  /** Of each server in each round. */
  readonly milliseconds: number;
}

/** One database, the gateway over it, the peers that are asked for, and who asks them. */
class Scene {
  private constructor(
    private readonly children: Child[],
    private readonly load: Child,
    private readonly env: Readonly<Record<string, string>>,
    private readonly pace: Pace,
    private readonly remove: () => Promise<void>,
    readonly gateway: Contender,
  ) {}

  static async of(bench: Bench, kind: Kind, databaseUrl: string | undefined): Promise<Scene> {
    const pair = await databasePair(bench, kind, databaseUrl, 'northbound_');
    const children: Child[] = [];
    const remove = async (): Promise<void> => {
      for (const child of children.splice(0)) await child.stop();
      await pair.remove();
    };
    try {
      const { DATABASE_URL: url, MOQL_DATA_DIR: dataDir } = pair.first;
      if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true });
      const db = await openDatabase({ databaseUrl: url, dataDir });
      try {
        await migrate(db.sql);
        await fill(db.sql);
      } finally {
        await db.close();
      }
      const config = join(bench.directory, `${NAME}.json`);
      writeFileSync(config, JSON.stringify({ limits: LIMITS }));
      const gateway = await served(children, 'checkin/gateway-server', { ...pair.first, MOQL_CONFIG: config });
      const load = startChild('checkin/load');
      children.push(load);
      const pace = bench.quick ? { rounds: 5, milliseconds: 300 } : { rounds: 7, milliseconds: 500 };
      return new Scene(children, load, pair.first, pace, remove, { url: gateway, key: await readerOf(gateway) });
    } catch (error) {
      await remove();
      throw error;
    }
  }

  async serve(peer: 'usual' | 'mercurius' | 'apollo-memory'): Promise<Contender> {
    const { deviceId } = SCALAR.variables;
    const { man } = SCALAR_DATA.device.devInfo;
    const env = { ...this.env, BENCH_DEVICE: deviceId, BENCH_MAN: man };
    return { url: await served(this.children, `peers/${peer}`, env) };
  }

  /**
   * Requests a second, one value a round; one server after the other, each round beginning with another, after one that does
   * not count and is longer. Before that, all have to say the same.
   */
  async race<Name extends string>(
    asked: Asked,
    contenders: Readonly<Record<Name, Contender>>,
    expected?: object,
  ): Promise<Record<Name, number[]>> {
    const names = Object.keys(contenders) as Name[];
    await this.compare(
      asked,
      names.map((name) => [name, contenders[name]] as const),
      expected,
    );
    const result = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
    for (let round = -1; round < this.pace.rounds; round += 1) {
      const first = (round + 1) % names.length;
      for (const name of [...names.slice(first), ...names.slice(0, first)]) {
        const milliseconds = this.pace.milliseconds * (round < 0 ? 4 : 1);
        const { perSecond } = await this.load.ask<LoadResult>(loadOf(contenders[name], asked, milliseconds));
        if (round >= 0) result[name].push(perSecond);
      }
    }
    return result;
  }

  async close(): Promise<void> {
    await this.remove();
  }

  private async compare(
    asked: Asked,
    contenders: readonly (readonly [string, Contender])[],
    expected?: object,
  ): Promise<void> {
    let first = expected;
    for (const [name, { url, key }] of contenders) {
      const { data, errors } = await post(url, key, asked);
      if (errors !== undefined || data == null) throw new Error(`${name}: ${JSON.stringify(errors)}`);
      first ??= data;
      if (!isDeepStrictEqual(data, first)) throw new Error(`${name} says something else: ${JSON.stringify(data)}`);
    }
    const components = JSON.stringify(first).split('"nodeName"').length - 1;
    if (asked === LIST && components !== LISTED * COMPONENTS) throw new Error(`${components} components are listed`);
  }
}

function loadOf({ url, key }: Contender, asked: Asked, milliseconds: number): PostLoad {
  const headers = `content-type: application/json\r\n${key === undefined ? '' : `authorization: Bearer ${key}\r\n`}`;
  return {
    kind: 'posts',
    url,
    path: '/graphql',
    headers,
    body: JSON.stringify(asked),
    expected: asked === LIST ? `"deviceId":"${deviceId(LISTED - 1)}"` : '"man":"Example Devices"',
    milliseconds,
  };
}

async function served(children: Child[], module: string, env: Readonly<Record<string, string>>): Promise<string> {
  const profiled = PROFILE_DIRECTORY === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${PROFILE_DIRECTORY}`];
  const child = startChild(module, env, profiled);
  children.push(child);
  return (await child.ask<{ url: string }>({ do: 'start' })).url;
}

/** A key of somebody who may read the devices with the tag, and nothing else. */
async function readerOf(url: string): Promise<string> {
  const ask = async (query: string, variables: object): Promise<unknown> => {
    const { data, errors } = await post(url, ADMIN_KEY, { query, variables: { ...variables } });
    if (errors !== undefined) throw new Error(JSON.stringify(errors));
    return data;
  };
  const { createApiKey } = (await ask(
    'mutation { createApiKey(input: { name: "reader" }) { key apiKey { principal } } }',
    {},
  )) as { readonly createApiKey: { readonly key: string; readonly apiKey: { readonly principal: string } } };
  const { principal } = createApiKey.apiKey;
  await ask('mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }', {
    input: { principal, right: 'READ', tag: TAG },
  });
  return createApiKey.key;
}

async function post(
  url: string,
  key: string | undefined,
  asked: Asked,
): Promise<{ readonly data?: object | null; readonly errors?: unknown }> {
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(asked) });
  return (await response.json()) as { readonly data?: object | null };
}

function deviceId(n: number): string {
  return `IMEI:8${String(n).padStart(14, '0')}`;
}

async function fill(sql: Sql): Promise<void> {
  await sql.query(`INSERT INTO account (server_id) VALUES ('northbound.example')`);
  await sql.query(
    `INSERT INTO device (device_id, account_id, protocol, tags, discovered_at, discover_requested, last_contact_at)
     SELECT 'IMEI:8' || lpad(n::text, 14, '0'), a.id, 'DM_1_2', ARRAY[$2::text], now(), false, now()
     FROM generate_series(0, $1::int) n, account a ORDER BY n`,
    [DEVICES - 1, TAG],
  );
  for (const [family, values] of [
    [
      'urn:oma:mo:oma-dm-devinfo',
      `jsonb_build_object('DevId', d.device_id, 'Man', 'Example Devices', 'Mod', 'Model ' || d.id % 7, 'DmV', '1.2', 'Lang', 'en-GB')`,
    ],
    [
      'urn:oma:mo:oma-fumo',
      `jsonb_build_object('PkgName', 'firmware-' || d.id % 5, 'PkgVersion', '4.' || d.id, 'State', 10 * (d.id % 4 + 1),
         'Download', jsonb_build_object('PkgURL', 'https://files.example/' || d.id))`,
    ],
    [
      'urn:oma:mo:oma-scomo',
      `jsonb_build_object('Inventory', jsonb_build_object('Deployed', (SELECT jsonb_object_agg('component' || n, jsonb_build_object(
         'ID', 'org.example.app' || n, 'Name', 'Application ' || n, 'Version', n || '.' || d.id % 10,
         'Description', 'What application ' || n || ' is good for', 'Status', 0, 'State', n % 2, 'EnvType', 'native'))
         FROM generate_series(1, ${COMPONENTS}) n)))`,
    ],
  ] as const)
    await sql.query(
      `INSERT INTO management_object (device_id, family, miid, moid, version, recognised_by, "values", observed_at, complete_at)
       SELECT d.id, $1::text, '1', $1::text || ':1.0', '1.0', 'MOID', ${values}, now(), now() FROM device d`,
      [family],
    );
  await sql.exec('ANALYZE');
}
