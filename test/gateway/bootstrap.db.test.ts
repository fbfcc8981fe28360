import {
  optionsOfAccount,
  readBootstrap,
  Dm1Device,
  type BootstrapAccount,
  type DeviceSecrets,
} from '../../src/simulator';
import { httpTransport } from '../../src/simulator';
import { moql } from '../cli/moql';
import {
  METER,
  SERVER_ID,
  ask,
  codesOf,
  contact,
  createAccount,
  findOperation,
  hangUp,
  register,
  startWorld,
  submit,
} from './support/world';
import type { World } from './support/world';

interface Made {
  readonly document: {
    readonly octets: string;
    readonly mediaType: string;
    readonly wsp: string;
    readonly sms: readonly string[];
  };
  readonly url: string;
  readonly expiresAt: string;
  readonly typed: string | null;
}

const MINUTE_MS = 60_000;
const BOOTSTRAP = `mutation ($input: BootstrapDeviceInput!) { bootstrapDevice(input: $input) {
  device { deviceId } document { octets mediaType wsp sms } url expiresAt typed } }`;

let world: World;
let accountId: string;
let clock = Date.parse('2026-02-01T12:00:00Z');
let count = 0;
const transport = httpTransport();

beforeAll(async () => {
  world = await startWorld({ now: () => clock });
  // Neither side has a credential yet.
  accountId = await createAccount(world.gateway, { serverAuth: { type: 'NONE' } });
});
afterAll(async () => {
  transport.close();
  hangUp();
  await world.close();
});

async function registered(more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const deviceId = `IMEI:${4901542032000 + count++}`;
  await register(world.gateway, { deviceId, accountId, ...more });
  return deviceId;
}

async function bootstrap(deviceId: string, input: Readonly<Record<string, unknown>> = {}): Promise<Made> {
  const { bootstrapDevice } = await ask<{ bootstrapDevice: Made }>(world.gateway, BOOTSTRAP, {
    input: { deviceId, profile: 'CP', ...input },
  });
  return bootstrapDevice;
}

/** What the device makes of the document that it fetches. */
async function fetchAccount({ url }: Made, secrets: DeviceSecrets = {}): Promise<BootstrapAccount> {
  const answer = await fetch(url);
  const octets = new Uint8Array(await answer.arrayBuffer());
  const read = readBootstrap(octets, answer.headers.get('content-type') ?? '', secrets);
  if (!read.ok) throw new Error(`${read.code}: ${read.message}`);
  return read.account;
}

function deviceOf(account: BootstrapAccount, deviceId: string): Dm1Device {
  const options = optionsOfAccount(account);
  if (options === undefined) throw new Error('no simulated device has such an account');
  return new Dm1Device({ ...options, deviceId, wbxml: true }, transport);
}

async function eventsOf(deviceId: string): Promise<readonly { type: string; data: Record<string, unknown> }[]> {
  const { events } = await ask<{ events: { nodes: { type: string; data: Record<string, unknown> }[] } }>(
    world.gateway,
    'query ($id: ID!) { events(where: { deviceId: $id }) { nodes { type data } } }',
    { id: deviceId },
  );
  return events.nodes;
}

