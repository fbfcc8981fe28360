/**
 * Every node of the standard objects, as the specifications' tables have them: path, occurrence (1 ? * +), format, the
 * least access types (A D E G R, `-` none, `!` forbidden).
 */
import type { AccessVerb, DdfNode } from '../../schema/ddf/model';
import { catalogueLibrary } from './catalogue-family';

const DEVINFO = `
  Ext ? node G
  Bearer ? node G
  Man 1 chr G
  Mod 1 chr G
  DmV 1 chr G
  Lang 1 chr G`;

const DEVDETAIL = `
  . 1 node G
  Ext ? node G
  Bearer ? node G
  URI 1 node G
  URI/MaxDepth 1 chr G
  URI/MaxTotLen 1 chr G
  URI/MaxSegLen 1 chr G
  OEM 1 chr G
  FwV 1 chr G
  SwV 1 chr G
  HwV 1 chr G
  LrgObj 1 bool G`;

const DMACC = `
  . + node G
  ServerID 1 chr G
  Name ? chr G
  PrefConRef ? chr G
  ToConRef ? node G
  ToConRef/* + node G
  ToConRef/*/ConRef 1 chr G
  AppAddr 1 node G
  AppAddr/* + node G
  AppAddr/*/Addr 1 chr G
  AppAddr/*/AddrType 1 chr G
  AppAddr/*/Port ? node G
  AppAddr/*/Port/* + node G
  AppAddr/*/Port/*/PortNbr 1 chr G
  AAuthPref ? chr G
  AppAuth ? node G
  AppAuth/* + node G
  AppAuth/*/AAuthLevel 1 chr G
  AppAuth/*/AAuthType 1 chr G
  AppAuth/*/AAuthName ? chr G
  AppAuth/*/AAuthSecret ? chr !G
  AppAuth/*/AAuthData ? bin !G
  Ext ? node G`;

const SCOMO = `
  . * node G
  Download 1 node G
  Download/* * node ADGR
  Download/*/PkgID 1 chr G
  Download/*/Name ? chr GR
  Download/*/PkgURL 1 chr GR
  Download/*/InstallParams ? chr GR
  Download/*/Description ? chr GR
  Download/*/Status ? int G
  Download/*/EnvType ? chr GR
  Download/*/PkgType ? chr GR
  Download/*/Operations 1 node G
  Download/*/Operations/Download ? null E
  Download/*/Operations/DownloadInstall ? null E
  Download/*/Operations/DownloadInstallInactive ? null E
  Download/*/Operations/Ext ? node G
  Download/*/Ext ? node G
  Inventory 1 node G
  Inventory/Delivered 1 node G
  Inventory/Delivered/* * node G
  Inventory/Delivered/*/PkgID 1 chr G
  Inventory/Delivered/*/Name ? chr G
  Inventory/Delivered/*/Description ? chr G
  Inventory/Delivered/*/EnvType ? chr G
  Inventory/Delivered/*/PkgType ? chr G
  Inventory/Delivered/*/Data ? bin R!G
  Inventory/Delivered/*/InstallParams ? chr GR
  Inventory/Delivered/*/Status ? int G
  Inventory/Delivered/*/State ? chr G
  Inventory/Delivered/*/Operations 1 node G
  Inventory/Delivered/*/Operations/Install ? null E
  Inventory/Delivered/*/Operations/InstallInactive ? null E
  Inventory/Delivered/*/Operations/Remove ? null E
  Inventory/Delivered/*/Operations/Ext ? node G
  Inventory/Delivered/*/Ext ? node G
  Inventory/Deployed 1 node G
  Inventory/Deployed/* * node G
  Inventory/Deployed/*/ID 1 chr G
  Inventory/Deployed/*/PkgIDRef ? chr G
  Inventory/Deployed/*/Name ? chr G
  Inventory/Deployed/*/Version ? chr G
  Inventory/Deployed/*/Description ? chr G
  Inventory/Deployed/*/EnvType ? chr G
  Inventory/Deployed/*/Status ? int G
  Inventory/Deployed/*/State ? int G
  Inventory/Deployed/*/Operations 1 node G
  Inventory/Deployed/*/Operations/Activate ? null E
  Inventory/Deployed/*/Operations/Deactivate ? null E
  Inventory/Deployed/*/Operations/Remove ? null E
  Inventory/Deployed/*/Operations/Ext ? node G
  Inventory/Deployed/*/Ext ? node G
  Ext ? node G`;

