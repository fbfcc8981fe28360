/** What a DM 2.0 device makes of a bootstrap document: its account. Source: dm2 13, 14.2. */
import type { DmFormat, Tree } from '../../../adapters/adapter';
import { decodeMoJson } from '../../../adapters/dm2/mo-json';
import { MEDIA_TYPES } from '../../../adapters/dm2/package';
import { parseMediaType } from '../../../adapters/http/media-type';
import type { Dm2DeviceOptions } from './options';

export interface MoAccount {
  readonly serverId: string;
  readonly url: string;
  readonly name: string;
  /** MOIDs, or `*`. */
  readonly perm: readonly string[];
  /** `Auth/Noti`. */
  readonly notification?: { readonly secret: Uint8Array; readonly data: Uint8Array };
  /** `Auth/Trsp`. */
  readonly transport?: { readonly data: Uint8Array; readonly secret: Uint8Array };
  /** `Auth/Bootstrap`. */
  readonly bootstrapServer?: { readonly url: string; readonly mode: Uint8Array };
}

export type MoBootstrapError =
  /** The media type is of no bootstrap document. */
  | 'BOOTSTRAP_TYPE'
  /** It cannot be read. */
  | 'BOOTSTRAP_DOCUMENT'
  /** It has no account, or one that lacks what is required. */
  | 'BOOTSTRAP_ACCOUNT';

export type MoBootstrapReading =
  | { readonly ok: true; readonly account: MoAccount }
  | { readonly ok: false; readonly code: MoBootstrapError; readonly message: string };

const DM_ACCOUNT = /^(?:urn:)?oma:mo:oma-dm-dmacc:|^urn:oma:mo:oma-dm-dmacc:/;
/** Leaves that are octets; all others are text, and interior nodes are told by their form. */
const OCTETS: ReadonlySet<string> = new Set([
  'Auth/Bootstrap/SecMode',
  'Auth/Bootstrap/ClientPubKey',
  'Auth/Bootstrap/ServerPubKey',
  'Auth/Bootstrap/ClientSecretKey',
  'Auth/Noti/Data',
  'Auth/Noti/Secret',
  'Auth/Trsp/Data',
  'Auth/Trsp/Secret',
]);

/** Reads the DM account of a document; other MOs that it brings are passed over. */
export function readMoBootstrap(octets: Uint8Array, mediaType: string): MoBootstrapReading {
  if (parseMediaType(mediaType).type !== MEDIA_TYPES.moJson)
    return failure('BOOTSTRAP_TYPE', `${mediaType} is the type of no bootstrap document of DM 2.0`);
  const look = (_moid: string, path: string): { readonly format: DmFormat } | undefined =>
    OCTETS.has(path) ? { format: 'bin' } : undefined;
  const read = decodeMoJson(octets, { look });
  if (!read.ok) return failure('BOOTSTRAP_DOCUMENT', read.message);
  const entry = read.value.find(({ at }) => DM_ACCOUNT.test(at.moid) && at.path.length === 0);
  if (entry === undefined) return failure('BOOTSTRAP_ACCOUNT', 'there is no DM account');
  if (entry.bad.length > 0) return failure('BOOTSTRAP_DOCUMENT', `${entry.bad.join(', ')} cannot be read`);
  return accountOf(entry.tree);
}

function accountOf(root: Tree): MoBootstrapReading {
  const [serverId, url, name] = ['SrvID', 'SrvURI', 'Name'].map((leaf) => textAt(root, leaf));
  const perm = (at(root, ['Perm'])?.children ?? []).flatMap((one) => textAt(one, 'MOID') ?? []);
  if (!serverId || !url || name === undefined || !/^https?:/.test(url) || perm.length === 0)
    return failure('BOOTSTRAP_ACCOUNT', 'the account lacks SrvID, SrvURI, Name or Perm');
  const notification = pair(at(root, ['Auth', 'Noti']));
  const transport = pair(at(root, ['Auth', 'Trsp']));
  const bootstrap = at(root, ['Auth', 'Bootstrap']);
  const mode = bootstrap && octetsAt(bootstrap, 'SecMode');
  return {
    ok: true,
    account: {
      serverId,
      url,
      name,
      perm,
      ...(notification && { notification }),
      ...(transport && { transport }),
      ...(bootstrap && mode ? { bootstrapServer: { url: textAt(bootstrap, 'ServerURI') ?? '', mode } } : {}),
    },
  };
}

function pair(node: Tree | undefined): { readonly secret: Uint8Array; readonly data: Uint8Array } | undefined {
  const data = node && octetsAt(node, 'Data');
  const secret = node && octetsAt(node, 'Secret');
  return data === undefined || secret === undefined ? undefined : { secret, data };
}

function at(tree: Tree, path: readonly string[]): Tree | undefined {
  return path.reduce<Tree | undefined>((node, name) => node?.children?.find((child) => child.name === name), tree);
}

function textAt(tree: Tree, name: string): string | undefined {
  const data = at(tree, [name])?.value?.data;
  return typeof data === 'string' ? data : undefined;
}

function octetsAt(tree: Tree, name: string): Uint8Array | undefined {
  const data = at(tree, [name])?.value?.data;
  return data instanceof Uint8Array ? data : undefined;
}

function failure(code: MoBootstrapError, message: string): MoBootstrapReading {
  return { ok: false, code, message };
}

/** How a device of that account is made; the transport's credentials are taken for those of HTTP. */
export function optionsOfMoAccount(account: MoAccount): Omit<Dm2DeviceOptions, 'deviceId'> {
  const { serverId, url, perm, notification, transport } = account;
  return {
    url,
    serverId,
    perm,
    bootstrapped: true,
    ...(notification && { notification }),
    ...(transport && {
      user: Buffer.from(transport.data).toString('utf8'),
      secret: Buffer.from(transport.secret).toString('utf8'),
    }),
  };
}
