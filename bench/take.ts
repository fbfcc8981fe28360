/** `take.empty`: a device's work is looked for and there is none, with many commands queued for others. */
import { openDatabase, type Database } from '../src/store/database';
import { migrate } from '../src/store/migrate';
import type { Sql } from '../src/store/sql';
import { loadWork } from '../src/store/turn-work';
import { databasePair } from './checkin/stage';
import { figure, ratios, type Bench } from './figure';

const NAME = 'take.empty';
/** Each has a hundred commands. */
const DEVICES = 10_000;
const CALLS = 1_000;
/** As a turn asks. */
const COMMANDS = 40;
const OCTETS = 65_536;

export async function takeFigures(bench: Bench): Promise<void> {
  const databaseUrl = process.env['DATABASE_URL'];
  for (const kind of ['embedded', 'postgresql'] as const) {
    const name = `${NAME}.${kind}`;
    if (!bench.wants(name)) continue;
    if (kind === 'postgresql' && databaseUrl === undefined) {
      bench.note('postgresql: left out, DATABASE_URL is not set');
      continue;
    }
    const pair = kind === 'postgresql' ? await databasePair(bench, kind, databaseUrl, 'take_') : undefined;
    const db = await openDatabase(pair === undefined ? { memory: true } : { databaseUrl: pair.first['DATABASE_URL'] });
    try {
      await migrate(db.sql);
      const devices = bench.quick ? DEVICES / 100 : DEVICES;
      const idle = await fill(db, devices);
      const { taken, bare } = await race(db, idle, bench.quick ? 5 : 9);
      bench.note(`${name}: ${devices * 100} commands are queued for ${devices} other devices`);
      bench.tell(figure(`${name}.time`, 'us', taken));
      bench.tell(figure(`${name}.floor`, 'us', bare));
      bench.tell(figure(`${name}.ratio`, 'ratio', ratios(taken, bare), '<= 2'));
    } finally {
      await db.close();
      await pair?.remove();
    }
  }
}

/** @returns the key of a device for which nothing is queued, in the middle of the others */
async function fill({ sql }: Database, devices: number): Promise<string> {
  await sql.query(`INSERT INTO account (server_id) VALUES ('dm.example')`);
  await sql.query(
    `INSERT INTO device (device_id, account_id) SELECT 'IMEI:' || n, a.id FROM account a, generate_series(0, $1::int) n`,
    [devices],
  );
  const [idle] = await sql.query<{ id: string }>('SELECT id FROM device ORDER BY id OFFSET $1::int LIMIT 1', [
    Math.floor(devices / 2),
  ]);
  await sql.query(
    `INSERT INTO operation (device_id, caller, expires_at) SELECT id, 'key:bench', now() + interval '30 days' FROM device WHERE id <> $1`,
    [idle?.id],
  );
  await sql.exec(`INSERT INTO command (device_id, operation_id, position, kind, moid, family, miid, path, request)
      SELECT o.device_id, o.id, n, 'get', 'urn:oma:mo:oma-fumo:1.0', 'urn:oma:mo:oma-fumo', '1', 'State', '{"depth": 1}'
      FROM operation o, generate_series(0, 99) n;
    ANALYZE`);
  return idle?.id ?? '';
}

/** On one connection, by turns. Microseconds a call, one value a round. */
async function race(
  db: Database,
  device: string,
  rounds: number,
): Promise<{ readonly taken: readonly number[]; readonly bare: readonly number[] }> {
  const taken: number[] = [];
  const bare: number[] = [];
  await db.sql.transaction(async (tx) => {
    for (let round = -1; round < rounds; round += 1) {
      const [take, one] = await byTurns(
        () => takeNothing(tx, device),
        () => tx.query('SELECT 1 AS one'),
      );
      if (round < 0) continue;
      taken.push(take);
      bare.push(one);
    }
  });
  return { taken, bare };
}

async function takeNothing(tx: Sql, device: string): Promise<void> {
  const found = await loadWork(tx, device, COMMANDS, new Date(), OCTETS);
  if (found.length > 0) throw new Error('there is work');
}

async function byTurns(a: () => Promise<unknown>, b: () => Promise<unknown>): Promise<readonly [number, number]> {
  let [first, second] = [0, 0];
  for (let call = 0; call < CALLS; call += 1) {
    const began = performance.now();
    await a();
    const between = performance.now();
    await b();
    first += between - began;
    second += performance.now() - between;
  }
  return [(first / CALLS) * 1_000, (second / CALLS) * 1_000];
}
