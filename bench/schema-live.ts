/**
 * `schema.add.request_delay_ms`, `schema.follow_ms`, `graphql.introspection.*`, `schema.restart.start_ms`: the gateway as it
 * is served, with all DDFs, while one more is added.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { getIntrospectionQuery } from 'graphql';

import { ADMIN_KEY } from './checkin/fleet';
import { databasePair, type Kind } from './checkin/stage';
import { startChild } from './child';
import { sharedFiles, syntheticDdf, type DdfText } from './ddf-files';
import { figure, median, ratios, type Bench } from './figure';
import { HttpConnection } from './http-connection';

const DELAY = 'schema.add.request_delay_ms';
const FOLLOW = 'schema.follow_ms';
const INTROSPECTION = 'graphql.introspection';
const RESTART = 'schema.restart.start_ms';
const ROUNDS = 7;
/** Rounds that do not count: code is not optimised yet. */
const WARM_UP = 2;
const RESTARTS = 5;
/** Between an answer and the next request. */
const PAUSE_MS = 1;
const HEADERS = `content-type: application/json\r\nauthorization: Bearer ${ADMIN_KEY}\r\n`;
const ADD = 'mutation ($source: String!) { addDdf(input: { source: $source }) { id } }';
const REMOVE = 'mutation ($id: ID!) { removeDdf(id: $id, allowBreaking: true) { id } }';
/** Null until the gateway has the DDF that is added. */
const KNOWN = '{ __type(name: "BenchPlant") { name } }';
/** Answers that come from the cache, for each that does not. */
const CACHED = 5;

export async function liveSchemaFigures(bench: Bench): Promise<void> {
  if (![DELAY, FOLLOW, INTROSPECTION, RESTART].some((name) => bench.wants(name))) return;
  const shared = sharedFiles(bench.quick);
  if (shared === undefined) {
    bench.note('../shared/ddf is not there: the figures of its schema are left out');
    return;
  }
  const folder = folderOf(bench, shared);
  await measure(bench, 'embedded', folder);
  if (process.env['DATABASE_URL'] === undefined) bench.note('postgresql: left out, DATABASE_URL is not set');
  else await measure(bench, 'postgresql', folder);
}

/** As `MOQL_DDF_DIR` takes them: all in one folder. */
export function folderOf(bench: Bench, files: readonly DdfText[], name = 'ddf'): string {
  const folder = join(bench.directory, name);
  mkdirSync(folder);
  for (const { name, text } of files) {
    // What the text was decoded from does not matter any more.
    writeFileSync(join(folder, name.replace(/[/\\]/g, '-')), text.replace(/^<\?xml[^>]*\?>/, ''));
  }
  return folder;
}

interface Added {
  readonly data: { readonly addDdf: { readonly id: string } };
}

interface Server {
  readonly url: string;
  /** From nothing to the first listener, its process not counted. */
  readonly ms: number;
  stop(): Promise<void>;
}

async function start(env: Readonly<Record<string, string>>, execArgv: string[] = []): Promise<Server> {
  const child = startChild('checkin/gateway-server', env, execArgv);
  await child.ask({ do: 'cpu' });
  const began = performance.now();
  const { url } = await child.ask<{ url: string }>({ do: 'start' });
  return { url, ms: performance.now() - began, stop: () => child.stop() };
}

async function measure(bench: Bench, kind: Kind, folder: string): Promise<void> {
  const databases = await databasePair(bench, kind, process.env['DATABASE_URL'], 'schema_');
  try {
    const first = await start({ ...databases.first, MOQL_DDF_DIR: folder });
    await first.stop();
    const again: number[] = [];
    for (let round = 0; round < (bench.quick ? 1 : RESTARTS); round++) {
      const server = await start(databases.first);
      await server.stop();
      again.push(server.ms);
    }
    bench.tell(figure(`${RESTART}.${kind}.first`, 'ms', [first.ms]));
    bench.tell(figure(`${RESTART}.${kind}.again`, 'ms', again));
    if (bench.wants(DELAY) || bench.wants(INTROSPECTION)) {
      const server = await start(databases.first, profiled());
      try {
        await addAndAsk(bench, kind, server.url);
      } finally {
        await server.stop();
      }
    }
    if (kind === 'postgresql' && bench.wants(FOLLOW)) await follow(bench, databases.first);
  } finally {
    await databases.remove();
  }
}

