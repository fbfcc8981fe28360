import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { readEnvironment, VARIABLE_NAMES } from '../../src/config/environment';
import type { Configuration } from '../../src/config/environment';
import { settingRows } from '../../src/config/settings';

type Env = Readonly<Record<string, string>>;

function configuration(env: Env): Configuration {
  const result = readEnvironment(env);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.configuration;
}

function problems(env: Env): readonly string[] {
  const result = readEnvironment(env);
  return result.ok ? [] : result.problems;
}

describe('the environment', () => {
  test('may be empty', () => {
    expect(configuration({})).toMatchObject({
      port: 4000,
      host: '127.0.0.1',
      dataDir: './data',
      insecure: false,
      logLevel: 'info',
    });
    expect(configuration({ PORT: '', MOQL_ADMIN_KEY: '', PATH: '/bin' })).toEqual(configuration({}));
    for (const name of [
      'databaseUrl',
      'deviceListener',
      'publicUrl',
      'adminKey',
      'secretKey',
      'ddfDir',
      'tls',
      'trustProxy',
    ]) {
      expect(configuration({})).not.toHaveProperty(name);
    }
  });

  test('may hold everything', () => {
    expect(
      configuration({
        PORT: '80',
        HOST: '0.0.0.0',
        MOQL_DEVICE_PORT: '443',
        MOQL_DEVICE_HOST: '::',
        DATABASE_URL: 'postgresql://u:p@db.example/moql',
        MOQL_DATA_DIR: '/var/moql',
        MOQL_PUBLIC_URL: 'https://dm.example/base/',
        MOQL_ADMIN_KEY: 'k',
        MOQL_SECRET_KEY: 's',
        MOQL_DDF_DIR: '/ddf',
        MOQL_TLS_CERT: 'c',
        MOQL_TLS_KEY: 'k',
        MOQL_TLS_CA: 'a',
        MOQL_TRUST_PROXY: '10.0.0.0/8, ::1,loopback',
        MOQL_INSECURE: '1',
        LOG_LEVEL: 'debug',
      }),
    ).toMatchObject({
      port: 80,
      host: '0.0.0.0',
      deviceListener: { port: 443, host: '::' },
      databaseUrl: 'postgresql://u:p@db.example/moql',
      dataDir: '/var/moql',
      publicUrl: 'https://dm.example/base',
      adminKey: 'k',
      secretKey: 's',
      ddfDir: '/ddf',
      tls: { cert: ['c'], key: ['k'], ca: 'a' },
      trustProxy: ['10.0.0.0/8', '::1', 'loopback'],
      insecure: true,
      logLevel: 'debug',
    });
    expect(configuration({ MOQL_TRUST_PROXY: '2' }).trustProxy).toBe(2);
    expect(configuration({ MOQL_DEVICE_PORT: '1' }).deviceListener).toEqual({ port: 1, host: '127.0.0.1' });
  });

  test.each<[string, Env]>([
    ['PORT', { PORT: 'http' }],
    ['PORT', { PORT: '65536' }],
    ['PORT', { PORT: '-1' }],
    ['HOST', { HOST: 'a b' }],
    ['MOQL_DEVICE_PORT', { MOQL_DEVICE_PORT: '4000' }],
    ['MOQL_DEVICE_PORT', { MOQL_DEVICE_HOST: 'x' }],
    ['DATABASE_URL', { DATABASE_URL: 'mysql://x/y', MOQL_SECRET_KEY: 's' }],
    ['MOQL_SECRET_KEY', { DATABASE_URL: 'postgresql://x/y' }],
    ['MOQL_PUBLIC_URL', { MOQL_PUBLIC_URL: 'dm.example' }],
    ['MOQL_PUBLIC_URL', { MOQL_PUBLIC_URL: 'https://dm.example/?a=b' }],
    ['MOQL_ADMIN_KEY', { MOQL_ADMIN_KEY: 'two words' }],
    ['MOQL_TLS_KEY', { MOQL_TLS_CERT: 'c' }],
    ['MOQL_TLS_CERT', { MOQL_TLS_KEY: 'k' }],
    ['MOQL_TLS_CERT', { MOQL_TLS_CA: 'a' }],
    ['MOQL_TRUST_PROXY', { MOQL_TRUST_PROXY: 'everybody' }],
    ['MOQL_TRUST_PROXY', { MOQL_TRUST_PROXY: '10.0.0.0/99' }],
    ['MOQL_INSECURE', { MOQL_INSECURE: 'yes' }],
    ['MOQL_CONFIG', { MOQL_CONFIG: '/nowhere/moql.json' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
    ['MOQL_DATABASE', { MOQL_DATABASE: 'x' }],
  ])('with a bad %s is refused by a message that names it: %j', (name, env) => {
    expect(problems(env)).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
  });

  test('is refused with everything that is wrong at once', () => {
    const found = problems({ PORT: 'x', MOQL_FOO: '1', MOQL_BAR: '1', MOQL_TLS_CERT: 'c' });
    expect(found.map((problem) => problem.split(':')[0])).toEqual(['MOQL_BAR', 'MOQL_FOO', 'MOQL_TLS_KEY', 'PORT']);
  });

  test('never shows the value of a secret in a message', () => {
    expect(problems({ MOQL_ADMIN_KEY: 'top secret', DATABASE_URL: 'mysql://u:hunter2@x' }).join()).not.toMatch(
      /top secret|hunter2/,
    );
  });
});

describe('the file of MOQL_CONFIG', () => {
  const directory = mkdtempSync(join(tmpdir(), 'moql-config-'));
  const path = join(directory, 'moql.json');
  afterAll(() => rmSync(directory, { recursive: true }));

  test('changes what it names', () => {
    writeFileSync(path, '{ "limits": { "maxMsgSize": 2048 } }');
    expect(configuration({ MOQL_CONFIG: path }).settings.limits).toEqual({
      ...configuration({}).settings.limits,
      maxMsgSize: 2048,
    });
  });

  test.each([
    ['not json', 'cannot be read'],
    ['{ "limit": {} }', 'Unrecognized key: "limit"'],
    ['{ "limits": { "maxMsgSize": 1 } }', 'limits.maxMsgSize: '],
    ['[]', 'the file: '],
    ['{ "bearers": { "sms": { "type": "smtp" } } }', 'bearers.sms.type: type must be smpp, pap, udp or webhook'],
    ['{ "bearers": { "none": { "type": "udp", "networks": ["::1"] } } }', 'bearers.none: is there by itself'],
    ['{ "bearers": { "SMS": { "type": "udp", "networks": ["::1"] } } }', 'bearers.SMS: the name of a bearer'],
    [
      '{ "bearers": { "u": { "type": "udp", "networks": ["10.0.0.0/33"] } } }',
      'bearers.u.networks.0: must be an address',
    ],
    [
      '{ "bearers": { "w": { "type": "webhook", "url": "ftp://a", "secret": "0123456789abcdef" } } }',
      'bearers.w.url: ',
    ],
    ['{ "wakeUp": { "bearers": ["sms"] } }', 'wakeUp.bearers.0: there is no bearer "sms" among `bearers`'],
    [
      '{ "callers": { "oidc": [{ "issuer": "http://id.example", "audience": "moql" }] } }',
      'callers.oidc.0.issuer: must be an address with https',
    ],
    [
      '{ "callers": { "oidc": [{ "issuer": "https://a", "audience": "m", "algorithms": ["HS256"] }] } }',
      'callers.oidc.0.algorithms.0: ',
    ],
    [
      '{ "callers": { "oidc": [{ "issuer": "https://a", "audience": "m" }, { "issuer": "https://b", "audience": "m" }] } }',
      'callers.oidc: prefixes must differ',
    ],
    ['{ "callers": { "certificates": [{ "user": "x" }] } }', 'callers.certificates.0: needs sha256 or subject'],
    [
      '{ "callers": { "certificates": [{ "subject": "CN=x", "user": "anonymous" }] } }',
      'callers.certificates.0.user: is the name of whoever shows nothing',
    ],
  ])('%s stops the start', (text, reason) => {
    writeFileSync(path, text);
    expect(problems({ MOQL_CONFIG: path })).toEqual([expect.stringContaining(reason)]);
    expect(problems({ MOQL_CONFIG: path })[0]).toMatch(/^MOQL_CONFIG: /);
  });
});

describe('docs/configuration.md', () => {
  const rows = readFileSync(resolve(__dirname, '../../docs/configuration.md'), 'utf8')
    .split('\n')
    .map((line) => /^\| `([^`]+)` \| (.+) \| (.+) \|$/.exec(line))
    .flatMap((match) => (match === null ? [] : [{ name: match[1], meaning: match[2], fallback: match[3] }]));

  test('has one row for each variable, in the order of the code', () => {
    expect(rows.map(({ name }) => name).filter((name) => !name?.includes('.'))).toEqual(VARIABLE_NAMES);
  });

  test('has one row for each member of the file, with its meaning and default', () => {
    expect(rows.filter(({ name }) => name?.includes('.'))).toEqual(
      settingRows().map((row) => ({ ...row, fallback: String(row.fallback) })),
    );
  });
});
