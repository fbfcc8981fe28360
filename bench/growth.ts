/** `growth`: what one device costs where many more are registered, on PostgreSQL; and the room that rows take. */
import { join } from 'node:path';

import { deviceIdOf } from '../src/simulator/identity';
import { openDatabase, type Database } from '../src/store/database';
import { moveEnded } from '../src/store/ended-operations';
import type { Sql } from '../src/store/sql';
import { loadWork } from '../src/store/turn-work';
import { CheckingDevice, packageOneOf } from './checkin/dialogue';
import { ADMIN_KEY, DEVICE } from './checkin/fleet';
import { databasePair, type DatabasePair } from './checkin/stage';
import { startChild, type Child } from './child';
import { figure, median, ratios, type Bench } from './figure';
import { HttpConnection } from './http-connection';

const NAME = 'growth';
const FEW = 10_000;
const MANY = Number(process.env['BENCH_GROWTH'] ?? 1_000_000);
/** Devices that check in themselves. */
const REAL = 16;
const CALLS = 60;
const ROUNDS = 7;
const TASKS = ['checkin', 'take', 'read', 'accept'] as const;
type Task = (typeof TASKS)[number];

/** Not part of a quick run: making a million devices takes minutes. */
export async function growthFigures(bench: Bench): Promise<void> {
  if (bench.quick || !bench.wants(NAME)) return;
  const databaseUrl = process.env['DATABASE_URL'];
  if (databaseUrl === undefined) {
    bench.note(`${NAME}: left out, DATABASE_URL is not set`);
    return;
  }
  const few = await Fleet.of(bench, databaseUrl, FEW);
  try {
    const many = await Fleet.of(bench, databaseUrl, MANY);
    try {
      await compare(bench, few, many);
      for (const [table, octets] of await many.octets()) bench.tell(figure(`${NAME}.octets.${table}`, 'B', [octets]));
    } finally {
      await many.close();
    }
  } finally {
    await few.close();
  }
}

