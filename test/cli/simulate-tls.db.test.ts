import { certificatePath, fingerprintOf } from '../support/certificates';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { moql, type Ended } from './moql';

const KEY = '0123456789abcdef'.repeat(2);
const DONE = /ended by the server, authenticated$/m;
const CERTIFIED = 'IMEI:17801';
const KEYED = 'IMEI:17802';
const NAMED = ['--tls-cert', certificatePath('device-pinned'), '--tls-key', certificatePath('device-pinned', 'key')];
const TRUSTING = ['--tls-ca', certificatePath('server-ec')];

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({
    env: {
      MOQL_DEVICE_PORT: '0',
      MOQL_TLS_CERT: certificatePath('server-ec'),
      MOQL_TLS_KEY: certificatePath('server-ec', 'key'),
    },
  });
  const { data } = await gateway.graphql(
    'mutation { createAccount(input: { serverId: "dm.example", clientAuth: { type: X509 } }) { id } }',
  );
  for (const [deviceId, clientAuth] of [
    [CERTIFIED, { type: 'X509', secret: fingerprintOf('device-pinned') }],
    [KEYED, { type: 'PSK', username: 'meter-1', secret: KEY }],
  ] as const) {
    const input = { deviceId, accountId: data.createAccount.id as string, clientAuth };
    const { errors } = await gateway.graphql(
      'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { id } }',
      { input },
    );
    expect(errors).toBeUndefined();
  }
});
afterAll(() => gateway.close());

const simulate = (protocol: 'dm1' | 'dm2', deviceId: string, ...more: readonly string[]): Promise<Ended> =>
  moql([
    'simulate',
    ...['--protocol', protocol, '--url', `${gateway.deviceUrl}/dm/${protocol.slice(2)}`, '--device-id', deviceId],
    ...['--auth', 'none', '--once', ...more],
  ]);

test.each(['dm1', 'dm2'] as const)('%s: a client certificate proves the device', async (protocol) => {
  const { code, out } = await simulate(protocol, CERTIFIED, ...TRUSTING, ...NAMED);
  expect(out).toMatch(DONE);
  expect(code).toBe(0);
  expect((await simulate(protocol, CERTIFIED, ...TRUSTING)).code).toBe(1);
});

test('a server whose certificate nobody vouches for is not spoken to', async () => {
  const { code, out } = await simulate('dm2', CERTIFIED, ...NAMED);
  expect(code).toBe(1);
  expect(out).toMatch(/self-signed certificate/);
});

test('a pre-shared key proves both', async () => {
  const { code, out } = await simulate('dm2', KEYED, '--psk-identity', 'meter-1', '--psk-key', KEY);
  expect(out).toMatch(DONE);
  expect(code).toBe(0);
  expect((await simulate('dm2', KEYED, '--psk-identity', 'meter-1', '--psk-key', 'ab'.repeat(16))).code).toBe(1);
});

test.each([
  [['--tls-cert', certificatePath('device-pinned')], /go together/],
  [['--psk-identity', 'x'], /go together/],
  [[...TRUSTING, '--psk-identity', 'x', '--psk-key', KEY], /excludes/],
  [['--psk-identity', 'x', '--psk-key', 'password'], /hexadecimal/],
  [['--tls-ca', 'nowhere.pem'], /--tls-ca nowhere\.pem cannot be used/],
  [['--tls-ca', certificatePath('server-ec', 'key')], /cannot be used/],
])('%j is a mistake', async (more, message) => {
  const { code, err } = await simulate('dm2', KEYED, ...more);
  expect([code, err]).toEqual([2, expect.stringMatching(message)]);
});

test('--help has all of it', async () => {
  const { out } = await moql(['simulate', '--help']);
  for (const name of ['--tls-ca', '--tls-cert', '--tls-key', '--psk-identity', '--psk-key'])
    expect(out).toContain(name);
});
