import {
  Dm2Device,
  httpTransport,
  optionsOfMoAccount,
  readMoBootstrap,
  wakeUpOfPackage0,
  type MoAccount,
} from '../../../src/simulator';
import { startSharedWorld, type SharedWorld } from '../support/shared-world';
import { PUBLIC_URL } from '../support/spoken';
import { METER, ask, codesOf, createAccount, faultless, register } from '../support/world';

const DAY_MS = 24 * 3_600_000;
const DOCUMENT = 'document { octets mediaType }';
const DEVICE = `mutation ($input: BootstrapDeviceInput!) { bootstrapDevice(input: $input) { url ${DOCUMENT} } }`;
const ACCOUNT = `mutation ($input: BootstrapAccountInput!) { bootstrapAccount(input: $input) {
  account { serverId } ${DOCUMENT} } }`;

interface Document {
  readonly octets: string;
  readonly mediaType: string;
}

let world: SharedWorld;
let count = 0;
const transport = httpTransport();

beforeAll(async () => {
  world = await startSharedWorld({ at: Date.parse('2026-02-01T12:00:00Z') });
});
afterAll(async () => {
  transport.close();
  await world.close();
});

const nextId = (): string => `IMEI:${49015420324000 + count++}`;

async function registered(more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const deviceId = nextId();
  await register(world.gateway, { deviceId, accountId: world.accountId, ...more });
  return deviceId;
}

async function bootstrap(deviceId: string, input: object = {}): Promise<{ url: string; document: Document }> {
  const { bootstrapDevice } = await ask<{ bootstrapDevice: { url: string; document: Document } }>(
    world.gateway,
    DEVICE,
    { input: { deviceId, profile: 'MO', ...input } },
  );
  return bootstrapDevice;
}

function read(octets: Uint8Array, mediaType: string): MoAccount {
  const reading = readMoBootstrap(octets, mediaType);
  if (!reading.ok) throw new Error(`${reading.code}: ${reading.message}`);
  return reading.account;
}

const accountIn = ({ octets, mediaType }: Document): MoAccount => read(Buffer.from(octets, 'base64'), mediaType);

const visit = (url: string, init?: RequestInit): Promise<Response> => fetch(world.reach(url), init);

async function fetched(url: string): Promise<MoAccount> {
  const answer = await visit(url);
  return read(new Uint8Array(await answer.arrayBuffer()), answer.headers.get('content-type') ?? '');
}

const installed = (account: MoAccount, deviceId: string): Dm2Device =>
  new Dm2Device({ ...optionsOfMoAccount(account), deviceId }, world.through(transport));

async function typesOfEvents(deviceId: string): Promise<readonly string[]> {
  const { events } = await ask<{ events: { nodes: { type: string }[] } }>(
    world.gateway,
    'query ($id: ID!) { events(where: { deviceId: $id }) { nodes { type } } }',
    { id: deviceId },
  );
  return events.nodes.map(({ type }) => type);
}

