import { readFileSync } from 'node:fs';

import { assert, property, record, string, uint8Array } from 'fast-check';

import { dm1Documents } from '../../adapters/dm1';
import { optionsOfAccount, readBootstrap, type DeviceSecrets } from '../../src/simulator';
import { account, credential } from '../adapters/dm1/accounts';
import { describeShared, sharedPath } from '../support/shared';

const CP_WBXML = 'application/vnd.wap.connectivity-wbxml';
const DM_WBXML = 'application/vnd.syncml.dm+wbxml';
const octets = (first: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, index) => first + index);

const CREDENTIALS = {
  client: { type: 'DIGEST', name: 'dev-0001', secret: 's3cret-Client', nonce: octets(0x10) },
  server: { type: 'DIGEST', name: 'mgmt.example.net', secret: 's3cret-Server', nonce: octets(0x80) },
};
const ACCOUNT = {
  serverId: 'mgmt.example.net',
  name: 'Example DM',
  url: 'https://dm.example.net/dm/1',
  layout: '1.2',
  extras: {},
  ...CREDENTIALS,
};

describeShared('A device reads the reference documents (dm1 17)', () => {
  const read = (name: string): Buffer => readFileSync(sharedPath('vectors', 'dm1', name));
  const { bootstrap_mac: macs } = JSON.parse(read('auth-vectors.json').toString('utf8')) as {
    readonly bootstrap_mac: readonly {
      readonly profile: string;
      readonly sec: string;
      readonly mac?: string;
      readonly file: string;
      readonly key_hex: string;
    }[];
  };

  test.each([
    ['66-bootstrap-cp-profile.xml', 'text/vnd.wap.connectivity-xml', '443'],
    ['66-bootstrap-cp-profile.wbxml', CP_WBXML, '443'],
    ['65-bootstrap-dm-profile.wbxml', DM_WBXML, undefined],
  ])('%s is the account, by its label or by its octets', (name, mediaType, port) => {
    const expected = { ok: true, account: { ...ACCOUNT, ...(port === undefined ? {} : { port }) } };
    expect(readBootstrap(read(name), mediaType)).toEqual(expected);
    expect(readBootstrap(read(name), undefined)).toEqual(expected);
  });

  test.each(macs.filter(({ mac }) => mac !== undefined))('$profile $sec is believed under its key alone', (row) => {
    const number = /\((\d)\)/.exec(row.sec)?.[1];
    const sec = number ?? row.sec;
    const type = `${row.profile === 'CP' ? CP_WBXML : DM_WBXML}; SEC=${sec}; MAC=${row.mac ?? ''}`;
    const imsi =
      row.key_hex.startsWith('39') || row.key_hex.includes('3331303135') ? '310150123456789' : '24001012345678';
    const secrets: DeviceSecrets = { pin: '1234', imsi };
    expect(readBootstrap(read(row.file), type, secrets)).toMatchObject({ ok: true });
    const other = { pin: '4321', imsi: '310150123456780' };
    expect(readBootstrap(read(row.file), type, other)).toMatchObject({ ok: false, code: 'BOOTSTRAP_MAC' });
    expect(readBootstrap(read(row.file), type)).toMatchObject({ ok: false, code: 'BOOTSTRAP_MAC' });
  });

  test('USERPINMAC is believed when the user types PIN and check digits', () => {
    const document = read('66-bootstrap-cp-profile.wbxml');
    expect(readBootstrap(document, `${CP_WBXML}; SEC=3`, { typed: '3141596433' })).toMatchObject({ ok: true });
    expect(readBootstrap(document, `${CP_WBXML}; SEC=3`, { typed: '3141596434' })).toMatchObject({ ok: false });
    expect(readBootstrap(document, `${CP_WBXML}; SEC=3`, { pin: '31415' })).toMatchObject({ ok: false });
  });
});

