import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { array, assert, constantFrom, property, record, string } from 'fast-check';

import type { BootstrapMethod, BootstrapRequest, PushDocument, SharedSecret } from '../../../adapters/adapter';
import { dm1Documents } from '../../../adapters/dm1';
import { bootstrapAccount } from '../../../adapters/dm1/bootstrap-account';
import { cpDocument } from '../../../adapters/dm1/bootstrap-cp';
import { accountTree, dmMessage } from '../../../adapters/dm1/bootstrap-dm';
import { keyOf, macOf, semiOctets, typedPin } from '../../../adapters/dm1/bootstrap-security';
import {
  decodeMessage,
  decodeProvisioning,
  decodeProvisioningXml,
  decodeTnds,
  encodeProvisioning,
  encodeProvisioningXml,
  type ProvisioningElement,
} from '../../../adapters/dm1/codec';
import type { Message } from '../../../adapters/dm1/message';
import { describeShared, describeWith, requireTool, sharedPath } from '../../support/shared';
import { account, credential } from './accounts';

const DEVICE_ID = 'IMEI:490154203237518';
const request = { profile: 'CP', form: 'WBXML', url: 'https://dm.example.net/dm/1', name: 'Example DM' } as const;
const context = { account: account(), device: { deviceId: DEVICE_ID } };
const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

function reference(): Parameters<typeof cpDocument>[0] {
  const made = bootstrapAccount(context, request);
  if (!made.ok) throw new Error(made.message);
  return made.account;
}

function documentOf(
  change: Partial<BootstrapRequest>,
  at: Parameters<typeof dm1Documents.bootstrap>[0] = context,
): PushDocument {
  const made = dm1Documents.bootstrap(at, { ...request, ...change });
  if (!made.ok) throw new Error(`${made.field}: ${made.message}`);
  return made.document;
}

function refusedField(change: Partial<BootstrapRequest>): string | undefined {
  const made = dm1Documents.bootstrap(context, { ...request, ...change });
  return made.ok ? undefined : made.field;
}

interface MacRow {
  readonly profile: 'CP' | 'DM';
  readonly sec: string;
  readonly key_hex: string;
  readonly key_note: string;
  readonly mac?: string;
  readonly user_types?: string;
  readonly content_type?: string;
  readonly file: string;
}