const TABLES: Readonly<Record<string, string>> = {
  'oma-dm-devinfo:1.0': `${DEVINFO}
  . 1 node G
  DevId 1 chr G`,
  'oma-dm-devinfo:1.2': `${DEVINFO}
  . 1 node G
  DevID 1 chr G
  DevType 1 chr G
  OEM 1 chr G
  FwV 1 chr G
  SwV 1 chr G
  HwV 1 chr G`,
  'oma-dm-devdetail:1.0': `${DEVDETAIL}
  DevTyp 1 chr G`,
  'oma-dm-devdetail:1.1': `${DEVDETAIL}
  DevTyp ? chr G
  DevType ? chr G
  Roaming ? int G
  CBT ? int G
  Bearer/Roaming ? int G
  Bearer/CBT ? int G
  UserInteraction 1 node G
  UserInteraction/UserInput 1 bool G
  UserInteraction/Display 1 bool G
  UserInteraction/Confirm 1 bool G
  UserInteraction/Choice 1 bool G
  UserInteraction/ProgressNotify 1 bool G`,
  'oma-dm-dmacc:1.0': `${DMACC}
  AppID 1 chr G`,
  'oma-dm-dmacc:1.1': `${DMACC}
  AppID ? chr G
  NoAutoInitialSession ? bool G`,
  'oma-dm-dmacc:1.2': `
  . * node G
  SrvID 1 chr G
  SrvURI 1 chr G
  Name 1 chr G
  Perm 1 node !G
  Perm/* + node !G
  Perm/*/MOID 1 chr !G
  Auth ? node G
  Auth/Bootstrap ? node G
  Auth/Bootstrap/ServerURI 1 chr G
  Auth/Bootstrap/SecMode 1 bin G
  Auth/Bootstrap/ClientPubKey 1 bin !G
  Auth/Bootstrap/ServerPubKey 1 bin !G
  Auth/Bootstrap/ClientSecretKey 1 bin !G
  Auth/Noti ? node G
  Auth/Noti/Type 1 int G
  Auth/Noti/Data 1 bin G
  Auth/Noti/Secret 1 bin G
  Auth/Trsp ? node G
  Auth/Trsp/Data 1 bin G
  Auth/Trsp/Secret 1 bin !G
  Push ? node G
  Push/GCM ? node G
  Push/GCM/SenderID 1 chr G
  Push/GCM/RegURI 1 chr G
  Push/GCM/UnRegURI 1 chr G
  Push/GCM/RegParams 1 chr G
  Push/GCM/Ext ? node G
  Push/Ext ? node G
  Ext ? node G`,
  'oma-dm-inbox:1.0': `
  . 1 node A!G`,
  'oma-fumo:1.0': `
  . * node G
  PkgName ? chr G
  PkgVersion ? chr G
  Download ? node EG
  Download/PkgURL 1 chr GR
  Update ? node EG
  Update/PkgData ? bin R!G
  DownloadAndUpdate ? node EG
  DownloadAndUpdate/PkgURL 1 chr GR
  State 1 int G
  Ext ? node G`,
  'oma-scomo:1.0': SCOMO,
  'oma-scomo:1.1': `${SCOMO}
  Download/*/Reboot ? chr GR`,
  'oma-lawmo:1.0': `
  . ? node G
  State 1 int G
  AvailableWipeList ? node G
  AvailableWipeList/* * node G
  AvailableWipeList/*/ListItemName 1 chr G
  AvailableWipeList/*/ToBeWiped 1 bool GR
  LAWMOConfig ? node G
  LAWMOConfig/NotifyUser ? bool GR
  Operations 1 node G
  Operations/FullyLock ? null E
  Operations/PartiallyLock ? null E
  Operations/UnLock ? null E
  Operations/FactoryReset ? null E
  Operations/Wipe ? null E
  Operations/Ext ? node G
  Ext ? node G`,
  'oma-dcmo:1.0': `
  . * node G
  Property 1 chr G
  Group ? chr G
  Description ? chr G
  Attached ? bool G
  Enabled 1 bool G
  DCMOConfig ? node G
  DCMOConfig/DenyUserEnable ? bool G
  DCMOConfig/NotifyUser ? bool G
  Operations 1 node G
  Operations/Enable 1 null E
  Operations/Disable 1 null E
  Operations/Ext ? node G
  Ext ? node G`,
  'oma-diagmon:1.0': `
  . * node G
  Name ? chr G
  FuncType ? chr G
  Status 1 int G
  DiagMonConfig ? node G
  DiagMonConfig/ConfigParms ? node G
  DiagMonConfig/ThresholdParms ? node G
  DiagMonConfig/TrapRef ? node G
  DiagMonConfig/ReportMethod ? node G
  DiagMonData ? node G
  Operations 1 node G
  Operations/Start ? null E
  Operations/Stop ? null E
  Ext ? node G`,
  'oma-connmo-nap:1.0': `
  . * node ADG
  NAPID 1 chr G
  Name ? chr G
  AddrType ? chr G
  Addr 1 chr G
  IP ? node G
  IP/IPv4 ? node G
  IP/IPv4/AutoConfig ? bool G
  IP/IPv4/IPAddr ? chr G
  IP/IPv4/NetMask ? chr G
  IP/IPv4/Gateway ? chr G
  IP/IPv4/AutoDNS ? bool G
  IP/IPv4/DNS ? node G
  IP/IPv4/DNS/Server ? node G
  IP/IPv4/DNS/Server/* + node G
  IP/IPv4/DNS/Server/*/Addr 1 chr G
  IP/IPv6 ? node G
  AuthInfo ? node G
  AuthInfo/AuthType ? chr G
  AuthInfo/AuthName ? chr G
  AuthInfo/AuthSecret ? chr !G
  BearerType 1 chr G
  BearerParams 1 node G
  Ext ? node G`,
  'oma-connmo-httpproxy:1.0': `
  . * node ADG
  ProxyID 1 chr G
  Name ? chr G
  AddrType 1 chr G
  Addr 1 chr G
  AddrFQDN ? chr G
  ConRefs ? node G
  ConRefs/* + node G
  ConRefs/*/ConRef 1 chr G
  Domains ? node G
  Domains/* + node G
  Domains/*/DomainName 1 chr G
  Ports ? node G
  Ports/* + node G
  Ports/*/PortNbr 1 int G
  Ports/*/Services ? node G
  Ports/*/Services/* + node G
  Ports/*/Services/*/ServiceName 1 chr G
  ProxyType 1 chr G
  ProxyParams ? node G
  ProxyParams/WAP ? node G
  ProxyParams/WAP/Startpg ? chr G
  ProxyParams/WAP/Trust ? bool G
  ProxyParams/WAP/PushEnabled ? bool G
  Ext ? node G`,
  'oma-sessioninfomo:1.0': `
  . 1 node G!R
  CBT 1 int G!R
  ROAMING 1 int G!R`,
  'oma-dm-dacmo:1.0': `
  . * node G
  * * node G
  */* 1 node G
  */*/Path ? chr G
  */*/Permissions 1 node G
  */*/Permissions/* + node G
  */*/Permissions/*/MAID 1 chr G
  */*/Permissions/*/AR 1 int G`,
};

