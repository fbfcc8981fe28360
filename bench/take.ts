/** `take`: a device's work is looked for and there is none, with many commands queued for others. */
import { openDatabase, type Database } from '../src/store/database';
import { migrate } from '../src/store/migrate';
import type { Sql } from '../src/store/sql';
import { workWaits } from '../src/store/turn-load';
import { loadWork } from '../src/store/turn-work';
import { databasePair } from './checkin/stage';
import { figure, ratios, type Bench } from './figure';

const NAME = 'take';
/** Each has a hundred commands. */
const DEVICES = 10_000;
const CALLS = 1_000;
/** As a turn asks. */
const COMMANDS = 40;
const OCTETS = 65_536;

export async function takeFigures(bench: Bench): Promise<void> {
  const databaseUrl = process.env['DATABASE_URL'];
  for (const kind of ['embedded', 'postgresql'] as const) {
    const empty = `${NAME}.empty.${kind}`;
    const statement = `${NAME}.statement.${kind}`;
    if (!bench.wants(empty) && !bench.wants(statement)) continue;
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
      const { taken, looked, bare } = await race(db, idle, bench.quick ? 5 : 9);
      bench.note(`${empty}: ${devices * 100} commands are queued for ${devices} other devices`);
      bench.tell(figure(`${empty}.time`, 'us', looked));
      bench.tell(figure(`${empty}.floor`, 'us', bare));
      bench.tell(figure(`${empty}.ratio`, 'ratio', ratios(looked, bare), '<= 2'));
      bench.tell(figure(`${statement}.time`, 'us', taken));
      bench.tell(figure(`${statement}.ratio`, 'ratio', ratios(taken, bare)));
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
): Promise<Readonly<Record<'taken' | 'looked' | 'bare', readonly number[]>>> {
  const taken: number[] = [];
  const looked: number[] = [];
  const bare: number[] = [];
  await db.sql.transaction(async (tx) => {
    for (let round = -1; round < rounds; round += 1) {
      const [take = 0, look = 0, one = 0] = await byTurns(
        () => takeNothing(tx, device),
        () => lookInVain(tx, device),
        () => tx.query('SELECT 1 AS one'),
      );
      if (round < 0) continue;
      taken.push(take);
      looked.push(look);
      bare.push(one);
    }
  });
  return { taken, looked, bare };
}

/** What a turn does where nothing is queued: a part of its first statement, here by itself. */
const LOOK = `SELECT ${workWaits('$1::bigint')} AS waits`;

async function lookInVain(tx: Sql, device: string): Promise<void> {
  const [row] = await tx.query<{ waits: boolean }>(LOOK, [device]);
  if (row?.waits !== false) throw new Error('there is work');
}

/** What a turn asks when something was queued meanwhile, or where there are profiles. */
async function takeNothing(tx: Sql, device: string): Promise<void> {
  const found = await loadWork(tx, device, COMMANDS, new Date(), OCTETS);
  if (found.length > 0) throw new Error('there is work');
}

/** Microseconds a call of each. */
async function byTurns(...calls: readonly (() => Promise<unknown>)[]): Promise<readonly number[]> {
  const took = calls.map(() => 0);
  for (let turn = 0; turn < CALLS; turn += 1) {
    for (const [index, call] of calls.entries()) {
      const began = performance.now();
      await call();
      took[index] = (took[index] ?? 0) + performance.now() - began;
    }
  }
  return took.map((ms) => (ms / CALLS) * 1_000);
}
