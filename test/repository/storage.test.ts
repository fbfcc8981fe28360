import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { directoryStorage } from '../../src/repository/storage/directory';
import { s3Storage, urlOf } from '../../src/repository/storage/s3';
import { createS3Signer, EMPTY_SHA256, type S3Request } from '../../src/repository/storage/s3-signing';
import type { Draft, Storage } from '../../src/repository/storage/storage';
import { startS3, type FakeS3 } from './support/s3';

const directory = mkdtempSync(join(tmpdir(), 'moql-storage-'));
const drafts = join(directory, 'drafts');
const octets = randomBytes(300_000);
const S3 = {
  region: 'us-east-1',
  bucket: 'moql-files',
  prefix: 'gateway/files/',
  pathStyle: true,
  accessKeyId: 'test',
  secretAccessKey: 'test',
  draftDirectory: drafts,
  restsMs: [1, 1],
};

let service: FakeS3;
let closing: (() => void)[] = [];

beforeAll(async () => {
  mkdirSync(drafts);
  service = await startS3(S3.bucket);
});
afterAll(async () => {
  for (const close of closing) close();
  closing = [];
  await service.close();
  rmSync(directory, { recursive: true });
});

const key = (): string => randomBytes(16).toString('hex');
function draftOf(content: Uint8Array): Draft {
  const path = join(drafts, `${key()}.part`);
  writeFileSync(path, content);
  return { path, length: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
async function read(stream: Promise<Readable>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of await stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
function s3(more: Partial<typeof S3> & { readonly endpoint?: string; readonly silenceMs?: number } = {}): Storage {
  const storage = s3Storage({ endpoint: service.url, ...S3, ...more });
  closing.push(storage.close);
  return storage;
}

describe.each<[string, () => Storage]>([
  ['a directory', () => directoryStorage(directory)],
  ['an S3 service', () => s3()],
])('in %s', (_which, open) => {
  test('an object is what was put there, whole and in parts, until it is deleted', async () => {
    const storage = open();
    const name = key();
    await storage.put(name, draftOf(octets));
    expect((await read(storage.read(name, 0, octets.length))).equals(octets)).toBe(true);
    expect((await read(storage.read(name, 0, 1))).equals(octets.subarray(0, 1))).toBe(true);
    expect((await read(storage.read(name, 65_536, 200_000))).equals(octets.subarray(65_536, 200_000))).toBe(true);
    expect((await read(storage.read(name, octets.length - 1, octets.length))).equals(octets.subarray(-1))).toBe(true);
    await storage.delete(name);
    await expect(storage.read(name, 0, 1)).rejects.toMatchObject({ name: 'StorageError', code: 'MISSING' });
  });

  test('deleting what is not there is no error, and names that lead elsewhere are refused', async () => {
    const storage = open();
    await storage.delete(key());
    for (const name of ['../../etc/passwd', 'ab', `${key()}/`, key().toUpperCase().replace(/^./, 'F')])
      await expect(storage.read(name, 0, 1)).rejects.toThrow('32 hexadecimal digits');
  });
});

describe('an S3 service that', () => {
  let server: Server;
  let answers: number[];
  let asked: string[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const status = answers.shift() ?? 200;
      // 0: silence.
      if (status === 0) return;
      request.resume().on('end', () => response.writeHead(status).end(`<Error><Code>Code${status}</Code></Error>`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(() => {
    answers = [];
    asked = [];
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const unsteady = (): Storage =>
    s3({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, silenceMs: 100 });

  test('is busy or silent is asked again', async () => {
    answers = [503, 0, 200];
    await unsteady().put(key(), draftOf(octets));
    expect(asked).toHaveLength(3);
  });

  test('stays busy is unreachable', async () => {
    answers = [500, 503, 500];
    await expect(unsteady().delete(key())).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(asked).toHaveLength(3);
  });

  test('refuses is not asked again, and its reason is told without the secret', async () => {
    answers = [403];
    const refused = unsteady().put(key(), draftOf(octets));
    await expect(refused).rejects.toMatchObject({ code: 'REFUSED', message: 'the storage answers 403 Code403' });
    expect(asked).toHaveLength(1);
  });

  test('gives other octets than it was asked for is not believed', async () => {
    answers = [200];
    await expect(unsteady().read(key(), 5, 10)).rejects.toMatchObject({ code: 'REFUSED' });
  });
});

describe('the address of an object', () => {
  const name = 'ab'.repeat(16);
  test.each([
    [{ endpoint: 'https://s3.example', pathStyle: true }, `https://s3.example/moql-files/gateway/files/${name}`],
    [
      { endpoint: 'https://s3.example:9000', pathStyle: false },
      `https://moql-files.s3.example:9000/gateway/files/${name}`,
    ],
    [
      { endpoint: 'https://s3.example/base', pathStyle: true },
      `https://s3.example/base/moql-files/gateway/files/${name}`,
    ],
  ])('%j', (more, url) => {
    expect(urlOf({ ...S3, ...more }, name).href).toBe(url);
  });
});

// "Examples: Signature Calculations" of the Amazon S3 API reference.
describe('the published signature', () => {
  const sign = createS3Signer(
    { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    'us-east-1',
  );
  const host = 'https://examplebucket.s3.amazonaws.com';
  const get = { method: 'GET', headers: {}, payloadSha256: EMPTY_SHA256 } as const;

  test.each<[string, S3Request, string, string]>([
    [
      'GET object with a range',
      { ...get, url: new URL(`${host}/test.txt`), headers: { range: 'bytes=0-9' } },
      'host;range;x-amz-content-sha256;x-amz-date',
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'GET bucket lifecycle',
      { ...get, url: new URL(`${host}/?lifecycle`) },
      'host;x-amz-content-sha256;x-amz-date',
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'GET bucket (list objects)',
      { ...get, url: new URL(`${host}/?max-keys=2&prefix=J`) },
      'host;x-amz-content-sha256;x-amz-date',
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('of %s', async (_which, request, signed, signature) => {
    const headers = await sign(request, new Date('2013-05-24T00:00:00Z'));
    expect(headers['authorization']).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=${signed}, Signature=${signature}`,
    );
  });
});
