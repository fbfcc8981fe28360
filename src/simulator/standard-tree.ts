/**
 * The content of a simulated device: the standard MOs and one of a vendor, the same for both protocols as far as they share MOs.
 * Source: mo-catalog (node tables); dm1 15, 18; dm2 14.
 */
import { command, folder, leaf, type NodeDefinition, type Verb } from './definition';
import { devDetail, standardObjects, type StandardObjectsOptions } from './dm1/standard-objects';
import { identityOf, type DeviceIdentity } from './identity';

export const MOID = {
  devInfo1: 'urn:oma:mo:oma-dm-devinfo:1.0',
  devInfo2: 'urn:oma:mo:oma-dm-devinfo:1.2',
  devDetail: 'urn:oma:mo:oma-dm-devdetail:1.0',
  dmAcc1: 'urn:oma:mo:oma-dm-dmacc:1.0',
  dmAcc2: 'urn:oma:mo:oma-dm-dmacc:1.2',
  fumo: 'urn:oma:mo:oma-fumo:1.0',
  scomo: 'urn:oma:mo:oma-scomo:1.0',
  sessionInfo: 'urn:oma:mo:oma-sessioninfomo:1.0',
  meter: 'urn:oma:mo:ext-acme-meter:1.0',
} as const;

/** An MO beyond the standard ones: its place (`./Vendor/Other/Thing`) and its root's definition. */
export interface Plant {
  readonly place: string;
  readonly root: NodeDefinition;
}

export interface StandardTreeOptions {
  readonly protocol: 'dm1' | 'dm2';
  readonly deviceId: string;
  /** Address and identifier of the server that the account names. */
  readonly serverUrl: string;
  readonly serverId: string;
  readonly plants?: readonly Plant[];
  /** What its protocol needs alone: no FUMO, no SCOMO, no vendor's meter. */
  readonly isBare?: boolean;
  /** DM 1.x: what differs by version and client. */
  readonly dm1?: Partial<Omit<StandardObjectsOptions, 'serverUrl' | 'serverId'>>;
}

const GET_REPLACE: readonly Verb[] = ['Get', 'Replace'];
const GET_EXEC: readonly Verb[] = ['Exec', 'Get'];
const DYNAMIC: readonly Verb[] = ['Add', 'Delete', 'Get', 'Replace'];
const WRITE_ONLY: readonly Verb[] = ['Replace'];
const FULL_ACL = 'Add=*&Delete=*&Exec=*&Get=*&Replace=*';
const NONE: readonly Verb[] = [];

export function standardTree(options: StandardTreeOptions): NodeDefinition {
  const identity = identityOf(options.deviceId);
  const own =
    options.protocol === 'dm1'
      ? standardObjects(identity, {
          version: '1.2',
          ...options.dm1,
          serverUrl: options.serverUrl,
          serverId: options.serverId,
        })
      : [
          devInfo2(identity),
          devDetail(identity, { version: '1.2' }),
          folder('DMAcc', [account2(options)]),
          sessionInfo(),
        ];
  const more =
    options.isBare === true ? [] : [fumo(identity), scomo(), folder('Vendor', [folder('Acme', [meter(identity)])])];
  const root = folder('.', [...own, ...more], { acl: 'Add=*&Get=*' });
  return (options.plants ?? []).reduce(plant, root);
}

