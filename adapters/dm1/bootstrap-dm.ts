/**
 * Bootstrap by the DM profile: a SyncML message in WBXML that a client executes without answering. From DM 1.2 it adds
 * a DMAcc as TNDS to the Inbox; DM 1.1.2, which has neither, gets its account node by node.
 * Source: OMA-TS-DM_Bootstrap, "OMA Device Management profile"; dm1 sections 15.3 to 15.5 and 17.2.
 */
import type { BootstrapRequest, DocumentContext, NoDocument, PushDocument, Tree, Value } from '../adapter';
import { type BootstrapAccount, type BootstrapCredential, no } from './bootstrap-account';
import { DM_METHODS, keyOf, macOf } from './bootstrap-security';
import { encodeMessage, encodeTnds } from './codec';
import { AUTH_BASIC, AUTH_MAC, AUTH_MD5 } from './credential';
import type { BodyCommand, Item, Message } from './message';
import { smsUserData, withLength, wspPush, wspText } from '../wap/push';

export const DM_WBXML_TYPE = 'application/vnd.syncml.dm+wbxml';

/** Layouts of an account. */
export type AccountLayout = 'DM_1_1_2' | 'DM_1_2' | 'DM_1_3';

const TNDS_WBXML = 'application/vnd.syncml.dmtnds+wbxml';
const MOIDS = { DM_1_2: 'urn:oma:mo:oma-dm-dmacc:1.0', DM_1_3: 'urn:oma:mo:oma-dm-dmacc:1.1' } as const;
const VERSIONS = {
  DM_1_1_2: { namespace: 'SYNCML:SYNCML1.1', verDtd: '1.1', verProto: 'DM/1.1' },
  DM_1_2: { namespace: 'SYNCML:SYNCML1.2', verDtd: '1.2', verProto: 'DM/1.2' },
  DM_1_3: { namespace: 'SYNCML:SYNCML1.2', verDtd: '1.2', verProto: 'DM/1.3' },
} as const;
/** AuthPref of a DM 1.1.2 account. */
const AUTH_TYPES: Readonly<Record<string, string>> = { BASIC: AUTH_BASIC, DIGEST: AUTH_MD5, HMAC: AUTH_MAC };
/** AddrType of a DM 1.1.2 account: HTTP. */
const HTTP = 1;
const LONGEST_NODE_NAME = 32;

/** The account as a DMAcc. `acl`: the rights that its server gets on it, which a CP document gives by itself. */
export function accountTree(
  account: BootstrapAccount,
  {
    name,
    layout = 'DM_1_2',
    acl,
  }: { readonly name: string; readonly layout?: 'DM_1_2' | 'DM_1_3'; readonly acl?: string },
): Tree {
  const conRef = account.toProxy ?? account.toNapId;
  const pref = account.client?.type ?? account.server?.type;
  const port = interior('Port', [interior('1', [leaf('PortNbr', account.port)])]);
  const credentials = [...credentialTree('CLCRED', account.client), ...credentialTree('SRVCRED', account.server)];
  return {
    name,
    moid: MOIDS[layout],
    ...(acl === undefined ? {} : { props: { ACL: acl } }),
    children: [
      leaf('AppID', 'w7'),
      leaf('ServerID', account.serverId),
      ...(account.name === undefined ? [] : [leaf('Name', account.name)]),
      ...(conRef === undefined ? [] : [leaf('PrefConRef', conRef)]),
      ...(pref === undefined ? [] : [leaf('AAuthPref', pref)]),
      interior('AppAddr', [
        interior('1', [
          leaf('Addr', account.url),
          leaf('AddrType', 'URI'),
          // The port stands in the address already; DM 1.3 wants it all the same.
          ...(layout === 'DM_1_3' ? [port] : []),
        ]),
      ]),
      ...(credentials.length === 0 ? [] : [interior('AppAuth', credentials)]),
    ],
  };
}

function credentialTree(level: 'CLCRED' | 'SRVCRED', known: BootstrapCredential | undefined): Tree[] {
  if (known === undefined) return [];
  return [
    interior(level, [
      leaf('AAuthLevel', level),
      leaf('AAuthType', known.type),
      ...(known.name === undefined ? [] : [leaf('AAuthName', known.name)]),
      ...(known.secret === undefined ? [] : [leaf('AAuthSecret', known.secret)]),
      ...(known.nonce === undefined ? [] : [{ name: 'AAuthData', value: nonceValue(known.nonce) }]),
    ]),
  ];
}

/** Octets as Base64 text: all clients read it so, in either form of a message. */
function nonceValue(base64: string): Value {
  return { format: 'b64', mime: 'application/octet-stream', data: base64 };
}

function interior(name: string, children: readonly Tree[]): Tree {
  return { name, children };
}

function leaf(name: string, data: string): Tree {
  return { name, value: { format: 'chr', mime: 'text/plain', data } };
}

