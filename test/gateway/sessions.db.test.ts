import type { Dm1Device, Dm2Device, Plant } from '../../src/simulator';
import { folder, leaf } from '../../src/simulator';
import {
  METER,
  PROTOCOLS,
  SERVER_SECRET,
  ask,
  contact,
  createAccount,
  credentialOf,
  findOperation,
  register,
  simulated,
  startWorld,
  submit,
} from './support/world';
import type { OperationAnswer, Protocol, World } from './support/world';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

let count = 0;
const newId = (protocol: Protocol): string => `urn:uuid:sessions-${protocol}-${(count += 1)}`;

const at = (path: string): object => ({ moid: METER, path });
const WORK = [
  { replace: { address: at('Interval'), value: { int: 20 } } },
  { add: { address: at('Note'), value: { text: 'hé <&>' } } },
  { get: { address: at('') } },
  { exec: { address: at('Ops/Reset') } },
];

/** First contact, then a session with work of every kind; the device objects to nothing. */
async function works(device: Dm1Device | Dm2Device): Promise<OperationAnswer> {
  await contact(device);
  const { id } = await submit(world.gateway, device.deviceId, WORK);
  await contact(device);
  const operation = await findOperation(world.gateway, id);
  expect(operation).toMatchObject({ state: 'SUCCEEDED' });
  expect(operation.commands[2]?.result).toMatchObject({ Interval: 20, Note: 'hé <&>' });
  expect(
    await ask(
      world.gateway,
      `{ device(deviceId: "${device.deviceId}") { acmeMeter { note } devInfo { man } fumo { state } } }`,
    ),
  ).toEqual({
    device: { acmeMeter: { note: 'hé <&>' }, devInfo: { man: 'Acme' }, fumo: { state: expect.any(Number) as unknown } },
  });
  return operation;
}

/** An object that no DDF describes, with long texts in it. */
const texts = Array.from({ length: 30 }, (_, n) => `${n} `.repeat(60));
const logs: Plant = {
  place: './Vendor/Acme/Log',
  root: folder(
    'Log',
    texts.map((text, n) => leaf(`Line${n}`, 'chr', text, { access: ['Get', 'Replace'] })),
    { moid: 'urn:oma:mo:ext-acme-log:1.0' },
  ),
};

describe('A DM 1.2 device is managed', () => {
  const proofs = ['md5', 'basic', 'none'] as const;
  const forms = [
    ['XML', { wbxml: false }],
    ['WBXML', { wbxml: true }],
    ['WBXML with a public id in words', { wbxml: true, wbxmlPublicIdAsText: true }],
  ] as const;

  test.each(proofs.flatMap((auth) => forms.map(([form, options]) => [auth, form, options] as const)))(
    'with %s credentials in %s',
    async (auth, _form, options) => {
      await works(await world.device('dm1', newId('dm1'), { auth, ...options }));
    },
  );

  test.each([true, false])('when it wants its server to prove itself (WBXML: %s)', async (wbxml) => {
    await works(await world.device('dm1', newId('dm1'), { serverSecret: SERVER_SECRET, wbxml }));
  });

  test('when it speaks DM 1.1.2', async () => {
    await works(await world.device('dm1', newId('dm1'), { version: '1.1' }));
  });

  test('when it writes the first address into every message', async () => {
    await works(await world.device('dm1', newId('dm1'), { targetFollowsRespUri: false }));
  });

  test('when its server proves itself wrongly, then nothing is done and nothing is taken for done', async () => {
    const met = await world.device('dm1', newId('dm1'));
    await contact(met);
    const device = simulated('dm1', world.gateway.deviceUrl, met.deviceId, { serverSecret: 'of another server' });
    const { id } = await submit(world.gateway, device.deviceId, WORK.slice(0, 1));
    const report = await device.connect();
    expect(
      report.statusesSeen.filter(({ by, command }) => by === 'device' && command === 'Replace').map(({ code }) => code),
    ).not.toContain('200');
    expect(device.tree.find(['Vendor', 'Acme', 'Meter', 'Interval'])?.value).toBe('15');
    const { state, commands } = await findOperation(world.gateway, id);
    expect(commands[0]?.outcome).not.toBe('OK');
    expect(state).not.toBe('SUCCEEDED');
  });

  test('when its credentials are asked for in the middle of its life', async () => {
    const device = await world.device('dm1', newId('dm1'));
    await contact(device);
    // It lost its memory: the nonce of its next credential is not known to it any more.
    const reborn = simulated('dm1', world.gateway.deviceUrl, device.deviceId);
    await contact(reborn);
    await contact(device);
  });
});

describe('A DM 2.0 device is managed', () => {
  test.each(['digest', 'basic'] as const)('with %s credentials', async (auth) => {
    await works(await world.device('dm2', newId('dm2'), { auth }));
  });

  test('when it refuses CONT', async () => {
    await works(await world.device('dm2', newId('dm2'), { features: { cont: false } }));
  });

  test('when it wants a new address with every package', async () => {
    await works(await world.device('dm2', newId('dm2'), { wantsCont: true }));
  });

  test('when it sends single leaves as management object data', async () => {
    await works(await world.device('dm2', newId('dm2'), { bareValues: false }));
  });

  test('when its objects have validators', async () => {
    await works(await world.device('dm2', newId('dm2'), { features: { caching: true } }));
  });

  test('when it does not list its objects', async () => {
    const device = await world.device('dm2', newId('dm2'), { mos: 'never' });
    await contact(device);
  });
});

