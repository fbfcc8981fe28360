import { createHmac } from 'node:crypto';

import { decodeMessage, decodeProvisioning, decodeProvisioningXml, decodeTnds } from '../../../adapters/dm1/codec';
import type { ProvisioningElement } from '../../../adapters/dm1/codec';
import type { Tree } from '../../../adapters/adapter';
import { md5Cred } from '../support/proofs';
import { PUBLIC_URL, by, describeSection } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';
import { SERVER_ID, ask } from '../support/world';

interface Credential {
  readonly type: string;
  readonly user: string;
  readonly secret: string;
  readonly nonce: Uint8Array;
}
/** What a device keeps of a document. */
interface Account {
  readonly serverId: string;
  readonly address: string;
  readonly client: Credential;
  readonly server: Credential;
}

const PIN = '31415';
const IMSI = '310150123456789';
/** The IMSI as a SIM keeps it: parity 9 and the first digit, then pairs with the low half first. */
const SEMI_OCTETS = Buffer.from('3901511032547698', 'hex');

function credential(told: Readonly<Record<string, string | undefined>>): Credential {
  const { type = '', user = '', secret = '', nonce = '' } = told;
  return { type, user, secret, nonce: Buffer.from(nonce, 'base64') };
}

function ofProvisioning(root: ProvisioningElement): Account {
  const below = ({ children }: ProvisioningElement, type: string): readonly ProvisioningElement[] =>
    children.filter(({ name, attributes }) => name === 'characteristic' && attributes['type'] === type);
  const parm = (element: ProvisioningElement | undefined, wanted: string): string | undefined =>
    element?.children.find(({ name, attributes }) => name === 'parm' && attributes['name'] === wanted)?.attributes[
      'value'
    ];
  const [application] = below(root, 'APPLICATION').filter((one) => parm(one, 'APPID') === 'w7');
  if (application === undefined) throw new Error('no application w7');
  const [address] = below(application, 'APPADDR');
  const at = (level: string): Credential => {
    const found = below(application, 'APPAUTH').find((one) => parm(one, 'AAUTHLEVEL') === level);
    const [type, user, secret, nonce] = ['TYPE', 'NAME', 'SECRET', 'DATA'].map((name) => parm(found, `AAUTH${name}`));
    return credential({ type, user, secret, nonce });
  };
  return {
    serverId: parm(application, 'PROVIDER-ID') ?? '',
    address: parm(address, 'ADDR') ?? '',
    client: at('APPSRV'),
    server: at('CLIENT'),
  };
}

function ofMessage(octets: Uint8Array): Account {
  const decoded = decodeMessage(octets, 'application/vnd.syncml.dm+wbxml');
  if (!decoded.ok) throw new Error(decoded.message);
  const [add] = decoded.value.message.body;
  const [item] = add?.kind === 'Add' ? add.items : [];
  expect(item?.target?.locUri).toBe('./Inbox');
  const tnds = decodeTnds(item?.data ?? { kind: 'text', text: '' });
  if (!tnds.ok) throw new Error(tnds.message);
  const root = tnds.value.nodes[0]?.tree;
  expect(root?.moid).toBe('urn:oma:mo:oma-dm-dmacc:1.0');
  expect(root?.props?.['ACL']).toBe(`Delete=${SERVER_ID}&Get=${SERVER_ID}&Replace=${SERVER_ID}`);
  const find = (tree: Tree | undefined, name: string): Tree | undefined =>
    tree?.children?.find((child) => child.name === name);
  const text = (tree: Tree | undefined, name: string): string => String(find(tree, name)?.value?.data ?? '');
  const at = (level: string): Credential => {
    const found = find(root, 'AppAuth')?.children?.find((one) => text(one, 'AAuthLevel') === level);
    const [type, user, secret, nonce] = ['Type', 'Name', 'Secret', 'Data'].map((name) => text(found, `AAuth${name}`));
    return credential({ type, user, secret, nonce });
  };
  return {
    serverId: text(root, 'ServerID'),
    address: text(find(root, 'AppAddr')?.children?.[0], 'Addr'),
    client: at('CLCRED'),
    server: at('SRVCRED'),
  };
}

/** DM 1.1.2: an Add for each node below ./SyncML/DMAcc. */
function ofNodes(octets: Uint8Array): Account {
  const decoded = decodeMessage(octets, 'application/vnd.syncml.dm+wbxml');
  if (!decoded.ok) throw new Error(decoded.message);
  const items = decoded.value.message.body.flatMap((add) => (add.kind === 'Add' ? add.items : []));
  const told = Object.fromEntries(
    items.map(({ target, data }) => [
      (target?.locUri ?? '').split('/').slice(4).join('/'),
      data?.kind === 'text' ? data.text : '',
    ]),
  );
  const { Addr = '', ServerId = '', UserName, ClientPW, ClientNonce, ServerPW, ServerNonce, AuthPref } = told;
  expect(AuthPref).toBe('syncml:auth-md5');
  return {
    serverId: ServerId,
    address: Addr,
    client: credential({ type: 'DIGEST', user: UserName, secret: ClientPW, nonce: ClientNonce }),
    server: credential({ type: 'DIGEST', user: ServerId, secret: ServerPW, nonce: ServerNonce }),
  };
}

function provisioning(octets: Uint8Array): Account {
  const read = octets[0] === 0x3c ? decodeProvisioningXml(octets) : decodeProvisioning(octets);
  if (!read.ok) throw new Error(read.message);
  return ofProvisioning(read.value);
}

