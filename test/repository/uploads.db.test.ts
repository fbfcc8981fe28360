import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';

import { decodeContent } from '../../src/http/content-coding';
import type { Pushed } from '../../src/repository/deps';
import { LIMITS, repositoryWorld, type Asked, type RepositoryWorld } from './support/world';

const JSON_TYPE = { 'content-type': 'application/dmmo+json' };

let world: RepositoryWorld;
let pushed: Pushed[] = [];

beforeAll(async () => {
  world = await repositoryWorld({
    decode: (body, coding) => decodeContent(body, coding, { octets: LIMITS.documentOctets, inflation: 200 }, false),
    pushed: (push) => {
      pushed.push(push);
      return Promise.resolve();
    },
  });
});
beforeEach(() => {
  pushed = [];
});
afterAll(() => world.close());

/** An address for a command in this state. */
async function uploadOf(state = 'SENT', more: Record<string, unknown> = {}): Promise<string> {
  const [operation] = await world.db.sql.query<{ id: string }>(
    `INSERT INTO operation (device_id, state, caller, expires_at) VALUES ($1, 'RUNNING', 'key:1', now()) RETURNING id`,
    [world.device],
  );
  await world.db.sql.query(
    `INSERT INTO command (device_id, operation_id, position, kind, state) VALUES ($1, $2, 0, 'get', $3)`,
    [world.device, operation?.id, state],
  );
  return world.address({ direction: 'UPLOAD', operation_id: operation?.id, position: 0, ...more });
}
const put = (token: string, body: Uint8Array | Readable, headers: object = JSON_TYPE, method = 'PUT'): Promise<Asked> =>
  world.ask({ method, token, headers: headers as Record<string, string>, body });
const kept = async (token: string): Promise<unknown> => {
  const { mime, octets, sha256 } = await world.row(token);
  return octets === null ? null : { mime, text: (octets as Buffer).toString(), sha256 };
};
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

describe('what a device brings for a command', () => {
  test.each(['PUT', 'POST'])('by %s is kept with its type and digest', async (method) => {
    const token = await uploadOf();
    expect(await put(token, Buffer.from('[]'), JSON_TYPE, method)).toMatchObject({ status: 204 });
    expect(await kept(token)).toEqual({
      mime: 'application/dmmo+json',
      text: '[]',
      sha256: sha256('[]').toString('hex'),
    });
  });

  test('is replaced by what it brings later, until the command has ended', async () => {
    const token = await uploadOf();
    await put(token, Buffer.from('first'), { 'content-type': 'text/plain' });
    expect((await put(token, Buffer.from('second'), { 'content-type': 'text/plain' })).status).toBe(204);
    await world.db.sql.query(`UPDATE command SET state = 'ANSWERED' WHERE device_id = $1`, [world.device]);
    expect((await put(token, Buffer.from('third'), { 'content-type': 'text/plain' })).status).toBe(404);
    expect(await kept(token)).toMatchObject({ text: 'second' });
  });

  test('is refused when the command ends while the body comes', async () => {
    const token = await uploadOf();
    const body = Readable.from(
      (async function* () {
        yield Buffer.from('[');
        await world.db.sql.query(`UPDATE command SET state = 'ANSWERED' WHERE device_id = $1`, [world.device]);
        yield Buffer.from(']');
      })(),
    );
    expect((await put(token, body)).status).toBe(404);
    expect(await kept(token)).toBeNull();
  });

  test.each([
    ['text/plain; charset=utf-8', 204],
    ['Application/DMMO+JSON;v=1', 204],
    ['application/octet-stream', 204],
    ['image/png', 204],
    ['application/vnd.syncml.dmtnds+xml', 415],
    ['multipart/form-data; boundary=x', 415],
    ['nonsense', 415],
    ['', 415],
  ])('of type "%s" is answered %i', async (type, status) => {
    const token = await uploadOf('SENT', { contents: '[{"mime":"image/png","base64":""}]' });
    const reply = await put(token, Buffer.from('x'), type === '' ? {} : { 'content-type': type });
    expect(reply.status).toBe(status);
    if (status === 415)
      expect(reply.headers['omadm-accept']).toBe('application/dmmo+json, text/*, application/octet-stream, image/png');
    expect((await kept(token)) === null).toBe(status !== 204);
  });

  test('is kept unpacked, within bounds', async () => {
    const token = await uploadOf();
    const packed = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    expect((await put(token, gzipSync('["packed"]'), packed)).status).toBe(204);
    expect(await kept(token)).toMatchObject({ text: '["packed"]' });
    expect((await put(token, gzipSync(Buffer.alloc(1_000_000)), packed)).status).toBe(413);
    expect((await put(token, Buffer.from('no gzip'), packed)).status).toBe(400);
    expect(await kept(token)).toMatchObject({ text: '["packed"]' });
  });

  test.each([
    ['Content-Digest', { 'content-digest': `sha-256=:${sha256('[1]').toString('base64')}:` }],
    ['Digest', { digest: `SHA-256=${sha256('[1]').toString('base64')}, unknown=x` }],
    ['Content-MD5', { 'content-md5': createHash('md5').update('[1]').digest('base64') }],
  ])('has to be what %s tells', async (_header, given) => {
    const token = await uploadOf();
    expect((await put(token, Buffer.from('[2]'), { ...JSON_TYPE, ...given })).status).toBe(400);
    expect(await kept(token)).toBeNull();
    expect((await put(token, Buffer.from('[1]'), { ...JSON_TYPE, ...given })).status).toBe(204);
  });

  test('is refused where nothing is to be brought, and cannot be fetched back', async () => {
    const download = await world.address({ contents: '[{"mime":"text/plain","base64":"eA=="}]' });
    expect((await put(download, Buffer.from('[]'))).status).toBe(405);
    const token = await uploadOf();
    await put(token, Buffer.from('[]'));
    expect(await world.ask({ token })).toMatchObject({ status: 405, headers: { allow: 'PUT, POST' } });
    expect((await put(await uploadOf('ANSWERED'), Buffer.from('[]'))).status).toBe(404);
    expect((await put(await uploadOf('SENT', { expires_at: new Date(world.now) }), Buffer.from('[]'))).status).toBe(
      404,
    );
  });
});

