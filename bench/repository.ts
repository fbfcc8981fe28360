/** Many devices that fetch one large file from the repository at once: what the gateway takes of memory, and of time. */
import { createHash, randomBytes } from 'node:crypto';
import { Agent, get, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { startChild, type Child } from './child';
import { figure, ratios, type Bench } from './figure';
import type { RepositoryRequest } from './repository-server';

const DEVICES = 50;
const MB = 10 ** 6;
const MIB = 2 ** 20;

export async function repositoryFigures(bench: Bench): Promise<void> {
  if (!bench.wants('repository')) return;
  const octets = (bench.quick ? 20 : 200) * MB;
  // What is resident at most shows in one round; on a busy machine one takes minutes.
  const rounds = 1;
  const env = { MOQL_DATA_DIR: join(bench.directory, 'repository') };
  const gateway = startChild('repository-server', env, ['--expose-gc']);
  const floor = startChild('repository-server', env);
  const ask = <Answer>(child: Child, request: RepositoryRequest): Promise<Answer> => child.ask<Answer>(request);
  try {
    await ask(gateway, { do: 'start' });
    const { file, uploadUrl } = await ask<{ file: { id: string }; uploadUrl: string }>(gateway, { do: 'item' });
    const name = 'repository.fetch';
    const growth: number[] = [];
    const idleBefore = await ask<number>(gateway, { do: 'watch' });
    const sha256 = await upload(uploadUrl, octets);
    const uploading = ((await ask<number>(gateway, { do: 'peak' })) - idleBefore) / MIB;
    const urls = await ask<readonly string[]>(gateway, { do: 'addresses', item: file.id, devices: DEVICES });
    const { url } = await ask<{ url: string }>(floor, { do: 'floor' });
    const floorUrls = urls.map(() => url);
    const agent = new Agent({ keepAlive: true, maxSockets: DEVICES });
    const [first = ''] = urls;
    if ((await fetchAll([first], agent, true)).digests[0] !== sha256) throw new Error('another file came');
    const rate: number[] = [];
    const floorRate: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bench.note(`repository: round ${round + 1} of ${rounds}`);
      const idle = await ask<number>(gateway, { do: 'watch' });
      rate.push((DEVICES * octets) / MB / (await fetchAll(urls, agent)).seconds);
      growth.push(((await ask<number>(gateway, { do: 'peak' })) - idle) / MIB);
      bench.note(`repository: ${growth.at(-1)?.toFixed(1) ?? '?'} MB more at ${rate.at(-1)?.toFixed(0) ?? '?'} MB/s`);
      floorRate.push((DEVICES * octets) / MB / (await fetchAll(floorUrls, agent)).seconds);
    }
    agent.destroy();
    bench.tell(figure(`${name}.resident_growth_mb`, 'MB', growth, '≤ 64'));
    bench.tell(figure(`${name}.rate`, 'MB/s', rate));
    bench.tell(figure(`${name}.floor`, 'MB/s', floorRate));
    bench.tell(figure(`${name}.ratio`, 'ratio', ratios(rate, floorRate)));
    bench.tell(figure('repository.upload.resident_growth_mb', 'MB', [uploading]));
  } finally {
    await gateway.stop();
    await floor.stop();
  }
}

/** Sends a file whose octets nothing can compress, as a caller does; gives its SHA-256. */
async function upload(url: string, octets: number): Promise<string> {
  const piece = randomBytes(MB);
  const hash = createHash('sha256');
  const body = Readable.from(
    (function* () {
      for (let sent = 0; sent < octets; sent += piece.length) {
        hash.update(piece);
        yield piece;
      }
    })(),
  );
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sending = httpRequest(url, { method: 'PUT', headers: { 'content-length': String(octets) } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    sending.on('error', reject);
    pipeline(body, sending).catch(reject);
  });
  if (status !== 201) throw new Error(`the upload was answered ${status ?? 'nothing'}`);
  return hash.digest('hex');
}

/** All at once, each over a connection of its own. What comes is counted and thrown away. */
async function fetchAll(
  urls: readonly string[],
  agent: Agent,
  isHashed = false,
): Promise<{ readonly seconds: number; readonly digests: readonly string[] }> {
  const began = performance.now();
  const digests = await Promise.all(urls.map((url) => fetchOne(url, agent, isHashed)));
  return { seconds: (performance.now() - began) / 1000, digests };
}

function fetchOne(url: string, agent: Agent, isHashed: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const hash = createHash('sha256');
      let length = 0;
      response.on('data', (piece: Buffer) => {
        length += piece.length;
        if (isHashed) hash.update(piece);
      });
      response.on('error', reject);
      response.on('end', () => {
        const isWhole = response.statusCode === 200 && length === Number(response.headers['content-length']);
        if (isWhole) resolve(hash.digest('hex'));
        else reject(new Error(`${response.statusCode ?? 'no status'}, ${length} octets`));
      });
    }).on('error', reject);
  });
}
