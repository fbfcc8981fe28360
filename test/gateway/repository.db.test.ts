import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { basicAuthorization } from '../../adapters/http/auth';
import type { Dm1Device, Dm2Device } from '../../src/simulator';
import {
  FUMO,
  PROTOCOLS,
  ask,
  codesOf,
  contact,
  createKey,
  findOperation,
  hangUp,
  register,
  simulated,
  credentialOf,
  startWorld,
  submit,
} from './support/world';
import type { Protocol, World } from './support/world';

const INLINE = 4096;
const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
const URL_NODE = { moid: FUMO, path: 'DownloadAndUpdate/PkgURL' };
const DATA_NODE = { moid: FUMO, path: 'Update/PkgData' };

interface Item {
  readonly id: string;
  readonly state: string;
  readonly length: number | null;
  readonly sha256: string | null;
}
interface Created {
  readonly item: Item;
  readonly uploadUrl: string;
  readonly uploadExpiresAt: string;
}

let world: World;
let clock = Date.parse('2026-03-01T12:00:00Z');
let count = 0;
const directory = mkdtempSync(join(tmpdir(), 'moql-files-'));
const storage = join(directory, 'files');

beforeAll(async () => {
  mkdirSync(storage);
  const config = join(directory, 'moql.json');
  const limits = { fileOctets: 1_000_000, bodyIdleMs: 300, uploadMs: 2_000 };
  writeFileSync(
    config,
    JSON.stringify({ limits, repository: { directory: storage, inlineOctets: INLINE, sweepMs: 100 } }),
  );
  world = await startWorld({ now: () => clock, env: { MOQL_CONFIG: config } });
});
afterAll(async () => {
  hangUp();
  await world.close();
  rmSync(directory, { recursive: true });
});

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

async function create(input: Readonly<Record<string, unknown>> = {}): Promise<Created> {
  const { createRepositoryItem } = await ask<{ createRepositoryItem: Created }>(
    world.gateway,
    `mutation ($input: CreateRepositoryItemInput!) { createRepositoryItem(input: $input) {
       item { id state length sha256 } uploadUrl uploadExpiresAt } }`,
    { input },
  );
  return createRepositoryItem;
}

/** An item with these octets. */
async function stored(octets: Uint8Array, input: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { item, uploadUrl } = await create(input);
  const answer = await fetch(uploadUrl, { method: 'PUT', body: octets as BodyInit });
  expect([answer.status, await answer.json()]).toEqual([201, { length: octets.length, sha256: sha256(octets) }]);
  return item.id;
}

async function found(id: string): Promise<Item | null> {
  const { node } = await ask<{ node: Item | null }>(
    world.gateway,
    'query ($id: ID!) { node(id: $id) { ... on RepositoryItem { id state length sha256 } } }',
    { id },
  );
  return node;
}

async function remove(id: string): Promise<void> {
  await ask(world.gateway, 'mutation ($id: ID!) { deleteRepositoryItem(id: $id) { id } }', { id });
}

/** Files in the storage, drafts included. */
function files(): readonly string[] {
  const names: string[] = [];
  for (const folder of readdirSync(storage)) names.push(...readdirSync(join(storage, folder)));
  return names;
}

/** A device that has told its management objects. */
async function known(protocol: Protocol): Promise<Dm1Device | Dm2Device> {
  const device = await world.device(protocol, `urn:uuid:repository-${count++}`);
  await contact(device);
  await contact(device);
  return device;
}

async function send(device: { readonly deviceId: string }, address: object, item: string): Promise<string> {
  const { id } = await submit(world.gateway, device.deviceId, [
    { replace: { address, value: { repositoryItem: item } } },
  ]);
  return id;
}

