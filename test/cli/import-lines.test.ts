import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import fc from 'fast-check';

import { whereOf } from '../../src/cli/export-pages';
import { gatewayClient } from '../../src/cli/gateway-client';
import { linesOf, type Line } from '../../src/cli/line-reader';
import { readRecord } from '../../src/cli/records';

async function lines(chunks: readonly string[], longest?: number): Promise<readonly Line[]> {
  async function* octets(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
  }
  const found: Line[] = [];
  for await (const line of linesOf(octets(), longest)) found.push(line);
  return found;
}

describe('lines of a stream', () => {
  test('are the same however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-zé€ ]{0,8}$/)),
        fc.integer({ min: 1, max: 7 }),
        async (texts, size) => {
          const whole = Buffer.from(texts.map((text) => `${text}\n`).join(''));
          async function* cut(): AsyncGenerator<Uint8Array> {
            for (let at = 0; at < whole.length; at += size) yield await Promise.resolve(whole.subarray(at, at + size));
          }
          const found: Line[] = [];
          for await (const line of linesOf(cut())) found.push(line);
          expect(found).toEqual(texts.map((text, index) => ({ number: index + 1, text })));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('end with LF or CR LF, the last with nothing', async () => {
    expect(await lines(['a\r', '\nb\n\nc'])).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: 'b' },
      { number: 3, text: '' },
      { number: 4, text: 'c' },
    ]);
  });

  test('that are too long are told as such, and nothing is kept of them', async () => {
    expect(await lines(['12345\r\n123456\n', '12', '3456', '789\nx'], 5)).toEqual([
      { number: 1, text: '12345' },
      { number: 2, text: undefined },
      { number: 3, text: undefined },
      { number: 4, text: 'x' },
    ]);
  });
});

describe('a record', () => {
  test.each([
    ['a line that is too long', undefined, 'LINE_TOO_LONG'],
    ['no JSON', '{"kind":"device"', 'NO_JSON'],
    ['a list', '[1]', 'NO_JSON'],
    ['no kind', '{"deviceId":"a"}', 'UNKNOWN_KIND'],
    ['a kind that every object has', '{"kind":"toString"}', 'UNKNOWN_KIND'],
  ])('%s is told with its line', (_what, text, code) => {
    expect(readRecord(7, text)).toMatchObject({ line: 7, code });
  });

  test('has its kind apart; an empty line is none, and the mark of an editor does not count', () => {
    expect(readRecord(1, '\ufeff{"kind":"device","deviceId":"a"}')).toMatchObject({
      line: 1,
      kind: 'device',
      members: { deviceId: 'a' },
    });
    expect(readRecord(2, '  ')).toBeNull();
  });
});

test('a filter of a grant is exported as it was given, where it names nothing of this gateway alone', () => {
  const tag = { kind: 'tag', tag: 'a' } as const;
  expect(
    whereOf({ kind: 'all', of: [tag, { kind: 'not', of: { kind: 'any', of: [{ kind: 'deviceId', in: ['d'] }] } }] }),
  ).toEqual({ and: [{ tag: 'a' }, { not: { or: [{ deviceId: { in: ['d'] } }] } }] });
  expect(whereOf({ kind: 'any', of: [tag, { kind: 'account', id: '4' }] })).toBeUndefined();
});

test('whoever asks too much waits as long as the gateway says', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    const isTooMuch = asked === 1;
    response.writeHead(isTooMuch ? 429 : 200, { 'content-type': 'application/json', 'retry-after': '0' });
    response.end(
      isTooMuch ? '{"errors":[{"message":"too much","extensions":{"code":"LIMIT_RATE"}}]}' : '{"data":{"a":1}}',
    );
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const io = { env: { KEY: 'k' }, out: () => undefined, err: () => undefined, stopped: () => Promise.resolve() };
    const client = gatewayClient({ url, 'key-from-env': 'KEY' }, io);
    expect(await client.ask('{ a }', {})).toEqual({ data: { a: 1 }, errors: [] });
    expect(asked).toBe(2);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
