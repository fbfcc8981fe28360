/** How the sessions of real clients go and end: points 19 to 24 of the list of client habits. */
import type { Dm1Device } from '../../src/simulator';
import { FUMO, ask, contact, findOperation, register, simulated, startWorld, submit } from './support/world';
import type { World } from './support/world';
import { LOG, WORK, alertsOf, client, logs, messagesOf, outcomesOf, playing, statusesOf } from './support/clients';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('19. The end of a session', () => {
  test.each(['windows', 'koneki', 'hs20'])(
    'is a message of nothing but Statuses, which %s does not answer',
    async (name) => {
      const device = await playing(world, client(name), 'xml');
      await contact(device);
      const { id } = await submit(world.gateway, device.deviceId, WORK);
      const report = await contact(device);
      const last = messagesOf(report, 'in').at(-1);
      expect(report.messages.at(-1)?.direction).toBe('in');
      expect(new Set(last?.body.map(({ kind }) => kind))).toEqual(new Set(['Status']));
      expect(last?.final).toBe(true);
      expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
    },
  );
});

describe('20. MsgIDs', () => {
  test.each(client('windows').forms)(
    "are the client's own, for which it sends its SyncHdr Status (Windows, %s)",
    async (form) => {
      const device = await playing(world, client('windows'), form);
      await contact(device);
      await submit(world.gateway, device.deviceId, WORK);
      const report = await contact(device);
      const [sent, answers] = [messagesOf(report, 'out'), messagesOf(report, 'in')];
      expect(answers.map(({ header }) => header.msgId)).toEqual(sent.map(({ header }) => header.msgId));
      for (const message of sent.slice(1))
        expect(statusesOf(message)[0]).toMatchObject({
          cmd: 'SyncHdr',
          msgRef: String(Number(message.header.msgId) - 1),
        });
    },
  );
});

describe('21. Basic credentials', () => {
  test('in every message are judged each time, and empty ones are refused without harm (Koneki)', async () => {
    const device = await playing(world, client('koneki'), 'xml');
    const first = await contact(device);
    for (const { header } of messagesOf(first, 'out')) expect(header.cred?.meta?.type).toBe('syncml:auth-basic');
    // More often than a device may fail before it is locked out.
    for (let round = 0; round < 7; round += 1) {
      const { id } = await submit(world.gateway, device.deviceId, [
        { exec: { address: { moid: FUMO, path: 'Download' } } },
      ]);
      await contact(device);
      const empty = await device.connect();
      expect(messagesOf(empty, 'out')[0]?.header.cred?.data).toEqual({ kind: 'text', text: '' });
      expect(empty).toMatchObject({ authenticated: false, ended: 'client', violations: [] });
      expect(statusesOf(messagesOf(empty, 'in')[0])[0]?.data).toBe('401');
      await contact(device);
      expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
    }
  });
});