/** The message for a device. Session and MsgID of it are of no importance. */
export function dmMessage(account: BootstrapAccount, deviceId: string, layout: AccountLayout, name: string): Message {
  const { namespace, verDtd, verProto } = VERSIONS[layout];
  return {
    namespace,
    header: {
      verDtd,
      verProto,
      sessionId: '1',
      msgId: '1',
      target: { locUri: deviceId },
      source: { locUri: account.serverId },
    },
    body: layout === 'DM_1_1_2' ? nodeByNode(account, name) : [toInbox(account, layout, name)],
    final: true,
  };
}

function toInbox(account: BootstrapAccount, layout: 'DM_1_2' | 'DM_1_3', name: string): BodyCommand {
  const { serverId } = account;
  const acl = `Delete=${serverId}&Get=${serverId}&Replace=${serverId}`;
  const element = encodeTnds({ nodes: [{ tree: accountTree(account, { name, layout, acl }) }] });
  return {
    kind: 'Add',
    cmdId: '1',
    items: [
      { target: { locUri: './Inbox' }, meta: { format: 'xml', type: TNDS_WBXML }, data: { kind: 'element', element } },
    ],
  };
}

/** The account of DM 1.1.2 below ./SyncML/DMAcc. */
function nodeByNode(account: BootstrapAccount, name: string): BodyCommand[] {
  const { client, server } = account;
  const conRef = account.toProxy ?? account.toNapId;
  const leaves: readonly (readonly [name: string, format: string, value: string | undefined])[] = [
    ['Addr', 'chr', account.url],
    ['AddrType', 'int', String(HTTP)],
    ['PortNbr', 'int', account.port],
    ['ConRef', 'chr', conRef],
    ['ServerId', 'chr', account.serverId],
    ['ServerPW', 'chr', server?.secret],
    ['ServerNonce', 'b64', server?.nonce],
    ['UserName', 'chr', client?.name],
    ['ClientPW', 'chr', client?.secret],
    ['ClientNonce', 'b64', client?.nonce],
    ['AuthPref', 'chr', AUTH_TYPES[client?.type ?? '']],
    ['Name', 'chr', account.name],
  ];
  const root = `./SyncML/DMAcc/${name}`;
  const add = (locUri: string, format: string, text: string): Item => ({
    target: { locUri },
    meta: { format },
    data: { kind: 'text', text },
  });
  const items = [
    add(root, 'node', ''),
    ...leaves.flatMap(([leafName, format, value]) =>
      value === undefined ? [] : [add(`${root}/${leafName}`, format, value)],
    ),
  ];
  return items.map((item, index) => ({ kind: 'Add', cmdId: String(index + 1), items: [item] }));
}

/** A node's name made of the server identifier; the device may rename it. */
export function nodeNameOf(serverId: string): string {
  return serverId.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, LONGEST_NODE_NAME) || 'server';
}

/** The message as octets with its MAC, and as a push. */
export function dmBootstrap(
  account: BootstrapAccount,
  { device }: DocumentContext,
  request: BootstrapRequest,
): { readonly ok: true; readonly document: PushDocument } | NoDocument {
  const { form, security, connectivity, init, extras } = request;
  if (form === 'XML') return no('form', 'the DM profile is WBXML');
  if (connectivity?.apn !== undefined) return no('apn', 'an access point comes along in the CP profile alone');
  if (init !== undefined || (extras !== undefined && extras.length > 0))
    return no(init === undefined ? 'extras' : 'init', 'belongs to the CP profile');
  const layout = device.protocol === 'DM_1_1_2' || device.protocol === 'DM_1_3' ? device.protocol : 'DM_1_2';
  const message = dmMessage(account, device.deviceId, layout, nodeNameOf(account.serverId));
  const octets = encodeMessage(message, { form: 'wbxml' });
  if (security === undefined) return { ok: true, document: pushed(octets) };
  if (!DM_METHODS.includes(security.method))
    return no('security.method', `the DM profile has ${DM_METHODS.join(', ')}`);
  const made = keyOf(security.method, security);
  if (!made.ok) return no(`security.${made.field}`, made.message);
  return { ok: true, document: pushed(octets, { SEC: security.method, MAC: macOf(made.key, octets) }) };
}

/** Content type and parameters go into the push as text: their tokens are those of another profile. */
function pushed(octets: Uint8Array, parameters: Readonly<Record<string, string>> = {}): PushDocument {
  const entries = Object.entries(parameters);
  const type = wspText(DM_WBXML_TYPE);
  const texts = entries.flatMap((entry) => entry.map(wspText));
  const wsp = wspPush(entries.length === 0 ? type : withLength(Buffer.concat([type, ...texts])), octets);
  const told = entries.map(([name, value]) => `; ${name}=${value}`).join('');
  return { octets, mediaType: `${DM_WBXML_TYPE}${told}`, wsp, sms: smsUserData(wsp) };
}