/** The address that a device was given as the value of FUMO's PkgURL. */
async function addressGiven(device: Dm1Device | Dm2Device, item: string): Promise<string> {
  const id = await send(device, URL_NODE, item);
  await contact(device);
  expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
  const { device: told } = await ask<{ device: { fumo: { downloadAndUpdate: { pkgUrl: string } } } }>(
    world.gateway,
    'query ($id: ID!) { device(deviceId: $id) { fumo { downloadAndUpdate { pkgUrl } } } }',
    { id: device.deviceId },
  );
  return told.fumo.downloadAndUpdate.pkgUrl;
}

describe.each([
  ['a small file, which stands in the database', 1000],
  ['a large file, which stands in the storage', 300_000],
])('%s', (_which, length) => {
  const octets = randomBytes(length);
  let item: string;

  test('is there once its octets came, and tells its length and digest', async () => {
    const { item: made, uploadUrl } = await create({ name: 'firmware 2.0', length, sha256: sha256(octets) });
    item = made.id;
    expect(await found(item)).toMatchObject({ state: 'AWAITING_UPLOAD', length, sha256: sha256(octets) });
    const before = files().length;
    expect((await fetch(uploadUrl, { method: 'POST', body: octets })).status).toBe(201);
    expect(await found(item)).toMatchObject({ state: 'READY', length, sha256: sha256(octets) });
    expect(files().length - before).toBe(length > INLINE ? 1 : 0);
    // The address is used up.
    expect((await fetch(uploadUrl, { method: 'PUT', body: octets })).status).toBe(404);
  });

  test.each(PROTOCOLS)('is fetched by a %s download agent that knows its address alone, in parts', async (protocol) => {
    const device = await known(protocol);
    const url = await addressGiven(device, item);
    expect(url).toMatch(/\/repository\/[\w-]{22}$/);
    const head = await fetch(url, { method: 'HEAD', headers: { accept: 'application/vnd.oma.dd+xml' } });
    expect(Object.fromEntries(head.headers)).toMatchObject({
      'content-length': String(length),
      'accept-ranges': 'bytes',
      'content-type': 'application/octet-stream',
      'repr-digest': `sha-256=:${Buffer.from(sha256(octets), 'hex').toString('base64')}:`,
    });
    const etag = head.headers.get('etag') ?? '';
    const cut = Math.floor(length / 3);
    const first = await fetch(url, { headers: { range: `bytes=0-${cut - 1}` } });
    const rest = await fetch(url, { headers: { range: `bytes=${cut}-`, 'if-range': etag } });
    expect([first.status, rest.status, rest.headers.get('content-range')]).toEqual([
      206,
      206,
      `bytes ${cut}-${length - 1}/${length}`,
    ]);
    const got = Buffer.concat([Buffer.from(await first.arrayBuffer()), Buffer.from(await rest.arrayBuffer())]);
    expect(sha256(got)).toBe(sha256(octets));
    // Another file stands there than the one of which the first part came: it comes whole.
    const other = await fetch(url, { headers: { range: `bytes=${cut}-`, 'if-range': '"another"' } });
    expect([other.status, (await other.arrayBuffer()).byteLength]).toEqual([200, length]);
    expect((await fetch(url, { headers: { range: `bytes=${length}-` } })).status).toBe(416);
  });

  test('is fetched by a DM 2.0 device in its session, under its own credentials', async () => {
    const device = await known('dm2');
    const id = await send(device, DATA_NODE, item);
    await contact(device);
    const operation = await findOperation(world.gateway, id);
    expect(operation).toMatchObject({ state: 'SUCCEEDED', commands: [{ outcome: 'OK', statusCode: 200 }] });
    const [fumo] = device.tree.instances(FUMO);
    const data = device.tree.find([...(fumo?.path ?? []), 'Update', 'PkgData'])?.value;
    expect(sha256(data as Uint8Array)).toBe(sha256(octets));
  });

  test('is stored once, however many devices are given it', async () => {
    const before = [files().length, await rows()];
    const urls = [];
    for (const protocol of [...PROTOCOLS, ...PROTOCOLS]) urls.push(await addressGiven(await known(protocol), item));
    expect(new Set(urls).size).toBe(4);
    expect([files().length, await rows()]).toEqual(before);
  });

  test('is gone for all of them when it is deleted, and its octets too', async () => {
    const url = await addressGiven(await known('dm1'), item);
    const before = files().length;
    await remove(item);
    expect((await fetch(url)).status).toBe(404);
    expect(await found(item)).toBeNull();
    await world.gateway.timers.runOnce();
    expect(before - files().length).toBe(length > INLINE ? 1 : 0);
    const again = await world.gateway.graphql('mutation ($id: ID!) { deleteRepositoryItem(id: $id) { id } }', {
      id: item,
    });
    expect(codesOf(again)).toEqual(['NOT_FOUND']);
  });

  async function rows(): Promise<unknown> {
    const [row] = await world.gateway.db.sql.query<{ octets: unknown }>(
      'SELECT sum(octet_length(octets)) + (SELECT count(*) FROM repository_object) AS octets FROM repository_file',
    );
    return row?.octets;
  }
});