/** From the answer to a change until another gateway on the same database has made it, too. */
async function follow(bench: Bench, env: Readonly<Record<string, string>>): Promise<void> {
  const servers = [await start(env), await start(env)] as const;
  try {
    const changing = await HttpConnection.open(servers[0].url);
    const following = await HttpConnection.open(servers[1].url);
    const times: number[] = [];
    for (let round = -WARM_UP; round < (bench.quick ? 3 : ROUNDS); round++) {
      const source = syntheticDdf(round);
      const { id } = (JSON.parse(await ask(changing, ADD, { source })) as Added).data.addDdf;
      const began = performance.now();
      const known = async (): Promise<boolean> => !(await ask(following, KNOWN)).includes('null');
      while (!(await known())) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (round >= 0) times.push(performance.now() - began);
      await ask(changing, REMOVE, { id });
      while (await known()) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    changing.close();
    following.close();
    bench.tell(figure(`${FOLLOW}.postgresql`, 'ms', times, '<= 1000'));
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** CPU profiles of the gateway are written there. */
function profiled(): string[] {
  const directory = process.env['BENCH_PROFILE'];
  return directory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}

interface Round {
  /** How long the mutation took. */
  readonly took: number;
  /** The longest that a request waited meanwhile, and in as much time in which nothing happened, over the usual. */
  readonly delay: number;
  readonly quiet: number;
  /** The first answer about the new schema, and one of those after it. */
  readonly first: number;
  readonly cached: number;
}

async function addAndAsk(bench: Bench, kind: Kind, url: string): Promise<void> {
  const changing = await HttpConnection.open(url);
  const asking = await HttpConnection.open(url);
  const rounds: Round[] = [];
  for (let round = -WARM_UP; round < (bench.quick ? 3 : ROUNDS); round++) {
    const measured = await measureRound(changing, asking, round);
    if (round >= 0) rounds.push(measured);
  }
  changing.close();
  asking.close();
  const of = (name: keyof Round): number[] => rounds.map((round) => round[name]);
  bench.tell(figure(`${DELAY}.${kind}`, 'ms', of('delay'), '<= 50'));
  bench.tell(figure(`${DELAY}.${kind}.quiet`, 'ms', of('quiet')));
  bench.tell(figure(`${DELAY}.${kind}.add`, 'ms', of('took')));
  bench.tell(figure(`${INTROSPECTION}.first.${kind}`, 'ms', of('first')));
  bench.tell(figure(`${INTROSPECTION}.cached.${kind}`, 'ms', of('cached')));
  bench.tell(figure(`${INTROSPECTION}.cached_to_first.${kind}`, 'ratio', ratios(of('cached'), of('first'))));
}

/** A DDF of 500 types that were never there comes, and goes again. */
async function measureRound(changing: HttpConnection, asking: HttpConnection, round: number): Promise<Round> {
  const began = performance.now();
  let id: unknown;
  let took = 0;
  const busy = await waitsDuring(asking, async () => {
    ({ id } = (JSON.parse(await ask(changing, ADD, { source: syntheticDdf(round) })) as Added).data.addDdf);
    took = performance.now() - began;
  });
  const quiet = await waitsDuring(asking, () => new Promise((resolve) => setTimeout(resolve, took)));
  const usual = median(quiet);
  const [first = Number.NaN, ...cached] = await introspect(asking);
  await ask(changing, REMOVE, { id });
  return {
    took,
    delay: Math.max(...busy) - usual,
    quiet: Math.max(...quiet) - usual,
    first,
    cached: median(cached),
  };
}

/** Milliseconds that each of the requests waited which followed one another while something else was done. */
async function waitsDuring(connection: HttpConnection, work: () => Promise<unknown>): Promise<readonly number[]> {
  const waits: number[] = [];
  let done = false;
  const working = work().finally(() => (done = true));
  do {
    const began = performance.now();
    await ask(connection, '{ __typename }');
    waits.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  } while (!done);
  await working;
  return waits;
}

async function introspect(connection: HttpConnection): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = 0; i <= CACHED; i++) {
    const began = performance.now();
    await ask(connection, getIntrospectionQuery());
    times.push(performance.now() - began);
  }
  return times;
}

/** The answer as it came; one with errors ends the run. */
async function ask(connection: HttpConnection, query: string, variables: object = {}): Promise<string> {
  const { status, body } = await connection.post(
    '/graphql',
    HEADERS,
    Buffer.from(JSON.stringify({ query, variables })),
  );
  const text = body.toString('utf8');
  if (status !== 200 || !text.startsWith('{"data":')) throw new Error(`${status} ${text.slice(0, 500)}`);
  return text;
}