const VERBS: Readonly<Record<string, AccessVerb>> = { A: 'Add', D: 'Delete', E: 'Exec', G: 'Get', R: 'Replace' };

interface Row {
  readonly path: string;
  readonly occurrence: string;
  readonly format: string;
  readonly least: readonly AccessVerb[];
  readonly forbidden: readonly AccessVerb[];
}

function rowsOf(table: string): readonly Row[] {
  const verbsOf = (letters: string): readonly AccessVerb[] =>
    Array.from(letters, (letter) => VERBS[letter] as AccessVerb);
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [path = '', occurrence = '', format = '', access = ''] = line.trim().split(' ');
      const [least = '', forbidden = ''] = access.split('!');
      return { path, occurrence, format, least: verbsOf(least), forbidden: verbsOf(forbidden) };
    });
}

function nodesOf(node: DdfNode, path = '.'): readonly (readonly [string, DdfNode])[] {
  const below = (name: string): string => `${path === '.' ? '' : `${path}/`}${name || '*'}`;
  return [[path, node], ...node.children.flatMap((child) => nodesOf(child, below(child.name)))];
}

function occurrenceOf({ occurrence: { min, max } }: DdfNode): string {
  if (max === undefined) return min === 0 ? '*' : '+';
  return min === 0 ? '?' : '1';
}

describe('Each standard object has every node of its table, and no other', () => {
  const library = catalogueLibrary();

  test('there is a table for each of them', () => {
    const ours = library.families().flatMap((family) => library.family(family).map(({ moid }) => moid));
    expect(ours.filter((moid) => !moid.includes('ext-acme')).sort()).toEqual(
      Object.keys(TABLES)
        .map((name) => `urn:oma:mo:${name}`)
        .sort(),
    );
  });

  test.each(Object.entries(TABLES))('%s', (name, table) => {
    const root = library.definition(`urn:oma:mo:${name}`)?.root as DdfNode;
    const nodes = new Map(nodesOf(root));
    const rows = rowsOf(table);

    expect([...nodes.keys()].sort()).toEqual(rows.map(({ path }) => path).sort());
    for (const { path, occurrence, format, least, forbidden } of rows) {
      const node = nodes.get(path) as DdfNode;
      expect([path, occurrenceOf(node), node.format]).toEqual([path, occurrence, format]);
      expect([path, ...node.access]).toEqual(expect.arrayContaining([path, ...least]));
      expect([path, node.access.filter((verb) => forbidden.includes(verb))]).toEqual([path, []]);
    }
  });
});