const PIN = '31415';
const IMSI = '310150123456789';
const WAYS: readonly (readonly [name: string, input: object, secrets: DeviceSecrets])[] = [
  ['CP in XML', { form: 'XML', name: 'Example DM' }, {}],
  ['CP in WBXML', {}, {}],
  ['CP with NETWPIN', { security: { method: 'NETWPIN', imsi: IMSI } }, { imsi: IMSI }],
  ['CP with NETWPIN of an ESN', { security: { method: 'NETWPIN', esn: '82A1B2C3' } }, { esn: '82a1b2c3' }],
  ['CP with USERPIN', { security: { method: 'USERPIN', pin: PIN } }, { pin: PIN }],
  ['CP with USERNETWPIN', { security: { method: 'USERNETWPIN', pin: PIN, imsi: IMSI } }, { pin: PIN, imsi: IMSI }],
  ['CP with USERPINMAC', { security: { method: 'USERPINMAC', pin: PIN } }, {}],
  [
    'CP with an access point and what Windows takes',
    {
      init: true,
      connectivity: { apn: 'internet.example' },
      extras: [{ name: 'CONNRETRYFREQ', value: '3' }, { name: 'USEHWDEVID' }],
    },
    {},
  ],
  ['DM', { profile: 'DM' }, {}],
  ['DM for DM 1.3', { profile: 'DM', protocol: 'DM_1_3' }, {}],
  ['DM for DM 1.1.2', { profile: 'DM', protocol: 'DM_1_1_2' }, {}],
  ['DM with USERPIN', { profile: 'DM', security: { method: 'USERPIN', pin: PIN } }, { pin: PIN }],
  ['DM with NETWORKID', { profile: 'DM', security: { method: 'NETWORKID', imsi: IMSI } }, { imsi: IMSI }],
  [
    'DM with USERPIN_NETWORKID',
    { profile: 'DM', security: { method: 'USERPIN_NETWORKID', pin: PIN, secret: 'bmV0' } },
    { pin: PIN, secret: Buffer.from('net') },
  ],
];

describe.each(WAYS)('A device that is given %s (dm1 17)', (_name, input, secrets) => {
  test('makes its account of it, is authenticated by its first message and is managed', async () => {
    const deviceId = await registered();
    const made = await bootstrap(deviceId, input as Record<string, unknown>);
    const account = await fetchAccount(made, { ...secrets, ...(made.typed === null ? {} : { typed: made.typed }) });
    expect(account).toMatchObject({ serverId: SERVER_ID, url: `${world.gateway.deviceUrl}/dm/1` });

    const device = deviceOf(account, deviceId);
    const first = await contact(device);
    expect(first.statusesSeen.filter(({ code }) => code === '401' || code === '407')).toEqual([]);
    expect(first.statusesSeen[0]).toEqual({ by: 'server', command: 'SyncHdr', code: '212' });

    const { id } = await submit(world.gateway, deviceId, [
      { replace: { address: { moid: METER, path: 'Interval' }, value: { int: 30 } } },
    ]);
    await contact(device);
    expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });

    // With nothing to do a check-in is one message each way (dm1 2.2).
    const idle = await contact(device);
    expect(idle.messages.filter(({ direction }) => direction === 'out')).toHaveLength(1);
  });
});

describe('moql simulate --bootstrap', () => {
  test('fetches the document, verifies it and connects with what it says', async () => {
    const deviceId = await registered();
    const { url } = await bootstrap(deviceId, { security: { method: 'USERPIN', pin: PIN } });
    const simulate = (...more: readonly string[]): ReturnType<typeof moql> =>
      moql(['simulate', '--protocol', 'dm1', '--bootstrap', url, '--device-id', deviceId, '--once', ...more]);
    expect(await simulate('--pin', '27182')).toMatchObject({ code: 2, err: expect.stringContaining('MAC') as unknown });
    const done = await simulate('--pin', PIN);
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining('authenticated') as unknown });
  });
});

describe('The answer of bootstrapDevice', () => {
  test('is what the address gives, octet for octet, with the same media type', async () => {
    const made = await bootstrap(await registered(), { security: { method: 'USERPIN', pin: PIN } });
    const answer = await fetch(made.url);
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      200,
      made.document.mediaType,
      'no-store',
    ]);
    expect(Buffer.from(await answer.arrayBuffer()).toString('base64')).toBe(made.document.octets);
    expect(made.document.mediaType).toMatch(/^application\/vnd\.wap\.connectivity-wbxml; SEC=1; MAC=[0-9A-F]{40}$/);
  });

  test('has the push and the short messages that carry the document', async () => {
    const { document } = await bootstrap(await registered(), { security: { method: 'USERPIN', pin: PIN } });
    const push = Buffer.from(document.wsp, 'base64');
    const octets = Buffer.from(document.octets, 'base64');
    expect(push.subarray(-octets.length)).toEqual(octets);
    const parts = document.sms.map((part) => Buffer.from(part, 'base64'));
    expect(parts.every((part) => part.length <= 140)).toBe(true);
    expect(Buffer.concat(parts.map((part) => part.subarray(12)))).toEqual(push);
  });

  test('a device whose PIN is another takes nothing of it', async () => {
    const made = await bootstrap(await registered(), { security: { method: 'USERPIN', pin: PIN } });
    for (const secrets of [{ pin: '27182' }, {}]) {
      const read = readBootstrap(Buffer.from(made.document.octets, 'base64'), made.document.mediaType, secrets);
      expect(read).toMatchObject({ ok: false, code: 'BOOTSTRAP_MAC' });
    }
    const changed = Buffer.from(made.document.octets, 'base64');
    changed[changed.length - 10] = (changed[changed.length - 10] ?? 0) ^ 1;
    expect(readBootstrap(changed, made.document.mediaType, { pin: PIN })).toMatchObject({ ok: false });
  });
});

