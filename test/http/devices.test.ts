import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';

import type { FastifyInstance } from 'fastify';

import type { Inbound, Wire } from '../../adapters/adapter';
import { buildDeviceApp } from '../../src/http/app';

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const REPLY: Wire = {
  status: 200,
  headers: { 'content-type': 'application/vnd.syncml.dm+wbxml', 'cache-control': 'no-store' },
  body: Buffer.from([3, 0, 0x6a, 0xff]),
};

let app: FastifyInstance;
let seen: { readonly where: string; readonly inbound: Inbound }[];
let answer: () => Promise<Wire>;
let port: number;

beforeAll(async () => {
  app = buildDeviceApp({
    device(protocol, inbound) {
      seen.push({ where: protocol, inbound });
      return answer();
    },
    repository: () => Promise.reject(new Error('test/http/repository-route.test.ts is about the repository')),
    bootstrap(inbound) {
      seen.push({ where: 'bootstrap', inbound });
      return answer();
    },
    limits: { messageOctets: 200_000, inflation: 20 },
  });
  port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
});
afterAll(() => app.close());
beforeEach(() => {
  seen = [];
  answer = () => Promise.resolve(REPLY);
});

function send(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array = Buffer.alloc(0),
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { port, host: '127.0.0.1', method, path, headers: { ...headers, 'content-length': String(body.byteLength) } },
      (response) => {
        const chunks: Buffer[] = [];
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
          );
      },
    );
    request.on('error', reject).end(body);
  });
}

