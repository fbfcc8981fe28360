/** `northbound.filter`: a typed filter that selects 50 of many devices, against the same asked by hand-written SQL. */
import Fastify from 'fastify';

import { startGateway, type Gateway } from '../src/cli/gateway';
import { createLog } from '../src/cli/log';
import { readEnvironment } from '../src/config/environment';
import { indexedValue, type IndexedNode } from '../src/management/device-filter/indexed-nodes';
import { openDatabase, type Database } from '../src/store/database';
import { MADE_OF_INPUT } from '../src/store/sql';
import { ADMIN_KEY, SECRET_KEY } from './checkin/fleet';
import { databasePair } from './checkin/stage';
import { figure, ratios, type Bench } from './figure';
import { HttpConnection } from './http-connection';

const NAME = 'northbound.filter';
const MANY = { postgresql: Number(process.env['BENCH_GROWTH'] ?? 1_000_000), embedded: 100_000 } as const;
/** Devices that each filter selects. */
const SELECTED = 50;
const CALLS = { postgresql: 150, embedded: 50 } as const;
const ROUNDS = 5;
const FUMO = 'urn:oma:mo:oma-fumo';
const STATE: IndexedNode = { family: FUMO, path: 'State', kind: 'NUMBER' };
type Way = 'equality' | 'range';

/** Not part of a quick run: making the devices takes minutes. */
export async function filterFigures(bench: Bench): Promise<void> {
  const databaseUrl = process.env['DATABASE_URL'];
  for (const kind of ['embedded', 'postgresql'] as const) {
    if (bench.quick || !(['equality', 'range'] as const).some((way) => bench.wants(`${NAME}.${way}.${kind}`))) continue;
    if (kind === 'postgresql' && databaseUrl === undefined) {
      bench.note(`${NAME}: PostgreSQL left out, DATABASE_URL is not set`);
      continue;
    }
    const began = Date.now();
    const pair = await databasePair(bench, kind, databaseUrl, 'filter_');
    const db = await openDatabase(
      kind === 'embedded' ? { memory: true } : { databaseUrl: pair.first['DATABASE_URL'], poolSize: 4 },
    );
    const gateway = await startGateway(configuration(), { db, log: createLog('warn') });
    try {
      await fill(db, MANY[kind]);
      await mark(gateway);
      await db.sql.exec('ANALYZE');
      bench.note(`${NAME}: ${MANY[kind]} devices (${kind}) after ${Math.round((Date.now() - began) / 1000)} s`);
      await compare(bench, kind, gateway, db);
    } finally {
      await gateway.close();
      await pair.remove();
    }
  }
}

function configuration(): Parameters<typeof startGateway>[0] {
  const read = readEnvironment({
    PORT: '0',
    MOQL_ADMIN_KEY: ADMIN_KEY,
    MOQL_SECRET_KEY: SECRET_KEY,
    LOG_LEVEL: 'warn',
  });
  if (!read.ok) throw new Error(read.problems.join('; '));
  return read.configuration;
}

/** Each has a number of its own, and shares the name of a package with 49 others all over the table. */
async function fill({ sql }: Database, devices: number): Promise<void> {
  await sql.query(`INSERT INTO account (server_id) VALUES ('filter.example')`);
  await sql.query(
    `INSERT INTO device (device_id, account_id, protocol, tags, features, last_contact_at)
     SELECT 'IMEI:8' || lpad(n::text, 14, '0'), a.id, 'DM_2_0', '{bench}', '{}', now() FROM account a, generate_series(0, $1::int) n
     WHERE a.server_id = 'filter.example'`,
    [devices - 1],
  );
  await sql.query(
    `INSERT INTO management_object (device_id, family, miid, moid, version, recognised_by, "values", observed_at, complete_at)
     SELECT d.id, $1::text, '1', $1::text || ':1.0', '1.0', 'MOID',
       jsonb_build_object('PkgName', 'app-' || (d.n % $2::int), 'PkgVersion', '1.0', 'State', d.n, 'Update', jsonb_build_object('PkgData', 'x')), now(), now()
     FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM device) d`,
    [FUMO, devices / SELECTED],
  );
  await sql.exec('ANALYZE');
}

async function mark(gateway: Gateway): Promise<void> {
  const { nodeIndexes } = gateway.services;
  await nodeIndexes.add({ moid: FUMO, path: 'State' }, { principal: 'key:admin', name: 'bench', admin: true });
  while (nodeIndexes.ready().find(FUMO, 'State') === undefined) await new Promise((done) => setTimeout(done, 200));
}

