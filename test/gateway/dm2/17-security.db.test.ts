import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';

import { PSK_SUITES, X509_SUITES } from '../../../src/http/tls/suites';
import {
  Dm2Device,
  httpTransport,
  readMoBootstrap,
  type HttpTransportOptions,
  type Transport,
} from '../../../src/simulator';
import { NAMED_DEVICE, certificate, certificatePath, fingerprintOf } from '../../support/certificates';
import type { CertificateName } from '../../support/certificates';
import { startSharedWorld, type SharedWorld } from '../support/shared-world';
import { PUBLIC_URL } from '../support/spoken';
import { SERVER_ID, ask, codesOf, createAccount, faultless, register } from '../support/world';

type Tls = NonNullable<HttpTransportOptions['tls']>;

const KEY = '0123456789abcdef'.repeat(4);
const PSK_ID = 'meter-0001';
const directory = mkdtempSync(join(tmpdir(), 'moql-tls-'));
const at = (name: string): string => join(directory, name);
/** Trusts the server's certificates, as a device does that was given them. */
const trusted = { rejectUnauthorized: false } as const;

let world: SharedWorld;
const transports: (Transport & { readonly close: () => void })[] = [];

beforeAll(async () => {
  use('server-ec');
  writeFileSync(at('config.json'), JSON.stringify({ tls: { watchMs: 20 } }));
  world = await startSharedWorld({
    env: {
      LOG_LEVEL: 'silent',
      MOQL_DEVICE_PORT: '0',
      MOQL_TLS_CERT: `${certificatePath('server-rsa')}, ${at('ec.pem')}`,
      MOQL_TLS_KEY: `${certificatePath('server-rsa', 'key')}, ${at('ec.key')}`,
      MOQL_TLS_CA: certificatePath('ca'),
      MOQL_PSK_KEY: 'a master key of at least 32 characters',
      MOQL_CONFIG: at('config.json'),
    },
  });
});
afterAll(async () => {
  for (const transport of transports) transport.close();
  await world.close();
  rmSync(directory, { recursive: true });
});

/** Puts a certificate where the gateway has its ECDSA one. */
function use(name: CertificateName): void {
  copyFileSync(certificatePath(name, 'key'), at('ec.key'));
  copyFileSync(certificatePath(name), at('ec.pem'));
}

function over(tls: Tls): Transport {
  const transport = httpTransport({ tls: { ...trusted, ...tls } });
  transports.push(transport);
  return world.through(transport);
}

function device(deviceId: string, tls: Tls, options: object = {}): Dm2Device {
  return new Dm2Device(
    { url: `${PUBLIC_URL}/dm/2`, deviceId, serverId: SERVER_ID, auth: 'none', ...options },
    over(tls),
  );
}

/** HTTP status of a Package#1 over such a connection. */
async function knock(deviceId: string, tls: Tls, at = PUBLIC_URL): Promise<number> {
  const { status } = await over(tls)({
    method: 'POST',
    url: `${at}/dm/2`,
    headers: { 'content-type': 'application/vnd.oma.dm.initiation+json', 'omadm-devid': deviceId },
    body: Buffer.from('{}'),
  });
  return status;
}

/** Waits until a device gets in wherever it knocks: what one gateway was told, the other hears a little later. */
async function isKnown(deviceId: string, tls: Tls): Promise<void> {
  for (let times = 0; times < 2;) {
    const status = await knock(deviceId, tls).catch(() => 0);
    times = status === 200 ? times + 1 : 0;
  }
}

async function registered(deviceId: string, clientAuth: object, more: object = {}): Promise<string> {
  await register(world.gateway, { deviceId, accountId: world.accountId, protocol: 'DM_2_0', clientAuth, ...more });
  return deviceId;
}

interface Logged {
  readonly what: string;
  readonly detail: Record<string, unknown>;
  readonly times: number;
}

async function securityOf(deviceId: string): Promise<readonly Logged[]> {
  return world.gateway.db.sql.query(
    `SELECT l.what, l.detail, l.times FROM security_log l JOIN device d ON d.id = l.device_id WHERE d.device_id = $1 ORDER BY l.id`,
    [deviceId],
  );
}

