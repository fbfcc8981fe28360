/** ACLs between callers and devices: read from what a caller gives, and told of what a device gave. Pure. */
import { parseAcl, printAcl, allows, isAclCommand, type Acl, type AclCommand } from '../../adapters/dm1/acl';
import { isStorable } from './tree';
import { ManagementError, type AclEntryInput, type AclView, type CommandView, type NorthboundKind } from './types';

/** Status of a list that a node has of an ancestor. DM 1.3 tells it so; DM 1.2 gives an empty list with 200. */
export const INHERITED_ACL = 217;

/**
 * The text that a setAcl sends: of its `acl`, or made of its `entries`.
 *
 * Errors: BAD_USER_INPUT with the place: `at`, the offset in the text, or the entry's index.
 */
export function readAclInput(
  { acl, entries }: { readonly acl?: string | null; readonly entries?: readonly AclEntryInput[] | null },
  where: string,
): string {
  if ((acl == null) === (entries == null))
    throw new ManagementError('BAD_USER_INPUT', `${where}: give exactly one of acl and entries`);
  if (entries != null) return printAcl(aclOfEntries(entries, where));
  const text = acl ?? '';
  const read = isStorable(text) ? parseAcl(text) : ({ ok: false, at: 0, problem: 'it has U+0000' } as const);
  if (read.ok) return printAcl(read.acl);
  throw new ManagementError(
    'BAD_USER_INPUT',
    `${where}.acl, character ${read.at + 1}: ${read.problem}; an ACL is such as Get=*&Replace=dm.example`,
    { at: read.at },
  );
}

/** By server, as people think of it; by command, as the list is written. */
function aclOfEntries(entries: readonly AclEntryInput[], where: string): Acl {
  const servers = new Map<AclCommand, string[]>();
  for (const [index, { server, commands }] of entries.entries()) {
    const place = `${where}.entries[${index}]`;
    for (const command of commands) {
      if (!isAclCommand(command))
        throw new ManagementError('BAD_USER_INPUT', `${place}.commands: "${command}" is no command of ACLs`, {
          at: index,
        });
      const read = parseAcl(`${command}=${server}`);
      // A server of several would be read as a list, and one of none as no entry.
      if (!read.ok || read.acl[0]?.servers.length !== 1 || read.acl[0].servers[0] !== server)
        throw new ManagementError(
          'BAD_USER_INPUT',
          `${place}.server: a server identifier, without white space and = & +, or * alone`,
          { at: index },
        );
      const list = servers.get(command) ?? [];
      if (!list.includes(server)) list.push(server);
      servers.set(command, list);
    }
  }
  const acl = [...servers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([command, list]) => ({ command, servers: list }));
  const whole = parseAcl(printAcl(acl));
  if (!whole.ok) throw new ManagementError('BAD_USER_INPUT', `${where}.entries: ${whole.problem}`);
  return whole.acl;
}

/** The typed form of a list; entries are null where the text is none that can be read. */
export function aclView(text: string, isInherited: boolean): AclView {
  const read = parseAcl(text);
  return { text, inherited: isInherited || (read.ok && read.acl.length === 0), entries: read.ok ? read.acl : null };
}

/** What a getAcl read; null of other commands, and while it has no good answer. */
export function aclOfCommand({ kind, outcome, result, statusCode }: CommandView): AclView | null {
  if (kind !== 'getAcl' || outcome !== 'OK' || typeof result !== 'string') return null;
  return aclView(result, statusCode === INHERITED_ACL);
}

export interface KnownAcl {
  readonly family: string;
  readonly miid: string;
  readonly path: string;
  readonly acl: string;
  readonly inherited: boolean;
}

const VERBS: Readonly<Partial<Record<NorthboundKind, AclCommand>>> = {
  get: 'Get',
  add: 'Add',
  replace: 'Replace',
  delete: 'Delete',
  exec: 'Exec',
};

/**
 * What speaks against a command as far as ACLs of its node were seen; undefined when nothing does, or when it is not
 * known: another server may have changed them since, so the device alone decides.
 */
export function objectionOfAcl(
  {
    kind,
    family,
    miid,
    path,
  }: {
    readonly kind: NorthboundKind;
    readonly family: string | null;
    readonly miid: string | null;
    readonly path: string;
  },
  known: readonly KnownAcl[],
  serverId: string,
): string | undefined {
  const verb = VERBS[kind];
  if (verb === undefined || family === null || miid === null) return undefined;
  if (kind === 'add' && path === '') return undefined;
  // Add needs the right on the node that takes the new one.
  let at = kind === 'add' ? parentOf(path) : path;
  for (;;) {
    const seen = known.find((one) => one.family === family && one.miid === miid && one.path === at);
    if (seen === undefined) return undefined;
    const read = parseAcl(seen.acl);
    if (!read.ok) return undefined;
    if (read.acl.length > 0) {
      return allows(read.acl, verb, serverId)
        ? undefined
        : `the ACL of "${at}", as it was last seen, does not allow ${verb} to ${serverId}`;
    }
    if (at === '') return undefined;
    at = parentOf(at);
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}