describe('The address of a bootstrap document', () => {
  test('is good until it expires, and for a document alone', async () => {
    const made = await bootstrap(await registered(), { expiresIn: 'PT10M' });
    expect(made.expiresAt).toBe(new Date(clock + 10 * MINUTE_MS).toISOString());
    const token = made.url.split('/').at(-1) ?? '';
    expect((await fetch(made.url, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(made.url, { method: 'POST', body: 'x' })).status).toBe(405);
    expect((await fetch(`${world.gateway.deviceUrl}/repository/${token}`)).status).toBe(404);
    expect((await fetch(`${world.gateway.deviceUrl}/bootstrap/${token.slice(0, -1)}`)).status).toBe(404);
    expect((await fetch(`${world.gateway.deviceUrl}/bootstrap/AAAAAAAAAAAAAAAAAAAAAA`)).status).toBe(404);
    expect((await fetch(made.url)).status).toBe(200);
    clock += 10 * MINUTE_MS;
    expect((await fetch(made.url)).status).toBe(404);
    const rows = (): Promise<readonly object[]> =>
      world.gateway.db.sql.query('SELECT 1 FROM bootstrap_document WHERE expires_at <= $1::timestamptz', [
        new Date(clock),
      ]);
    expect(await rows()).toHaveLength(1);
    clock += 1;
    await world.gateway.timers.runOnce();
    expect(await rows()).toHaveLength(0);
  });

  test('is good ten times, and each is told as an event', async () => {
    const deviceId = await registered();
    const { url } = await bootstrap(deviceId);
    const statuses: number[] = [];
    for (let n = 0; n < 12; n++) statuses.push((await fetch(url)).status);
    expect(statuses).toEqual([...Array<number>(10).fill(200), 404, 404]);
    const events = await eventsOf(deviceId);
    expect(events.filter(({ type }) => type === 'bootstrapFetched').map(({ data }) => data['fetches'])).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
  });

  test('neither events nor the table tell secrets or the address', async () => {
    const deviceId = await registered();
    const made = await bootstrap(deviceId);
    const { client, server } = await fetchAccount(made);
    const events = await eventsOf(deviceId);
    expect(events.map(({ type }) => type)).toEqual(['deviceRegistered', 'bootstrapMade', 'bootstrapFetched']);
    const rows = await world.gateway.db.sql.query(
      `SELECT b.*, c.secret FROM bootstrap_document b JOIN device_credential c ON c.device_id = b.device_id`,
    );
    const kept = JSON.stringify([events, rows]);
    for (const secret of [client?.secret, server?.secret, made.url.split('/').at(-1)]) {
      expect(secret).toEqual(expect.stringMatching(/^.{20,}$/));
      expect(kept).not.toContain(secret);
    }
  });
});

describe('Credentials of a bootstrap document', () => {
  const fingerprints = ({ client, server }: BootstrapAccount): readonly unknown[] => [client?.secret, server?.secret];

  test('are the device’s own: the server’s also where the account has one, the client’s where it has none', async () => {
    const shared = await createAccount(world.gateway, {
      clientAuth: { type: 'DIGEST_MD5', username: 'fleet', secret: 'of the fleet' },
    });
    const one = await fetchAccount(await bootstrap(await registered({ accountId: shared })));
    const other = await fetchAccount(await bootstrap(await registered({ accountId: shared })));
    expect([one, other].map(({ client }) => [client?.name, client?.secret])).toEqual([
      ['fleet', 'of the fleet'],
      ['fleet', 'of the fleet'],
    ]);
    expect(one.server).toMatchObject({ type: 'DIGEST', name: SERVER_ID });
    expect(new Set([one.server?.secret, other.server?.secret, 'secret of the server']).size).toBe(3);
    const deviceId = await registered();
    const alone = await fetchAccount(await bootstrap(deviceId));
    expect(alone.client).toMatchObject({ type: 'DIGEST', name: deviceId });
  });

  test('stay when a second document is made, unless they are to be renewed; nonces never do', async () => {
    const deviceId = await registered();
    const first = await fetchAccount(await bootstrap(deviceId));
    const second = await fetchAccount(await bootstrap(deviceId, { profile: 'DM' }));
    const third = await fetchAccount(await bootstrap(deviceId, { renew: true }));
    expect(fingerprints(second)).toEqual(fingerprints(first));
    expect([third.client?.secret === first.client?.secret, third.server?.secret === first.server?.secret]).toEqual([
      false,
      false,
    ]);
    const nonces = [first, second, third].flatMap(({ client, server }) => [client?.nonce, server?.nonce]);
    expect(new Set(nonces.map((nonce) => Buffer.from(nonce ?? []).toString('hex'))).size).toBe(6);
    expect(nonces.map((nonce) => nonce?.length)).toEqual(Array(6).fill(16));
  });

  test('a document that never reached its device does not lock it out', async () => {
    const deviceId = await registered();
    const device = deviceOf(await fetchAccount(await bootstrap(deviceId)), deviceId);
    await contact(device);
    await bootstrap(deviceId);
    await contact(device);
    await contact(device);
  });

  test('of a device that presents nothing are none of its own', async () => {
    const deviceId = await registered({ clientAuth: { type: 'NONE' } });
    const account = await fetchAccount(await bootstrap(deviceId));
    expect([account.client, account.server?.type]).toEqual([undefined, 'DIGEST']);
  });
});

describe('bootstrapDevice refuses', () => {
  const codes = async (input: object, key?: string): Promise<readonly unknown[]> =>
    codesOf(await world.gateway.graphql(BOOTSTRAP, { input }, key));

  test('what makes no document, and leaves the credentials as they were', async () => {
    const deviceId = await registered();
    const device = deviceOf(await fetchAccount(await bootstrap(deviceId)), deviceId);
    for (const input of [
      { profile: 'CP', security: { method: 'USERPIN', pin: 'abc' } },
      { profile: 'CP', form: 'XML', security: { method: 'USERPIN', pin: '1' } },
      { profile: 'DM', form: 'XML' },
      { profile: 'CP', expiresIn: 'P31D' },
      { profile: 'CP', extras: [{ name: 'APPID', value: 'w2' }] },
    ]) {
      expect(await codes({ deviceId, renew: true, ...input })).toEqual(['BAD_USER_INPUT']);
    }
    const report = await contact(device);
    expect(report.statusesSeen.filter(({ code }) => code === '401')).toEqual([]);
  });

  test('devices that are not there, of DM 2.0, or not the caller’s', async () => {
    const deviceId = await registered({ protocol: 'DM_2_0' });
    const { createApiKey } = await ask<{ createApiKey: { key: string } }>(
      world.gateway,
      'mutation { createApiKey(input: { name: "dashboard" }) { key } }',
    );
    expect(await codes({ deviceId: 'IMEI:0', profile: 'CP' })).toEqual(['NOT_FOUND']);
    expect(await codes({ deviceId, profile: 'CP' })).toEqual(['BAD_USER_INPUT']);
    expect(await codes({ deviceId, profile: 'CP' }, createApiKey.key)).toEqual(['NOT_FOUND']);
  });
});