describe('17 Cipher suites', () => {
  beforeAll(async () => {
    await registered('IMEI:17', { type: 'PSK', username: PSK_ID, secret: KEY });
    await isKnown('IMEI:17', { psk: { identity: PSK_ID, key: Buffer.from(KEY, 'hex') } });
    await registered('IMEI:18', { type: 'X509', secret: fingerprintOf('device-pinned') });
  });

  test.each(X509_SUITES)('with certificates: %s', async (ciphers) => {
    const tls = { ...certificate('device-pinned'), ciphers, maxVersion: 'TLSv1.2' } as const;
    expect(await knock('IMEI:18', tls)).toBe(200);
  });

  test.each(PSK_SUITES)('with a pre-shared key: %s', async (ciphers) => {
    const psk = { identity: PSK_ID, key: Buffer.from(KEY, 'hex') };
    expect(await knock('IMEI:17', { psk, ciphers, maxVersion: 'TLSv1.2' })).toBe(200);
  });

  test('TLS 1.3 with either, TLS 1.1 with none', async () => {
    const psk = { identity: PSK_ID, key: Buffer.from(KEY, 'hex') };
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await knock('IMEI:17', { psk, minVersion: 'TLSv1.3' })).toBe(200);
    expect(await knock('IMEI:18', { ...certificate('device-pinned'), minVersion: 'TLSv1.3' })).toBe(200);
    await expect(knock('IMEI:18', { ...certificate('device-pinned'), ...old })).rejects.toThrow();
  });

  test('callers are asked for neither, on their own listener', async () => {
    const psk = { identity: PSK_ID, key: Buffer.from(KEY, 'hex') };
    const transport = over({ psk, ciphers: PSK_SUITES.join(':'), maxVersion: 'TLSv1.2' });
    await expect(transport({ method: 'GET', url: `${world.gateway.url}/healthz`, headers: {} })).rejects.toThrow();
  });
});

describe('17 Pre-shared keys', () => {
  test('a whole session, with the identity that the device was registered with', async () => {
    const key = 'ab'.repeat(16);
    const deviceId = await registered('IMEI:1701', { type: 'PSK', secret: key });
    const psk = { identity: deviceId, key: Buffer.from(key, 'hex') };
    await isKnown(deviceId, { psk });
    faultless(await device(deviceId, { psk }).connect());
  });

  test('derived: each device of an account has its own, by its bootstrap document', async () => {
    const accountId = await createAccount(world.gateway, { serverId: 'psk.example', clientAuth: { type: 'PSK' } });
    const keys: Buffer[] = [];
    for (const deviceId of ['IMEI:1702', 'IMEI:1703']) {
      await register(world.gateway, { deviceId, accountId, protocol: 'DM_2_0' });
      const { bootstrapDevice } = await ask<{ bootstrapDevice: { document: { octets: string; mediaType: string } } }>(
        world.gateway,
        `mutation ($id: ID!) { bootstrapDevice(input: { deviceId: $id, profile: MO, moids: ["*"] }) {
          document { octets mediaType } } }`,
        { id: deviceId },
      );
      const { octets, mediaType } = bootstrapDevice.document;
      const read = readMoBootstrap(Buffer.from(octets, 'base64'), mediaType);
      if (!read.ok || read.account.transport === undefined) throw new Error('no account');
      const { data, secret } = read.account.transport;
      expect(Buffer.from(data).toString()).toBe(deviceId);
      keys.push(Buffer.from(secret));
      expect(await knock(deviceId, { psk: { identity: deviceId, key: secret } })).toBe(200);
    }
    expect(keys[0]).not.toEqual(keys[1]);
    await expect(
      knock('IMEI:1703', { psk: { identity: 'IMEI:1703', key: keys[0] ?? Buffer.alloc(32) } }),
    ).rejects.toThrow();
  });

  test('the key of one device with the DevID of another is refused, and logged', async () => {
    const other = await registered('IMEI:1704', { type: 'PSK', secret: 'cd'.repeat(16) });
    const own = { identity: other, key: Buffer.from('cd'.repeat(16), 'hex') };
    await isKnown(other, { psk: own });
    const psk = { identity: PSK_ID, key: Buffer.from(KEY, 'hex') };
    const report = await device(other, { psk }).connect();
    expect(report.authenticated).toBe(false);
    expect(await knock(other, { psk })).toBe(403);
    const log = await securityOf(other);
    expect(log[0]).toEqual({
      what: 'credentialOfAnother',
      detail: expect.objectContaining({ pskIdentity: PSK_ID, protocol: 'DM_2_0' }) as unknown,
      times: 2,
    });
    // However often it comes, it is told in one row.
    expect(log).toHaveLength(1);
    // It counts against nobody: the device itself still comes in.
    for (let times = 0; times < 6; times += 1) await knock(other, { psk });
    for (let times = 0; times < 2; times += 1) expect(await knock(other, { psk: own })).toBe(200);
  });

  test('an identity that is named without its key proves nothing', async () => {
    const psk = { identity: PSK_ID, key: Buffer.alloc(32, 1) };
    expect(await knock('IMEI:17', { psk, ciphers: 'TLS_AES_256_GCM_SHA384' })).toBe(401);
    await expect(knock('IMEI:17', { psk })).rejects.toThrow();
  });

  test('a new key counts when the mutation has answered, and the old one no more', async () => {
    const deviceId = await registered('IMEI:1705', { type: 'PSK', secret: '01'.repeat(16) });
    const { rotateCredential } = await ask<{ rotateCredential: { secret: string } }>(
      world.gateway,
      'mutation ($id: ID!) { rotateCredential(input: { deviceId: $id, direction: CLIENT }) { secret } }',
      { id: deviceId },
    );
    const of = (hex: string): Tls => ({ psk: { identity: deviceId, key: Buffer.from(hex, 'hex') } });
    const here = world.gateway.deviceListenerUrl;
    expect(await knock(deviceId, of(rotateCredential.secret), here)).toBe(200);
    await expect(knock(deviceId, of('01'.repeat(16)), here)).rejects.toThrow();
  });

  test.each([
    ['a key that is no hexadecimal', { type: 'PSK', username: 'x', secret: 'password' }],
    ['a key of 8 octets', { type: 'PSK', username: 'x', secret: '01'.repeat(8) }],
    ['an identity of 129 octets', { type: 'PSK', username: 'x'.repeat(129), secret: KEY }],
  ])('%s is refused', async (_what, clientAuth) => {
    const input = { deviceId: 'IMEI:1799', accountId: world.accountId, clientAuth };
    const answer = await world.gateway.graphql(
      'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { id } }',
      { input },
    );
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
  });
});