interface Way {
  readonly input: object;
  readonly read: (octets: Uint8Array) => Account;
  readonly type: string;
  /** SEC parameter and key of its MAC. */
  readonly mac?: readonly [sec: string, key: string | Uint8Array];
  readonly version?: '1.1.2';
}
const CP = 'application/vnd.wap.connectivity-wbxml';
const DM = 'application/vnd.syncml.dm+wbxml';
const cp = (method: string, sec: string, key: string | Uint8Array): Way => ({
  input: { profile: 'CP', security: { method, ...secretsOf(method) } },
  read: provisioning,
  type: CP,
  mac: [sec, key],
});
const dm = (method: string, key: string | Uint8Array): Way => ({
  input: { profile: 'DM', security: { method, ...secretsOf(method) } },
  read: ofMessage,
  type: DM,
  mac: [method, key],
});
function secretsOf(method: string): object {
  return {
    ...(method.includes('PIN') && method !== 'NETWPIN' ? { pin: PIN } : {}),
    ...(method.includes('NET') ? { imsi: IMSI } : {}),
  };
}
const WAYS: readonly (readonly [string, Way])[] = [
  [
    '17.1 CP in XML, for a way that is safe',
    { input: { profile: 'CP', form: 'XML' }, read: provisioning, type: 'text/vnd.wap.connectivity-xml' },
  ],
  ['17.1 CP, NETWPIN', cp('NETWPIN', '0', SEMI_OCTETS)],
  ['17.1 CP, USERPIN', cp('USERPIN', '1', PIN)],
  ['17.1 CP, USERNETWPIN', cp('USERNETWPIN', '2', Buffer.concat([SEMI_OCTETS, Buffer.from(PIN)]))],
  ['17.2 DM, NETWORKID', dm('NETWORKID', SEMI_OCTETS)],
  ['17.2 DM, USERPIN', dm('USERPIN', PIN)],
  ['17.2 DM, USERPIN_NETWORKID', dm('USERPIN_NETWORKID', `${PIN}:${IMSI}`)],
  ['DM for DM 1.1.2', { input: { profile: 'DM', protocol: 'DM_1_1_2' }, read: ofNodes, type: DM, version: '1.1.2' }],
];

describeSection('17 Bootstrap', ({ device, gateway }) => {
  interface Made {
    readonly url: string;
    readonly typed: string | null;
    readonly document: { readonly octets: string; readonly mediaType: string };
  }
  async function bootstrap({ deviceId }: SpokenDevice, input: object): Promise<Made> {
    const { bootstrapDevice } = await ask<{ bootstrapDevice: Made }>(
      gateway(),
      `mutation ($input: BootstrapDeviceInput!) { bootstrapDevice(input: $input) {
        url typed document { octets mediaType } } }`,
      { input: { deviceId, renew: true, ...input } },
    );
    return bootstrapDevice;
  }

  const login = (
    username: string,
  ): { readonly type: 'DIGEST_MD5'; readonly username: string; readonly secret: string } => ({
    type: 'DIGEST_MD5',
    username,
    secret: 'until now',
  });
  const make = (version: '1.1.2' | '1.2' = '1.2'): Promise<SpokenDevice> =>
    device({ clientAuth: login('fleet'), serverAuth: login(SERVER_ID), version });

  test.each(WAYS)(
    '%s: the document is fetched, verified and read, and its device is let in and managed by one POST',
    async (_name, way) => {
      const phone = await make(way.version);
      const { url } = await bootstrap(phone, way.input);
      const fetched = await fetch(url.replace(PUBLIC_URL, gateway().deviceUrl));
      const octets = new Uint8Array(await fetched.arrayBuffer());
      const parameters =
        way.mac === undefined
          ? ''
          : `; SEC=${way.mac[0]}; MAC=${createHmac('sha1', way.mac[1]).update(octets).digest('hex').toUpperCase()}`;
      expect(fetched.headers.get('content-type')).toBe(`${way.type}${parameters}`);

      const account = way.read(octets);
      expect(account).toMatchObject({
        serverId: SERVER_ID,
        address: `${PUBLIC_URL}/dm/1`,
        client: { type: 'DIGEST', user: 'fleet' },
        server: { type: 'DIGEST', user: SERVER_ID },
      });
      expect(new Set([account.client.secret, account.server.secret, 'until now', '']).size).toBe(4);

      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await phone.begins({ cred: md5Cred(account.client, account.client.nonce) });
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Replace', 'Get ./Vendor/A', 'Final']);
      expect(phone.reply.header.cred?.data).toEqual(md5Cred(account.server, account.server.nonce).data);
      expect(phone.reply.header.source.locName).toBe(SERVER_ID);
    },
  );

  test('17.1 USERPINMAC: no MAC is sent, the user types the PIN and as many check digits', async () => {
    const { typed, document } = await bootstrap(await make(), {
      profile: 'CP',
      security: { method: 'USERPINMAC', pin: PIN },
    });
    expect(document.mediaType).toBe(`${CP}; SEC=3`);
    const mac = createHmac('sha1', PIN).update(Buffer.from(document.octets, 'base64')).digest();
    expect(typed).toBe(PIN + [...mac.subarray(0, PIN.length)].map((octet) => octet % 10).join(''));
  });

  test('the credentials of before are none any more once they were made anew', async () => {
    const phone = await make();
    await bootstrap(phone, { profile: 'CP' });
    await phone.begins({ cred: md5Cred({ user: 'fleet', secret: 'until now' }, new Uint8Array()) });
    expect(phone.heard[0]).toBe('401 SyncHdr');
  });
});
