/** What is left out of messages that are kept for people. */
import fc from 'fast-check';

import { createDm1Adapter } from '../../adapters/dm1';
import { decodeMessage, encodeMessage } from '../../adapters/dm1/codec';
import type { BodyCommand, Encoding, Item, Message } from '../../adapters/dm1/message';
import { createDm2Adapter } from '../../adapters/dm2';
import { writeMultipart } from '../../adapters/dm2/multipart';
import { isSecretPath, withoutTokens } from '../../adapters/http/redaction';

const dm1 = createDm1Adapter();
const dm2 = createDm2Adapter();
const TOKEN = 'abcdefghijklmnopqrstuv';
const text = (data: string): Item['data'] => ({ kind: 'text', text: data });
const at = (locUri: string, data?: string, more: Partial<Item> = {}): Item => ({
  target: { locUri },
  ...(data === undefined ? {} : { data: text(data) }),
  ...more,
});
const FORMS: readonly (readonly [string, Encoding])[] = [
  ['application/vnd.syncml.dm+xml', { form: 'xml' }],
  ['application/vnd.syncml.dm+wbxml', { form: 'wbxml' }],
];

function messageOf(body: readonly BodyCommand[], secret = 'x'): Message {
  return {
    namespace: 'SYNCML:SYNCML1.2',
    header: {
      verDtd: '1.2',
      verProto: 'DM/1.2',
      sessionId: '1',
      msgId: '2',
      target: { locUri: `https://dm.example/dm/1/${TOKEN}` },
      source: { locUri: 'IMEI:1' },
      respUri: `https://dm.example/dm/1/${TOKEN}`,
      cred: { meta: { format: 'b64', type: 'syncml:auth-basic' }, data: { kind: 'text', text: secret } },
    },
    body,
    final: true,
  };
}

test.each([
  'DMAcc/x/AppAuth/1/AAuthSecret',
  'AppAuth/1/AAuthData',
  'SyncML/DMAcc/x/ClientPW',
  'ServerNonce',
  'Auth/Trsp/ClientSecretKey',
  'NAPAuthSecret',
  'Wifi/Passphrase',
  'Vendor/PrivateKey',
  'SimPIN',
  'ApiToken',
])('%s is a secret', (path) => expect(isSecretPath(path)).toBe(true));

test.each(['DevInfo/Man', 'Meter/Unit', 'AppAuth/1/AAuthName', 'Spinning', 'Pinout', 'Ops/Reset', 'FwV', 'Shipping'])(
  '%s is none',
  (path) => expect(isSecretPath(path)).toBe(false),
);

test('tokens are whole steps of a path', () => {
  expect(withoutTokens(`https://a/repository/${TOKEN}?x`)).toBe('https://a/repository/***?x');
  expect(withoutTokens(`./A/${TOKEN}x`)).toBe(`./A/${TOKEN}x`);
});

