import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

import { createSecrets, loadSecretKey } from '../../src/store/secrets';

const secrets = createSecrets('a key for tests');
const others = createSecrets('another key');

describe('encryption at rest', () => {
  test('every text comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, context) => {
        expect(secrets.decrypt(secrets.encrypt(plain, context), context)).toBe(plain);
      }),
    );
  });

  test('the text names its version, and two of the same plain text differ', () => {
    const text = secrets.encrypt('secret');
    expect(text).toMatch(/^v1\.[A-Za-z0-9_-]+$/);
    expect(secrets.encrypt('secret')).not.toBe(text);
  });

  test('it opens with no other key, in no other place, and not when a character was changed', () => {
    const text = secrets.encrypt('secret', 'account/1/client');
    expect(others.decrypt(text, 'account/1/client')).toBeUndefined();
    expect(secrets.decrypt(text, 'account/2/client')).toBeUndefined();
    for (let at = 3; at < text.length - 1; at += 1) {
      const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      expect(secrets.decrypt(changed, 'account/1/client')).toBeUndefined();
    }
  });

  test('any other text is told as such', () => {
    for (const text of ['', 'v1.', 'v2.AAAA', 'v1.AAAA', 'plain', 'v1.****'])
      expect(secrets.decrypt(text)).toBeUndefined();
  });

  test('the keys of the purposes differ, and are the same at each start', () => {
    const keys = (['secrets', 'tokens', 'stranger', 'digest'] as const).map((purpose) =>
      secrets.key(purpose).toString('hex'),
    );
    expect(new Set(keys).size).toBe(4);
    expect(createSecrets('a key for tests').key('digest').toString('hex')).toBe(keys[3]);
  });
});

describe('a token tells its device', () => {
  test('22 characters, which give back the device key and the random octets', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
        (deviceKey, octets) => {
          const token = secrets.makeToken(deviceKey, Buffer.from(octets));
          expect(token).toMatch(/^[A-Za-z0-9_-]{22}$/);
          expect(secrets.openToken(token)).toEqual({ deviceKey, random: Buffer.from(octets) });
        },
      ),
    );
  });

  test('two tokens of a device differ', () => {
    expect(secrets.makeToken(1n)).not.toBe(secrets.makeToken(1n));
  });

  test('one made with another key does not tell the device', () => {
    expect(secrets.openToken(others.makeToken(7n))?.deviceKey).not.toBe(7n);
  });

  test('only one spelling of a token counts', () => {
    const token = secrets.makeToken(7n, Buffer.alloc(8, 1));
    const spellings = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
      .map((last) => token.slice(0, 21) + last)
      .filter((spelling) => secrets.openToken(spelling)?.deviceKey === 7n);
    expect(spellings).toEqual([token]);
  });

  test('any text opens or does not, without an exception', () => {
    fc.assert(fc.property(fc.string({ maxLength: 30 }), (text) => void secrets.openToken(text)));
    expect(secrets.openToken('')).toBeUndefined();
    expect(secrets.openToken('A'.repeat(21) + '+')).toBeUndefined();
  });
});

describe('the secret key', () => {
  let dataDir: string;

  beforeEach(() => {
    dataDir = join(mkdtempSync(join(tmpdir(), 'moql-key-')), 'data');
  });

  afterEach(() => rmSync(join(dataDir, '..'), { recursive: true, force: true }));

  test('is MOQL_SECRET_KEY when that is set', () => {
    expect(loadSecretKey({ env: { MOQL_SECRET_KEY: 'k' }, dataDir })).toEqual({
      ok: true,
      secretKey: 'k',
      isNew: false,
    });
  });

  test('is made in the data directory, for its owner alone, and is the same afterwards', () => {
    const first = loadSecretKey({ env: {}, dataDir });
    const second = loadSecretKey({ env: {}, dataDir });
    expect(first).toMatchObject({ ok: true, isNew: true });
    expect(second).toEqual({ ...first, isNew: false });
    expect(readdirSync(dataDir)).toEqual(['secret.key']);
    expect(statSync(join(dataDir, 'secret.key')).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(join(dataDir, 'secret.key'), 'utf8').trim(), 'base64url')).toHaveLength(32);
  });

  test('must be given with DATABASE_URL', () => {
    const result = loadSecretKey({ env: { DATABASE_URL: 'postgresql://db.example/moql' }, dataDir });
    expect(result).toMatchObject({ ok: false, code: 'SECRET_KEY_MISSING' });
  });

  test('is not taken from an empty file', () => {
    loadSecretKey({ env: {}, dataDir });
    writeFileSync(join(dataDir, 'secret.key'), '\n');
    expect(loadSecretKey({ env: {}, dataDir })).toMatchObject({ ok: false, code: 'SECRET_KEY_EMPTY' });
  });
});

describe('another secret key', () => {
  const rotated = createSecrets('another key', { previous: 'a key for tests' });

  test('opens what the previous one sealed, in its place alone, and seals with its own', () => {
    const old = secrets.encrypt('secret', 'here');
    expect(rotated.decrypt(old, 'here')).toBe('secret');
    expect(rotated.decrypt(old, 'there')).toBeUndefined();
    expect(secrets.decrypt(rotated.encrypt('secret', 'here'), 'here')).toBeUndefined();
  });

  test('seals anew what the previous one sealed, and nothing else', () => {
    const anew = rotated.reseal(secrets.encrypt('secret', 'here'), 'here');
    expect(others.decrypt(anew ?? '', 'here')).toBe('secret');
    expect(rotated.reseal(anew ?? '', 'here')).toBeUndefined();
    expect(rotated.reseal(createSecrets('a third').encrypt('secret'), 'here')).toBeUndefined();
    expect(others.reseal(secrets.encrypt('secret', 'here'), 'here')).toBeUndefined();
  });

  test('still knows the devices of tokens that were handed out', () => {
    for (let device = 1n; device <= 200n; device += 1n) {
      expect(rotated.openToken(secrets.makeToken(device))?.deviceKey).toBe(device);
      expect(rotated.openToken(rotated.makeToken(device))?.deviceKey).toBe(device);
    }
  });
});

describe('pre-shared keys', () => {
  const master = { psk: 'a master key of at least 32 characters' };

  test('follow from their identity and the master key, and from nothing else', () => {
    const key = createSecrets('a', master).pskOf('IMEI:1');
    expect(key).toHaveLength(32);
    expect(createSecrets('b', master).pskOf('IMEI:1')).toEqual(key);
    expect(createSecrets('a', master).pskOf('IMEI:2')).not.toEqual(key);
    expect(createSecrets('a', { psk: `${master.psk}!` }).pskOf('IMEI:1')).not.toEqual(key);
  });

  test('are not made without a master key', () => expect(secrets.pskOf('IMEI:1')).toBeUndefined());
});
