/**
 * What a device makes of a bootstrap document: its account. Both profiles, in every form. Source: dm1 17; OMA-WAP-ProvBoot.
 */
import type { SharedSecret, Tree } from '../../../adapters/adapter';
import { AUTH_BASIC, AUTH_MAC } from '../../../adapters/dm1/credential';
import { keyOf, macOf, typedPin, CP_METHODS, DM_METHODS } from '../../../adapters/dm1/bootstrap-security';
import {
  decodeMessage,
  decodeProvisioning,
  decodeProvisioningXml,
  decodeTnds,
  type ProvisioningElement,
} from '../../../adapters/dm1/codec';
import type { Item } from '../../../adapters/dm1/message';
import type { Dm1Auth, Dm1DeviceOptions } from './options';

/** One side's credential as the document tells it. */
export interface AccountCredential {
  /** AAuthType. */
  readonly type: string;
  readonly name?: string;
  readonly secret?: string;
  /** AAuthData as octets. */
  readonly nonce?: Uint8Array;
}

/** A DMAcc. */
export interface BootstrapAccount {
  readonly serverId: string;
  readonly name?: string;
  readonly url: string;
  readonly port?: string;
  readonly conRef?: string;
  /** Layout of the account: that of DM 1.1.2 lies below ./SyncML. */
  readonly layout: '1.1' | '1.2';
  /** Parameters of the application besides, by name (CP). */
  readonly extras: Readonly<Record<string, string>>;
  readonly client?: AccountCredential;
  readonly server?: AccountCredential;
}

export type BootstrapErrorCode =
  /** The media type is of no bootstrap document. */
  | 'BOOTSTRAP_TYPE'
  /** It cannot be read. */
  | 'BOOTSTRAP_DOCUMENT'
  /** Its MAC is not what the device's secrets make of it, or there are no such secrets. */
  | 'BOOTSTRAP_MAC'
  /** It has no account, or one that is not whole. */
  | 'BOOTSTRAP_ACCOUNT';

export type BootstrapReading =
  | { readonly ok: true; readonly account: BootstrapAccount }
  | { readonly ok: false; readonly code: BootstrapErrorCode; readonly message: string };

/** What device and user know. `typed`: what the user types for USERPINMAC, PIN and check digits. */
export type DeviceSecrets = SharedSecret & { readonly typed?: string };

const CP_XML = 'text/vnd.wap.connectivity-xml';
const CP_WBXML = 'application/vnd.wap.connectivity-wbxml';
const DM_WBXML = 'application/vnd.syncml.dm+wbxml';

/**
 * Reads a document as it came with its media type. Without one (a file) it is told by its first octets. A document that
 * names a method of security is believed only if its MAC fits.
 */
export function readBootstrap(
  octets: Uint8Array,
  mediaType: string | undefined,
  secrets: DeviceSecrets = {},
): BootstrapReading {
  const [type = '', ...parameters] = (mediaType ?? typeOf(octets)).split(';').map((part) => part.trim());
  const told = new Map(
    parameters.map((text): [string, string] => {
      const at = text.indexOf('=');
      return [text.slice(0, at).toUpperCase(), text.slice(at + 1).replace(/^"|"$/g, '')];
    }),
  );
  const form = type.toLowerCase();
  if (form !== CP_XML && form !== CP_WBXML && form !== DM_WBXML)
    return failure('BOOTSTRAP_TYPE', `${type} is the type of no bootstrap document`);
  const objection = judgeMac(octets, form === DM_WBXML, told, secrets);
  if (objection !== undefined) return failure('BOOTSTRAP_MAC', objection);
  if (form === DM_WBXML) return readDm(octets);
  const read = form === CP_XML ? decodeProvisioningXml(octets) : decodeProvisioning(octets);
  return read.ok ? readCp(read.value) : failure('BOOTSTRAP_DOCUMENT', read.message);
}

/** WBXML of a provisioning document has the public id 0B; XML begins with a mark or a blank. */
function typeOf(octets: Uint8Array): string {
  const [first = 0, second] = octets;
  if (first > 0x08) return CP_XML;
  return second === 0x0b ? CP_WBXML : DM_WBXML;
}

