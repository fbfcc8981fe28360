/**
 * The bootstrap document: a DM Account MO as MO data, the same for every way by which it reaches the device.
 * Source: OMA-TS-DM_Protocol-V2_0, 8, 9.3 and appendix G; dm2 sections 13 and 14.2.
 */
import type {
  BootstrapRequest,
  CredentialKnowledge,
  DocumentContext,
  NoDocument,
  PushDocument,
  Tree,
} from '../adapter';
import { SMS_OCTETS_MOST, smsUserData, wspPush, wspText } from '../wap/push';
import { encodeMoJson } from './mo-json';
import { MEDIA_TYPES } from './package';

export const DM_ACCOUNT = 'urn:oma:mo:oma-dm-dmacc:1.2';
/** `Auth/Bootstrap/SecMode`: the specification gives no encoding, this is ours. */
export const SEC_MODES = { PSK: 0, X509: 1 } as const;

const MOST_MOIDS = 1024;
const LONGEST_MOID = 256;
const LONGEST_TEXT = 1024;
const LONGEST_URL = 2048;
const LONGEST_KEY = 16_384;
/** At least this long a PSK identity is taken by clients, octets. */
const LONGEST_IDENTITY = 128;

/** Of the account that the context has. `field` of a refusal is a member of the request, or a credential of the device. */
export function moBootstrap(
  { account }: DocumentContext,
  request: BootstrapRequest,
): { readonly ok: true; readonly document: PushDocument } | NoDocument {
  const objection = objectionTo(request);
  if (objection !== undefined) return objection;
  const transport = transportOf(account.clientAuth, request);
  if (!transport.ok) return transport;

  const { serverId, serverAuth } = account;
  const { bootstrapServer, url, name = serverId, moids = [] } = request;
  const auth = [
    ...(bootstrapServer === undefined ? [] : [bootstrapKeys(bootstrapServer)]),
    ...(serverAuth.type === 'NONE' || serverAuth.secret === '' ? [] : [notificationKeys(serverAuth)]),
    ...transport.nodes,
  ];
  const tree = node(labelOf(serverId), [
    text('SrvID', serverId),
    text('SrvURI', url),
    text('Name', name),
    node(
      'Perm',
      moids.map((moid, index) => node(String(index + 1), [text('MOID', moid)])),
    ),
    ...(auth.length === 0 ? [] : [node('Auth', auth)]),
  ]);
  const made = encodeMoJson([{ at: { moid: DM_ACCOUNT, path: [] }, tree }]);
  if (!made.ok) return no('request', made.message);
  return { ok: true, document: pushed(made.value) };
}

function objectionTo({ url, name, moids = [], ...request }: BootstrapRequest): NoDocument | undefined {
  if (request.security !== undefined)
    return no('security', 'is of DM 1.x: this document has no MAC, its way must be safe');
  for (const field of ['connectivity', 'init', 'extras'] as const)
    if (request[field] !== undefined) return no(field, 'is of DM 1.x');
  if (!/^https?:/.test(url) || url.length > LONGEST_URL) return no('url', 'is no address of a server');
  if (name !== undefined && (name === '' || name.length > LONGEST_TEXT || /\p{C}/u.test(name)))
    return no('name', `must have 1 to ${LONGEST_TEXT} printable characters`);
  if (moids.length === 0 || moids.length > MOST_MOIDS || new Set(moids).size < moids.length)
    return no('moids', `must be 1 to ${MOST_MOIDS} different ones`);
  const wrong = moids.find((moid) => moid !== '*' && !/^[\x21-\x7e]{1,}$/.test(moid));
  if (wrong !== undefined || moids.some((moid) => moid.length > LONGEST_MOID))
    return no('moids', `a MOID has 1 to ${LONGEST_MOID} printable characters without blanks`);
  if (moids.includes('*') && moids.length > 1) return no('moids', '* is all of them');
  return undefined;
}

type BootstrapServer = NonNullable<BootstrapRequest['bootstrapServer']>;

function bootstrapKeys({ url, mode, clientPublic, serverPublic, clientSecret }: BootstrapServer): Tree {
  return node('Bootstrap', [
    text('ServerURI', url),
    octets('SecMode', Uint8Array.of(SEC_MODES[mode])),
    octets('ClientPubKey', clientPublic),
    octets('ServerPubKey', serverPublic),
    octets('ClientSecretKey', clientSecret),
  ]);
}

/** What Package#0 is signed with; type 0 is SHA-256. */
function notificationKeys({ secret, nonce }: CredentialKnowledge): Tree {
  return node('Noti', [
    { name: 'Type', value: { format: 'int', data: 0 } },
    octets('Data', nonce),
    octets('Secret', Buffer.from(secret, 'utf8')),
  ]);
}

/**
 * `Auth/Trsp`: user name and password of HTTP, identity and key of a PSK, or what the caller gives, such as a certificate
 * and its private key. The gateway has no private keys of devices.
 */
function transportOf(
  { type, username, secret }: CredentialKnowledge,
  { transport, bootstrapServer }: BootstrapRequest,
): { readonly ok: true; readonly nodes: readonly Tree[] } | NoDocument {
  const given = [
    ...(transport === undefined ? [] : [transport.data, transport.secret]),
    ...(bootstrapServer === undefined
      ? []
      : [bootstrapServer.clientPublic, bootstrapServer.serverPublic, bootstrapServer.clientSecret]),
  ];
  if (given.some(({ length }) => length === 0 || length > LONGEST_KEY))
    return no(transport === undefined ? 'bootstrapServer' : 'transport', `1 to ${LONGEST_KEY} octets each`);
  if (bootstrapServer !== undefined && !/^https:/.test(bootstrapServer.url))
    return no('bootstrapServer.url', 'must be an address that begins with https:');
  if (transport !== undefined) return { ok: true, nodes: [transportKeys(transport.data, transport.secret)] };
  switch (type) {
    case 'NONE':
    case 'X509':
      return { ok: true, nodes: [] };
    case 'PSK': {
      const identity = Buffer.from(username, 'utf8');
      if (identity.length > LONGEST_IDENTITY)
        return no('clientAuth', `its identity has ${identity.length} octets, clients take ${LONGEST_IDENTITY}`);
      return { ok: true, nodes: [transportKeys(identity, Buffer.from(secret, 'hex'))] };
    }
    default:
      return { ok: true, nodes: [transportKeys(Buffer.from(username, 'utf8'), Buffer.from(secret, 'utf8'))] };
  }
}

function transportKeys(data: Uint8Array, secret: Uint8Array): Tree {
  return node('Trsp', [octets('Data', data), octets('Secret', secret)]);
}

function node(name: string, children: readonly Tree[]): Tree {
  return { name, children };
}

function text(name: string, data: string): Tree {
  return { name, value: { format: 'chr', data } };
}

function octets(name: string, data: Uint8Array): Tree {
  return { name, value: { format: 'bin', data } };
}

/** Name of the root; the device may take another. */
function labelOf(serverId: string): string {
  return serverId.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 32) || 'server';
}

/** A push for whoever has a safe bearer; the specification names no transport. */
function pushed(document: Uint8Array): PushDocument {
  const wsp = wspPush(wspText(MEDIA_TYPES.moJson), document);
  const sms = wsp.length > SMS_OCTETS_MOST ? [] : smsUserData(wsp);
  return { octets: document, mediaType: MEDIA_TYPES.moJson, wsp, sms };
}

function no(field: string, message: string): NoDocument {
  return { ok: false, field, message };
}
