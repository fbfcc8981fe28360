/** How real clients connect, are let in and refused: points 1 to 8 of the list of client habits, and all of them through a whole session. */
import { DM1_CLIENTS, httpTransport } from '../../src/simulator';
import type { Dm1Device } from '../../src/simulator';
import {
  SERVER_SECRET,
  contact,
  createAccount,
  credentialOf,
  faultless,
  findOperation,
  register,
  simulated,
  startWorld,
  submit,
} from './support/world';
import type { World } from './support/world';
import { WORK, client, messagesOf, outcomesOf, playing, statusesOf } from './support/clients';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
const transport = httpTransport();
afterAll(() => {
  transport.close();
  return world.close();
});

const LIBDMCLIENT = client('libdmclient').forms;
const ALL_DONE = ['REPLACE', 'ADD', 'GET', 'EXEC'].map((kind) => [kind, 'ANSWERED', 'OK']);

describe.each(DM1_CLIENTS.flatMap((one) => one.forms.map((form) => [one.title, form, one] as const)))(
  '%s over %s',
  (_title, form, one) => {
    test('is read, written and executed on, and its sessions end well', async () => {
      const device = await playing(world, one, form);
      await contact(device);
      const { id } = await submit(world.gateway, device.deviceId, WORK);
      await contact(device);
      const operation = await findOperation(world.gateway, id);
      expect(outcomesOf(operation)).toEqual(ALL_DONE);
      expect(operation.commands[2]?.result).toMatchObject({ Interval: 20, Note: 'hé <&>', Unit: 'kWh' });
    });
  },
);

describe('1. Media types', () => {
  test.each(LIBDMCLIENT)('the plain SyncML type is taken and answered with (libdmclient, %s)', async (form) => {
    const report = await contact(await playing(world, client('libdmclient'), form));
    const types = new Set(report.messages.map(({ direction, contentType }) => `${direction} ${contentType}`));
    expect(types).toEqual(
      new Set([`out application/vnd.syncml+${form}; charset=utf-8`, `in application/vnd.syncml+${form}`]),
    );
  });

  test.each(client('windows').forms)(
    'the DM type with a charset is answered with the DM type (Windows, %s)',
    async (form) => {
      const report = await contact(await playing(world, client('windows'), form));
      for (const { direction, contentType } of report.messages)
        expect(contentType).toBe(`application/vnd.syncml.dm+${form}${direction === 'out' ? '; charset=utf-8' : ''}`);
    },
  );
});

describe('2. HTTP', () => {
  test('a chunked body with a stray Content-Encoding over a closed connection is answered with a length (Koneki)', async () => {
    const { device, seen } = await listening('koneki');
    await contact(device);
    expect(seen[0]?.request).toMatchObject({
      'transfer-encoding': 'chunked',
      'content-encoding': 'UTF-8',
      connection: 'close',
    });
    for (const { response } of seen) {
      expect(Number(response['content-length'])).toBeGreaterThan(0);
      expect(response['transfer-encoding']).toBeUndefined();
    }
  });
});

async function listening(name: string) {
  const seen: { request: Readonly<Record<string, string>>; response: Readonly<Record<string, string>> }[] = [];
  const device = await playing(world, client(name), 'xml', {}, async (request) => {
    const response = await transport(request);
    seen.push({ request: request.headers, response: response.headers });
    return response;
  });
  return { device, seen };
}

describe('3. A refusal is a whole message in HTTP 200', () => {
  test.each(client('windows').forms)('also for a client that answers no challenge (Windows, %s)', async (form) => {
    const device = await playing(world, client('windows'), form);
    const wrong = simulated('dm1', world.gateway.deviceUrl, device.deviceId, {
      ...device.options,
      secret: 'of somebody else',
    } as never);
    const report = await wrong.connect();
    expect(report).toMatchObject({ authenticated: false, violations: [], ended: 'client' });
    expect(report.died).toBeUndefined();
    expect(report.messages.map(({ status }) => status)).toEqual([undefined, 200]);
    expect(statusesOf(messagesOf(report, 'in')[0]).map(({ cmd, data }) => [cmd, data])).toEqual([
      ['SyncHdr', '401'],
      ['Alert', '401'],
      ['Alert', '401'],
      ['Replace', '401'],
    ]);
    await contact(device);
  });
});

describe('4. RespURI', () => {
  test.each(LIBDMCLIENT)('is written into Target by libdmclient (%s), and that is the same session', async (form) => {
    const report = await contact(await playing(world, client('libdmclient'), form));
    const [first, ...later] = messagesOf(report, 'out');
    expect(first?.header.target.locUri).toBe(`${world.gateway.deviceUrl}/dm/1`);
    expect(later.length).toBeGreaterThan(1);
    for (const { header } of later) expect(header.target.locUri).toMatch(/\/dm\/1\/[\w-]{22}$/);
  });

  test.each(client('windows').forms)(
    'is followed by Windows, which writes the first address all the same (%s)',
    async (form) => {
      const report = await contact(await playing(world, client('windows'), form));
      for (const { header } of messagesOf(report, 'out'))
        expect(header.target.locUri).toBe(`${world.gateway.deviceUrl}/dm/1`);
      const urls = report.messages.filter(({ direction }) => direction === 'out').map(({ url }) => url);
      expect(urls[0]).toMatch(/\/dm\/1\?mode=Maintenance&Platform=WoA$/);
      for (const url of urls.slice(1)) expect(url).toMatch(/\/dm\/1\/[\w-]{22}\?mode=/);
    },
  );

  test('is in every message, absolute, the same for the session and without `&` (Koneki waits for ever without it)', async () => {
    const report = await contact(await playing(world, client('koneki'), 'xml'));
    const addresses = new Set(messagesOf(report, 'in').map(({ header }) => header.respUri));
    expect(addresses.size).toBe(1);
    expect([...addresses][0]).toMatch(/^http:\/\/[^&]+\/dm\/1\/[\w-]{22}$/);
  });
});