describe.each(PROTOCOLS)('A %s device', (protocol) => {
  test('that shows the credential of an account which takes new devices is registered and managed', async () => {
    const clientAuth = {
      type: protocol === 'dm1' ? 'DIGEST_MD5' : 'BASIC',
      username: `fleet ${protocol}`,
      secret: 'of the fleet',
    };
    await createAccount(world.gateway, { serverId: `fleet-${protocol}.example`, autoRegister: true, clientAuth });
    const login = {
      user: clientAuth.username,
      secret: clientAuth.secret,
      auth: protocol === 'dm1' ? 'md5' : 'basic',
    } as const;
    const device = simulated(protocol, world.gateway.deviceUrl, newId(protocol), login);
    await works(device);
    expect(
      await ask(world.gateway, `{ device(deviceId: "${device.deviceId}") { protocol account { serverId } } }`),
    ).toEqual({
      device: {
        protocol: protocol === 'dm1' ? 'DM_1_2' : 'DM_2_0',
        account: { serverId: `fleet-${protocol}.example` },
      },
    });
  });

  test('that shows the credential of an account which takes none stays unknown', async () => {
    const clientAuth = { type: 'BASIC', username: `closed ${protocol}`, secret: 'closed' };
    await createAccount(world.gateway, { serverId: `closed-${protocol}.example`, clientAuth });
    const login = { user: clientAuth.username, secret: clientAuth.secret, auth: 'basic' } as const;
    const device = simulated(protocol, world.gateway.deviceUrl, newId(protocol), login);
    expect(await device.connect()).toMatchObject({ authenticated: false, violations: [] });
    expect(await ask(world.gateway, `{ device(deviceId: "${device.deviceId}") { id } }`)).toEqual({ device: null });
  });

  test('that is registered without a protocol is known by what it speaks', async () => {
    const device = simulated(protocol, world.gateway.deviceUrl, newId(protocol));
    await register(world.gateway, {
      deviceId: device.deviceId,
      accountId: world.accountId,
      clientAuth: credentialOf(device),
    });
    await works(device);
    expect(await ask(world.gateway, `{ device(deviceId: "${device.deviceId}") { protocol } }`)).toEqual({
      device: { protocol: protocol === 'dm1' ? 'DM_1_2' : 'DM_2_0' },
    });
  });

  test('tells the end of an execution in the same session', async () => {
    const device = await world.device(protocol, newId(protocol), { alertInSession: true });
    await contact(device);
    const { id } = await submit(world.gateway, device.deviceId, [
      { exec: { address: { moid: 'urn:oma:mo:oma-fumo:1.0', path: 'Download' } } },
    ]);
    await contact(device);
    expect(await findOperation(world.gateway, id)).toMatchObject({
      state: 'SUCCEEDED',
      commands: [{ state: 'ANSWERED', outcome: 'OK', result: 200 }],
    });
  });

  test('tells that an execution failed', async () => {
    const device = await world.device(protocol, newId(protocol), { execResult: 500 });
    await contact(device);
    const { id } = await submit(world.gateway, device.deviceId, [
      { exec: { address: { moid: 'urn:oma:mo:oma-fumo:1.0', path: 'Download' } } },
    ]);
    await contact(device);
    await contact(device);
    expect(await findOperation(world.gateway, id)).toMatchObject({
      state: 'FAILED',
      commands: [{ state: 'ANSWERED', outcome: 'DEVICE_ERROR' }],
    });
  });

  test('gets more work than a message can carry, and does all of it in few messages', async () => {
    const small = protocol === 'dm1' ? { maxMsgSize: 2048 } : {};
    const device = await world.device(protocol, newId(protocol), { plants: [logs], ...small });
    await contact(device);
    const line = (n: number): object => ({ moid: 'urn:oma:mo:ext-acme-log:1.0', path: `Line${n}` });
    const { id } = await submit(world.gateway, device.deviceId, [
      ...texts.map((_, n) => ({ replace: { address: line(n), value: { text: `line ${n}`, format: 'CHR' } } })),
      ...texts.map((_, n) => ({ get: { address: line(n) } })),
    ]);
    const { messages } = await contact(device);
    const sent = messages.filter(({ direction, url }) => direction === 'out' && !url.includes('/repository/'));
    expect(sent.length).toBeGreaterThan(2);
    expect(sent.length).toBeLessThan(texts.length / 2);
    const { state, commands } = await findOperation(world.gateway, id);
    expect(commands.slice(texts.length).map(({ result }) => result)).toEqual(texts.map((_, n) => `line ${n}`));
    expect(state).toBe('SUCCEEDED');
  });
});

describe('A DM 1.2 device with a small MaxMsgSize', () => {
  test.each([true, false])('is managed (WBXML: %s)', async (wbxml) => {
    await works(await world.device('dm1', newId('dm1'), { maxMsgSize: 2048, wbxml }));
  });

  test.each([true, false])('gives results that are spread over messages (WBXML: %s)', async (wbxml) => {
    const device = await world.device('dm1', newId('dm1'), { maxMsgSize: 2048, plants: [logs], wbxml });
    await contact(device);
    const { id } = await submit(world.gateway, device.deviceId, [
      ...texts.map((_, n) => ({ get: { address: { uri: `./Vendor/Acme/Log/Line${n}` } } })),
    ]);
    const report = await contact(device);
    expect(report.messages.length).toBeGreaterThan(5);
    const { state, commands } = await findOperation(world.gateway, id);
    expect(commands.map(({ result }) => result)).toEqual(texts);
    expect(state).toBe('SUCCEEDED');
  });
});
