import { AsyncLocalStorage } from 'node:async_hooks';

import { digestOf, md5Credential } from '../../adapters/dm1/credential';
import { encodeMessage } from '../../adapters/dm1/codec';
import type { Cred } from '../../adapters/dm1/message';
import { answerChallenge } from '../../adapters/http/auth';
import type { Database } from '../../src/store/database';
import type { Sql } from '../../src/store/sql';
import { package1 } from '../adapters/dm1/session/dialogue';
import { testDatabase } from '../support/database';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { createAccount, register } from './support/world';

const turn = new AsyncLocalStorage<true>();
let statements = 0;

/** The same database, which knows what belongs to a message's transaction. */
function counting(db: Database): Database {
  db.onStatement((text) => {
    if (turn.getStore() === true && !/^\s*(?:BEGIN|COMMIT|ROLLBACK)\b/i.test(text)) statements += 1;
  });
  const sql: Sql = Object.create(db.sql, {
    transaction: {
      value: (work: (tx: Sql) => Promise<unknown>, options?: object): Promise<unknown> =>
        turn.run(true, () => db.sql.transaction(work, options)),
    },
  }) as Sql;
  return Object.create(db, { sql: { value: sql } }) as Database;
}

let gateway: TestGateway;
let now = Date.now();

afterEach(() => gateway.close());

async function start(clientAuth: object): Promise<{ known: string; unknown: string }> {
  gateway = await startTestGateway({ db: counting(await testDatabase()), now: () => now });
  const accountId = await createAccount(gateway, { serverId: 'dm.example', clientAuth });
  const known = 'IMEI:490154203237518';
  await register(gateway, { deviceId: known, accountId, protocol: 'DM_1_2' });
  return { known, unknown: 'IMEI:490154203237519' };
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
}

async function post(url: string, deviceId: string, msgId: number, cred?: Cred, headers = {}): Promise<Answer> {
  const one = package1(msgId, {
    source: { locUri: deviceId, locName: 'fleet' },
    ...(cred === undefined ? {} : { cred }),
  });
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.syncml.dm+xml', 'accept-encoding': 'identity', ...headers },
    body: Buffer.from(encodeMessage(one, { form: 'xml' })).toString('utf8'),
  });
  return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() };
}

const md5 = (secret: string, nonce: Uint8Array): Cred => ({
  meta: { format: 'b64', type: 'syncml:auth-md5' },
  data: { kind: 'text', text: md5Credential(digestOf('fleet', secret), nonce) },
});
const nonceOf = ({ text }: Answer): Buffer => Buffer.from(/NextNonce[^>]*>([^<]*)</.exec(text)?.[1] ?? '', 'base64');
const respUriOf = ({ text }: Answer): string => /RespURI>([^<]*)</.exec(text)?.[1] ?? '';
const codesOf = ({ text }: Answer): string[] =>
  [...text.matchAll(/<Data>(\d{3})<\/Data>/g)].map((match) => match[1] ?? '');

/** What does not depend on chance: nonces and tokens are replaced by their length. */
const shapeOf = ({ status, headers, text }: Answer, deviceId: string): unknown => {
  const { date: _, connection: __, 'keep-alive': ___, ...rest } = headers;
  const masked = (content: string): string =>
    content
      .replaceAll(deviceId, 'DEVICE')
      .replace(/(\/dm\/1\/)([\w-]+)/g, (_match, path: string, token: string) => `${path}${token.length}`)
      .replace(/(NextNonce[^>]*>)([^<]*)/g, (_match, open: string, nonce: string) => `${open}${nonce.length}`)
      .replace(/nonce="([^"]*)"/g, (_match, nonce: string) => `nonce ${nonce.length}`);
  return [status, Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, masked(value)])), masked(text)];
};

