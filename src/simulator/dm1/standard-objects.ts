/** The standard objects of a DM 1.x device, by the version that it speaks. Source: dm1 15; mo-catalog. */
import { addedAccount } from '../accounts';
import { folder, leaf, type NodeDefinition, type Verb } from '../definition';
import type { DeviceIdentity } from '../identity';

export type Dm1Version = '1.1' | '1.2' | '1.3';

/** MO identifiers by version; 1.1.2 had none for DevInfo and DevDetail. */
export const DM1_MOID = {
  devInfo: { '1.1': undefined, '1.2': 'urn:oma:mo:oma-dm-devinfo:1.0', '1.3': 'urn:oma:mo:oma-dm-devinfo:1.0' },
  devDetail: { '1.1': undefined, '1.2': 'urn:oma:mo:oma-dm-devdetail:1.0', '1.3': 'urn:oma:mo:oma-dm-devdetail:1.1' },
  dmAcc: {
    '1.1': 'org.openmobilealliance/1.0/w7',
    '1.2': 'urn:oma:mo:oma-dm-dmacc:1.0',
    '1.3': 'urn:oma:mo:oma-dm-dmacc:1.1',
  },
  inbox: 'urn:oma:mo:oma-dm-inbox:1.0',
} as const;

export interface StandardObjectsOptions {
  readonly version: Dm1Version;
  readonly serverUrl: string;
  readonly serverId: string;
  /** Place of the accounts; default that of the version. */
  readonly accountPlace?: string;
  readonly devInfoValues?: Readonly<Record<string, string>>;
  /** DevDetail/LrgObj; default true. */
  readonly largeObjects?: boolean;
}

const NONE: readonly Verb[] = [];

/** DevInfo, DevDetail, the account of one server, and on DM 1.3 the Inbox. */
export function standardObjects(device: DeviceIdentity, options: StandardObjectsOptions): readonly NodeDefinition[] {
  const { version } = options;
  const place = options.accountPlace ?? (version === '1.1' ? './SyncML/DMAcc' : './DMAcc');
  const names = place.replace(/^\.\//, '').split('/');
  const account = version === '1.1' ? account11(device, options) : account12(device, options);
  // On DM 1.2 and later a server may add accounts beside its own.
  const own = version === '1.1' ? [account] : [account, addedAccount(DM1_MOID.dmAcc[version])];
  const accounts = names.reduceRight<readonly NodeDefinition[]>((below, name) => [folder(name, below)], own);
  const inbox = version === '1.3' ? [folder('Inbox', [], { moid: DM1_MOID.inbox, access: ['Add'] })] : [];
  return [devInfo(device, options), devDetail(device, options), ...accounts, ...inbox];
}

function named(moid: string | undefined): Partial<NodeDefinition> {
  return moid === undefined ? {} : { moid };
}

function devInfo(device: DeviceIdentity, { version, devInfoValues }: StandardObjectsOptions): NodeDefinition {
  const values = {
    DevId: device.deviceId,
    Man: 'Acme',
    Mod: 'Widget 9',
    DmV: version,
    Lang: 'en-GB',
    ...devInfoValues,
  };
  const leaves = Object.entries(values).map(([name, value]) => leaf(name, 'chr', value));
  return folder('DevInfo', leaves, named(DM1_MOID.devInfo[version]));
}

/** A DM 2.0 device has that of 1.2. */
export function devDetail(
  device: DeviceIdentity,
  { version, largeObjects }: Pick<StandardObjectsOptions, 'version' | 'largeObjects'>,
): NodeDefinition {
  const offers = ['UserInput', 'Display', 'Confirm', 'Choice', 'ProgressNotify'];
  const added =
    version === '1.3'
      ? [
          leaf('Roaming', 'int', '0'),
          leaf('CBT', 'int', '4'),
          folder(
            'UserInteraction',
            offers.map((name) => leaf(name, 'bool', 'true')),
          ),
        ]
      : [];
  return folder(
    'DevDetail',
    [
      folder('URI', [leaf('MaxDepth', 'chr', '24'), leaf('MaxTotLen', 'chr', '1024'), leaf('MaxSegLen', 'chr', '128')]),
      leaf('DevTyp', 'chr', 'meter'),
      leaf('OEM', 'chr', 'Acme'),
      leaf('FwV', 'chr', device.firmware),
      leaf('SwV', 'chr', device.software),
      leaf('HwV', 'chr', device.hardware),
      leaf('LrgObj', 'bool', String(largeObjects ?? true)),
      ...added,
    ],
    named(DM1_MOID.devDetail[version]),
  );
}

/** DM 1.2 and 1.3; in 1.3 a credential has the name of its level, AAuthData is there, and NoAutoInitialSession. */
function account12(device: DeviceIdentity, options: StandardObjectsOptions): NodeDefinition {
  const { version, serverId, serverUrl } = options;
  const credential = (level: string): NodeDefinition =>
    folder(level, [
      leaf('AAuthLevel', 'chr', level),
      leaf('AAuthType', 'chr', 'DIGEST'),
      leaf('AAuthName', 'chr', level === 'SRVCRED' ? serverId : device.deviceId),
      leaf('AAuthSecret', 'chr', '', { access: NONE }),
      leaf('AAuthData', 'bin', new Uint8Array(), { access: NONE }),
    ]);
  const port = folder('Port', [folder('port1', [leaf('PortNbr', 'chr', portOf(serverUrl))])]);
  return folder(
    'acc1',
    [
      leaf('AppID', 'chr', 'w7'),
      leaf('ServerID', 'chr', serverId),
      leaf('Name', 'chr', 'Device care'),
      folder('AppAddr', [
        folder('addr1', [
          leaf('Addr', 'chr', serverUrl),
          leaf('AddrType', 'chr', 'URI'),
          ...(version === '1.3' ? [port] : []),
        ]),
      ]),
      leaf('AAuthPref', 'chr', 'DIGEST'),
      folder('AppAuth', [credential('CLCRED'), credential('SRVCRED')]),
      ...(version === '1.3' ? [leaf('NoAutoInitialSession', 'bool', 'false')] : []),
    ],
    { moid: DM1_MOID.dmAcc[version] },
  );
}

/** DM 1.1.2, below `./SyncML/DMAcc`. */
function account11(device: DeviceIdentity, { serverId, serverUrl }: StandardObjectsOptions): NodeDefinition {
  const hidden = (name: string, format: 'chr' | 'bin'): NodeDefinition =>
    leaf(name, format, format === 'bin' ? new Uint8Array() : '', { access: NONE });
  return folder(
    'acc1',
    [
      leaf('Addr', 'chr', serverUrl),
      leaf('AddrType', 'int', '1'),
      leaf('PortNbr', 'int', portOf(serverUrl)),
      leaf('ConRef', 'chr', './SyncML/Con/1'),
      leaf('ServerId', 'chr', serverId),
      hidden('ServerPW', 'chr'),
      hidden('ServerNonce', 'bin'),
      leaf('UserName', 'chr', device.deviceId),
      hidden('ClientPW', 'chr'),
      hidden('ClientNonce', 'bin'),
      leaf('AuthPref', 'chr', 'syncml:auth-md5'),
      leaf('Name', 'chr', 'Device care'),
    ],
    { moid: DM1_MOID.dmAcc['1.1'] },
  );
}

function portOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed?.port || (parsed?.protocol === 'http:' ? '80' : '443');
}