/** Undefined: the document may be believed. */
function judgeMac(
  octets: Uint8Array,
  isDm: boolean,
  told: ReadonlyMap<string, string>,
  secrets: DeviceSecrets,
): string | undefined {
  const sec = told.get('SEC');
  if (sec === undefined) return told.has('MAC') ? 'there is a MAC of no method' : undefined;
  const method = isDm ? DM_METHODS.find((name) => name === sec) : CP_METHODS[/^[0-3]$/.test(sec) ? Number(sec) : -1];
  if (method === undefined) return `SEC=${sec} is no method`;
  if (method === 'USERPINMAC') {
    const { typed = '' } = secrets;
    const pin = typed.slice(0, typed.length / 2);
    return pin !== '' && typedPin(pin, octets) === typed ? undefined : 'the check digits are wrong';
  }
  const made = keyOf(method, secrets);
  if (!made.ok) return `${method}: ${made.field} ${made.message}`;
  return macOf(made.key, octets) === told.get('MAC') ? undefined : 'the MAC does not fit';
}

function readCp(root: ProvisioningElement): BootstrapReading {
  const applications = childrenOf(root, 'APPLICATION');
  const application = applications.find((one) => parmsOf(one)['APPID'] === 'w7');
  if (application === undefined) return failure('BOOTSTRAP_ACCOUNT', 'there is no application w7');
  const parms = parmsOf(application);
  const {
    APPID: _w7,
    'PROVIDER-ID': serverId,
    NAME: name,
    'TO-PROXY': toProxy,
    'TO-NAPID': toNapId,
    ...extras
  } = parms;
  const [address] = childrenOf(application, 'APPADDR');
  const [port] = address === undefined ? [] : childrenOf(address, 'PORT');
  const credentials = childrenOf(application, 'APPAUTH').map(parmsOf);
  const of = (level: string): AccountCredential | undefined => {
    const found = credentials.find((one) => one['AAUTHLEVEL'] === level);
    return found && credentialOf(found['AAUTHTYPE'], found['AAUTHNAME'], found['AAUTHSECRET'], found['AAUTHDATA']);
  };
  return accountOf({
    serverId,
    name,
    url: address && parmsOf(address)['ADDR'],
    port: port && parmsOf(port)['PORTNBR'],
    conRef: toProxy ?? toNapId,
    layout: '1.2',
    extras,
    client: of('APPSRV'),
    server: of('CLIENT'),
  });
}

function childrenOf(element: ProvisioningElement, type: string): readonly ProvisioningElement[] {
  return element.children.filter((child) => child.name === 'characteristic' && child.attributes['type'] === type);
}

function parmsOf(element: ProvisioningElement): Readonly<Record<string, string>> {
  const parms = element.children.filter((child) => child.name === 'parm');
  return Object.fromEntries(parms.map(({ attributes }) => [attributes['name'] ?? '', attributes['value'] ?? '']));
}

function readDm(octets: Uint8Array): BootstrapReading {
  const read = decodeMessage(octets, DM_WBXML);
  if (!read.ok) return failure('BOOTSTRAP_DOCUMENT', read.message);
  const adds = read.value.message.body.flatMap((command) => (command.kind === 'Add' ? command.items : []));
  const inbox = adds.find(({ target }) => target?.locUri === './Inbox');
  if (inbox === undefined) return readNodes(adds);
  const tnds = inbox.data && decodeTnds(inbox.data);
  if (!tnds?.ok) return failure('BOOTSTRAP_DOCUMENT', tnds?.message ?? 'the Inbox was sent nothing');
  const root = tnds.value.nodes.find(({ tree }) => tree.moid?.startsWith('urn:oma:mo:oma-dm-dmacc:'))?.tree;
  if (root === undefined) return failure('BOOTSTRAP_ACCOUNT', 'the Inbox was sent no DMAcc');
  const [address] = find(root, 'AppAddr')?.children ?? [];
  const [port] = (address && find(address, 'Port')?.children) ?? [];
  const of = (level: string): AccountCredential | undefined => {
    const found = find(root, 'AppAuth')?.children?.find((one) => textOf(one, 'AAuthLevel') === level);
    const part = (name: string): string | undefined => found && textOf(found, name);
    return found && credentialOf(part('AAuthType'), part('AAuthName'), part('AAuthSecret'), part('AAuthData'));
  };
  return accountOf({
    serverId: textOf(root, 'ServerID'),
    name: textOf(root, 'Name'),
    url: address && textOf(address, 'Addr'),
    port: port && textOf(port, 'PortNbr'),
    conRef: textOf(root, 'PrefConRef'),
    layout: '1.2',
    extras: {},
    client: of('CLCRED'),
    server: of('SRVCRED'),
  });
}