describe('22. A session after a notification', () => {
  test.each(client('libdmclient').forms)(
    'whose id came back with its octets swapped gets the work (libdmclient, %s)',
    async (form) => {
      const device = await playing(world, client('libdmclient'), form);
      await contact(device);
      const { id } = await submit(world.gateway, device.deviceId, WORK);
      const report = await device.connect({ initiatedBy: 'server', sessionId: '102' });
      expect(report).toMatchObject({ ended: 'server', violations: [] });
      const [first] = messagesOf(report, 'out');
      expect(first?.header.sessionId).toBe('201');
      expect(first?.body[0]).toMatchObject({ kind: 'Alert', data: '1200' });
      expect(await findOperation(world.gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
    },
  );
});

describe('23. A large object to a client that takes the first part for the whole', () => {
  test.each(client('libdmclient').forms)('has failed, and is not told to be there (libdmclient, %s)', async (form) => {
    const device = await playing(world, client('libdmclient'), form, { plants: [logs(2, 10)] });
    await contact(device);
    const large = {
      replace: { address: { moid: LOG, path: 'Line0' }, value: { text: 'x'.repeat(60_000), format: 'CHR' } },
    };
    // Its answer to the first chunk tells; later ones are not even tried.
    for (const outcome of ['DEVICE_ERROR', 'TOO_LARGE']) {
      const { id } = await submit(world.gateway, device.deviceId, [large]);
      const next = await submit(world.gateway, device.deviceId, [{ get: { address: { moid: LOG, path: 'Line1' } } }]);
      await contact(device);
      const [written] = (await findOperation(world.gateway, id)).commands;
      expect([written?.state, written?.outcome]).toEqual(['ANSWERED', outcome]);
      expect(await featuresOf(device.deviceId)).toMatchObject({ 'dm1.truncatesLargeObjects': true });
      expect(await findOperation(world.gateway, next.id)).toMatchObject({
        state: 'SUCCEEDED',
        commands: [{ result: '1 1 1 1 1 ' }],
      });
    }
  });
});

async function featuresOf(deviceId: string): Promise<Readonly<Record<string, unknown>>> {
  const { device } = await ask<{ device: { features: readonly { name: string; value: unknown }[] } }>(
    world.gateway,
    'query ($id: ID!) { device(deviceId: $id) { features { name value } } }',
    { id: deviceId },
  );
  return Object.fromEntries(device.features.map(({ name, value }) => [name, value]));
}

describe('24. Alerts', () => {
  test('HTTP Digest with every message is how hs20 proves itself', async () => {
    const { accountId, gateway } = world;
    const deviceId = 'urn:uuid:quirks-hs20-digest';
    const login = { user: 'hotspot', secret: 'of the hotspot' };
    const clientAuth = { type: 'HTTP_DIGEST', username: login.user, secret: login.secret };
    await register(gateway, { deviceId, accountId, clientAuth });
    const played = { ...login, wbxml: false, client: client('hs20'), auth: 'digest' as never };
    const report = await contact(simulated('dm1', gateway.deviceUrl, deviceId, played));
    expect(messagesOf(report, 'out').every(({ header }) => header.cred === undefined)).toBe(true);
    const wrong = simulated('dm1', gateway.deviceUrl, deviceId, { ...played, secret: 'another' });
    expect(await wrong.connect()).toMatchObject({ authenticated: false });
  });

  test('of DevDetail as escaped TNDS are stored with their type (hs20)', async () => {
    const device = await playing(world, client('hs20'), 'xml');
    await contact(device);
    const [alert, ...others] = await alertsOf(world, device.deviceId);
    expect(others).toEqual([]);
    expect(alert?.type).toBe('org.wi-fi.hotspot2dot0.SubscriptionCreation');
    expect(JSON.stringify(alert?.data)).toContain('DevDetail');
  });

  test.each(client('windows').forms)(
    "1224 for the user that is logged in is stored, the session's own are not (Windows, %s)",
    async (form) => {
      const device = await playing(world, client('windows'), form);
      await contact(device);
      expect(await alertsOf(world, device.deviceId)).toEqual([
        { type: 'com.microsoft/MDM/LoginStatus', data: 'user', resultCode: null },
      ]);
    },
  );

  test.each([
    ['koneki', 'xml', 200, 'SUCCEEDED', 3],
    ['samsung', 'wbxml', 450, 'FAILED', 2],
    ['samsung', 'xml', 450, 'FAILED', 2],
    ['windows-mobile', 'wbxml', 200, 'SUCCEEDED', 2],
  ] as const)(
    'of firmware end their command in a later session (%s, %s)',
    async (name, form, code, state, sessions) => {
      const device: Dm1Device = await playing(world, client(name), form);
      await contact(device);
      const { id } = await submit(world.gateway, device.deviceId, [
        { exec: { address: { moid: FUMO, path: 'Download' } } },
      ]);
      await contact(device);
      expect(outcomesOf(await findOperation(world.gateway, id))).toEqual([['EXEC', 'ACCEPTED', null]]);
      for (let session = 1; session < sessions; session += 1) await device.connect();
      const operation = await findOperation(world.gateway, id);
      expect(operation.state).toBe(state);
      expect(await alertsOf(world, device.deviceId)).toMatchObject([
        { type: 'org.openmobilealliance.dm.firmwareupdate.download', resultCode: code },
      ]);
    },
  );
});
