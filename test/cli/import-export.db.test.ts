import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { main } from '../../src/cli/main';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { startMoql } from './moql';

let gateway: TestGateway;
const directory = mkdtempSync(join(tmpdir(), 'moql-import-'));

beforeAll(async () => {
  gateway = await startTestGateway();
  await gateway.timers.stop();
});
afterAll(async () => {
  await gateway.close();
  rmSync(directory, { recursive: true });
});

type Line = Readonly<Record<string, unknown>>;

interface Ran {
  readonly code: number;
  readonly out: readonly Line[];
  readonly err: readonly string[];
}

/** Runs a command line against the gateway, undisturbed to its end. */
async function run(...args: readonly string[]): Promise<Ran> {
  const out: Line[] = [];
  const err: string[] = [];
  const code = await main([...args, '--url', gateway.url], {
    env: { MOQL_ADMIN_KEY: gateway.adminKey },
    out: (line) => void out.push(JSON.parse(line) as Line),
    err: (line) => void err.push(line),
    stopped: () => new Promise(() => undefined),
  });
  return { code, out, err };
}

function file(name: string, lines: readonly (Line | string)[]): string {
  const path = join(directory, name);
  writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return path;
}

const METERS = { serverId: 'meters.example', name: 'Meters' };
const PUMPS = { serverId: 'pumps.example' };
const OWN = { type: 'DIGEST_MD5', username: 'own', secret: 'a secret of its own' };

function device(index: number, more: Line = {}): Line {
  return { kind: 'device', deviceId: `urn:test:${index}`, account: METERS, tags: ['lisbon'], ...more };
}

const FLEET: readonly Line[] = [
  {
    kind: 'account',
    ...METERS,
    autoRegister: true,
    clientAuth: { type: 'DIGEST_MD5', username: 'meters', secret: 'of the devices' },
    serverAuth: { type: 'DIGEST_MD5', username: 'gateway', secret: 'of the gateway' },
  },
  { kind: 'account', ...PUMPS },
  ...Array.from({ length: 300 }, (_, index) =>
    device(index, { timeZone: 'Europe/Lisbon', ...(index % 50 === 0 ? { clientAuth: OWN, protocol: 'DM_1_2' } : {}) }),
  ),
  { kind: 'device', deviceId: 'urn:test:pump', account: PUMPS, serverAuth: { type: 'BASIC', secret: 'of the pump' } },
  { kind: 'grant', principal: 'group:field', right: 'READ', tag: 'lisbon', expiresAt: '2090-01-01T00:00:00.000Z' },
  {
    kind: 'grant',
    principal: 'group:field',
    right: 'WRITE',
    account: METERS,
    moid: 'urn:oma:mo:oma-fumo',
    path: 'Update',
  },
  { kind: 'grant', principal: 'user:ana', right: 'READ', deviceId: 'urn:test:7' },
  { kind: 'grant', principal: 'user:ana', right: 'READ', where: { or: [{ tag: 'a' }, { protocol: 'DM_2_0' }] } },
];

/** An exported record with the secrets that no export has. */
function withSecrets(line: Line): Line {
  const full = (name: string): Line => {
    const credential = line[name] as Line | undefined;
    return credential === undefined || credential['type'] === 'NONE'
      ? {}
      : { [name]: { ...credential, secret: 'a new one' } };
  };
  return { ...line, ...full('clientAuth'), ...full('serverAuth') };
}

test('what was imported is exported without secrets, and what was exported is imported to the same', async () => {
  const imported = await run('import', file('fleet', FLEET));
  expect(imported.err.at(-1)).toMatch(/: 307 created, 0 updated, 0 unchanged, 0 not imported$/);
  expect(imported.code).toBe(0);

  const first = await run('export');
  expect(first).toMatchObject({ code: 0, err: [expect.stringMatching(/^307 records, \d+ records\/s/)] });
  expect(JSON.stringify(first.out)).not.toMatch(/secret|of the devices|of the gateway|of its own|of the pump/);
  expect(first.out).toHaveLength(307);
  expect(first.out.find(({ deviceId }) => deviceId === 'urn:test:50')).toEqual({
    kind: 'device',
    deviceId: 'urn:test:50',
    account: METERS,
    protocol: 'DM_1_2',
    tags: ['lisbon'],
    timeZone: 'Europe/Lisbon',
    bearers: null,
    msisdn: null,
    udpAddress: null,
    clientAuth: { type: 'DIGEST_MD5', username: 'own' },
  });
  expect(first.out.filter(({ kind }) => kind === 'grant')).toEqual(FLEET.filter(({ kind }) => kind === 'grant'));

  const again = await run('import', file('exported', first.out));
  expect(again.err.at(-1)).toMatch(/: 0 created, 0 updated, 307 unchanged, 0 not imported$/);
  const same = await run('import', file('fleet', FLEET));
  expect(same.err.at(-1)).toMatch(/: 0 created, 0 updated, 307 unchanged/);

  await gateway.db.sql.exec('DELETE FROM device; DELETE FROM account; DELETE FROM access_grant');
  const back = await run('import', file('back', first.out.map(withSecrets)));
  expect(back.err.at(-1)).toMatch(/: 307 created/);
  expect((await run('export')).out).toEqual(first.out);
});