describeShared('Bootstrap against the reference messages (dm1 17)', () => {
  const read = (name: string): Buffer => readFileSync(sharedPath('vectors', 'dm1', name));
  const vectors = JSON.parse(read('auth-vectors.json').toString('utf8')) as {
    readonly bootstrap_mac: readonly MacRow[];
    readonly cp_push_pdu: { readonly pdu_head_hex: string; readonly pdu_length: number };
  };

  test('the CP document is that of 66, octet for octet, in WBXML and in XML', () => {
    const root = cpDocument(reference());
    expect(hexOf(encodeProvisioning(root))).toBe(hexOf(read('66-bootstrap-cp-profile.wbxml')));
    expect(Buffer.from(encodeProvisioningXml(root)).toString('utf8')).toBe(
      read('66-bootstrap-cp-profile.xml').toString('utf8').trimEnd(),
    );
  });

  test('the documents of 66 are read alike in both forms', () => {
    const wbxml = decodeProvisioning(read('66-bootstrap-cp-profile.wbxml'));
    expect(wbxml).toEqual({ ok: true, value: cpDocument(reference()) });
    expect(decodeProvisioningXml(read('66-bootstrap-cp-profile.xml'))).toEqual(wbxml);
  });

  test('the DM message is that of 65, but for the rights on the account', () => {
    const ours = dmMessage(reference(), DEVICE_ID, 'DM_1_2', 'mgmt');
    const theirs = decodeMessage(read('65-bootstrap-dm-profile.wbxml'), 'application/vnd.syncml.dm+wbxml');
    if (!theirs.ok) throw new Error(theirs.message);
    const { message } = theirs.value;
    expect(withoutData(ours)).toEqual(withoutData(message));
    const nodes = [{ tree: accountTree(reference(), { name: 'mgmt' }) }];
    expect(treeOf(message)).toEqual([{ path: undefined, tree: expect.anything() as unknown }]);
    expect(treeOf(message)[0]?.tree).toEqual(decodedAgain(nodes[0]?.tree));
    expect(treeOf(ours)[0]?.tree.props?.['ACL']).toBe(
      'Delete=mgmt.example.net&Get=mgmt.example.net&Replace=mgmt.example.net',
    );
  });

  const rows = vectors.bootstrap_mac.map((row) => [`${row.profile} ${row.sec}: ${row.key_note}`, row] as const);

  test('are 8 MACs', () => {
    expect(rows).toHaveLength(8);
  });

  test.each(rows)('%s', (_name, row) => {
    const method = row.sec.replace(/ .*/, '') as BootstrapMethod;
    const imsi = row.key_note.includes('24001012345678') ? '24001012345678' : '310150123456789';
    const secret: SharedSecret = { pin: method === 'USERPINMAC' ? '31415' : '1234', imsi };
    const made = keyOf(method, secret);
    if (!made.ok) throw new Error(made.message);
    const document = read(row.file);
    expect(hexOf(made.key)).toBe(row.key_hex);
    if (row.mac !== undefined) expect(macOf(made.key, document)).toBe(row.mac);
    if (row.user_types !== undefined) expect(typedPin('31415', document)).toBe(row.user_types);
    if (row.profile !== 'CP') return;
    const told = dm1Documents.bootstrap(context, { ...request, security: { method, ...secret } });
    const sec = /\d/.exec(row.sec)?.[0] ?? '';
    expect(told).toMatchObject({
      document: {
        mediaType: `application/vnd.wap.connectivity-wbxml; SEC=${sec}${row.mac === undefined ? '' : `; MAC=${row.mac}`}`,
      },
      ...(row.user_types === undefined ? {} : { typed: row.user_types }),
    });
  });

  test('the push of 66 under NETWPIN has the head of the reference', () => {
    const { wsp, sms } = documentOf({ security: { method: 'NETWPIN', imsi: '310150123456789' } });
    const { pdu_head_hex: head, pdu_length: length } = vectors.cp_push_pdu;
    expect(hexOf(wsp)).toBe(head + hexOf(read('66-bootstrap-cp-profile.wbxml')));
    expect(wsp).toHaveLength(length);
    expect(sms.map((part) => hexOf(part.subarray(12))).join('')).toBe(hexOf(wsp));
  });

  test('the content type of 65 tells method and MAC by name', () => {
    const { octets, mediaType, wsp } = documentOf({ profile: 'DM', security: { method: 'USERPIN', pin: '1234' } });
    const mac = macOf(Buffer.from('1234'), octets);
    expect(mediaType).toBe(`application/vnd.syncml.dm+wbxml; SEC=USERPIN; MAC=${mac}`);
    const text = `application/vnd.syncml.dm+wbxml\0SEC\0USERPIN\0MAC\0${mac}\0`;
    const head = Buffer.concat([Buffer.from([0x01, 0x06, text.length + 2, 0x1f, text.length]), Buffer.from(text)]);
    expect(hexOf(wsp)).toBe(hexOf(Buffer.concat([head, octets])));
  });

  describeWith('libwbxml', 'read by another codec', () => {
    test('the CP document with an access point and vendor parameters is what it was', () => {
      const directory = mkdtempSync(join(tmpdir(), 'moql-cp-'));
      try {
        const change: Partial<BootstrapRequest> = {
          connectivity: { apn: 'internet.example', toProxy: 'px1' },
          init: true,
          extras: [
            { name: 'CONNRETRYFREQ', value: '3' },
            { name: 'DEFAULTENCODING', value: 'application/vnd.syncml.dm+wbxml' },
          ],
        };
        const [input, output] = [join(directory, 'a.wbxml'), join(directory, 'a.xml')];
        writeFileSync(input, documentOf(change).octets);
        execFileSync(requireTool('libwbxml'), ['-k', '-m', '0', '-o', output, input], { stdio: 'pipe' });
        const theirs = decodeProvisioningXml(readFileSync(output));
        expect(theirs).toEqual(decodeProvisioningXml(documentOf({ ...change, form: 'XML' }).octets));
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  });
});

/** A tree as it comes out of a document. */
function decodedAgain(tree: ReturnType<typeof accountTree> | undefined): unknown {
  if (tree === undefined) return undefined;
  const message = dmMessage(reference(), DEVICE_ID, 'DM_1_2', tree.name);
  const { props: _acl, ...rest } = treeOf(message)[0]?.tree ?? { name: '' };
  return rest;
}

function treeOf(message: Message): readonly { path?: string; tree: ReturnType<typeof accountTree> }[] {
  const add = message.body[0];
  const data = add?.kind === 'Add' ? add.items[0]?.data : undefined;
  const read = data && decodeTnds(data);
  if (!read?.ok) throw new Error('there is no TNDS in it');
  return read.value.nodes;
}

function withoutData(message: Message): unknown {
  return JSON.parse(JSON.stringify(message, (key, value: unknown) => (key === 'data' ? undefined : value)));
}

describe('A provisioning document (dm1 13.7)', () => {
  const text = string({ unit: 'grapheme', maxLength: 20 }).filter(
    (value) => !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(value),
  );
  const words = ['NAME', 'PORTNBR', 'APPSRV', 'HTTP-BASIC', 'IPV4', 'APPID', 'DIGEST', 'w7', 'PORT', 'APPLICATION', ''];
  const value = constantFrom(...words);
  const parm = record({ name: constantFrom(...words), value: text }).map((attributes): ProvisioningElement => ({
    name: 'parm',
    attributes,
    children: [],
  }));
  const group = record({ type: value, parms: array(parm, { maxLength: 6 }), inner: array(parm, { maxLength: 2 }) }).map(
    ({ type, parms, inner }): ProvisioningElement => ({
      name: 'characteristic',
      attributes: { type },
      children: [...parms, { name: 'characteristic', attributes: { type: 'PORT' }, children: inner }],
    }),
  );
  const documents = array(group, { maxLength: 4 }).map((children): ProvisioningElement => ({
    name: 'wap-provisioningdoc',
    attributes: { version: '1.1' },
    children,
  }));

  test('is read from WBXML and from XML as it was written', () => {
    assert(
      property(documents, (root) => {
        expect(decodeProvisioning(encodeProvisioning(root))).toEqual({ ok: true, value: root });
        expect(decodeProvisioningXml(encodeProvisioningXml(root))).toEqual({ ok: true, value: root });
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['NOT_PROVISIONING', '<SyncML/>'],
    ['NOT_PROVISIONING', '<wap-provisioningdoc><script/></wap-provisioningdoc>'],
    ['XML_SUBSET', '<!DOCTYPE wap-provisioningdoc [<!ENTITY a "b">]><wap-provisioningdoc/>'],
    ['XML_ENTITY', '<wap-provisioningdoc><parm name="&a;"/></wap-provisioningdoc>'],
    ['XML_MALFORMED', '<wap-provisioningdoc>'],
    ['EMPTY', ''],
    ['LIMIT_DEPTH', `<wap-provisioningdoc>${'<characteristic>'.repeat(80)}`],
  ])('that is none is refused: %s', (code, document) => {
    expect(decodeProvisioningXml(Buffer.from(document))).toMatchObject({ ok: false, code });
  });
});

describe('The key of a MAC (dm1 17.1)', () => {
  test('of an IMSI tells its parity', () => {
    expect(hexOf(semiOctets('310150123456789'))).toBe('3901511032547698');
    expect(hexOf(semiOctets('24001012345678'))).toBe('21041010325476f8');
  });

  test('of an ESN is its four octets, of a secret its own', () => {
    expect(keyOf('NETWPIN', { esn: '82a1b2C3' })).toEqual({ ok: true, key: Buffer.from('82a1b2c3', 'hex') });
    expect(keyOf('NETWORKID', { secret: Buffer.from('net') })).toEqual({ ok: true, key: Buffer.from('net') });
    expect(keyOf('USERPIN_NETWORKID', { pin: '12', secret: Buffer.from('net') })).toEqual({
      ok: true,
      key: Buffer.from('12:net'),
    });
  });

  test.each([
    ['NETWPIN', {}, 'imsi'],
    ['NETWPIN', { imsi: '12345x' }, 'imsi'],
    ['NETWPIN', { esn: '1' }, 'esn'],
    ['NETWORKID', { secret: new Uint8Array() }, 'secret'],
    ['USERPIN', { imsi: '310150123456789' }, 'pin'],
    ['USERPIN', { pin: '12a4' }, 'pin'],
    ['USERNETWPIN', { imsi: '310150123456789' }, 'pin'],
    ['USERPIN_NETWORKID', { pin: '1234' }, 'imsi'],
  ] as const)('of %s with %j is missing its %s', (method, secret, field) => {
    expect(keyOf(method, secret)).toMatchObject({ ok: false, field });
  });
});

describe('A bootstrap document (dm1 17)', () => {
  test.each([
    ['url', { url: 'ftp://dm.example' }],
    ['name', { name: 'a\0b' }],
    ['toNapId', { connectivity: { toNapId: '' } }],
    ['extras', { extras: [{ name: 'APPID', value: 'w2' }] }],
    ['extras', { extras: [{ name: 'lower' }] }],
    ['extras', { extras: [{ name: 'ROLE', value: '\u0001' }] }],
    ['apn', { connectivity: { apn: '\n' } }],
    ['security', { form: 'XML', security: { method: 'USERPIN', pin: '1' } }],
    ['security.method', { security: { method: 'NETWORKID', imsi: '310150123456789' } }],
    ['security.pin', { security: { method: 'USERPIN' } }],
    ['security.method', { profile: 'DM', security: { method: 'NETWPIN', imsi: '310150123456789' } }],
    ['security.imsi', { profile: 'DM', security: { method: 'NETWORKID' } }],
    ['form', { profile: 'DM', form: 'XML' }],
    ['apn', { profile: 'DM', connectivity: { apn: 'a' } }],
    ['init', { profile: 'DM', init: true }],
    ['extras', { profile: 'DM', extras: [{ name: 'ROLE' }] }],
    ['profile', { profile: 'MO' }],
  ] as const)('is refused for its %s: %j', (field, change) => {
    expect(refusedField(change)).toBe(field);
  });

  test('of a credential that DM 1.x does not have is refused', () => {
    const at = { ...context, account: account({ clientAuth: credential('HTTP_DIGEST', 'u', 'p') }) };
    expect(dm1Documents.bootstrap(at, request)).toMatchObject({ ok: false, field: 'clientAuth' });
  });

  test('tells what each type of credential needs, and no more', () => {
    const at = {
      ...context,
      account: account({
        clientAuth: credential('X509', '', 'fingerprint'),
        serverAuth: credential('BASIC', 's', 'p'),
      }),
    };
    const text = Buffer.from(documentOf({ form: 'XML' }, at).octets).toString('utf8');
    expect(text).toContain('value="X509"');
    expect(text).not.toContain('fingerprint');
    expect(text).not.toContain('AAUTHDATA');
    const none = { ...context, account: account({ clientAuth: credential('NONE'), serverAuth: credential('NONE') }) };
    expect(Buffer.from(documentOf({ form: 'XML' }, none).octets).toString('utf8')).not.toContain('APPAUTH');
  });

  test('takes the port from the address, or that of its scheme', () => {
    const port = (url: string): string | undefined =>
      /PORTNBR" value="(\d+)"/.exec(Buffer.from(documentOf({ form: 'XML', url }).octets).toString('utf8'))?.[1];
    expect(['https://a/dm/1', 'http://a/dm/1', 'http://a:4000/dm/1'].map(port)).toEqual(['443', '80', '4000']);
  });

  test('of the DM profile for DM 1.3 is a DMAcc 1.1 with its port', () => {
    const at = { ...context, device: { deviceId: DEVICE_ID, protocol: 'DM_1_3' as const } };
    const read = decodeMessage(documentOf({ profile: 'DM' }, at).octets, 'application/vnd.syncml.dm+wbxml');
    if (!read.ok) throw new Error(read.message);
    const [node] = treeOf(read.value.message);
    expect(node?.tree.moid).toBe('urn:oma:mo:oma-dm-dmacc:1.1');
    expect(JSON.stringify(node?.tree)).toContain('"PortNbr"');
  });

  test('of the DM profile for DM 1.1.2 adds its account node by node (15.4)', () => {
    const at = { ...context, device: { deviceId: DEVICE_ID, protocol: 'DM_1_1_2' as const } };
    const read = decodeMessage(documentOf({ profile: 'DM' }, at).octets, 'application/vnd.syncml.dm+wbxml');
    if (!read.ok) throw new Error(read.message);
    const { namespace, body, header } = read.value.message;
    expect([namespace, header.verProto]).toEqual(['SYNCML:SYNCML1.1', 'DM/1.1']);
    const items = body.flatMap((command) => (command.kind === 'Add' ? command.items : []));
    const told = items.map(({ target, meta, data }) => [
      target?.locUri.replace('./SyncML/DMAcc/', ''),
      meta?.format,
      data?.kind === 'text' ? data.text : undefined,
    ]);
    expect(told).toEqual([
      ['mgmt.example.net', 'node', ''],
      ['mgmt.example.net/Addr', 'chr', 'https://dm.example.net/dm/1'],
      ['mgmt.example.net/AddrType', 'int', '1'],
      ['mgmt.example.net/PortNbr', 'int', '443'],
      ['mgmt.example.net/ServerId', 'chr', 'mgmt.example.net'],
      ['mgmt.example.net/ServerPW', 'chr', 's3cret-Server'],
      ['mgmt.example.net/ServerNonce', 'b64', 'gIGCg4SFhoeIiYqLjI2Ojw=='],
      ['mgmt.example.net/UserName', 'chr', 'dev-0001'],
      ['mgmt.example.net/ClientPW', 'chr', 's3cret-Client'],
      ['mgmt.example.net/ClientNonce', 'b64', 'EBESExQVFhcYGRobHB0eHw=='],
      ['mgmt.example.net/AuthPref', 'chr', 'syncml:auth-md5'],
      ['mgmt.example.net/Name', 'chr', 'Example DM'],
    ]);
  });
});