describe('a body beyond its bounds leaves nothing behind:', () => {
  const endless = (piece: Uint8Array, everyMs = 0): Readable =>
    Readable.from(
      (async function* () {
        for (;;) {
          yield piece;
          if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
        }
      })(),
    );

  test.each([
    ['that says so in its headers', { 'content-length': '10001' }, () => Buffer.from('[]'), 413],
    ['that turns out so', {}, () => Buffer.alloc(10_001), 413],
    ['that never ends', {}, () => endless(Buffer.alloc(100)), 413],
    ['that comes drop by drop for ever', {}, () => endless(Buffer.alloc(1), 20), 408],
    ['that stops coming', {}, () => new Readable({ read: () => undefined }), 408],
    [
      'whose sender goes away',
      {},
      () =>
        Readable.from(
          // eslint-disable-next-line require-yield -- it fails before the first piece
          (async function* () {
            await Promise.resolve();
            throw new Error('aborted');
          })(),
        ),
      400,
    ],
  ])('one %s', async (_which, headers, body, status) => {
    const token = await uploadOf();
    const reply = await put(token, body(), { ...JSON_TYPE, ...headers });
    expect(reply.status).toBe(status);
    expect(await world.row(token)).toMatchObject({ octets: null, uploaded_at: null, uses: 0 });
  });

  test('a session lives longer while a long body comes, and goes back to the usual time after it', async () => {
    const state = JSON.stringify({ a: { expiresAt: world.now + 300_000 } });
    await world.db.sql.query(
      `INSERT INTO session (device_id, protocol, session_key, token, phase, message_no, state, last_sha256, last_status, last_headers, last_body, last_at, expires_at)
       VALUES ($1, 'DM_2_0', '', 't', 'awaiting', 1, $2::jsonb, '', 200, '{}', '', $3, $4)`,
      [world.device, state, new Date(world.now), new Date(world.now + 300_000)],
    );
    const ends = async (): Promise<unknown> => {
      const [row] = await world.db.sql.query<{ expires_at: Date; state: { a: { expiresAt: number } } }>(
        'SELECT expires_at, state FROM session WHERE device_id = $1',
        [world.device],
      );
      expect(row?.expires_at.getTime()).toBe(row?.state.a.expiresAt);
      return (row?.expires_at.getTime() ?? 0) - world.now;
    };
    let during: unknown;
    const body = Readable.from(
      (async function* () {
        during = await ends();
        yield Buffer.from('[]');
      })(),
    );
    await put(await uploadOf(), body);
    expect([during, await ends()]).toEqual([LIMITS.transferExpiryMs, LIMITS.sessionExpiryMs]);
  });
});

describe('what a subscription brings', () => {
  test('goes to whoever wants it, each time, and is not kept here', async () => {
    const token = await world.address({ direction: 'UPLOAD', purpose: 'SUBSCRIPTION' });
    for (const text of ['[1]', '[2]']) expect((await put(token, Buffer.from(text))).status).toBe(204);
    expect(pushed.map(({ body, ...push }) => ({ ...push, text: Buffer.from(body).toString() }))).toEqual(
      ['[1]', '[2]'].map((text) => ({ deviceKey: world.device, token, mime: 'application/dmmo+json', text })),
    );
    expect(await kept(token)).toBeNull();
  });

  test('is refused like everything else that is too large or of an unknown type', async () => {
    const token = await world.address({ direction: 'UPLOAD', purpose: 'SUBSCRIPTION' });
    expect((await put(token, Buffer.alloc(10_001))).status).toBe(413);
    expect(await put(token, Buffer.from('x'), { 'content-type': 'application/xml' })).toMatchObject({
      status: 415,
      headers: { 'omadm-accept': expect.stringContaining('application/dmmo+json') as string },
    });
    expect(pushed).toEqual([]);
  });
});