describe('A device makes of a document', () => {
  const text = string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter(
    (value) => value.trim() === value && !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(value),
  );
  const nonce = uint8Array({ minLength: 16, maxLength: 16 });
  const login = record({ name: text, secret: text, nonce });

  test.each([
    ['CP', 'XML', undefined],
    ['CP', 'WBXML', undefined],
    ['DM', 'WBXML', 'DM_1_1_2'],
    ['DM', 'WBXML', 'DM_1_2'],
    ['DM', 'WBXML', 'DM_1_3'],
  ] as const)('of %s in %s for %s exactly the account that was put in', (profile, form, protocol) => {
    assert(
      property(login, login, text, text, text, (client, server, serverId, name, toNapId) => {
        const known = account({
          serverId,
          clientAuth: credential('DIGEST_MD5', client.name, client.secret, client.nonce),
          // DM 1.1.2 has no other name of the server than its identifier.
          serverAuth: credential('DIGEST_MD5', serverId, server.secret, server.nonce),
        });
        const made = dm1Documents.bootstrap(
          { account: known, device: { deviceId: 'IMEI:1', ...(protocol && { protocol }) } },
          { profile, form, url: 'https://dm.example/dm/1', name, connectivity: { toNapId } },
        );
        if (!made.ok) throw new Error(`${made.field}: ${made.message}`);
        expect(readBootstrap(made.document.octets, made.document.mediaType)).toMatchObject({
          ok: true,
          account: {
            serverId,
            name,
            url: 'https://dm.example/dm/1',
            conRef: toNapId,
            client: { type: 'DIGEST', ...client },
            server: { type: 'DIGEST', name: serverId, secret: server.secret, nonce: server.nonce },
          },
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe('A device refuses a document', () => {
  const make = (profile: 'CP' | 'DM', url = 'https://dm.example/dm/1'): { octets: Uint8Array; mediaType: string } => {
    const made = dm1Documents.bootstrap(
      { account: account(), device: { deviceId: 'IMEI:1' } },
      { profile, form: 'WBXML', url },
    );
    if (!made.ok) throw new Error(made.message);
    return made.document;
  };

  test.each([
    ['BOOTSTRAP_TYPE', 'text/html', Buffer.from('<html/>')],
    ['BOOTSTRAP_DOCUMENT', CP_WBXML, Buffer.from([2, 0x0b, 0x6a, 0])],
    ['BOOTSTRAP_DOCUMENT', DM_WBXML, Buffer.from([2])],
    ['BOOTSTRAP_DOCUMENT', CP_WBXML, Buffer.from('<wap-provisioningdoc/>')],
    ['BOOTSTRAP_ACCOUNT', 'text/vnd.wap.connectivity-xml', Buffer.from('<wap-provisioningdoc/>')],
    [
      'BOOTSTRAP_ACCOUNT',
      'text/vnd.wap.connectivity-xml',
      Buffer.from(
        '<wap-provisioningdoc><characteristic type="APPLICATION"><parm name="APPID" value="w7"/></characteristic></wap-provisioningdoc>',
      ),
    ],
    ['BOOTSTRAP_MAC', `${CP_WBXML}; SEC=9; MAC=00`, Buffer.from([2, 0x0b, 0x6a, 0])],
    ['BOOTSTRAP_MAC', `${CP_WBXML}; MAC=00`, Buffer.from([2, 0x0b, 0x6a, 0])],
  ])('%s: %s', (code, mediaType, document) => {
    expect(readBootstrap(document, mediaType)).toMatchObject({ ok: false, code });
  });

  test('of the other profile than its label says', () => {
    expect(readBootstrap(make('CP').octets, DM_WBXML)).toMatchObject({ ok: false, code: 'BOOTSTRAP_DOCUMENT' });
    expect(readBootstrap(make('DM').octets, CP_WBXML)).toMatchObject({ ok: false, code: 'BOOTSTRAP_DOCUMENT' });
  });
});

test.each([
  ['BASIC', 'CP', 'DM_1_2', { auth: 'basic' }],
  ['DIGEST_MD5', 'DM', 'DM_1_2', { auth: 'md5' }],
  ['HMAC', 'CP', 'DM_1_2', { auth: 'hmac', serverAuth: 'hmac' }],
  ['HMAC', 'DM', 'DM_1_2', { auth: 'hmac', serverAuth: 'hmac' }],
  // Its account tells the type of the client's credential alone.
  ['HMAC', 'DM', 'DM_1_1_2', { auth: 'hmac', version: '1.1' }],
] as const)('A device whose account has %s (%s, %s) proves itself by it', (type, profile, protocol, expected) => {
  const known = account({
    clientAuth: credential(type, 'dev', 'secret', octets(0x10)),
    serverAuth: credential(type === 'BASIC' ? 'DIGEST_MD5' : type, 'mgmt.example.net', 'its secret', octets(0x80)),
  });
  const made = dm1Documents.bootstrap(
    { account: known, device: { deviceId: 'IMEI:1', protocol } },
    { profile, form: 'WBXML', url: 'https://dm.example/dm/1' },
  );
  if (!made.ok) throw new Error(`${made.field}: ${made.message}`);
  const read = readBootstrap(made.document.octets, made.document.mediaType);
  if (!read.ok) throw new Error(read.message);
  expect(optionsOfAccount(read.account)).toMatchObject({
    ...expected,
    user: 'dev',
    secret: 'secret',
    serverSecret: 'its secret',
    nonces: { ...(type === 'BASIC' ? {} : { client: octets(0x10) }), server: octets(0x80) },
  });
});

test('A device whose account wants a certificate is none that can be simulated', () => {
  expect(
    optionsOfAccount({ serverId: 's', url: 'https://dm.example', layout: '1.2', extras: {}, client: { type: 'X509' } }),
  ).toBeUndefined();
});
