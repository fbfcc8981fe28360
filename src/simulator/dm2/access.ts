/**
 * Access control of a simulated device: its Delegation Access Control object, which servers read like any other and write by
 * their Delegate right alone, and the check of each command against it. Source: dm2 12, 14.3.
 */
import { parseClientUri, plainAddressOf, type PlainAddress } from '../../../adapters/dm2/client-uri';
import type { PackageCommand } from '../../../adapters/dm2/package';
import { folder, leaf, type NodeDefinition } from '../definition';
import type { Plant } from '../standard-tree';
import type { DeviceTree, Path, TreeNode } from '../tree';

export const DACMO = 'urn:oma:mo:oma-dm-dacmo:1.0';
const ROOT: Path = ['DacMO'];

export const ACCESS_BITS = { READ: 1, WRITE: 2, EXECUTE: 4, DELEGATE: 8 } as const;

/** Entries of one instance: by path (`/` the whole), the sums of rights by authority. */
export interface AccessRule {
  readonly moid: string;
  readonly miid: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface AccessControl {
  /** An instance without any is everybody's. */
  readonly rules: readonly AccessRule[];
  /** Authorities that the device knows; delegation to others is rejected. Absent: all. */
  readonly authorities?: readonly string[];
}

/** The object in the device's tree: nothing of it can be written by what writes data. */
export const ACCESS_PLANT: Plant = { place: './DacMO', root: accessObject() };

function accessObject(): NodeDefinition {
  const open = (children: readonly NodeDefinition[], name = ''): NodeDefinition => ({
    ...folder(name, children),
    permanent: false,
  });
  const value = (name: string, format: 'chr' | 'int'): NodeDefinition => ({
    ...leaf(name, format, undefined),
    permanent: false,
  });
  const permission = open([value('MAID', 'chr'), value('AR', 'int')]);
  const rule = open([value('Path', 'chr'), open([permission], 'Permissions')]);
  return folder('DacMO', [open([open([rule])])], { moid: DACMO, miid: 'dac' });
}

/** What stands in it when the device is new. */
export function fillAccess(tree: DeviceTree, { rules }: AccessControl): void {
  const add = (path: Path, value?: string): void => {
    if (tree.find(path) === undefined) tree.add(path, value === undefined ? {} : { value }, undefined);
  };
  for (const { moid, miid, paths } of rules) {
    add([...ROOT, moid]);
    add([...ROOT, moid, miid]);
    for (const [at, [path, sums]] of Object.entries(paths).entries()) {
      const entry = [...ROOT, moid, miid, String(at + 1)];
      add(entry);
      if (path !== '/') add([...entry, 'Path'], path);
      add([...entry, 'Permissions']);
      for (const [index, [maid, sum]] of Object.entries(sums).entries()) {
        const permission = [...entry, 'Permissions', `p${index + 1}`];
        add(permission);
        add([...permission, 'MAID'], maid);
        add([...permission, 'AR'], String(sum));
      }
    }
  }
}

/** Whether the device has an object of its own by which it judges. */
function hasAccess(tree: DeviceTree): boolean {
  return tree.find(ROOT)?.definition.moid === DACMO;
}

/** What a server may do at a path of an instance; undefined where no entry tells of the instance. */
function sumAt(
  tree: DeviceTree,
  at: { readonly moid: string; readonly miid: string; readonly path: Path },
  actor: string,
): number | undefined {
  const rules = tree.find([...ROOT, at.moid, at.miid])?.children;
  if (rules === undefined || rules.size === 0) return undefined;
  let best = { depth: -1, sum: 0 };
  for (const rule of rules.values()) {
    const place = String(rule.children?.get('Path')?.value ?? '/')
      .split('/')
      .filter((step) => step !== '')
      .map(decodeURIComponent);
    if (!place.every((name, index) => at.path[index] === name)) continue;
    let sum = 0;
    for (const permission of rule.children?.get('Permissions')?.children?.values() ?? []) {
      const maid = String(permission.children?.get('MAID')?.value ?? '');
      if (maid === '*' || maid === `serverid:${actor}`) sum |= Number(permission.children?.get('AR')?.value ?? 0);
    }
    if (place.length > best.depth) best = { depth: place.length, sum };
    else if (place.length === best.depth) best = { ...best, sum: best.sum | sum };
  }
  return best.sum;
}

const NEEDED: Readonly<Record<string, number>> = {
  GET: ACCESS_BITS.READ,
  HPUT: ACCESS_BITS.READ,
  HPOST: ACCESS_BITS.READ,
  SUB: ACCESS_BITS.READ,
  HGET: ACCESS_BITS.WRITE,
  DELETE: ACCESS_BITS.WRITE,
  EXEC: ACCESS_BITS.EXECUTE,
};

/** ClientURIs of a command, as its parameters stand. */
function targets([name, ...parameters]: PackageCommand): readonly string[] {
  if (name === 'GET' || name === 'DELETE' || name === 'EXEC') return parameters.slice(0, 1);
  return name === 'HGET' || name === 'SUB' ? parameters.slice(1, 2) : parameters.slice(1);
}

/** Whether a command is refused with 403 before it is looked at. HGET on the object itself needs Delegate on its target. */
export function isRefused(tree: DeviceTree, command: PackageCommand, actor: string): boolean {
  const needed = NEEDED[command[0]];
  if (needed === undefined || !hasAccess(tree)) return false;
  return targets(command).some((text) => {
    const uri = parseClientUri(text);
    const address = uri.ok ? plainAddressOf(uri.value) : undefined;
    if (address === undefined) return false;
    const target = command[0] === 'HGET' && address.moid === DACMO ? targetOf(address) : undefined;
    const at = target ?? address;
    const miid = (at.miid ?? '') === '' ? tree.instances(at.moid)[0]?.miid : at.miid;
    const sum = miid === undefined ? undefined : sumAt(tree, { moid: at.moid, miid, path: at.path }, actor);
    if (sum === undefined) return false;
    return (sum & (target === undefined ? needed : ACCESS_BITS.DELEGATE)) === 0;
  });
}

/** The instance that a node of the object is for. */
function targetOf({ path }: PlainAddress): PlainAddress | undefined {
  const [moid, miid] = path;
  return moid === undefined || miid === undefined ? undefined : { moid, miid, path: [] };
}

/** Whether every authority of a written object is one that the device knows. */
export function knowsAuthorities(tree: DeviceTree, { authorities }: AccessControl): boolean {
  if (authorities === undefined) return true;
  const below = (nodes: readonly TreeNode[]): readonly TreeNode[] =>
    nodes.flatMap((node) => [...(node.children?.values() ?? [])]);
  const root = tree.find(ROOT);
  const rules = root === undefined ? [] : below(below(below([root])));
  const permissions = rules.flatMap((rule) => below([...(rule.children?.values() ?? [])]));
  const maids = permissions.flatMap((permission) => permission.children?.get('MAID')?.value ?? []);
  return maids.every((maid) => maid === '*' || authorities.includes(String(maid)));
}