const QUERIES: Readonly<Record<Way, string>> = {
  equality: `query ($a: String!) { devices(first: ${SELECTED}, where: { fumo: { pkgName: { eq: $a } } }) { nodes { deviceId } } }`,
  range: `query ($a: Int!, $b: Int!) { devices(first: ${SELECTED}, where: { fumo: { state: { gte: $a, lt: $b } } }) { nodes { deviceId } } }`,
};
/**
 * As one writes it who has looked at plans: as a join, or with IN, it walked over the devices in order until it had found fifty.
 * Sent as `pg` sends statements, unnamed: plans of prepared ones, which know no value, did the same.
 */
const STATEMENTS: Readonly<Record<Way, string>> = {
  equality: found(`o."values" @> jsonb_build_object('PkgName', $1::text)`),
  range: found(
    `${indexedValue(STATE, 'o."values"')} >= $1::numeric AND ${indexedValue(STATE, 'o."values"')} < $2::numeric`,
  ),
};

function found(condition: string): string {
  return `${MADE_OF_INPUT}SELECT d.device_id AS "deviceId" FROM device d WHERE d.id = ANY (ARRAY(
    SELECT o.device_id FROM management_object o WHERE o.family = '${FUMO}' AND ${condition})) ORDER BY d.id LIMIT ${SELECTED}`;
}

async function compare(bench: Bench, kind: keyof typeof MANY, gateway: Gateway, db: Database): Promise<void> {
  const floor = await floorOver(db);
  const [own, bare] = [await HttpConnection.open(gateway.url), await HttpConnection.open(floor.url)];
  const headers = `content-type: application/json\r\nauthorization: Bearer ${ADMIN_KEY}\r\n`;
  try {
    for (const way of ['equality', 'range'] as const) {
      const name = `${NAME}.${way}.${kind}`;
      if (!bench.wants(name)) continue;
      const ask: Ask = async (connection: HttpConnection, path: string, body: object): Promise<number> => {
        const began = performance.now();
        const answer = (await connection.post(path, headers, Buffer.from(JSON.stringify(body)))).body.toString();
        const took = performance.now() - began;
        const found = answer.split('"deviceId"').length - 1;
        if (found !== SELECTED) throw new Error(`${found} devices: ${answer.slice(0, 400)}`);
        return took;
      };
      const { p50, p99 } = await rounds(way, kind, ask, own, bare);
      bench.tell(figure(`${name}.p99`, 'us', p99[0]));
      bench.tell(figure(`${name}.floor_p99`, 'us', p99[1]));
      bench.tell(figure(`${name}.p99_to_floor`, 'ratio', ratios(p99[0], p99[1]), '<= 2'));
      bench.tell(figure(`${name}.p50_to_floor`, 'ratio', ratios(p50[0], p50[1])));
    }
  } finally {
    own.close();
    bare.close();
    await floor.close();
  }
}

type Ask = (connection: HttpConnection, path: string, body: object) => Promise<number>;

/** Microseconds, one value a round of each side; a call each in turn. */
async function rounds(
  way: Way,
  kind: keyof typeof MANY,
  ask: Ask,
  own: HttpConnection,
  bare: HttpConnection,
): Promise<Readonly<Record<'p50' | 'p99', readonly [number[], number[]]>>> {
  const calls = CALLS[kind];
  const p99: [number[], number[]] = [[], []];
  const p50: [number[], number[]] = [[], []];
  for (let round = -1; round < ROUNDS; round += 1) {
    const times: [number[], number[]] = [[], []];
    for (let call = 0; call < calls; call += 1) {
      // Steps of a prime number lie all over the tables; each side asks for what nobody asked for before.
      const first = (((round + 1) * calls + call) * 2 * 7_919) % (MANY[kind] / SELECTED - 1);
      for (const side of call % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const values = valuesOf(way, first + side);
        times[side].push(
          side === 0
            ? await ask(own, '/graphql', { query: QUERIES[way], variables: values })
            : await ask(bare, `/${way}`, values),
        );
      }
    }
    if (round < 0) continue;
    for (const side of [0, 1] as const) {
      p99[side].push(quantile(times[side], 0.99) * 1_000);
      p50[side].push(quantile(times[side], 0.5) * 1_000);
    }
  }
  return { p50, p99 };
}

function valuesOf(way: Way, n: number): Readonly<Record<string, string | number>> {
  return way === 'equality' ? { a: `app-${n}` } : { a: n * SELECTED, b: (n + 1) * SELECTED };
}

/** Fastify that answers the same by one hand-written statement. */
async function floorOver({ sql }: Database): Promise<{ readonly url: string; close(): Promise<void> }> {
  const app = Fastify();
  for (const way of ['equality', 'range'] as const)
    app.post<{ Body: { readonly a: string | number; readonly b?: number } }>(`/${way}`, async ({ body }) => {
      const nodes = await sql.query(STATEMENTS[way], body.b === undefined ? [body.a] : [body.a, body.b]);
      return { data: { devices: { nodes } } };
    });
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