describe('13 Bootstrap', () => {
  test('client initiated: fetched, installed, and complete with the first session; then the address is dead', async () => {
    const deviceId = await registered();
    const { url } = await bootstrap(deviceId, { moids: ['urn:oma:mo:oma-dm-devinfo:1.2', METER], name: 'Care' });
    const account = await fetched(url);
    expect(account).toMatchObject({ url: `${PUBLIC_URL}/dm/2`, name: 'Care', serverId: 'dm.example' });
    const device = installed(account, deviceId);
    faultless(await device.connect());
    expect(await typesOfEvents(deviceId)).toEqual(
      expect.arrayContaining(['bootstrapMade', 'bootstrapFetched', 'bootstrapCompleted']),
    );
    expect((await visit(url)).status).toBe(404);
    // What was not asked for is not shown.
    const { device: seen } = await ask<{ device: { supportedMos: { moid: string }[] } }>(
      world.gateway,
      'query ($id: ID!) { device(deviceId: $id) { supportedMos { moid } } }',
      { id: deviceId },
    );
    expect(seen.supportedMos.map(({ moid }) => moid).sort()).toEqual([METER, 'urn:oma:mo:oma-dm-devinfo:1.2'].sort());
    // Later sessions are ordinary ones.
    faultless(await device.connect());
    expect((await typesOfEvents(deviceId)).filter((type) => type === 'bootstrapCompleted')).toHaveLength(1);
  });

  test('server initiated: the document has a secret of the device alone, with which notifications reach it', async () => {
    const [one, other] = [await registered(), await registered()];
    const account = accountIn((await bootstrap(one)).document);
    const foreign = accountIn((await bootstrap(other)).document);
    expect(account.transport?.secret).not.toEqual(foreign.transport?.secret);
    expect(account.notification?.data).toHaveLength(16);
    const device = installed(account, one);
    faultless(await device.connect());
    const { prepareNotification } = await ask<{ prepareNotification: { document: Document } }>(
      world.gateway,
      'mutation ($id: ID!) { prepareNotification(input: { deviceId: $id }) { document { octets } } }',
      { id: one },
    );
    const octets = Buffer.from(prepareNotification.document.octets, 'base64');
    expect(wakeUpOfPackage0(device, octets, world.now())).toMatchObject({ ok: true });
    expect(wakeUpOfPackage0(installed(foreign, other), octets, world.now())).toMatchObject({ ok: false });
  });

  test('a device gets nowhere with the account of another', async () => {
    const [one, other] = [await registered(), await registered()];
    const account = accountIn((await bootstrap(one)).document);
    await bootstrap(other);
    const report = await installed(account, other).connect();
    expect(report.authenticated).toBe(false);
    expect(await typesOfEvents(other)).not.toContain('bootstrapCompleted');
    faultless(await installed(account, one).connect());
  });

  test('`Perm` has what all DDFs name where nothing is asked for, and the star alone', async () => {
    const deviceId = await registered();
    const { perm } = accountIn((await bootstrap(deviceId)).document);
    expect(perm).toEqual(expect.arrayContaining([METER, 'urn:oma:mo:oma-fumo:1.0', 'urn:oma:mo:oma-dm-devinfo:1.2']));
    expect(accountIn((await bootstrap(deviceId, { moids: ['*'] })).document).perm).toEqual(['*']);
  });

  test('factory: one document for the many devices of an account, which registers them as they come (DM-ADM-001)', async () => {
    const accountId = await createAccount(world.gateway, {
      serverId: 'factory.example',
      clientAuth: { type: 'HTTP_DIGEST', username: 'factory', secret: 'of all of them' },
      serverAuth: { type: 'DIGEST_MD5', secret: 'for notifications' },
      autoRegister: true,
    });
    const made = await ask<{ bootstrapAccount: { account: { serverId: string }; document: Document } }>(
      world.gateway,
      ACCOUNT,
      { input: { accountId, moids: ['*'] } },
    );
    expect(made.bootstrapAccount.account.serverId).toBe('factory.example');
    const account = accountIn(made.bootstrapAccount.document);
    expect(Buffer.from(account.notification?.secret ?? []).toString()).toBe('for notifications');
    expect(account.notification?.data).toHaveLength(0);
    for (const deviceId of [nextId(), nextId()]) {
      const device = installed(account, deviceId);
      faultless(await device.connect());
      expect(await typesOfEvents(deviceId)).toEqual(expect.arrayContaining(['bootstrapCompleted']));
      const { prepareNotification } = await ask<{ prepareNotification: { document: Document } }>(
        world.gateway,
        'mutation ($id: ID!) { prepareNotification(input: { deviceId: $id }) { document { octets } } }',
        { id: deviceId },
      );
      const octets = Buffer.from(prepareNotification.document.octets, 'base64');
      expect(wakeUpOfPackage0(device, octets, world.now())).toMatchObject({ ok: true });
    }
  });

  test('a document of DM 2.0 leaves the gateway over a safe channel alone, and what is refused is no fetch', async () => {
    const { url } = await bootstrap(await registered());
    // A proxy on this machine speaks for somebody else.
    const far = { headers: { 'x-forwarded-for': '198.51.100.7' } };
    for (let fetches = 0; fetches < 12; fetches += 1) expect((await visit(url, far)).status).toBe(403);
    expect((await visit(url)).status).toBe(200);
  });

  test('an address is dead after its time', async () => {
    const { url } = await bootstrap(await registered(), { expiresIn: 'PT1H' });
    await world.passes(DAY_MS, false);
    expect((await visit(url)).status).toBe(404);
  });

  test.each([
    ['of DM 1.x for DM 2.0', { profile: 'CP', protocol: 'DM_2_0' }],
    ['of DM 2.0 for DM 1.x', { profile: 'MO', protocol: 'DM_1_2' }],
    ['with a PIN', { security: { method: 'USERPIN', pin: '1' } }],
    ['for MOIDs beside the star', { moids: ['*', METER] }],
    ['for no MOID', { moids: [] }],
    ['for MOIDs in a profile of DM 1.x', { profile: 'CP', moids: ['*'] }],
  ])('none is made %s', async (_what, input) => {
    const answer = await world.gateway.graphql(DEVICE, {
      input: { deviceId: await registered(), profile: 'MO', ...input },
    });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
  });

  test('none is made of an account that is not there', async () => {
    expect(codesOf(await world.gateway.graphql(ACCOUNT, { input: { accountId: 'QWNjb3VudDo5OTk' } }))).toEqual([
      'NOT_FOUND',
    ]);
  });
});