/** Puts an MO's definition at its place, with interior nodes on the way. */
function plant(root: NodeDefinition, { place, root: mo }: Plant): NodeDefinition {
  const names = place.replace(/^\.\//, '').split('/').slice(0, -1);
  const name = place.split('/').at(-1) ?? mo.name;
  const insert = (node: NodeDefinition, rest: readonly string[]): NodeDefinition => {
    const [next, ...after] = rest;
    const children = node.children ?? [];
    if (next === undefined) {
      return {
        ...node,
        children: [
          ...children.filter((child) => child.name !== name),
          { ...mo, name, permanent: true, acl: mo.acl ?? FULL_ACL },
        ],
      };
    }
    const there = children.find((child) => child.name === next) ?? folder(next, []);
    return { ...node, children: [...children.filter((child) => child.name !== next), insert(there, after)] };
  };
  return insert(root, names);
}

function devInfo2(device: DeviceIdentity): NodeDefinition {
  return folder(
    'DevInfo',
    [
      leaf('DevID', 'chr', device.deviceId),
      leaf('Man', 'chr', 'Acme'),
      leaf('Mod', 'chr', 'Widget 9'),
      leaf('DmV', 'chr', '2.0'),
      leaf('Lang', 'chr', 'en-GB'),
      leaf('DevType', 'chr', 'meter'),
      leaf('OEM', 'chr', 'Acme'),
      leaf('FwV', 'chr', device.firmware),
      leaf('SwV', 'chr', device.software),
      leaf('HwV', 'chr', device.hardware),
    ],
    { moid: MOID.devInfo2, miid: 'di' },
  );
}

function account2(options: StandardTreeOptions): NodeDefinition {
  const hidden = (name: string, children: readonly NodeDefinition[]): NodeDefinition =>
    folder(name, children, { access: NONE });
  return folder(
    'acc1',
    [
      leaf('SrvID', 'chr', options.serverId),
      leaf('SrvURI', 'chr', options.serverUrl),
      leaf('Name', 'chr', 'Device care'),
      hidden('Perm', [hidden('all', [leaf('MOID', 'chr', '*', { access: NONE })])]),
    ],
    { moid: MOID.dmAcc2 },
  );
}

function sessionInfo(): NodeDefinition {
  return folder('SessionInfoMO', [leaf('CBT', 'int', '2'), leaf('ROAMING', 'int', '0')], {
    moid: MOID.sessionInfo,
    miid: 'si',
  });
}

function fumo(device: DeviceIdentity): NodeDefinition {
  const url = 'https://firmware.example/pump.bin';
  const next = `${Number(device.firmware.split('.')[0]) + 1}.0.0`;
  const fetch = (name: string): NodeDefinition =>
    folder(name, [leaf('PkgURL', 'chr', url, { access: GET_REPLACE })], { access: GET_EXEC });
  const instance: NodeDefinition = {
    name: '',
    format: 'node',
    access: ['Add', 'Delete', 'Get'],
    permanent: false,
    moid: MOID.fumo,
    present: [{ name: 'fw1' }],
    children: [
      leaf('PkgName', 'chr', 'pump'),
      leaf('PkgVersion', 'chr', next),
      fetch('Download'),
      folder('Update', [leaf('PkgData', 'bin', new Uint8Array(), { access: WRITE_ONLY })], { access: GET_EXEC }),
      fetch('DownloadAndUpdate'),
      leaf('State', 'int', '10'),
    ],
  };
  return folder('FUMO', [instance], { acl: FULL_ACL });
}

function scomo(): NodeDefinition {
  const text = (name: string, value: string, access: readonly Verb[] = ['Get']): NodeDefinition =>
    leaf(name, 'chr', value, { access });
  const operations = (...names: readonly string[]): NodeDefinition => folder('Operations', names.map(command));
  const several = (
    children: readonly NodeDefinition[],
    present: NodeDefinition['present'],
    access: readonly Verb[],
  ): NodeDefinition => ({
    name: '',
    format: 'node',
    access,
    permanent: false,
    children,
    ...(present === undefined ? {} : { present }),
  });
  const download = several(
    [
      text('PkgID', ''),
      text('Name', '', GET_REPLACE),
      text('PkgURL', '', GET_REPLACE),
      text('InstallParams', '', GET_REPLACE),
      text('Description', '', GET_REPLACE),
      leaf('Status', 'int', '10'),
      text('EnvType', 'native', GET_REPLACE),
      text('PkgType', 'application/octet-stream', GET_REPLACE),
      operations('Download', 'DownloadInstall', 'DownloadInstallInactive'),
    ],
    [{ name: 'p1', values: { PkgID: 'pkg-clock', Name: 'Clock', PkgURL: 'https://packages.example/clock-2.1' } }],
    DYNAMIC,
  );
  const delivered = several(
    [
      text('PkgID', ''),
      text('Name', ''),
      text('Description', ''),
      leaf('Status', 'int', '10'),
      text('State', '10'),
      text('EnvType', 'native'),
      text('PkgType', 'application/octet-stream'),
      operations('Install', 'InstallInactive', 'Remove'),
    ],
    [{ name: 'd1', values: { PkgID: 'pkg-map', Name: 'Map', Description: 'Offline map' } }],
    ['Add', 'Delete', 'Get'],
  );
  const deployed = several(
    [
      text('ID', ''),
      text('PkgIDRef', ''),
      text('Name', ''),
      text('Version', '1.0'),
      text('Description', ''),
      leaf('Status', 'int', '10'),
      leaf('State', 'int', '20'),
      text('EnvType', 'native'),
      operations('Activate', 'Deactivate', 'Remove'),
    ],
    [
      { name: 'c1', values: { ID: 'app-mail', PkgIDRef: 'pkg-mail', Name: 'Mail', Version: '3.2' } },
      { name: 'c2', values: { ID: 'app-chat', PkgIDRef: 'pkg-chat', Name: 'Chat', Version: '1.0', State: '10' } },
    ],
    ['Get'],
  );
  return folder(
    'SCOMO',
    [
      folder('Download', [download]),
      folder('Inventory', [folder('Delivered', [delivered]), folder('Deployed', [deployed])]),
    ],
    { moid: MOID.scomo, acl: FULL_ACL },
  );
}

function meter(device: DeviceIdentity): NodeDefinition {
  const dynamicLeaf = (name: string, format: 'chr' | 'float'): NodeDefinition => ({
    name,
    format,
    access: DYNAMIC,
    permanent: false,
  });
  const tariff: NodeDefinition = {
    name: '',
    format: 'node',
    access: DYNAMIC,
    permanent: false,
    children: [dynamicLeaf('Start', 'chr'), dynamicLeaf('Rate', 'float')],
    present: [
      { name: 'day', values: { Start: '0600', Rate: '0.31' } },
      { name: 'night', values: { Start: '2200', Rate: '0.17' } },
    ],
  };
  return folder(
    'Meter',
    [
      leaf('Serial', 'chr', device.serial),
      leaf('Unit', 'chr', 'kWh', { access: GET_REPLACE }),
      leaf('Interval', 'int', '15', { access: GET_REPLACE }),
      leaf('Enabled', 'bool', 'true', { access: GET_REPLACE }),
      dynamicLeaf('Note', 'chr'),
      folder('Tariff', [tariff]),
      folder('Ops', [command('Reset')]),
      leaf('Key', 'bin', device.key),
      leaf('Since', 'date', device.since),
    ],
    { moid: MOID.meter, acl: FULL_ACL },
  );
}
