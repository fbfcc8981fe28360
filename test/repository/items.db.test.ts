import { choose, createRepository, type Repository } from '../../src/repository/items';
import type { Database } from '../../src/store/database';
import { createSecrets } from '../../src/store/secrets';
import { testDatabase } from '../support/database';

describe('an item of the Data Repository', () => {
  const secrets = createSecrets('a key for tests');
  const now = Date.UTC(2026, 10, 23, 12);
  let db: Database;
  let repository: Repository;
  let device: bigint;
  let token: string;

  beforeAll(async () => {
    db = await testDatabase();
    repository = createRepository({ db, secrets, now: () => now });
    const [account] = await db.sql.query<{ id: string }>(
      `INSERT INTO account (server_id) VALUES ('dm.example') RETURNING id`,
    );
    const [row] = await db.sql.query<{ id: string }>(
      `INSERT INTO device (device_id, account_id) VALUES ('urn:uuid:1', $1) RETURNING id`,
      [account?.id],
    );
    device = BigInt(row?.id ?? 0);
    token = await offered();
  });
  afterAll(() => db.close());

  async function offered(direction = 'DOWNLOAD', expiresAt = new Date(now + 1_000)): Promise<string> {
    const made = secrets.makeToken(device);
    const contents = [
      { mime: 'application/json', base64: 'e30=' },
      { mime: 'text/plain', base64: 'eA==' },
    ];
    await db.sql.query(
      'INSERT INTO repository_item (device_id, token, direction, contents, expires_at) VALUES ($1, $2, $3, $4::jsonb, $5)',
      [device, made, direction, JSON.stringify(direction === 'UPLOAD' ? [] : contents), expiresAt],
    );
    return made;
  }
  const ask = (asked: string | undefined, accept?: string, method = 'GET'): ReturnType<Repository['handle']> =>
    repository.handle({ method, token: asked, headers: accept === undefined ? {} : { accept } });
  const usedAt = async (asked: string): Promise<Date | null | undefined> =>
    (await db.sql.query<{ used_at: Date | null }>('SELECT used_at FROM repository_item WHERE token = $1', [asked]))[0]
      ?.used_at;

  test('is given to who knows its address, and the fetch is recorded', async () => {
    expect(await usedAt(token)).toBeNull();
    const reply = await ask(token);
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    });
    expect(Buffer.from(reply.body).toString()).toBe('{}');
    expect(await usedAt(token)).toEqual(new Date(now));
  });

  test('is given in the form that the client takes, else 406 says what there is', async () => {
    expect((await ask(token, 'text/*;q=0.9, application/json;q=0.1')).headers['content-type']).toBe('text/plain');
    const refused = await ask(token, 'image/png');
    expect(refused.status).toBe(406);
    expect(Buffer.from(refused.body).toString()).toContain('application/json, text/plain');
  });

  test('that is unknown, foreign, expired or to be uploaded is 404, all alike', async () => {
    const foreign = createSecrets('another key').makeToken(device);
    const expired = await offered('DOWNLOAD', new Date(now));
    const upload = await offered('UPLOAD');
    const replies = [];
    for (const asked of [
      undefined,
      '',
      'x',
      `${token}x`,
      secrets.makeToken(device),
      secrets.makeToken(device + 1n),
      foreign,
      expired,
      upload,
    ]) {
      replies.push(await ask(asked));
    }
    expect(replies.map((reply) => reply.status)).toEqual(replies.map(() => 404));
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    expect(await usedAt(expired)).toBeNull();
  });

  test('takes no other method, and a look at the headers is no fetch', async () => {
    const fresh = await offered();
    expect(await ask(fresh, undefined, 'DELETE')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect((await ask(fresh, undefined, 'HEAD')).status).toBe(200);
    expect(await ask(fresh, 'image/png')).toMatchObject({ status: 406 });
    expect(await usedAt(fresh)).toBeNull();
  });
});

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
