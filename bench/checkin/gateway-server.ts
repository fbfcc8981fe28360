/**
 * The gateway as it is served, in a process of its own. With `BENCH_RECORD` it also fills the database (an account and
 * its devices, all found and read), and writes to that file what the floor needs.
 */
import { writeFileSync } from 'node:fs';
import { serialize } from 'node:v8';

import { startGateway, type Gateway } from '../../src/cli/gateway';
import { createLog } from '../../src/cli/log';
import { readEnvironment } from '../../src/config/environment';
import { simulate } from '../../src/simulator';
import { openDatabase, type Database } from '../../src/store/database';
import { answerParent } from '../child';
import { HttpConnection } from '../http-connection';
import { CheckingDevice, packageOneOf, stepName, type Form, type Mode } from './dialogue';
import { ADMIN_KEY, CONNECTIONS, DEVICE, DEVICES, LOGIN, SECRET_KEY, SERVER } from './fleet';
import { RecordingSql, type RecordedTurn, type Recording } from './recording';

/** Rounds in which every device checks in, until the gateway wants nothing more of any. */
const MAX_ROUNDS = 5;
/** Messages of a session in which the gateway had nothing to ask: one each way, or two with a challenge. */
const IDLE_MESSAGES = 4;

let gateway: Gateway | undefined;

async function start(): Promise<{ readonly url: string }> {
  const {
    DATABASE_URL: databaseUrl,
    MOQL_DATA_DIR: dataDir = '',
    MOQL_DDF_DIR: ddfDir,
    MOQL_CONFIG: config,
    BENCH_RECORD: record,
  } = process.env;
  const checked = readEnvironment({
    PORT: '0',
    MOQL_ADMIN_KEY: ADMIN_KEY,
    MOQL_SECRET_KEY: SECRET_KEY,
    LOG_LEVEL: 'warn',
    ...(ddfDir === undefined ? {} : { MOQL_DDF_DIR: ddfDir }),
    ...(config === undefined ? {} : { MOQL_CONFIG: config }),
    ...(databaseUrl === undefined ? { MOQL_DATA_DIR: dataDir } : { DATABASE_URL: databaseUrl }),
  });
  if (!checked.ok) throw new Error(checked.problems.join('; '));
  const log = createLog('warn');
  if (record === undefined) {
    gateway = await startGateway(checked.configuration, { log });
    return { url: gateway.url };
  }
  const db = await openDatabase({ databaseUrl, dataDir, logger: log });
  const sql = new RecordingSql(db.sql);
  gateway = await startGateway(checked.configuration, { log, db: overWith(db, sql) });
  await fill(gateway.url);
  writeFileSync(record, serialize(await recordTurns(gateway.url, db, sql)));
  return { url: gateway.url };
}

function overWith(db: Database, sql: RecordingSql): Database {
  return {
    kind: db.kind,
    sql,
    get prisma() {
      return db.prisma;
    },
    notify: (channel, payload) => db.notify(channel, payload),
    listen: (channel, fn) => db.listen(channel, fn),
    onStatement: (watcher) => db.onStatement(watcher),
    close: () => db.close(),
  };
}

async function fill(url: string): Promise<void> {
  const input = {
    serverId: SERVER.user,
    name: 'Bench',
    autoRegister: true,
    clientAuth: { type: 'DIGEST_MD5', username: LOGIN.user, secret: LOGIN.secret },
    serverAuth: { type: 'DIGEST_MD5', username: SERVER.user, secret: SERVER.secret },
  };
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({
      query: 'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id } }',
      variables: { input },
    }),
  });
  const answer = (await response.json()) as { readonly errors?: unknown };
  if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors));

  const fleet = simulate({
    protocol: 'dm1',
    device: { url: `${url}/dm/1`, deviceId: DEVICE, ...LOGIN, serverUser: SERVER.user, serverSecret: SERVER.secret },
    count: DEVICES,
    concurrency: CONNECTIONS,
  });
  try {
    for (let round = 1; ; round++) {
      const reports = await fleet.connectAll();
      const bad = reports.find(({ ended, violations }) => ended !== 'server' || violations.length > 0);
      if (bad !== undefined)
        throw new Error(`${bad.deviceId}: ${bad.log.join('; ')} ${JSON.stringify(bad.violations)}`);
      if (reports.every(({ messages }) => messages.length <= IDLE_MESSAGES)) return;
      if (round === MAX_ROUNDS) throw new Error('the gateway does not come to rest with its devices');
    }
  } finally {
    await fleet.stop();
  }
}

async function recordTurns(url: string, db: Database, sql: RecordingSql): Promise<Recording> {
  const packageOne = await packageOneOf();
  const connection = await HttpConnection.open(url);
  const turns: Record<string, RecordedTurn> = {};
  const at = Date.now();
  for (const form of ['xml', 'wbxml'] as const satisfies readonly Form[]) {
    const device = new CheckingDevice(0, form, packageOne, form === 'xml' ? 1 : 1001);
    await device.checkIn(connection, 'known');
    for (const mode of ['known', 'challenge'] as const satisfies readonly Mode[]) {
      sql.take(DEVICE);
      const replies = await device.checkIn(connection, mode);
      const transactions = sql.take(DEVICE);
      for (const [step, body] of replies.entries()) {
        turns[stepName(form, mode, step)] = {
          statements: transactions[step] ?? [],
          reply: { contentType: `application/vnd.syncml.dm+${form}`, body },
        };
      }
    }
  }
  connection.close();
  const [row] = await db.sql.query<{ id: string }>('SELECT id FROM device WHERE device_id = $1', [DEVICE]);
  return { deviceId: DEVICE, deviceKey: row?.id ?? '', at, turns };
}

answerParent(
  async (request: { readonly do: 'start' | 'cpu' }) => (request.do === 'start' ? start() : process.cpuUsage()),
  async () => gateway?.close(),
);
