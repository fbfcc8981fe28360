/** DM accounts in a simulated device's tree: those that a server may add, and what a session needs of one. Source: dm1 15.3. */
import { type NodeDefinition, type Stored, type Verb } from './definition';
import type { DeviceTree, TreeNode } from './tree';

/** Serves the tree of one device to sessions with another server. */
export interface DeviceAccount {
  readonly url: string;
  readonly serverUser: string;
  readonly serverSecret: string;
  readonly user: string;
  readonly secret: string;
}

const ADDED: readonly Verb[] = ['Add', 'Get'];
const HIDDEN: readonly Verb[] = ['Add'];

/** An account that a server adds node by node. */
export function addedAccount(moid: string): NodeDefinition {
  const leaf = (name: string, access = ADDED): NodeDefinition => ({ name, format: 'chr', access, permanent: false });
  const node = (name: string, children: readonly NodeDefinition[], access = ADDED): NodeDefinition => ({
    name,
    format: 'node',
    access,
    permanent: false,
    children,
  });
  const address = node('', [leaf('Addr'), leaf('AddrType')]);
  const credential = node('', [
    leaf('AAuthLevel'),
    leaf('AAuthType'),
    leaf('AAuthName'),
    leaf('AAuthSecret', HIDDEN),
    { name: 'AAuthData', format: 'bin', access: HIDDEN, permanent: false },
  ]);
  const parts = [
    leaf('AppID'),
    leaf('ServerID'),
    leaf('Name'),
    node('AppAddr', [address]),
    leaf('AAuthPref'),
    node('AppAuth', [credential]),
  ];
  return { ...node('', parts, ['Add', 'Delete', 'Get']), moid };
}

/** The account of a server, as its device keeps it; undefined while it has none, or not all of it. */
export function accountOf(tree: DeviceTree, serverId: string): DeviceAccount | undefined {
  for (const account of tree.find(['DMAcc'])?.children?.values() ?? []) {
    if (text(account, 'ServerID') !== serverId) continue;
    const [address] = account.children?.get('AppAddr')?.children?.values() ?? [];
    const logins = [...(account.children?.get('AppAuth')?.children?.values() ?? [])];
    const client = logins.find((login) => text(login, 'AAuthLevel') === 'CLCRED');
    const server = logins.find((login) => text(login, 'AAuthLevel') === 'SRVCRED');
    if (address === undefined || client === undefined || server === undefined) continue;
    return {
      url: text(address, 'Addr'),
      serverUser: text(server, 'AAuthName'),
      serverSecret: text(server, 'AAuthSecret'),
      user: text(client, 'AAuthName'),
      secret: text(client, 'AAuthSecret'),
    };
  }
  return undefined;
}

function text(node: TreeNode, name: string): string {
  const value: Stored | undefined = node.children?.get(name)?.value;
  return typeof value === 'string' ? value : '';
}