async function compare(bench: Bench, few: Fleet, many: Fleet): Promise<void> {
  await few.connect();
  await many.connect();
  for (const task of TASKS) {
    const times: [number[], number[]] = [[], []];
    for (let round = -1; round < ROUNDS; round += 1) {
      // A call each in turn; the median of a round's calls does not know of pauses.
      const calls: [number[], number[]] = [[], []];
      for (let call = 0; call < CALLS; call += 1)
        for (const which of call % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
          calls[which].push(await (which === 0 ? few : many).time(task, (round + 1) * CALLS + call));
      if (round < 0) continue;
      times[0].push(median(calls[0]) * 1_000);
      times[1].push(median(calls[1]) * 1_000);
    }
    bench.tell(figure(`${NAME}.${task}.${FEW}`, 'us', times[0]));
    bench.tell(figure(`${NAME}.${task}.${MANY}`, 'us', times[1]));
    bench.tell(figure(`${NAME}.${task}.ratio`, 'ratio', ratios(times[1], times[0]), '<= 1.5'));
  }
}

/** A gateway in a process of its own, with so many devices, each of which has one command queued. */
class Fleet {
  private connection: HttpConnection | undefined;

  private constructor(
    private readonly devices: number,
    private readonly server: Child,
    private readonly pair: DatabasePair,
    private readonly db: Database,
    private readonly url: string,
    private readonly real: readonly CheckingDevice[],
  ) {}

  static async of(bench: Bench, databaseUrl: string, devices: number): Promise<Fleet> {
    const began = Date.now();
    const pair = await databasePair(bench, 'postgresql', databaseUrl, `growth_${devices}_`);
    const server = startChild('checkin/gateway-server', {
      ...pair.first,
      BENCH_DEVICES: String(REAL),
      BENCH_RECORD: join(bench.directory, `growth-${devices}.recording`),
    });
    try {
      const { url } = await server.ask<{ url: string }>({ do: 'start' });
      const db = await openDatabase({ databaseUrl: pair.first['DATABASE_URL'] });
      await fill(db, devices);
      const packageOne = await packageOneOf();
      const real = Array.from({ length: REAL }, (_, n) => new CheckingDevice(n, 'wbxml', packageOne, 20_000 + n));
      bench.note(`${NAME}: ${devices} devices after ${Math.round((Date.now() - began) / 1000)} s`);
      return new Fleet(devices, server, pair, db, url, real);
    } catch (error) {
      await server.stop();
      await pair.remove();
      throw error;
    }
  }

  /** Connections that nobody uses are closed by the server, so this comes last. */
  async connect(): Promise<void> {
    this.connection = await HttpConnection.open(this.url);
    for (const device of this.real) await device.checkIn(this.connection, 'challenge');
  }

  private get open(): HttpConnection {
    if (this.connection === undefined) throw new Error('not connected');
    return this.connection;
  }

  /** Milliseconds that the n-th call takes; of a device that was not asked for before, but for check-ins. */
  async time(task: Task, n: number): Promise<number> {
    // Steps of a prime number lie all over the tables.
    const number = (n * 7_919 + TASKS.indexOf(task)) % this.devices;
    const began = performance.now();
    if (task === 'checkin') await this.real[n % REAL]?.checkIn(this.open, 'known');
    else if (task === 'take') await this.take(number);
    else if (task === 'read')
      await this.ask('query ($id: ID!) { device(deviceId: $id) { devInfo { man } } }', number, '"man":"');
    else
      await this.ask(
        `mutation ($id: ID!) { submitOperation(input: { deviceId: $id, commands: [{ get: { address: { uri: "./DevInfo/Man" } } }] }) { id state } }`,
        number,
        '"state":"QUEUED"',
      );
    return performance.now() - began;
  }

  /** Octets a row, with indexes. */
  async octets(): Promise<readonly (readonly [string, number])[]> {
    const { sql } = this.db;
    const some = `device_id IN (SELECT id FROM device WHERE device_id LIKE 'IMEI:8%' ORDER BY id LIMIT 20000)`;
    await sql.query(
      `UPDATE command SET state = 'ANSWERED', outcome = 'OK', status_code = 200, result = '"Example Devices"', carrier = 'Get', sent_at = now(), answered_at = now() WHERE ${some}`,
    );
    const sizes: (readonly [string, number])[] = [];
    const measure = async (table: string): Promise<void> => {
      const [row] = await sql.query<{ octets: string }>(
        `SELECT COALESCE((SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree($1::regclass)), pg_total_relation_size($1::regclass))
           / GREATEST(count(*), 1) AS octets FROM ${table}`,
        [table],
      );
      sizes.push([table, Number(row?.octets)]);
    };
    for (const table of ['device', 'device_credential', 'management_object', 'operation', 'command', 'event'])
      await measure(table);
    await sql.query(`UPDATE operation SET state = 'SUCCEEDED', ended_at = now() WHERE ${some}`);
    while ((await moveEnded(sql, new Date(0), new Date(Date.now() + 60_000), 500)).moved === 500);
    for (const table of ['ended_operation', 'ended_command']) await measure(table);
    return sizes;
  }

  async close(): Promise<void> {
    this.connection?.close();
    await this.db.close();
    await this.server.stop();
    await this.pair.remove();
  }

  private async take(number: number): Promise<void> {
    const work = await this.db.sql.transaction(async (tx) => {
      const [row] = await tx.query<{ id: string }>('SELECT id FROM device WHERE device_id = $1', [nameOf(number)]);
      return loadWork(tx, row?.id ?? '', 40, new Date(), 65_536);
    });
    if (work.length === 0) throw new Error('no work was found');
  }

  private async ask(query: string, number: number, expected: string): Promise<void> {
    const body = Buffer.from(JSON.stringify({ query, variables: { id: nameOf(number) } }));
    const headers = `content-type: application/json\r\nauthorization: Bearer ${ADMIN_KEY}\r\n`;
    const answer = (await this.open.post('/graphql', headers, body)).body.toString();
    if (!answer.includes(expected)) throw new Error(answer);
  }
}

function nameOf(number: number): string {
  return `IMEI:8${String(number).padStart(14, '0')}`;
}

/** Devices that are what the first real one is. */
async function fill({ sql }: Database, devices: number): Promise<void> {
  const template = deviceIdOf(DEVICE, 0);
  await sql.query(
    `INSERT INTO device (device_id, account_id, protocol, features, supported_mos, recognised, discovered_at, discover_requested, last_contact_at)
     SELECT 'IMEI:8' || lpad(n::text, 14, '0'), account_id, protocol, features, supported_mos, recognised, discovered_at, discover_requested, last_contact_at
     FROM device, generate_series(0, $2::int) n WHERE device_id = $1`,
    [template, devices - 1],
  );
  await copyRows(
    sql,
    template,
    'device_credential',
    'direction, type, username, secret, fingerprint, nonce, previous_nonce',
  );
  await copyRows(
    sql,
    template,
    'management_object',
    'family, miid, moid, version, place, recognised_by, "values", meta, properties, observed_at, complete_at, found_at',
    `AND t.family LIKE '%devinfo%'`,
  );
  await sql.exec(`WITH o AS (INSERT INTO operation (device_id, caller, expires_at, request_sha256)
        SELECT id, 'key:1', now() + interval '30 days', repeat('0', 64) FROM device WHERE device_id LIKE 'IMEI:8%' RETURNING device_id, id),
      e AS (INSERT INTO event (device_id, type, data) SELECT device_id, 'operationAccepted', jsonb_build_object('operation', id::text) FROM o)
    INSERT INTO command (device_id, operation_id, position, kind, path, uri, request)
      SELECT device_id, id, 0, 'get', '', './DevInfo/Man', '{"depth": null}' FROM o;
    ANALYZE`);
}

async function copyRows(sql: Sql, template: string, table: string, columns: string, more = ''): Promise<void> {
  await sql.query(
    `INSERT INTO ${table} (device_id, ${columns}) SELECT d.id, ${columns.replace(/"?\w+"?/g, 't.$&')}
     FROM ${table} t JOIN device f ON f.id = t.device_id AND f.device_id = $1 ${more}, device d WHERE d.device_id LIKE 'IMEI:8%'`,
    [template],
  );
}