test('what is said is changed, what is left out stays, and an export goes on after a cursor', async () => {
  const changed = await run(
    'import',
    file('changes', [
      { kind: 'account', ...METERS, autoRegister: false },
      device(50, { tags: ['porto'], clientAuth: { type: 'HMAC', username: 'own' } }),
    ]),
  );
  expect(changed.err.at(-1)).toMatch(/: 0 created, 2 updated/);
  const { out } = await run('export', '--what', 'accounts,devices');
  expect(out.find(({ deviceId }) => deviceId === 'urn:test:50')).toMatchObject({
    tags: ['porto'],
    timeZone: 'Europe/Lisbon',
    protocol: 'DM_1_2',
    clientAuth: { type: 'HMAC', username: 'own' },
  });
  expect(out[0]).toMatchObject({ ...METERS, autoRegister: false, clientAuth: { username: 'meters' } });
  const { data } = await gateway.graphql('{ devices(first: 299) { pageInfo { endCursor } } }');
  const rest = await run('export', '--after', data.devices.pageInfo.endCursor as string, '--what', 'devices');
  expect(rest.out.map(({ deviceId }) => deviceId)).toEqual(['urn:test:299', 'urn:test:pump']);
});

test('an import that was killed goes on behind what is done', async () => {
  const path = file(
    'long',
    Array.from({ length: 1_500 }, (_, index) => device(10_000 + index)),
  );
  const state = join(directory, 'state');
  const args = ['import', path, '--state', state];
  const process = startMoql([...args, '--url', gateway.url], { MOQL_ADMIN_KEY: gateway.adminKey });
  const done = (): number =>
    existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as { readonly line: number }).line : 0;
  while (done() < 500) await sleep(5);
  process.signal('SIGKILL');
  await process.ended;
  const line = done();
  const rest = await run(...args);
  expect(rest).toMatchObject({ code: 0, err: [expect.stringMatching(new RegExp(`^${1_500 - line} records`))] });
  expect(JSON.parse(readFileSync(state, 'utf8'))).toEqual({ file: path, line: 1_500 });
  const [count] = await gateway.db.sql.query(
    `SELECT count(*)::int AS n FROM device WHERE device_id LIKE 'urn:test:1____'`,
  );
  expect(count).toEqual({ n: 1_500 });
  expect(await run('import', file('other', []), '--state', state)).toMatchObject({ code: 1 });
});

