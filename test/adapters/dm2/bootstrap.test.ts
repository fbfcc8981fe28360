import type { BootstrapRequest } from '../../../adapters/adapter';
import { dm2Documents } from '../../../adapters/dm2';
import { describeShared } from '../../support/shared';
import { account, credential } from '../dm1/accounts';
import { json } from './vectors';

const NONE = credential('NONE');
const NOTI = credential('DIGEST_MD5', '', 'pump-noti-secret', Buffer.from('00112233445566778899aabbccddeeff', 'hex'));
const REQUEST: BootstrapRequest = {
  profile: 'MO',
  form: 'WBXML',
  url: 'https://dm.acme.test/dm/2',
  name: 'ACME device care',
  moids: ['urn:oma:mo:oma-dm-devinfo:1.2', 'urn:oma:mo:oma-fumo:1.0', 'urn:example:mo:meter:1.0'],
};

function make(request: Partial<BootstrapRequest> = {}, change: Parameters<typeof account>[0] = {}) {
  return dm2Documents.bootstrap(
    {
      account: account({ serverId: 'dm.acme.test', clientAuth: NONE, serverAuth: NOTI, ...change }),
      device: { deviceId: 'IMEI:1', protocol: 'DM_2_0' },
    },
    { ...REQUEST, ...request },
  );
}

/** The account in the document. */
function accountOf(...given: Parameters<typeof make>): Record<string, unknown> {
  const made = make(...given);
  if (!made.ok) throw new Error(`${made.field} ${made.message}`);
  const [entry] = JSON.parse(Buffer.from(made.document.octets).toString('utf8')) as {
    MOData: Record<string, Record<string, unknown>>;
  }[];
  return Object.values(entry?.MOData ?? {})[0] ?? {};
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describeShared('A bootstrap document (dm2 13)', () => {
  test('is the one of the reference, but for the name of its root, which the device chooses', () => {
    const [reference] = json<[{ ClientURI: string; MOData: { acme: object } }]>('71-mo-bootstrap-account.json');
    const made = make();
    if (!made.ok) throw new Error(made.message);
    const text = Buffer.from(made.document.octets).toString('utf8');
    expect(JSON.parse(text)).toEqual([
      { ClientURI: reference.ClientURI, MOData: { 'dm.acme.test': reference.MOData.acme } },
    ]);
    expect(made.document.mediaType).toBe('application/dmmo+json');
    // A file on a smart card is the same: UTF-8 without a byte order mark.
    expect(text.startsWith('[{')).toBe(true);
  });
});

describe('The account of a bootstrap document', () => {
  test.each([
    ['BASIC', 'meter', 'geheim ü', base64('meter'), base64('geheim ü')],
    ['DIGEST_MD5', 'IMEI:1', 'secret', base64('IMEI:1'), base64('secret')],
    ['PSK', 'IMEI:1', '00ff'.repeat(8), base64('IMEI:1'), Buffer.from('00ff'.repeat(8), 'hex').toString('base64')],
  ] as const)('%s credentials of the device are those of its transport', (type, name, secret, Data, Secret) => {
    expect(accountOf({}, { clientAuth: credential(type, name, secret) })['Auth']).toMatchObject({
      Trsp: { Data, Secret },
    });
  });

  test('a certificate has none but those that the caller gives', () => {
    const clientAuth = credential('X509', '', 'ab'.repeat(32));
    expect(accountOf({}, { clientAuth })['Auth']).not.toHaveProperty('Trsp');
    const transport = { data: Buffer.from('certificate'), secret: Buffer.from('private key') };
    expect(accountOf({ transport }, { clientAuth })['Auth']).toMatchObject({
      Trsp: { Data: base64('certificate'), Secret: base64('private key') },
    });
  });

  test('without any secret there is no Auth, and without a name the server is called by its identifier', () => {
    const { name: _name, ...unnamed } = REQUEST;
    const made = dm2Documents.bootstrap(
      { account: account({ serverId: 's', clientAuth: NONE, serverAuth: NONE }), device: { deviceId: '' } },
      { ...unnamed, moids: ['*'] },
    );
    expect(made.ok && JSON.parse(Buffer.from(made.document.octets).toString('utf8'))).toEqual([
      {
        ClientURI: 'urn:oma:mo:oma-dm-dmacc:1.2//',
        MOData: { s: { SrvID: 's', SrvURI: REQUEST.url, Name: 's', Perm: { 1: { MOID: '*' } } } },
      },
    ]);
  });

  test('keys of a bootstrap server', () => {
    const [clientPublic, serverPublic, clientSecret] = ['me', 'you', 'key'].map((text) => Buffer.from(text));
    if (!clientPublic || !serverPublic || !clientSecret) return;
    const bootstrapServer = {
      url: 'https://boot.acme.test/',
      mode: 'PSK',
      clientPublic,
      serverPublic,
      clientSecret,
    } as const;
    expect(accountOf({ bootstrapServer })['Auth']).toMatchObject({
      Bootstrap: {
        ServerURI: 'https://boot.acme.test/',
        SecMode: 'AA==',
        ClientPubKey: base64('me'),
        ServerPubKey: base64('you'),
        ClientSecretKey: base64('key'),
      },
    });
    expect(make({ bootstrapServer: { ...bootstrapServer, url: 'http://boot.acme.test/' } })).toMatchObject({
      ok: false,
    });
  });

  test('is pushed in short messages where it fits into them, and not where nothing would take it', () => {
    const made = make();
    expect(made.ok && made.document.sms.length).toBeGreaterThan(1);
    const long = make({
      moids: Array.from({ length: 600 }, (_, index) => `urn:example:mo:a-long-name-of-an-object-${index}:1.0`),
    });
    expect(long.ok && long.document.sms).toEqual([]);
  });

  test.each<[string, Partial<BootstrapRequest>]>([
    ['profile', { profile: 'CP' }],
    ['profile', { profile: 'DM' }],
    ['security', { security: { method: 'USERPIN', pin: '1' } }],
    ['connectivity', { connectivity: { apn: 'net' } }],
    ['init', { init: true }],
    ['extras', { extras: [{ name: 'ROLE' }] }],
    ['moids', { moids: [] }],
    ['moids', { moids: ['*', 'urn:a'] }],
    ['moids', { moids: ['urn:a', 'urn:a'] }],
    ['moids', { moids: ['urn: a'] }],
    ['moids', { moids: ['x'.repeat(257)] }],
    ['name', { name: 'a\u0007' }],
    ['url', { url: 'ftp://dm.acme.test' }],
    ['transport', { transport: { data: new Uint8Array(), secret: Uint8Array.of(1) } }],
  ])('is refused for its %s', (field, request) => {
    expect(make(request)).toMatchObject({ ok: false, field });
  });
});