describe('an upload', () => {
  test.each([
    ['of another length than announced', { length: 10 }, () => ({ body: Buffer.alloc(9) }), 400],
    ['that is longer than announced', { length: 10 }, () => ({ body: Buffer.alloc(11) }), 413],
    ['of another digest than announced', { sha256: 'ab'.repeat(32) }, () => ({ body: Buffer.alloc(9) }), 400],
    [
      'that is not what its own headers tell',
      {},
      () => ({ body: Buffer.alloc(9), headers: { 'content-digest': 'sha-256=:AAAA:' } }),
      400,
    ],
    ['that is packed', {}, () => ({ body: Buffer.alloc(9), headers: { 'content-encoding': 'gzip' } }), 415],
    ['that is too large', {}, () => ({ body: Buffer.alloc(1_000_001) }), 413],
    ['that never ends', {}, () => ({ body: endless(65_536, 0) }), 413],
    ['that comes drop by drop', {}, () => ({ body: endless(INLINE, 50) }), 408],
    ['that stops coming', {}, () => ({ body: endless(65_536, 10_000) }), 408],
  ])('%s is refused, and nothing is kept', async (_which, input, request, status) => {
    const { item, uploadUrl } = await create(input);
    const before = files();
    const answer = fetch(uploadUrl, { method: 'PUT', duplex: 'half', ...request() } as object);
    expect(await answer.then((got) => got.status)).toBe(status);
    expect(await found(item.id)).toMatchObject({ state: 'AWAITING_UPLOAD' });
    expect(files()).toEqual(before);
  });

  test('whose sender hangs up leaves nothing, and may be begun again', async () => {
    const { item, uploadUrl } = await create();
    const before = files();
    const hangingUp = new AbortController();
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent > 10) hangingUp.abort();
        else controller.enqueue(new Uint8Array(10_000));
      },
    });
    await expect(
      fetch(uploadUrl, { method: 'PUT', duplex: 'half', body, signal: hangingUp.signal } as object),
    ).rejects.toThrow();
    while (files().length > before.length) await new Promise(setImmediate);
    expect((await fetch(uploadUrl, { method: 'PUT', body: Buffer.from('again') })).status).toBe(201);
    expect(await found(item.id)).toMatchObject({ state: 'READY', length: 5 });
  });

  test('has its time; an item without octets goes when that is over', async () => {
    const { item, uploadUrl, uploadExpiresAt } = await create();
    clock = Date.parse(uploadExpiresAt) + 1;
    expect((await fetch(uploadUrl, { method: 'PUT', body: 'late' })).status).toBe(404);
    await world.gateway.timers.runOnce();
    expect(await found(item.id)).toBeNull();
  });

  test('cannot be made at an address that was guessed, nor read back', async () => {
    const { uploadUrl } = await create();
    const guessed = `${uploadUrl.slice(0, -1)}${uploadUrl.endsWith('A') ? 'B' : 'A'}`;
    expect((await fetch(guessed, { method: 'PUT', body: 'x' })).status).toBe(404);
    expect((await fetch(uploadUrl)).status).toBe(405);
  });
});

