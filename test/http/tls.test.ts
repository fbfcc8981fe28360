import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { FastifyInstance } from 'fastify';

import type { Inbound } from '../../adapters/adapter';
import { buildDeviceApp, type ListenerOptions } from '../../src/http/app';
import { readForwarded, trustOf, urisOf } from '../../src/http/tls/client-certificate';
import { pskOptions, watchIdentities } from '../../src/http/tls/psk';
import { suiteOptions } from '../../src/http/tls/suites';
import { httpTransport, type HttpTransportOptions } from '../../src/simulator';
import { NAMED_DEVICE, certificate, certificatePath, fingerprintOf } from '../support/certificates';

const KEY = Buffer.alloc(32, 7);
const ok = { status: 200, headers: {}, body: Buffer.from('ok') };
const open: FastifyInstance[] = [];

afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

/** A listener; what it sees of a device that posts to it. */
async function listen(
  options: ListenerOptions,
): Promise<
  (how: {
    readonly tls?: HttpTransportOptions['tls'];
    readonly headers?: Readonly<Record<string, string>>;
  }) => Promise<Inbound['peer']>
> {
  const seen: Inbound['peer'][] = [];
  const device = (_protocol: unknown, { peer }: Inbound): Promise<typeof ok> => {
    seen.push(peer);
    return Promise.resolve(ok);
  };
  const app = buildDeviceApp({
    ...options,
    device,
    repository: () => Promise.resolve(ok),
    bootstrap: () => Promise.resolve(ok),
  });
  open.push(app);
  if (options.tls !== undefined) watchIdentities(app.server as never);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return async ({ tls, headers = {} }) => {
    const transport = httpTransport({ tls: { rejectUnauthorized: false, ...tls } });
    try {
      await transport({ method: 'POST', url: `${url}/dm/2`, headers, body: new Uint8Array() });
    } finally {
      transport.close();
    }
    const peer = seen.at(-1);
    if (peer === undefined) throw new Error('nothing came');
    return peer;
  };
}

const secure = (more: object = {}, minVersion: 'TLSv1.1' | 'TLSv1.2' = 'TLSv1.2'): ListenerOptions => ({
  tls: {
    ...certificate('server-rsa'),
    ...suiteOptions({ minVersion, psk: true }),
    requestCert: true,
    rejectUnauthorized: false,
    ...pskOptions((identity) => (identity === 'meter' ? KEY : undefined)),
    ...more,
  },
});

describe('What a connection proves', () => {
  test('a certificate: its fingerprint, and what stands in it where a known authority signed it', async () => {
    const tls = certificate('device-named');
    const certSha256 = fingerprintOf('device-named');
    expect(await (await listen(secure()))({ tls })).toEqual({ secure: true, loopback: true, certSha256 });
    const ca = readFileSync(certificatePath('ca'));
    expect(await (await listen(secure({ ca })))({ tls })).toMatchObject({ certSha256, certUris: [NAMED_DEVICE] });
  });

  const psk = { identity: 'meter', key: KEY };

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a pre-shared key over %s: its identity', async (version) => {
    const post = await listen(secure());
    expect(await post({ tls: { psk, minVersion: version, maxVersion: version } })).toMatchObject({
      pskIdentity: 'meter',
    });
  });

  test('nothing, where an identity was named and the handshake went without its key', async () => {
    const post = await listen(secure());
    // The key's hash is SHA-256, so a suite with SHA-384 falls back to the server's certificate.
    const unproved = { psk: { ...psk, key: Buffer.alloc(32, 9) }, ciphers: 'TLS_AES_256_GCM_SHA384' };
    const peer = await post({ tls: unproved });
    expect(peer).toEqual({ secure: true, loopback: true });
  });

  test.each([
    ['a wrong key', { ...psk, key: Buffer.alloc(32, 9) }],
    ['an identity that nobody has', { ...psk, identity: 'other' }],
  ])('%s makes no connection', async (_what, wrong) => {
    const post = await listen(secure());
    await expect(post({ tls: { psk: wrong, maxVersion: 'TLSv1.2' } })).rejects.toThrow();
    await expect(post({ tls: { psk: wrong, rejectUnauthorized: true } })).rejects.toThrow();
  });

  test('TLS 1.1 is refused unless it is configured', async () => {
    const tls = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect((await listen(secure()))({ tls })).rejects.toThrow();
    expect(await (await listen(secure({}, 'TLSv1.1')))({ tls })).toMatchObject({ secure: true });
  });
});

describe('A certificate that a proxy hands on', () => {
  const { cert } = certificate('device-named');
  const der = `:${new X509Certificate(cert).raw.toString('base64')}:`;
  const certSha256 = fingerprintOf('device-named');

  test.each([
    ['as RFC 9440 has it', der],
    ['as a percent-encoded PEM', encodeURIComponent(cert)],
  ])('counts %s', async (_how, header) => {
    const forwarded = { header: 'client-cert', isVerified: false, trusts: trustOf(['loopback']) };
    const post = await listen({ forwarded, trustProxy: ['loopback'] });
    expect(await post({ headers: { 'client-cert': header } })).toMatchObject({ certSha256 });
    expect(await post({ headers: { 'client-cert': 'nonsense' } })).not.toHaveProperty('certSha256');
    expect(await post({})).not.toHaveProperty('certSha256');
  });

  test('says what stands in it where the proxy verifies', () => {
    expect(readForwarded(der, true)).toEqual({ certSha256, certUris: [NAMED_DEVICE] });
    expect(readForwarded(der, false)).toEqual({ certSha256 });
  });

  test('counts for nothing from anybody else, nor where it is not configured', async () => {
    const headers = { 'client-cert': der };
    const elsewhere = { header: 'client-cert', isVerified: true, trusts: trustOf(['10.0.0.0/8']) };
    expect(await (await listen({ forwarded: elsewhere }))({ headers })).not.toHaveProperty('certSha256');
    expect(await (await listen({ trustProxy: ['loopback'] }))({ headers })).not.toHaveProperty('certSha256');
  });

  test('and not that of the proxy itself', async () => {
    const forwarded = { header: 'client-cert', isVerified: false, trusts: trustOf(1) };
    const post = await listen({ ...secure(), forwarded });
    expect(await post({ tls: certificate('device-pinned') })).toEqual({ secure: true, loopback: true });
  });

  test.each([
    [undefined, '127.0.0.1', false],
    [1, '198.51.100.7', true],
    [['loopback'], '127.0.0.9', true],
    [['loopback'], '::ffff:127.0.0.1', true],
    [['loopback'], '10.0.0.1', false],
    [['uniquelocal'], '192.168.3.4', true],
    [['10.0.0.0/8', '2001:db8::/32'], '2001:db8::7', true],
    [['198.51.100.7'], '198.51.100.8', false],
  ] as const)('proxies %j: %s is one of them: %s', (proxies, address, isOne) => {
    expect(trustOf(proxies)(address)).toBe(isOne);
  });
});

test('a name with a comma in it is one name of a certificate, not two', () => {
  expect(urisOf('DNS:a.example, URI:urn:one, URI:"urn:two, URI:urn:three", IP Address:10.0.0.1')).toEqual([
    'urn:one',
    'urn:two, URI:urn:three',
  ]);
  expect(urisOf(undefined)).toEqual([]);
});