/** AAuthType by AuthPref, in which DM 1.1.2 tells it. */
const TYPES_11: Readonly<Record<string, string>> = { [AUTH_BASIC]: 'BASIC', [AUTH_MAC]: 'HMAC' };

/** DM 1.1.2: an account of single nodes. */
function readNodes(adds: readonly Item[]): BootstrapReading {
  const values = new Map(
    adds.flatMap(({ target, data }): [string, string][] => {
      const name = /^\.\/SyncML\/DMAcc\/[^/]+\/([^/]+)$/.exec(target?.locUri ?? '')?.[1];
      return name === undefined || data?.kind !== 'text' ? [] : [[name, data.text]];
    }),
  );
  if (values.size === 0) return failure('BOOTSTRAP_ACCOUNT', 'it adds no account');
  const type = TYPES_11[values.get('AuthPref') ?? ''] ?? 'DIGEST';
  const part = (name: string): string | undefined => values.get(name);
  return accountOf({
    serverId: part('ServerId'),
    name: part('Name'),
    url: part('Addr'),
    port: part('PortNbr'),
    conRef: part('ConRef'),
    layout: '1.1',
    extras: {},
    client: credentialOf(type, part('UserName'), part('ClientPW'), part('ClientNonce')),
    server: credentialOf('DIGEST', part('ServerId'), part('ServerPW'), part('ServerNonce')),
  });
}

function find(tree: Tree, name: string): Tree | undefined {
  return tree.children?.find((child) => child.name === name);
}

function textOf(tree: Tree, name: string): string | undefined {
  const data = find(tree, name)?.value?.data;
  return typeof data === 'string' ? data : undefined;
}

function credentialOf(type?: string, name?: string, secret?: string, nonce?: string): AccountCredential | undefined {
  if (type === undefined || (type !== 'X509' && secret === undefined)) return undefined;
  return {
    type,
    ...(name === undefined ? {} : { name }),
    ...(secret === undefined ? {} : { secret }),
    ...(nonce === undefined ? {} : { nonce: new Uint8Array(Buffer.from(nonce, 'base64')) }),
  };
}

/** The account without what was not told. */
function accountOf(
  told: { readonly [M in keyof Omit<BootstrapAccount, 'layout' | 'extras'>]: BootstrapAccount[M] | undefined } & Pick<
    BootstrapAccount,
    'layout' | 'extras'
  >,
): BootstrapReading {
  const { serverId, url } = told;
  if (!serverId) return failure('BOOTSTRAP_ACCOUNT', 'the account names no server');
  if (url === undefined || !URL.canParse(url)) return failure('BOOTSTRAP_ACCOUNT', 'the account has no address');
  const given = Object.entries(told).filter(([, value]) => value !== undefined);
  return { ok: true, account: { ...(Object.fromEntries(given) as typeof told), serverId, url } as BootstrapAccount };
}

function failure(code: BootstrapErrorCode, message: string): BootstrapReading {
  return { ok: false, code, message };
}

/** How a device of that account is made; undefined where it must prove itself in a way that no simulated device knows. */
export function optionsOfAccount(account: BootstrapAccount): Omit<Dm1DeviceOptions, 'deviceId'> | undefined {
  const { client, server } = account;
  const auths: Readonly<Record<string, Dm1Auth>> = { BASIC: 'basic', DIGEST: 'md5', HMAC: 'hmac' };
  const auth = client === undefined ? 'none' : auths[client.type];
  if (auth === undefined) return undefined;
  return {
    url: account.url,
    auth,
    serverUser: account.serverId,
    nonces: {
      ...(client?.nonce === undefined ? {} : { client: client.nonce }),
      ...(server?.nonce === undefined ? {} : { server: server.nonce }),
    },
    ...(account.layout === '1.1' ? { version: '1.1' } : {}),
    ...(client?.name === undefined ? {} : { user: client.name }),
    ...(client?.secret === undefined ? {} : { secret: client.secret }),
    ...(server?.secret === undefined ? {} : { serverSecret: server.secret }),
    ...(server?.type === 'HMAC' ? { serverAuth: 'hmac' } : {}),
  };
}