describe('Device addresses', () => {
  test('a message comes to its protocol octet by octet, with its headers, token and peer', async () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await send(
      'POST',
      '/dm/1/abc?x=1',
      { 'content-type': 'application/vnd.syncml.dm+wbxml', 'x-syncml-hmac': 'algorithm=MD5' },
      body,
    );
    await send('POST', '/dm/2', { 'content-type': 'application/vnd.oma.dm.initiation+json' }, Buffer.from('{}'));
    expect(seen.map(({ where, inbound }) => [where, inbound.method, inbound.path, inbound.token])).toEqual([
      ['dm1', 'POST', '/dm/1/abc?x=1', 'abc'],
      ['dm2', 'POST', '/dm/2', undefined],
    ]);
    const [first] = seen;
    expect(Buffer.from(first?.inbound.body ?? [])).toEqual(body);
    expect(first?.inbound.headers).toMatchObject({
      'content-type': 'application/vnd.syncml.dm+wbxml',
      'x-syncml-hmac': 'algorithm=MD5',
    });
    expect(first?.inbound.peer).toEqual({ secure: false, loopback: true });
  });

  test("the answer has the adapter's status, headers and octets, and its length, unchunked", async () => {
    const got = await send('POST', '/dm/1', { 'content-type': 'application/vnd.syncml.dm+wbxml' }, Buffer.from('x'));
    expect([got.status, got.body]).toEqual([200, REPLY.body]);
    expect(got.headers).toMatchObject({
      'content-type': 'application/vnd.syncml.dm+wbxml',
      'cache-control': 'no-store',
      'content-length': '4',
    });
    expect(got.headers['transfer-encoding']).toBeUndefined();
    answer = () => Promise.resolve({ status: 204, headers: {}, body: Buffer.alloc(0) });
    expect((await send('POST', '/dm/2')).headers['content-length']).toBeUndefined();
  });

  test('any content type, any text for one, and none, are left to the adapter', async () => {
    for (const type of ['text/plain', 'application/json', 'nonsense', ';;;', 'a/b; charset=utf-16'])
      await send('POST', '/dm/1', { 'content-type': type }, Buffer.from('{broken'));
    await send('POST', '/dm/1', {}, Buffer.from('x'));
    await send('POST', '/dm/1', {});
    expect(seen.map(({ inbound }) => inbound.body.byteLength)).toEqual([7, 7, 7, 7, 7, 1, 0]);
  });

  test('other methods are left to the adapter', async () => {
    answer = () => Promise.resolve({ status: 405, headers: { allow: 'POST' }, body: Buffer.alloc(0) });
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect((await send(method, '/dm/1')).status).toBe(405);
    expect(seen.map(({ inbound }) => inbound.method)).toEqual(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);
  });

  test('bootstrap documents are fetched at /bootstrap/TOKEN', async () => {
    await send('GET', '/bootstrap/t3');
    expect(seen.map(({ where, inbound }) => [where, inbound.method, inbound.token])).toEqual([
      ['bootstrap', 'GET', 't3'],
    ]);
  });

  test.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    // What RFC 9110 calls a mistake, and some clients make.
    ['deflate', deflateRawSync],
  ] as const)(
    'a body packed with %s is unpacked, and what it says of its packing is not passed on',
    async (coding, pack) => {
      const text = Buffer.from('<SyncML/>'.repeat(5000));
      await send('POST', '/dm/1', { 'content-encoding': coding }, pack(text));
      expect(
        createHash('sha256')
          .update(seen[0]?.inbound.body ?? '')
          .digest('hex'),
      ).toBe(createHash('sha256').update(text).digest('hex'));
      expect(seen[0]?.inbound.headers['content-encoding']).toBeUndefined();
    },
  );

  test('a DM 2.0 client that parses every body is told to end the session, also where the body is too large', async () => {
    const answer = await send('POST', '/dm/2', {}, Buffer.alloc(200_001));
    expect([answer.status, answer.headers['content-type'], answer.body.toString()]).toEqual([
      413,
      'application/vnd.oma.dm.request+json',
      '{"CMD":[["END"]]}',
    ]);
  });

  test.each([
    ['what unpacks beyond the limit', { 'content-encoding': 'gzip' }, gzipSync(randomBytes(200_001)), 413],
    ['what unpacks to many times its size', { 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(100_000)), 413],
    ['a bomb of zlib', { 'content-encoding': 'deflate' }, deflateSync(Buffer.alloc(50_000_000)), 413],
    ['what is too long as it is', {}, Buffer.alloc(200_001), 413],
    ['an unknown coding', { 'content-encoding': 'br' }, Buffer.from('x'), 415],
    ['broken packing', { 'content-encoding': 'gzip' }, Buffer.from('no gzip'), 400],
  ])('%s is refused and goes to no adapter', async (_what, headers, body, status) => {
    expect((await send('POST', '/dm/2', headers as Record<string, string>, body)).status).toBe(status);
    expect(seen).toEqual([]);
  });

  test('"UTF-8" as Content-Encoding, which some DM 1.x clients send, is passed over', async () => {
    expect((await send('POST', '/dm/1', { 'content-encoding': 'UTF-8' }, Buffer.from('x'))).status).toBe(200);
    expect((await send('POST', '/dm/2', { 'content-encoding': 'UTF-8' }, Buffer.from('x'))).status).toBe(415);
  });

  describe('an answer', () => {
    const long = Buffer.from('<SyncML/>'.repeat(100));
    const ask = (accepted?: string): Promise<Got> => {
      answer = () => Promise.resolve({ ...REPLY, body: long });
      return send('POST', '/dm/1', accepted === undefined ? {} : { 'accept-encoding': accepted }, Buffer.from('x'));
    };

    test.each([
      ['gzip', 'gzip', gunzipSync],
      ['deflate', 'deflate', inflateSync],
      ['deflate;q=1.0, gzip;q=0.5', 'gzip', gunzipSync],
      ['GZIP', 'gzip', gunzipSync],
      ['gzip;q=0, deflate', 'deflate', inflateSync],
    ] as const)('goes packed to who sends Accept-Encoding: %s', async (accepted, coding, unpack) => {
      const got = await ask(accepted);
      expect(got.headers).toMatchObject({
        'content-encoding': coding,
        'content-length': String(got.body.length),
        'content-type': 'application/vnd.syncml.dm+wbxml',
      });
      expect(unpack(got.body)).toEqual(long);
      expect(got.body.length).toBeLessThan(long.length);
    });

    test.each([undefined, 'identity', 'br', '*', 'gzip;q=0', ''])(
      'goes as it is to who sends Accept-Encoding: %s',
      async (accepted) => {
        const got = await ask(accepted);
        expect(got.headers['content-encoding']).toBeUndefined();
        expect(got.body).toEqual(long);
      },
    );

    test('that is short goes as it is', async () => {
      const got = await send('POST', '/dm/1', { 'accept-encoding': 'gzip' }, Buffer.from('x'));
      expect([got.headers['content-encoding'], got.body]).toEqual([undefined, REPLY.body]);
    });
  });

  test('a failure inside is 500 without a word of what happened, and the next message is answered', async () => {
    answer = () => Promise.reject(new Error('secret of the database'));
    const got = await send('POST', '/dm/1', {}, Buffer.from('x'));
    expect([got.status, got.body.toString()]).toEqual([500, 'the gateway failed\n']);
    answer = () => Promise.resolve(REPLY);
    expect((await send('POST', '/dm/1', {}, Buffer.from('x'))).status).toBe(200);
  });

  test('what a proxy forwarded does not count as loopback', async () => {
    await send('POST', '/dm/1', { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' }, Buffer.from('x'));
    expect(seen[0]?.inbound.peer).toEqual({ secure: false, loopback: false });
  });

  test('the listener for devices has no GraphQL', async () => {
    expect((await send('POST', '/graphql')).status).toBe(404);
  });
});