describe('17 Client certificates', () => {
  test('known by its fingerprint: a whole session', async () => {
    const deviceId = await registered('IMEI:1710', { type: 'X509', secret: fingerprintOf('device-pinned') });
    faultless(await device(deviceId, certificate('device-pinned')).connect());
  });

  test('known by a URI that an authority vouches for, where no fingerprint is stored', async () => {
    const accountId = await createAccount(world.gateway, { serverId: 'x509.example', clientAuth: { type: 'X509' } });
    await register(world.gateway, { deviceId: NAMED_DEVICE, accountId, protocol: 'DM_2_0' });
    await register(world.gateway, { deviceId: 'IMEI:1711', accountId, protocol: 'DM_2_0' });
    expect(await knock(NAMED_DEVICE, certificate('device-named'))).toBe(200);
    expect(await knock(NAMED_DEVICE, certificate('device-pinned'))).toBe(403);
    expect(await knock('IMEI:1711', certificate('device-named'))).toBe(403);
    expect(await knock(NAMED_DEVICE, {})).toBe(401);
    expect(await securityOf('IMEI:1711')).toEqual([
      {
        what: 'credentialOfAnother',
        detail: expect.objectContaining({ certSha256: fingerprintOf('device-named') }) as unknown,
        times: 1,
      },
    ]);
  });
});

describe('17 New certificates', () => {
  /** Fingerprint of the certificate that a new ECDSA connection is shown. */
  async function shown(): Promise<string> {
    const { hostname: host, port } = new URL(world.gateway.deviceListenerUrl);
    return new Promise((resolve, reject) => {
      const socket = connect(
        { host, port: Number(port), ...trusted, ciphers: X509_SUITES[0], maxVersion: 'TLSv1.2' },
        () => {
          resolve(socket.getPeerCertificate().fingerprint256.replace(/:/g, '').toLowerCase());
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
  }

  test('are taken when their files change, while devices come and go, and standing connections go on', async () => {
    const standing = over({ ...certificate('device-pinned'), ciphers: X509_SUITES[0], maxVersion: 'TLSv1.2' });
    const ask1 = (): Promise<number> =>
      standing({ method: 'GET', url: `${world.gateway.deviceListenerUrl}/healthz`, headers: {} }).then(
        ({ status }) => status,
      );
    expect(await ask1()).toBe(200);
    expect(await shown()).toBe(fingerprintOf('server-ec'));

    let isDone = false;
    const statuses: number[] = [];
    const load = Array.from({ length: 4 }, async () => {
      while (!isDone) statuses.push(await knock('IMEI:18', certificate('device-pinned')));
    });
    use('server-next');
    while ((await shown()) !== fingerprintOf('server-next'));
    isDone = true;
    await Promise.all(load);
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses.every((status) => status === 200)).toBe(true);
    expect(await ask1()).toBe(200);
  });

  test('that cannot be used change nothing', async () => {
    const before = await shown();
    writeFileSync(at('ec.pem'), 'no certificate');
    expect(world.gateway.reloadTls()).toBe(false);
    expect(await shown()).toBe(before);
    copyFileSync(certificatePath('server-ec'), at('ec.pem'));
    // Its key is another one's.
    expect(world.gateway.reloadTls()).toBe(false);
    use('server-ec');
    expect(world.gateway.reloadTls()).toBe(true);
    expect(await shown()).toBe(fingerprintOf('server-ec'));
  });
});
