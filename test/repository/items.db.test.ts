import { createSecrets } from '../../src/store/secrets';
import { choose } from '../../src/repository/accept';
import { repositoryWorld, type Asked, type RepositoryWorld } from './support/world';

const CONTENTS = JSON.stringify([
  { mime: 'application/json', base64: 'e30=' },
  { mime: 'text/plain', base64: Buffer.from('0123456789').toString('base64') },
]);

let world: RepositoryWorld;
let token: string;
let doors = 0;

beforeAll(async () => {
  world = await repositoryWorld({
    prove: (_device, { headers }) => {
      doors += 1;
      if (headers['authorization'] === 'right') return Promise.resolve({ ok: true });
      const reply = {
        status: 401,
        headers: { 'www-authenticate': 'Digest realm="dm.example"' },
        body: Buffer.alloc(0),
      };
      return Promise.resolve({ ok: false, reply });
    },
  });
  token = await world.address({ contents: CONTENTS, access: 'ADDRESS' });
});
beforeEach(() => {
  doors = 0;
});
afterAll(() => world.close());

const get = (asked: string | undefined, headers: Record<string, string> = {}, method = 'GET'): Promise<Asked> =>
  world.ask({ method, headers, ...(asked === undefined ? {} : { token: asked }) });
const usedAt = async (asked: string): Promise<unknown> => (await world.row(asked))['used_at'];

describe('a document of the Data Repository', () => {
  test('is given to who knows its address, and the fetch is recorded', async () => {
    expect(await usedAt(token)).toBeNull();
    const reply = await get(token);
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    });
    expect(reply.body.toString()).toBe('{}');
    expect(await usedAt(token)).toEqual(new Date(world.now));
  });

  test('is given in the form that the client takes, else 406 says what there is', async () => {
    const taken = await get(token, { accept: 'text/*;q=0.9, application/json;q=0.1' });
    expect(taken.headers['content-type']).toBe('text/plain');
    const refused = await get(token, { accept: 'image/png' });
    expect(refused.status).toBe(406);
    expect(refused.body.toString()).toContain('application/json, text/plain');
  });

  test('that is unknown, foreign, expired or used too often is 404, all alike, and no credentials are asked for', async () => {
    const foreign = createSecrets('another key').makeToken(world.device);
    const expired = await world.address({ contents: CONTENTS, expires_at: new Date(world.now) });
    const worn = await world.address({ contents: CONTENTS, access: 'ADDRESS', uses: 10_000 });
    const fileless = await world.address({ purpose: 'FILE', file_id: 12345 });
    const replies = [];
    for (const asked of [
      undefined,
      '',
      'x',
      `${token}x`,
      `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
      '../../etc/passwd',
      'A'.repeat(43),
      world.secrets.makeToken(world.device),
      world.secrets.makeToken(world.device + 1n),
      foreign,
      expired,
      worn,
      fileless,
    ])
      replies.push(await get(asked));
    expect(replies.map((reply) => reply.status)).toEqual(replies.map(() => 404));
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    expect(await usedAt(expired)).toBeNull();
    expect(doors).toBe(0);
  });

  test('takes no other method, and a look at the headers is no fetch', async () => {
    const fresh = await world.address({ contents: CONTENTS, access: 'ADDRESS' });
    for (const method of ['PUT', 'POST', 'DELETE'])
      expect(await get(fresh, {}, method)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect((await get(fresh, {}, 'HEAD')).status).toBe(200);
    expect(await get(fresh, { accept: 'image/png' })).toMatchObject({ status: 406 });
    expect(await usedAt(fresh)).toBeNull();
  });

  test('counts as fetched once its end was asked for', async () => {
    const fresh = await world.address({ contents: CONTENTS, access: 'ADDRESS' });
    const text = { accept: 'text/plain' };
    const part = await get(fresh, { ...text, range: 'bytes=0-3' });
    expect(part).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 0-3/10' } });
    expect(part.body.toString()).toBe('0123');
    expect(await usedAt(fresh)).toBeNull();
    const etag = part.headers['etag'] ?? '';
    const rest = await get(fresh, { ...text, range: 'bytes=4-', 'if-range': etag });
    expect([rest.status, rest.body.toString()]).toEqual([206, '456789']);
    expect(await usedAt(fresh)).not.toBeNull();
  });
});

describe('an address that its device has to prove itself at', () => {
  test('answers the challenge of the DM endpoint, and nothing is recorded', async () => {
    const own = await world.address({ contents: CONTENTS });
    expect(await get(own)).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Digest realm="dm.example"' } });
    expect(await usedAt(own)).toBeNull();
    expect((await get(own, { authorization: 'right' })).status).toBe(200);
    expect(doors).toBe(2);
  });
});

describe('each use of an address that needs no credentials', () => {
  test('is kept with who asked and for what', async () => {
    const logged = await world.address({ contents: CONTENTS, access: 'ADDRESS' });
    await world.ask({ token: logged, headers: { range: 'bytes=0-0' }, peer: { ...PEER, address: '192.0.2.7' } });
    const rows = await world.db.sql.query<{ detail: unknown }>(
      `SELECT detail FROM security_log WHERE device_id = $1 AND what = 'repositoryAddressUsed' ORDER BY id DESC LIMIT 1`,
      [world.device],
    );
    expect(rows).toEqual([{ detail: { method: 'GET', from: '192.0.2.7', range: 'bytes=0-0' } }]);
  });
});

const PEER = { secure: true, loopback: false };

describe('the choice by Accept', () => {
  const contents = [
    { mime: 'application/json; charset=utf-8', base64: '' },
    { mime: 'text/plain', base64: '' },
  ];
  test.each([
    [undefined, 'application/json; charset=utf-8'],
    ['', 'application/json; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
    ['TEXT/PLAIN', 'text/plain'],
    ['text/plain;q=0.5, application/json;q=0.4', 'text/plain'],
    ['*/*, application/json;q=0', 'text/plain'],
    ['text/*;q=0, */*;q=0.1', 'application/json; charset=utf-8'],
    ['application/*;q=0, text/*;q=0', undefined],
    ['nonsense;;q=x', undefined],
  ])('%s', (accept, mime) => {
    expect(choose(contents, accept)?.mime).toBe(mime);
  });
});
