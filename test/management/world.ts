/** The middle over a database of its own, with devices that speak through the fake adapter. */
import { createOperations, type OperationsDeps } from '../../src/management/operations';
import { startTimers, type TimerDeps, type Timers } from '../../src/management/timers';
import { Turns, type TurnSettings } from '../../src/management/turn';
import type { Caller, Operations } from '../../src/management/types';
import { Waiting } from '../../src/management/waiting';
import type { Database } from '../../src/store/database';
import { createSecrets, type Secrets } from '../../src/store/secrets';
import { testDatabase } from '../support/database';
import { fakeAdapter, inboundOf, type Heard, type Saying } from './fake-adapter';
import { LIBRARY, NOW } from './given';

export const CALLER: Caller = { principal: 'key:1', name: 'a test', admin: true };

export interface World {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly turns: Turns;
  readonly operations: Operations;
  /** Other ones on the same database, which have or do this more. */
  operationsWith(more: Partial<OperationsDeps>): Operations;
  readonly timers: Timers;
  readonly errors: unknown[];
  account: string;
  now: number;
  /** Registers a device that was looked through before, with these MOs. */
  device(name: string, mos?: readonly { miid: string; place?: string }[]): Promise<string>;
  /** A message and the octets of its reply. */
  post(saying: Saying): Promise<{ status: number; body: string }>;
  says(saying: Saying): Promise<Heard>;
  rows<R = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<R[]>;
  /** All tables, as text that two looks can be compared by. */
  dump(): Promise<Record<string, string>>;
  /** Statements of the work beside BEGIN and COMMIT. */
  statements(work: () => Promise<unknown>): Promise<string[]>;
  close(): Promise<void>;
}

const SETTINGS: TurnSettings = {
  baseUrl: () => 'https://dm.example',
  defaultServerId: 'dm.example',
  allowInsecureBasic: false,
  limits: {
    maxMsgSize: 65_536,
    maxObjSize: 1_000_000,
    maxFailures: 3,
    sessionExpiryMs: 60_000,
    transferExpiryMs: 60_000,
  },
  itemLifeMs: 60_000,
  discoveryBudget: { messages: 10, nodes: 1_000 },
};

/** @param also what else is done when something is due */
export async function openWorld(also: TimerDeps['also'] = {}): Promise<World> {
  const db = await testDatabase();
  const secrets = createSecrets('a key for tests');
  const errors: unknown[] = [];
  const log = {
    debug: (): void => undefined,
    warn: (): void => undefined,
    error: (detail: object): void => void errors.push(detail),
  };
  const now = (): number => world.now;
  const ddfs = { library: () => LIBRARY };
  const turns = new Turns({ db, secrets, ddfs, settings: SETTINGS, log, now });
  const waiting = new Waiting();
  await waiting.start(db);
  const limits = { commands: 1_000, valueOctets: 100_000, waitMs: 30_000, expiresInMs: 90 * 86_400_000 };
  const operationsWith: World['operationsWith'] = (more) =>
    createOperations({ db, secrets, ddfs, waiting, limits, now, ...more });
  const operations = operationsWith({});
  const timers = startTimers({ db, turns, adapterOf: () => fakeAdapter, log, everyMs: 3_600_000, also, now });

  const post: World['post'] = async (saying) => {
    const reply = await turns.handle(fakeAdapter, inboundOf(saying));
    return { status: reply.status, body: Buffer.from(reply.body).toString() };
  };
  const world: World = {
    db,
    secrets,
    turns,
    operations,
    operationsWith,
    timers,
    errors,
    account: '',
    now: NOW,
    device: async (name, mos = [{ miid: 'L1', place: './Lamps/L1' }]) => {
      const [row] = await db.sql.query<{ id: string }>(
        `INSERT INTO device (device_id, account_id, protocol, discovered_at, discover_requested)
         VALUES ($1, $2, 'DM_1_2', now(), false) RETURNING id`,
        [name, world.account],
      );
      for (const { miid, place } of mos) {
        await db.sql.query(
          `INSERT INTO management_object (device_id, family, miid, moid, version, place, recognised_by)
           VALUES ($1, 'urn:example:lamp', $2, 'urn:example:lamp:1.0', '1.0', $3, 'MOID')`,
          [row?.id, miid, place ?? null],
        );
      }
      return row?.id ?? '';
    },
    post,
    says: async (saying) => {
      const { status, body } = await post(saying);
      return status === 200 ? (JSON.parse(body) as Heard) : { status, commands: [], more: false };
    },
    rows: (text, values) => db.sql.query(text, values),
    dump: async () => {
      const tables = await db.sql.query<{ name: string }>(
        `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`,
      );
      const dump: Record<string, string> = {};
      for (const { name } of tables) {
        const [row] = await db.sql.query<{ content: string | null }>(
          `SELECT string_agg(t::text, E'\\n' ORDER BY t::text) AS content FROM "${name}" t`,
        );
        dump[name] = row?.content ?? '';
      }
      return dump;
    },
    statements: async (work) => {
      const texts: string[] = [];
      const stop = db.onStatement((text) => void texts.push(text));
      await work();
      stop();
      return texts.filter((text) => !/^(BEGIN|COMMIT)/.test(text) && !text.includes('pg_notify'));
    },
    close: async () => {
      await timers.stop();
      waiting.stop();
      await db.close();
    },
  };
  const [account] = await db.sql.query<{ id: string }>(
    `INSERT INTO account (server_id, auto_register, client_auth_type, client_username, client_secret)
     VALUES ('dm.example', true, 'BASIC', 'fleet', $1) RETURNING id`,
    [secrets.encrypt('secret', 'credential/CLIENT')],
  );
  world.account = account?.id ?? '';
  return world;
}

/** Tables that differ between two dumps. */
export function changedTables(before: Record<string, string>, after: Record<string, string>): string[] {
  return Object.keys(after).filter((name) => before[name] !== after[name]);
}