test('lines that cannot be imported are told, and stop no other', async () => {
  const errors = join(directory, 'errors');
  const path = file('bad', [
    '{"kind":"device"',
    { kind: 'ddf' },
    device(20_000, { account: { serverId: 'nobody' } }),
    device(20_001, { colour: 'red' }),
    device(20_002, { clientAuth: { type: 'DIGEST_MD5', secret: 12_345 } }),
    device(20_003),
    device(20_004, { deviceId: ' ' }),
    'x'.repeat(1_100_000),
    { kind: 'account', ...PUMPS, serverAuth: { type: 'BASIC' } },
    { kind: 'grant', principal: 'key:1', right: 'READ' },
    { kind: 'grant', principal: 'user:ana', right: 'READ', deviceId: 'urn:test:nobody' },
    { kind: 'grant', principal: 'user:ana', right: 'READ', tag: 'new' },
    device(20_003),
  ]);
  const { code, err } = await run('import', path, '--errors', errors);
  expect(code).toBe(1);
  const told = readFileSync(errors, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const codes = new Map(told.map((bad) => [bad['line'], bad['code']]));
  expect([...codes].sort(([a], [b]) => Number(a) - Number(b))).toEqual([
    [1, 'NO_JSON'],
    [2, 'UNKNOWN_KIND'],
    [3, 'NOT_FOUND'],
    [4, 'BAD_USER_INPUT'],
    [5, 'BAD_USER_INPUT'],
    [7, 'BAD_USER_INPUT'],
    [8, 'LINE_TOO_LONG'],
    [9, 'BAD_USER_INPUT'],
    [10, 'BAD_USER_INPUT'],
    [11, 'NOT_FOUND'],
  ]);
  expect(err).toContain('line 1: NO_JSON the line is no JSON');
  expect(err.join('\n')).not.toContain('12345');
  expect(err.at(-1)).toMatch(/: 2 created, 0 updated, 1 unchanged, 10 not imported$/);
  expect(
    (await run('import', file('keys', [{ kind: 'grant', principal: 'key:4711', right: 'READ' }]), '--allow-keys')).code,
  ).toBe(0);
});

const IMPORT = {
  devices: `mutation ($input: [ImportDeviceInput!]!) { importDevices(input: $input) { outcome code } }`,
  accounts: `mutation ($input: [ImportAccountInput!]!) { importAccounts(input: $input) { outcome code } }`,
  grants: `mutation ($input: [ImportGrantInput!]!) { importGrants(input: $input) { outcome code } }`,
};

function record(index: number, more: Line = {}): Line {
  const { kind: _kind, ...members } = device(index, more);
  return members;
}

test('nobody imports what they could not do one by one', async () => {
  const made = await gateway.graphql('mutation { createApiKey(input: { name: "k" }) { key apiKey { principal } } }');
  const { key, apiKey } = made.data.createApiKey as { key: string; apiKey: { principal: string } };
  for (const [right, tag] of [
    ['MANAGE_DEVICES', 'mine'],
    ['DELEGATE', 'mine'],
  ])
    await gateway.graphql('mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }', {
      input: { principal: apiKey.principal, right, tag },
    });
  const asKey = async (query: string, input: readonly Line[]): Promise<unknown> => {
    const { data, errors } = await gateway.graphql(query, { input }, key);
    const results = Object.values((data ?? {}) as Record<string, readonly Line[] | null>)[0];
    return results?.map(({ outcome, code }) => code ?? outcome) ?? errors?.map(({ extensions }) => extensions['code']);
  };
  expect(
    await asKey(IMPORT.devices, [
      record(30_000, { tags: ['mine'] }),
      record(30_001, { tags: ['other'] }),
      record(30_002, { tags: ['mine'], account: { serverId: 'nobody' } }),
      // A device beyond the key's sight.
      record(1, { tags: ['mine'] }),
      record(2),
    ]),
  ).toEqual(['CREATED', 'FORBIDDEN', 'NOT_FOUND', 'ALREADY_EXISTS', 'FORBIDDEN']);
  expect(await asKey(IMPORT.devices, [record(30_000, { tags: ['mine', 'other'] })])).toEqual(['FORBIDDEN']);
  expect(await asKey(IMPORT.devices, [record(30_000, { tags: ['other'] })])).toEqual(['FORBIDDEN']);
  expect(await asKey(IMPORT.accounts, [{ serverId: 'mine' }])).toEqual(['FORBIDDEN']);
  expect(
    await asKey(IMPORT.grants, [
      { principal: 'user:eva', right: 'READ', tag: 'mine' },
      { principal: 'user:eva', right: 'READ', tag: 'other' },
      { principal: 'user:eva', right: 'MANAGE_DEVICES', tag: 'mine' },
      { principal: 'user:eva', right: 'READ', deviceId: 'urn:test:30000' },
      { principal: 'user:eva', right: 'READ', deviceId: 'urn:test:2' },
      { principal: 'user:eva', right: 'READ', account: METERS },
      { principal: 'user:eva', right: 'READ', account: { serverId: 'nobody' } },
      { principal: 'user:eva', right: 'READ' },
    ]),
  ).toEqual(['CREATED', 'FORBIDDEN', 'FORBIDDEN', 'CREATED', 'NOT_FOUND', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
  const many = Array.from({ length: 501 }, (_, index) => record(index));
  expect(await asKey(IMPORT.devices, many)).toEqual(['LIMIT_PAGE_SIZE']);
});

/** Not those that hand on events, write the audit log and know the key. */
const OF_IMPORT =
  /^(?:WITH x|UPDATE|INSERT INTO (?!audit)|SELECT (?:pg_advisory|a\.|d\.|x\.|device_id AS|principal|id, client))/;

test('a call has as many statements for one record as for hundreds', async () => {
  const statements = async (query: string, input: readonly Line[], outcome: string): Promise<number> => {
    let count = 0;
    const ignore = gateway.db.onStatement((text) => void (count += OF_IMPORT.test(text) ? 1 : 0));
    const { data } = await gateway.graphql(query, { input });
    ignore();
    const results = Object.values(data as Record<string, readonly Line[]>)[0] ?? [];
    expect(new Set(results.map((one) => one['outcome']))).toEqual(new Set([outcome]));
    expect(results).toHaveLength(input.length);
    return count;
  };
  const make = (from: number, count: number, how: (index: number) => Line): readonly Line[] =>
    Array.from({ length: count }, (_, index) => how(from + index));
  const kinds: readonly (readonly [string, (index: number) => Line, ((index: number) => Line) | undefined])[] = [
    [
      IMPORT.devices,
      (index) => record(index, { clientAuth: OWN }),
      (index) => record(index, { tags: ['t'], serverAuth: OWN }),
    ],
    [IMPORT.accounts, (index) => ({ serverId: `s${index}` }), (index) => ({ serverId: `s${index}`, serverAuth: OWN })],
    [
      IMPORT.grants,
      (index) => ({ principal: `user:u${index}`, right: 'READ', deviceId: 'urn:test:7', account: null }),
      undefined,
    ],
  ];
  for (const [query, created, updated] of kinds) {
    const one = await statements(query, make(40_000, 1, created), 'CREATED');
    expect([one > 3, one < 9]).toEqual([true, true]);
    expect(await statements(query, make(41_000, 300, created), 'CREATED')).toBe(one);
    if (updated === undefined) continue;
    const change = await statements(query, make(40_000, 1, updated), 'UPDATED');
    expect(await statements(query, make(41_000, 300, updated), 'UPDATED')).toBe(change);
  }
});