/** The first piece comes at once. */
function endless(octets: number, everyMs: number): ReadableStream<Uint8Array> {
  let isFirst = true;
  return new ReadableStream({
    async pull(controller) {
      if (everyMs > 0 && !isFirst) await new Promise((resolve) => setTimeout(resolve, everyMs).unref());
      isFirst = false;
      controller.enqueue(new Uint8Array(octets));
    },
  });
}

describe('an address', () => {
  test('that needs no credentials ends after a day, and each use of it is logged', async () => {
    const item = await stored(randomBytes(100));
    const device = await known('dm1');
    const url = await addressGiven(device, item);
    await fetch(url);
    const uses = await world.gateway.db.sql.query<{ detail: unknown }>(
      `SELECT s.detail FROM security_log s JOIN device d ON d.id = s.device_id
       WHERE d.device_id = $1 AND s.what = 'repositoryAddressUsed'`,
      [device.deviceId],
    );
    expect(uses).toEqual([{ detail: { method: 'GET', from: '127.0.0.1', item: expect.any(String) as string } }]);
    const { events } = await ask<{ events: { nodes: unknown[] } }>(
      world.gateway,
      'query ($id: ID!) { events(where: { deviceId: $id, type: "repositoryItemFetched" }) { nodes { type } } }',
      { id: device.deviceId },
    );
    expect(events.nodes).toHaveLength(1);
    clock += DAY_MS + 1;
    expect((await fetch(url)).status).toBe(404);
  });

  test('that asks for credentials takes those of its device, counts wrong ones, and locks', async () => {
    const item = await stored(randomBytes(100), { access: 'DEVICE' });
    const options = { auth: 'basic' as const };
    const [device, other] = await Promise.all(
      ['own', 'other'].map((name) => world.device('dm1', `urn:uuid:${name}-${count++}`, options)),
    );
    if (device === undefined || other === undefined) throw new Error('no device');
    await contact(device);
    const url = await addressGiven(device, item);
    const as = async ({ options: { user = '', secret = '' } }: typeof device, wrong = ''): Promise<number> =>
      (await fetch(url, { headers: { authorization: basicAuthorization(user, `${secret}${wrong}`) } })).status;
    const bare = await fetch(url);
    expect([bare.status, bare.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('Digest realm='),
    ]);
    expect(await as(other)).toBe(401);
    expect(await as(device)).toBe(200);
    for (let tries = 0; tries < 5; tries += 1) expect(await as(device, 'x')).toBe(401);
    expect(await as(device)).toBe(401);
    clock += 60 * MINUTE_MS;
    expect(await as(device)).toBe(200);
  });

  test('takes the Digest of a device whose secret a DM session proves by MD5', async () => {
    const item = await stored(randomBytes(100));
    const device = simulated('dm2', world.gateway.deviceUrl, `urn:uuid:digest-${count++}`, { auth: 'digest' });
    const { deviceId } = device;
    await register(world.gateway, { deviceId, accountId: world.accountId, clientAuth: credentialOf(device) });
    await contact(device);
    await send(device, DATA_NODE, item);
    const report = await contact(device);
    const statuses = report.messages
      .filter(({ url, direction }) => direction === 'in' && url.includes('/repository/'))
      .map(({ status }) => status);
    expect(statuses.at(-1)).toBe(200);
  });
});

