import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';

import type { FastifyInstance } from 'fastify';

import { buildDeviceApp } from '../../src/http/app';
import type { ItemReply, ItemRequest } from '../../src/repository/exchange';

let app: FastifyInstance;
let port: number;
let seen: ItemRequest[];
let answer: (request: ItemRequest) => Promise<ItemReply>;

const unasked = (): Promise<never> => Promise.reject(new Error('not asked here'));
const DONE: ItemReply = { status: 204, headers: {}, body: Buffer.alloc(0) };

beforeAll(async () => {
  app = buildDeviceApp({
    device: unasked,
    bootstrap: unasked,
    repository(request) {
      seen.push(request);
      return answer(request);
    },
  });
  port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
});
afterAll(() => app.close());
beforeEach(() => {
  seen = [];
  answer = () => Promise.resolve(DONE);
});

async function octetsOf(body: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function streamed(stream: Readable, length: number, ends: boolean[] = []): ItemReply {
  return {
    status: 200,
    headers: { 'content-type': 'application/octet-stream' },
    body: {
      length,
      open: () => Promise.resolve(stream),
      ended: (whole) => {
        ends.push(whole);
        return Promise.resolve();
      },
    },
  };
}

const address = (token: string): string => `http://127.0.0.1:${port}/repository/${token}`;

describe('/repository/TOKEN', () => {
  test('hands on method, token, headers and an unread body, packed as it came', async () => {
    let body: Buffer | undefined;
    answer = async (request) => {
      body = await octetsOf(request.body);
      return DONE;
    };
    const headers = { 'content-type': 'nonsense', 'content-encoding': 'gzip' };
    const got = await fetch(address('t1'), { method: 'PUT', headers, body: Buffer.from('body') });
    expect(got.status).toBe(204);
    const [{ method, path, token, headers: told, peer }] = seen as [ItemRequest];
    expect([method, path, token, body?.toString()]).toEqual(['PUT', '/repository/t1', 't1', 'body']);
    expect(told).toMatchObject(headers);
    expect(peer).toEqual({ secure: false, loopback: true, address: '127.0.0.1' });
  });

  test('sends a stream with its length, and tells when all of it left', async () => {
    const ends: boolean[] = [];
    answer = () => Promise.resolve(streamed(Readable.from([Buffer.from('abc'), Buffer.from('def')]), 6, ends));
    const got = await fetch(address('t'), { headers: { 'accept-encoding': 'gzip' } });
    expect([got.status, got.headers.get('content-length'), got.headers.get('content-encoding')]).toEqual([
      200,
      '6',
      null,
    ]);
    expect(await got.text()).toBe('abcdef');
    expect(ends).toEqual([true]);
  });

  test('stops reading, and gives back the stream, when the device hangs up', async () => {
    const ends: boolean[] = [];
    let isOver: (() => void) | undefined;
    const over = new Promise<void>((resolve) => (isOver = resolve));
    let read = 0;
    const stream = new Readable({
      read() {
        read += 65_536;
        this.push(Buffer.alloc(65_536));
      },
      destroy(error, done) {
        isOver?.();
        done(error);
      },
    });
    answer = () => Promise.resolve(streamed(stream, 2 ** 40, ends));
    const asked = httpRequest(address('t')).end();
    const [response] = (await once(asked, 'response')) as [Readable];
    await once(response, 'data');
    response.destroy();
    await over;
    expect(stream.destroyed).toBe(true);
    // What the kernel and the stream take in, and no more.
    expect(read).toBeLessThan(32 * 1024 * 1024);
    while (ends.length === 0) await new Promise(setImmediate);
    expect(ends).toEqual([false]);
  });

  test('breaks off an answer whose octets cannot be read, so that nobody takes a part for the whole', async () => {
    const stream = new Readable({ read: () => undefined });
    answer = () => Promise.resolve(streamed(stream, 10));
    const got = fetch(address('t')).then((response) => response.text());
    stream.push('abc');
    setImmediate(() => stream.destroy(new Error('the disk failed')));
    await expect(got).rejects.toThrow();
  });

  test('answers who sends without end before the end, and hangs up', async () => {
    answer = () => Promise.resolve({ ...DONE, status: 413, headers: { 'x-why': 'too large' } });
    const socket = connect(port, '127.0.0.1');
    const closed = once(socket, 'close');
    socket.on('error', () => undefined);
    socket.write(`PUT /repository/t HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n`);
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1\.1 413 .*connection: close/is);
    await closed;
  });

  test('keeps the connection of who sends a little that nobody wants', async () => {
    answer = () => Promise.resolve({ ...DONE, status: 415 });
    const body = Buffer.alloc(1000);
    const sent = httpRequest(address('t'), { method: 'PUT', headers: { 'content-length': '1000' } });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [Readable & { headers: Record<string, string> }];
    response.resume();
    expect(response.headers['connection']).toBe('keep-alive');
  });

  test('a failure inside is 500 without a word of what happened', async () => {
    answer = () => Promise.reject(new Error('secret of the database'));
    const got = await fetch(address('t'));
    expect([got.status, await got.text()]).toEqual([500, 'the gateway failed\n']);
  });
});
