/** Objects in a bucket of a service that speaks the S3 protocol: PUT, GET with a range, DELETE. */
import { createReadStream } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { createS3Signer, EMPTY_SHA256, type S3Credentials, type S3Request } from './s3-signing';
import { checkKey, StorageError, type Draft, type Storage } from './storage';

export interface S3Options extends S3Credentials {
  /** Without trailing slash. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** What names of objects begin with; `` or something that ends in a slash. */
  readonly prefix: string;
  /** Whether the bucket stands in the path, and not in the host. */
  readonly pathStyle: boolean;
  /** On this machine. */
  readonly draftDirectory: string;
  /** Longest silence of the service. */
  readonly silenceMs?: number;
  /** Rests between tries. */
  readonly restsMs?: readonly number[];
}

const SILENCE_MS = 30_000;
const RESTS_MS = [200, 1_000];
/** Octets of a refusal that are read. */
const REFUSAL_OCTETS = 4096;

/** What can be had again by asking again. */
class Passing extends Error {}

export function s3Storage(options: S3Options): Storage & { readonly close: () => void } {
  const sign = createS3Signer(options, options.region);
  const isSecure = options.endpoint.startsWith('https:');
  const agent = isSecure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const silenceMs = options.silenceMs ?? SILENCE_MS;

  /** The answer with its body unread; refusals are thrown. */
  async function ask(
    request: Omit<S3Request, 'url'> & { readonly key: string; readonly body?: () => Readable },
    expected: readonly number[],
  ): Promise<IncomingMessage> {
    const url = urlOf(options, request.key);
    return patiently(options.restsMs ?? RESTS_MS, async () => {
      const headers = await sign({ ...request, url }, new Date());
      const answer = await exchange(url, { method: request.method, headers, body: request.body?.() });
      if (expected.includes(answer.statusCode ?? 0)) return answer;
      throw await refusalOf(answer, request.key);
    });
  }

  function exchange(
    url: URL,
    { method, headers, body }: { method: string; headers: Readonly<Record<string, string>>; body?: Readable },
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = (isSecure ? httpsRequest : httpRequest)(url, { method, headers, agent, timeout: silenceMs });
      outgoing.on('timeout', () => outgoing.destroy(new Error('it is silent')));
      outgoing.on('error', (error) => reject(new Passing(error.message)));
      outgoing.on('response', resolve);
      // An error of the body's own is one of this machine: asking again would not help.
      if (body === undefined) outgoing.end();
      else pipeline(body, outgoing).catch((error: unknown) => reject(body.errored === null ? asPassing(error) : error));
    });
  }

  return {
    draftDirectory: options.draftDirectory,

    async put(key: string, draft: Draft): Promise<void> {
      const headers = { 'content-length': String(draft.length), 'content-type': 'application/octet-stream' };
      const body = (): Readable => createReadStream(draft.path);
      // The signature covers the digest, so that the service stores these octets or none.
      const answer = await ask({ method: 'PUT', key, headers, payloadSha256: draft.sha256, body }, [200]);
      answer.resume();
    },

    async read(key: string, start: number, end: number): Promise<Readable> {
      const headers = { range: `bytes=${start}-${end - 1}` };
      const answer = await ask({ method: 'GET', key, headers, payloadSha256: EMPTY_SHA256 }, [206, 200]);
      const isWhole = answer.statusCode === 200 && start === 0;
      const isRight =
        (answer.statusCode === 206 || isWhole) && Number(answer.headers['content-length']) === end - start;
      if (isRight) return answer;
      answer.destroy();
      throw new StorageError('REFUSED', `the storage does not give octets ${start} to ${end - 1} of object ${key}`);
    },

    async delete(key: string): Promise<void> {
      (await ask({ method: 'DELETE', key, headers: {}, payloadSha256: EMPTY_SHA256 }, [204, 200, 404])).resume();
    },

    close: () => agent.destroy(),
  };
}

export function urlOf({ endpoint, bucket, prefix, pathStyle }: S3Options, key: string): URL {
  const name = `${prefix}${checkKey(key)}`;
  if (pathStyle) return new URL(`${endpoint}/${bucket}/${name}`);
  const url = new URL(`${endpoint}/${name}`);
  url.host = `${bucket}.${url.host}`;
  return url;
}

async function patiently<T>(restsMs: readonly number[], work: () => Promise<T>): Promise<T> {
  for (const rest of restsMs) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Passing)) throw error;
      await sleep(rest);
    }
  }
  return work().catch((error: unknown) => {
    throw error instanceof Passing ? new StorageError('UNREACHABLE', `the storage: ${error.message}`) : error;
  });
}

function asPassing(error: unknown): Passing {
  return new Passing(error instanceof Error ? error.message : String(error));
}

async function refusalOf(answer: IncomingMessage, key: string): Promise<Error> {
  const status = answer.statusCode ?? 0;
  const text = await beginningOf(answer).catch(() => '');
  const code = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? 'no reason given';
  if (status >= 500 || status === 429) return new Passing(`${status} ${code}`);
  if (status === 404 && code !== 'NoSuchBucket') return new StorageError('MISSING', `the storage has no object ${key}`);
  return new StorageError('REFUSED', `the storage answers ${status} ${code}`);
}

async function beginningOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer) {
    pieces.push(piece as Buffer);
    length += (piece as Buffer).length;
    if (length >= REFUSAL_OCTETS) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}