describe.each(FORMS)('A message as %s', (mediaType, encoding) => {
  const through = (body: readonly BodyCommand[], secret?: string): { message: Message; raw: string } => {
    const { octets } = dm1.redact(encodeMessage(messageOf(body, secret), encoding), mediaType);
    const decoded = decodeMessage(octets, mediaType);
    if (!decoded.ok) throw new Error(decoded.message);
    return { message: decoded.value.message, raw: Buffer.from(octets).toString('latin1') };
  };

  test('keeps its form and what is no secret', () => {
    const { message, raw } = through([
      {
        kind: 'Replace',
        cmdId: '1',
        items: [at('./DevDetail/Ext', 'plain'), at('./X/Url', `https://a/repository/${TOKEN}`)],
      },
    ]);
    expect(message.body).toMatchObject([
      { kind: 'Replace', items: [{ data: text('plain') }, { data: text('https://a/repository/***') }] },
    ]);
    expect(message.header).toMatchObject({
      sessionId: '1',
      cred: { data: text('***') },
      target: { locUri: 'https://dm.example/dm/1/***' },
    });
    expect(raw).not.toContain(TOKEN);
  });

  test('shows no answer of a person, no preset of a password, no part of a large object', () => {
    const { message } = through([
      {
        kind: 'Status',
        cmdId: '1',
        msgRef: '1',
        cmdRef: '2',
        cmd: 'Alert',
        targetRefs: [],
        sourceRefs: [],
        data: '200',
        items: [{ data: text('typed') }],
      },
      {
        kind: 'Alert',
        cmdId: '2',
        data: '1102',
        items: [{ data: text('ET=P&DR=preset') }, { data: text('Your PIN?') }],
      },
      { kind: 'Alert', cmdId: '3', data: '1101', items: [{ data: text('MINDT=1') }, { data: text('Restart?') }] },
      { kind: 'Results', cmdId: '4', items: [{ source: { locUri: './X' }, data: text('chunk'), moreData: true }] },
    ]);
    const datas = message.body.map((command) =>
      'items' in command ? command.items.map(({ data }) => (data?.kind === 'text' ? data.text : data)) : [],
    );
    expect(datas).toEqual([['***'], ['***', '***'], ['MINDT=1', 'Restart?'], ['***']]);
  });

  test('never has a secret, wherever it stood', () => {
    // Long and odd enough to be nothing else that a message has.
    const secrets = fc.stringMatching(/^zq[a-y]{8,20}qz$/);
    const places = fc.constantFrom<(secret: string) => BodyCommand>(
      (s) => ({ kind: 'Add', cmdId: '1', items: [at('./DMAcc/a/AppAuth/1/AAuthSecret', s)] }),
      (s) => ({
        kind: 'Results',
        cmdId: '1',
        items: [{ source: { locUri: './SyncML/DMAcc/a/ServerPW' }, data: text(s) }],
      }),
      (s) => ({ kind: 'Results', cmdId: '1', targetRef: './A/ClientNonce', items: [{ data: text(s) }] }),
      (s) => ({
        kind: 'Replace',
        cmdId: '1',
        items: [at('./A', `<MgmtTree><Node><NodeName>Secret</NodeName><Value>${s}</Value></Node></MgmtTree>`)],
      }),
      (s) => ({
        kind: 'Replace',
        cmdId: '1',
        items: [at('./A', undefined, { data: { kind: 'octets', octets: Buffer.from(s) }, meta: { format: 'bin' } })],
      }),
      (s) => ({
        kind: 'Atomic',
        cmdId: '1',
        commands: [{ kind: 'Replace', cmdId: '2', items: [at('./A/Password', s)] }],
      }),
      (s) => ({
        kind: 'Status',
        cmdId: '1',
        cmd: 'SyncHdr',
        targetRefs: [],
        sourceRefs: [],
        data: '212',
        items: [],
        chal: { type: 'syncml:auth-md5', nextNonce: text(s) ?? { kind: 'text', text: s } },
      }),
      (s) => ({
        kind: 'Results',
        cmdId: '1',
        items: [
          {
            source: { locUri: './A' },
            data: {
              kind: 'element',
              element: {
                name: 'MgmtTree',
                namespace: 'syncml:dmddf1.2',
                text: '',
                children: [
                  {
                    name: 'Node',
                    text: '',
                    children: [
                      { name: 'NodeName', text: 'AAuthSecret', children: [] },
                      { name: 'Value', text: s, children: [] },
                    ],
                  },
                ],
              },
            },
          },
        ],
      }),
    );
    fc.assert(
      fc.property(secrets, places, (secret, place) => {
        const { raw } = through([place(secret)], secret);
        expect(raw).not.toContain(secret);
        expect(raw).not.toContain(Buffer.from(secret).toString('base64'));
      }),
    );
  });

  test('is shown as indented XML; what is no message by its length', () => {
    const octets = encodeMessage(messageOf([{ kind: 'Get', cmdId: '1', items: [at('./DevInfo/Man')] }]), encoding);
    expect(dm1.display(octets, mediaType)).toMatch(/\n {4}<Get>\n {6}<CmdID>1<\/CmdID>\n {6}<Item>\n/);
    expect(dm1.redact(Buffer.from('secret'), mediaType)).toEqual({
      octets: Buffer.from('*** 6 octets'),
      mediaType: 'text/plain',
    });
  });
});

describe('A package', () => {
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

  test('has no values of secrets by name, and no tokens', () => {
    const { octets } = dm2.redact(
      json({
        CMD: [['HGET', `https://a/repository/${TOKEN}`, './x']],
        Auth: { Secret: 'a', 'Client%53ecretKey': 'b', Name: 'n' },
      }),
      'application/vnd.oma.dm.request+json',
    );
    expect(JSON.parse(Buffer.from(octets).toString())).toEqual({
      CMD: [['HGET', 'https://a/repository/***', './x']],
      Auth: { Secret: '***', 'Client%53ecretKey': '***', Name: 'n' },
    });
  });

  test('of several parts keeps them; a bare value, whose node nothing names, is told by its length', () => {
    const { contentType, body } = writeMultipart([
      { mediaType: 'application/vnd.oma.dm.response+json', body: json({ Status: [{ sc: 200 }] }) },
      { name: '0', mediaType: 'application/dmmo+json', body: json({ Password: 'p', Unit: 'kWh' }) },
      { name: '1', mediaType: 'text/plain', body: Buffer.from('hunter2') },
      { name: '2', mediaType: 'application/json', body: json({ x: 'hunter2' }) },
    ]);
    const { octets, mediaType } = dm2.redact(body, contentType);
    const shown = dm2.display(octets, mediaType);
    expect(shown).toContain('"Password": "***"');
    expect(shown).toContain('"Unit": "kWh"');
    expect(shown).toContain('--- 1 text/plain\n*** 7 octets');
    expect(shown).toContain('--- 2 application/json\n*** 15 octets');
    expect(shown).not.toContain('hunter2');
  });

  test('that is none is told by its length, however deep or odd it is', () => {
    const deep = Buffer.from(`${'['.repeat(5_000)}"secret"${']'.repeat(5_000)}`);
    expect(Buffer.from(dm2.redact(deep, 'application/json').octets).toString()).not.toContain('"secret"');
    expect(Buffer.from(dm2.redact(Buffer.from('junk'), 'multipart/form-data').octets).toString()).toBe('*** 4 octets');
    expect(Buffer.from(dm2.redact(Buffer.from([0xff]), 'x').octets).toString()).toBe('*** 1 octets');
  });
});
