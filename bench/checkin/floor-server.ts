/**
 * The floor: a bare Fastify that runs a recorded turn's statements in one transaction and answers the recorded octets.
 * No codec, no session, no credential; what it costs, no gateway over this database and HTTP server can go below.
 */
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';

import { fastify, type FastifyInstance } from 'fastify';

import { openDatabase, type Database } from '../../src/store/database';
import { answerParent } from '../child';
import type { Recording, Statement } from './recording';

let app: FastifyInstance | undefined;
let db: Database | undefined;

async function start(): Promise<{ readonly url: string }> {
  const { DATABASE_URL: databaseUrl, MOQL_DATA_DIR: dataDir, BENCH_RECORD: record = '' } = process.env;
  const recording = deserialize(readFileSync(record)) as Recording;
  const opened = await openDatabase({ databaseUrl, dataDir });
  db = opened;
  const rows = await opened.sql.query<{ id: string; device_id: string }>('SELECT id, device_id FROM device');
  const keys = new Map(rows.map((row) => [row.device_id, row.id]));

  app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const answer = async (headers: Readonly<Record<string, unknown>>): Promise<{ type: string; body: Buffer }> => {
    const turn = recording.turns[String(headers['x-step'])];
    const deviceId = String(headers['x-device']);
    const deviceKey = keys.get(deviceId);
    if (turn === undefined || deviceKey === undefined) throw new Error('nothing of that kind was recorded');
    const later = Date.now() - recording.at;
    await opened.sql.transaction(
      async (tx) => {
        for (const { text, values } of turn.statements) {
          await tx.query(text, forDevice(values, recording, deviceId, deviceKey, later));
        }
      },
      { retries: 5 },
    );
    return { type: turn.reply.contentType, body: Buffer.from(turn.reply.body) };
  };
  for (const url of ['/dm/1', '/dm/1/:token']) {
    app.post(url, async (request, reply) => {
      const { type, body } = await answer(request.headers);
      return reply.type(type).send(body);
    });
  }
  app.post('/json', (_request, reply) => reply.send({ data: { device: { devInfo: { man: 'Example Devices' } } } }));
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }) };
}

/** The first parameter says which device it is, and points in time move on; all else is as it was recorded. */
function forDevice(
  values: Statement['values'],
  recording: Recording,
  deviceId: string,
  deviceKey: string,
  later: number,
): readonly unknown[] {
  return values.map((value, index) => {
    if (index === 0) return value === recording.deviceId ? deviceId : deviceKey;
    return value instanceof Date ? new Date(value.getTime() + later) : value;
  });
}

answerParent(
  async (request: { readonly do: 'start' | 'cpu' }) => (request.do === 'start' ? start() : process.cpuUsage()),
  async () => {
    await app?.close();
    await db?.close();
  },
);