async function dump(): Promise<string> {
  const tables = [
    'account',
    'device',
    'device_credential',
    'session',
    'operation',
    'command',
    'event',
    'alert',
    'security_log',
  ];
  const rows = await Promise.all(
    tables.map((name) => gateway.db.sql.query(`SELECT t::text FROM ${name} t ORDER BY 1`)),
  );
  return JSON.stringify(rows);
}

describe('11.4: a device that nobody knows', () => {
  test.each([['DIGEST_MD5'], ['BASIC'], ['HMAC'], ['HTTP_DIGEST']])(
    'is refused as one of an account with %s is, and leaves nothing',
    async (type) => {
      const { known, unknown } = await start({ type, username: 'fleet', secret: 'fleet secret' });
      const shapes: unknown[][] = [];
      for (const deviceId of [known, unknown]) {
        const before = await dump();
        const seen: unknown[] = [];
        let url = `${gateway.deviceUrl}/dm/1`;
        for (const [index, cred] of [
          undefined,
          md5('guess', Buffer.alloc(16)),
          md5('guess', Buffer.alloc(16)),
        ].entries()) {
          statements = 0;
          const answer = await post(url, deviceId, index + 1, cred);
          // The one statement more is the challenge, which a known device's row keeps.
          expect(statements).toBeLessThanOrEqual(deviceId === known ? 2 : 1);
          expect(statements).toBeGreaterThan(0);
          seen.push(shapeOf(answer, deviceId));
          url = respUriOf(answer);
        }
        shapes.push(seen);
        if (deviceId === unknown) expect(await dump()).toBe(before);
      }
      expect(shapes[1]).toEqual(shapes[0]);
    },
  );
});

describe('22.5: lock-out', () => {
  test('wrong credentials in a row lock the device out, longer each time; the right one is refused meanwhile', async () => {
    const { known } = await start({ type: 'DIGEST_MD5', username: 'fleet', secret: 'right' });
    const url = `${gateway.deviceUrl}/dm/1`;
    const knock = async (secret: string, nonce: Uint8Array): Promise<Answer> => post(url, known, 1, md5(secret, nonce));
    let nonce = nonceOf(await post(url, known, 1));
    for (let n = 0; n < 5; n += 1) {
      const answer = await knock('guess', nonce);
      expect(codesOf(answer)).toEqual(['401', '401', '401']);
      nonce = nonceOf(answer);
    }
    expect(codesOf(await knock('right', nonce))).toEqual(['401']);
    now += 29_000;
    expect(codesOf(await knock('right', nonce))).toEqual(['401']);
    now += 2_000;
    const again = await knock('guess', nonce);
    expect(codesOf(again)).toEqual(['401', '401', '401']);
    now += 31_000;
    expect(codesOf(await knock('right', nonceOf(again)))).toEqual(['401']);
    now += 30_000;
    expect(codesOf(await knock('right', nonceOf(again)))[0]).toBe('212');
    const [{ count }] = (await gateway.db.sql.query(
      "SELECT count(*)::int AS count FROM security_log WHERE what = 'credentialRefused'",
    )) as [{ count: number }];
    expect(count).toBe(6);
  });
});

describe('12: HTTP Digest', () => {
  test('a client answers the 401 with the same message and is let in; wrong passwords are not', async () => {
    const { known } = await start({ type: 'HTTP_DIGEST', username: 'fleet', secret: 'right' });
    const url = `${gateway.deviceUrl}/dm/1`;
    const challenge = await post(url, known, 1);
    expect([challenge.status, challenge.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('realm="dm.example"'),
    ]);
    const authorization = (password: string): object => ({
      authorization: answerChallenge(challenge.headers['www-authenticate'] ?? '', {
        username: 'fleet',
        password,
        method: 'POST',
        uri: '/dm/1',
        cnonce: 'c0ffee',
        count: 1,
      }),
    });
    expect((await post(url, known, 1, undefined, authorization('guess'))).status).toBe(401);
    const answer = await post(url, known, 1, undefined, authorization('right'));
    expect([answer.status, codesOf(answer)[0]]).toEqual([200, '212']);
  });
});