describe('who may', () => {
  const CREATE = 'mutation { createRepositoryItem(input: {}) { item { id } uploadUrl } }';
  const LIST = '{ repositoryItems(first: 1) { nodes { id name } pageInfo { hasNextPage endCursor } } }';

  test('make, see and delete items: holders of MANAGE_REPOSITORY', async () => {
    const device = await known('dm1');
    const plain = await createKey(world.gateway, device.deviceId, { right: 'WRITE' });
    const keeper = await createKey(world.gateway, device.deviceId, { right: 'MANAGE_REPOSITORY', deviceId: null });
    const item = await stored(randomBytes(10));
    const REMOVE = 'mutation ($id: ID!) { deleteRepositoryItem(id: $id) { id } }';
    for (const query of [CREATE, LIST, REMOVE])
      expect(codesOf(await world.gateway.graphql(query, { id: item }, plain))).toEqual(['FORBIDDEN']);
    expect(
      (await world.gateway.graphql('query ($id: ID!) { node(id: $id) { id } }', { id: item }, plain)).data,
    ).toEqual({
      node: null,
    });
    expect(codesOf(await world.gateway.graphql(CREATE, {}, keeper))).toEqual([]);
    const listed = await world.gateway.graphql(LIST, {}, keeper);
    expect(listed.data.repositoryItems).toMatchObject({ nodes: [{}], pageInfo: { hasNextPage: true } });
    expect(codesOf(await world.gateway.graphql(REMOVE, { id: item }, keeper))).toEqual([]);
  });

  test('send an item: they, and who made it; to others there is none', async () => {
    const device = await known('dm1');
    const item = await stored(randomBytes(10));
    const SUBMIT = 'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }';
    const input = {
      deviceId: device.deviceId,
      commands: [{ replace: { address: URL_NODE, value: { repositoryItem: item } } }],
    };
    const writer = await createKey(world.gateway, device.deviceId, { right: 'WRITE' });
    expect(codesOf(await world.gateway.graphql(SUBMIT, { input }, writer))).toEqual(['NOT_FOUND']);
    const both = await createKey(
      world.gateway,
      device.deviceId,
      { right: 'WRITE' },
      { right: 'MANAGE_REPOSITORY', deviceId: null },
    );
    expect(codesOf(await world.gateway.graphql(SUBMIT, { input }, both))).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['as the content of a binary node of DM 1.x', DATA_NODE, 'NOT_SUPPORTED_BY_DEVICE'],
    ['to a node of another format', { moid: 'urn:oma:mo:ext-acme-meter:1.0', path: 'Interval' }, 'BAD_FORMAT'],
  ])('nobody sends one %s', async (_what, address, code) => {
    const device = await known('dm1');
    const item = await stored(randomBytes(10));
    const input = { deviceId: device.deviceId, commands: [{ replace: { address, value: { repositoryItem: item } } }] };
    const answer = await world.gateway.graphql(
      'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }',
      { input },
    );
    expect(codesOf(answer)).toEqual([code]);
  });

  test.each([
    [{ contentType: 'nonsense' }, 'BAD_USER_INPUT'],
    [{ contentType: 'text/plain\r\nx: y' }, 'BAD_USER_INPUT'],
    [{ sha256: 'short' }, 'BAD_USER_INPUT'],
    [{ length: -1 }, 'BAD_USER_INPUT'],
    [{ length: 1_000_001 }, 'LIMIT_VALUE_SIZE'],
    [{ name: ' ' }, 'BAD_USER_INPUT'],
    [{ expiresIn: 'PT0S' }, 'BAD_USER_INPUT'],
  ])('nobody makes an item of %j', async (input, code) => {
    const answer = await world.gateway.graphql(
      'mutation ($input: CreateRepositoryItemInput!) { createRepositoryItem(input: $input) { uploadUrl } }',
      { input },
    );
    expect(codesOf(answer)).toEqual([code]);
  });

  test('an item that was given an end goes then, octets and all', async () => {
    const item = await stored(randomBytes(10_000), { expiresIn: 'P2D' });
    const url = await addressGiven(await known('dm1'), item);
    const before = files().length;
    clock += 2 * DAY_MS + 1;
    expect((await fetch(url)).status).toBe(404);
    expect(await found(item)).toBeNull();
    await world.gateway.timers.runOnce();
    await world.gateway.timers.runOnce();
    expect(before - files().length).toBeGreaterThanOrEqual(1);
  });
});
