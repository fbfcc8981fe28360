/**
 * The gateway as it is served, in a process of its own, with a file in its repository and an address of it for each of many
 * devices; or (`floor`) a bare HTTP server that gives the same file from the disk.
 */
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';

import { startGateway, type Gateway } from '../src/cli/gateway';
import { createLog } from '../src/cli/log';
import { readEnvironment } from '../src/config/environment';
import { createSecrets } from '../src/store/secrets';
import { answerParent } from './child';

const SECRET_KEY = 'bench';
const CALLER = { principal: 'bench', name: 'bench', admin: true };
const SAMPLE_MS = 20;

let gateway: Gateway | undefined;
let floor: Server | undefined;
let peak = 0;
let watching: NodeJS.Timeout | undefined;

export type RepositoryRequest =
  | { readonly do: 'start' }
  | { readonly do: 'item' }
  | { readonly do: 'addresses'; readonly item: string; readonly devices: number }
  | { readonly do: 'floor' }
  | { readonly do: 'watch' }
  | { readonly do: 'peak' };

async function answer(request: RepositoryRequest): Promise<unknown> {
  switch (request.do) {
    case 'start':
      return start();
    case 'item':
      return getGateway().services.repository.create({ mime: 'application/octet-stream' }, CALLER);
    case 'addresses':
      return addresses(request.item, request.devices);
    case 'floor':
      return startFloor();
    case 'watch':
      return watch();
    case 'peak':
      clearInterval(watching);
      return peak;
  }
}

async function start(): Promise<{ readonly url: string }> {
  const { MOQL_DATA_DIR: dataDir = '' } = process.env;
  const checked = readEnvironment({
    PORT: '0',
    MOQL_ADMIN_KEY: 'bench',
    MOQL_SECRET_KEY: SECRET_KEY,
    MOQL_DATA_DIR: dataDir,
    LOG_LEVEL: 'warn',
  });
  if (!checked.ok) throw new Error(checked.problems.join('; '));
  gateway = await startGateway(checked.configuration, { log: createLog('warn') });
  return { url: gateway.url };
}

function getGateway(): Gateway {
  if (gateway === undefined) throw new Error('the gateway was not started');
  return gateway;
}

/** As a session hands them out, one for each of as many new devices. */
async function addresses(item: string, devices: number): Promise<readonly string[]> {
  const { db, url } = getGateway();
  const secrets = createSecrets(SECRET_KEY);
  const [account] = await db.sql.query<{ id: string }>(`INSERT INTO account (server_id) VALUES ('bench') RETURNING id`);
  const rows = await db.sql.query<{ id: string }>(
    `INSERT INTO device (device_id, account_id) SELECT 'urn:uuid:bench-' || n, $1 FROM generate_series(1, $2) n RETURNING id`,
    [account?.id, devices],
  );
  const tokens = rows.map(({ id }) => ({ id, token: secrets.makeToken(BigInt(id)) }));
  await db.sql.query(
    `INSERT INTO repository_item (device_id, token, direction, purpose, access, file_id, expires_at)
     SELECT x.id, x.token, 'DOWNLOAD', 'FILE', 'ADDRESS', $2, now() + interval '1 day' FROM jsonb_to_recordset($1::jsonb) AS x(id bigint, token text)`,
    [JSON.stringify(tokens), item],
  );
  return tokens.map(({ token }) => `${url}/repository/${token}`);
}

async function startFloor(): Promise<{ readonly url: string }> {
  const { MOQL_DATA_DIR: dataDir = '' } = process.env;
  const storage = join(dataDir, 'repository');
  const [path] = readdirSync(storage).flatMap((folder) =>
    /^[0-9a-f]{2}$/.test(folder) ? readdirSync(join(storage, folder)).map((name) => join(storage, folder, name)) : [],
  );
  if (path === undefined) throw new Error('there is no file to serve');
  const length = String(statSync(path).size);
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': length });
    pipeline(createReadStream(path), response, () => undefined);
  });
  floor = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Begins to look at what is resident; gives what is at rest, in octets, after what is garbage went. */
async function watch(): Promise<number> {
  const { gc } = globalThis as { readonly gc?: () => void };
  for (let round = 0; round < 3; round += 1) {
    gc?.();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const idle = process.memoryUsage.rss();
  peak = idle;
  clearInterval(watching);
  watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), SAMPLE_MS);
  return idle;
}

answerParent(answer, async () => {
  clearInterval(watching);
  floor?.closeAllConnections();
  floor?.close();
  await gateway?.close();
});