describe('5. The SyncHdr Status of an authenticated session', () => {
  test.each([
    ['koneki', 'xml'],
    ['hs20', 'xml'],
    ['windows', 'wbxml'],
  ] as const)('is 212 in every message (%s, %s)', async (name, form) => {
    const report = await contact(await playing(world, client(name), form));
    const codes = messagesOf(report, 'in').map((message) => statusesOf(message)[0]?.data);
    expect(codes.length).toBeGreaterThan(2);
    expect(new Set(codes)).toEqual(new Set(['212']));
  });
});

describe('6. A client that repeats what was refused, and without end', () => {
  test.each(LIBDMCLIENT)('stops at the lone 401 that comes third (libdmclient, %s)', async (form) => {
    const device = await playing(world, client('libdmclient'), form);
    const wrong = simulated('dm1', world.gateway.deviceUrl, device.deviceId, {
      ...device.options,
      secret: 'of somebody else',
    } as never);
    const report = await wrong.connect();
    expect(report).toMatchObject({ authenticated: false, violations: [], ended: 'server' });
    const answers = messagesOf(report, 'in').map((message) =>
      statusesOf(message).map(({ cmd, data, chal }) => `${cmd} ${data}${chal === undefined ? '' : ' Chal'}`),
    );
    expect(answers).toEqual([
      ['SyncHdr 407 Chal', 'Alert 407', 'Replace 407'],
      ['SyncHdr 401 Chal', 'Alert 401', 'Replace 401'],
      ['SyncHdr 401'],
    ]);
    const repeated = messagesOf(report, 'out').map(({ body }) => body.map(({ kind }) => kind));
    expect(repeated.slice(1)).toEqual([
      ['Status', 'Alert', 'Replace'],
      ['Status', 'Alert', 'Replace'],
    ]);
    await contact(device);
  });
});

describe('7. NextNonce', () => {
  test.each(LIBDMCLIENT)(
    'has 16 octets, which a decoder that fails at a single `=` reads (libdmclient, %s)',
    async (form) => {
      const device = await playing(world, client('libdmclient'), form);
      const nonces: string[] = [];
      for (let session = 0; session < 3; session += 1) {
        const report = await contact(device);
        for (const message of messagesOf(report, 'in'))
          for (const { chal } of statusesOf(message))
            if (chal?.nextNonce?.kind === 'text') nonces.push(chal.nextNonce.text);
      }
      expect(nonces.length).toBeGreaterThan(2);
      for (const text of nonces) expect(text).toMatch(/^[A-Za-z0-9+/]{22}==$/);
      expect(new Set(nonces).size).toBe(nonces.length);
    },
  );
});

describe('8. Server credentials', () => {
  test.each(LIBDMCLIENT)(
    'are right at once for a client never met, over the empty nonce (libdmclient, %s)',
    async (form) => {
      const device = await playing(world, client('libdmclient'), form, { serverSecret: SERVER_SECRET });
      const report = await contact(device);
      expect(report.statusesSeen.filter(({ by, code }) => by === 'device' && /^(?:0|40[17])$/.test(code))).toEqual([]);
      const creds = messagesOf(report, 'in').filter(({ header }) => header.cred !== undefined);
      expect(creds).toHaveLength(1);
    },
  );

  test.each(LIBDMCLIENT)(
    'are repeated over the newest nonce, and the commands with them (libdmclient, %s)',
    async (form) => {
      const device = await playing(world, client('libdmclient'), form, { serverSecret: SERVER_SECRET });
      await contact(device);
      const reborn = simulated('dm1', world.gateway.deviceUrl, device.deviceId, device.options as never) as Dm1Device;
      await contact(reborn);
      // Another nonce than the gateway has.
      reborn.load({ ...reborn.save(), serverNonce: Buffer.alloc(16).toString('base64') });
      const { id } = await submit(world.gateway, device.deviceId, WORK);
      const report = faultless(await reborn.connect());
      expect(report.statusesSeen).toContainEqual(
        expect.objectContaining({ by: 'device', command: 'SyncHdr', code: '401' }),
      );
      expect(outcomesOf(await findOperation(world.gateway, id))).toEqual(ALL_DONE);
    },
  );

  test.each(LIBDMCLIENT)(
    'that are missing get status 0 for everything: nothing was done, and nothing is taken for done (libdmclient, %s)',
    async (form) => {
      const accountId = await createAccount(world.gateway, {
        serverId: `silent-${form}.example`,
        serverAuth: { type: 'NONE' },
      });
      const deviceId = `urn:uuid:quirks-silent-${form}`;
      const device = simulated('dm1', world.gateway.deviceUrl, deviceId, {
        client: client('libdmclient'),
        wbxml: form === 'wbxml',
        serverUser: `silent-${form}.example`,
        serverSecret: 'a secret that the gateway has not',
      } as never);
      await register(world.gateway, { deviceId, accountId, clientAuth: credentialOf(device) });
      const { id } = await submit(world.gateway, deviceId, [
        { replace: { address: { uri: './Vendor/Acme/Meter/Interval' }, value: { int: 20 } } },
      ]);
      const report = await device.connect();
      expect(report.ended).toBe('server');
      expect(
        new Set(
          report.statusesSeen
            .filter(({ by, command }) => by === 'device' && command !== 'SyncHdr')
            .map(({ code }) => code),
        ),
      ).toEqual(new Set(['0']));
      expect((await findOperation(world.gateway, id)).commands[0]?.outcome).not.toBe('OK');
    },
  );
});
