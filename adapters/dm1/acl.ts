/**
 * Access control lists of nodes: their text, their meaning, and who may change them. Pure.
 * Source: OMA-TS-DM_TND, "ACL"; dm1 section 7.
 *
 * The text is `Add=a+b&Get=*`. A node without entries has no value: the nearest ancestor's list counts for it, whole.
 */

export const ACL_COMMANDS = ['Add', 'Delete', 'Exec', 'Get', 'Replace'] as const;
export type AclCommand = (typeof ACL_COMMANDS)[number];

/** Servers that may use a command; `*` among them: every server. Never empty. */
export interface AclEntry {
  readonly command: AclCommand;
  readonly servers: readonly string[];
}

/** One entry a command at most. No entry: the node has no value and inherits. */
export type Acl = readonly AclEntry[];

export type AclReading =
  | { readonly ok: true; readonly acl: Acl }
  /** `at`: offset into the text, in UTF-16 units. */
  | { readonly ok: false; readonly at: number; readonly problem: string };

/** Characters of an ACL's text. */
export const MAX_ACL_LENGTH = 4_096;
/** Characters of a server identifier. */
export const MAX_SERVER_ID_LENGTH = 255;
export const ANY_SERVER = '*';
/** What the root of a tree has while nobody changed it. */
export const DEFAULT_ROOT_ACL: Acl = [
  { command: 'Add', servers: [ANY_SERVER] },
  { command: 'Get', servers: [ANY_SERVER] },
];

/** Why a text can be no server identifier; undefined when it can. It has printable characters without `= & * +` and blanks. */
export function objectionToServerId(text: string): string | undefined {
  if (text === '') return 'must not be empty';
  if (text.length > MAX_SERVER_ID_LENGTH) return `${text.length} characters, at most ${MAX_SERVER_ID_LENGTH}`;
  return /[=&*+\s]|\p{C}/u.test(text)
    ? 'must have no white space, no control characters and none of = & * +'
    : undefined;
}

/** Reads an ACL. White space around it counts for nothing, and a command without servers is dropped. */
export function parseAcl(text: string): AclReading {
  if (text.length > MAX_ACL_LENGTH)
    return { ok: false, at: MAX_ACL_LENGTH, problem: `${text.length} characters, at most ${MAX_ACL_LENGTH}` };
  const trimmed = text.trim();
  if (trimmed === '') return { ok: true, acl: [] };
  const acl: AclEntry[] = [];
  const seen = new Set<string>();
  let at = text.indexOf(trimmed);
  for (const part of trimmed.split('&')) {
    const equals = part.indexOf('=');
    if (equals < 0) return { ok: false, at, problem: `"${part}" is no entry such as Get=*` };
    const command = part.slice(0, equals);
    if (!isAclCommand(command)) return { ok: false, at, problem: `"${command}" is none of ${ACL_COMMANDS.join(', ')}` };
    if (seen.has(command)) return { ok: false, at, problem: `${command} stands twice` };
    seen.add(command);
    const servers = parseServers(part.slice(equals + 1), at + equals + 1);
    if (!Array.isArray(servers)) return servers as AclReading;
    if (servers.length > 0) acl.push({ command, servers });
    at += part.length + 1;
  }
  return { ok: true, acl };
}

function parseServers(list: string, from: number): readonly string[] | AclReading {
  if (list === '') return [];
  let at = from;
  const servers: string[] = [];
  for (const server of list.split('+')) {
    const problem = server === ANY_SERVER ? undefined : objectionToServerId(server);
    if (problem !== undefined) return { ok: false, at, problem: `server identifier "${server}": ${problem}` };
    if (!servers.includes(server)) servers.push(server);
    at += server.length + 1;
  }
  return servers;
}

/** The text of an ACL; what `parseAcl` gave is printed so that it reads as the same. */
export function printAcl(acl: Acl): string {
  return acl
    .filter(({ servers }) => servers.length > 0)
    .map(({ command, servers }) => `${command}=${servers.join('+')}`)
    .join('&');
}

export function isAclCommand(text: string): text is AclCommand {
  return (ACL_COMMANDS as readonly string[]).includes(text);
}

/** Whether a list, taken as it stands, lets a server use a command: one that is not listed is allowed to nobody. */
export function allows(acl: Acl, command: AclCommand, serverId: string): boolean {
  const entry = acl.find((one) => one.command === command);
  return entry !== undefined && (entry.servers.includes(ANY_SERVER) || entry.servers.includes(serverId));
}

/**
 * The list that counts for a node: its own, else the nearest ancestor's. There is no merging, and no inheritance of single
 * commands.
 *
 * @param chain lists of the nodes from the root to the node itself; empty ones are those without a value
 */
export function effectiveAcl(chain: readonly Acl[]): Acl {
  return chain.findLast((acl) => acl.length > 0) ?? DEFAULT_ROOT_ACL;
}

/** Versions whose rules differ in who may change an ACL. */
export type AclRules = '1.2' | '1.3';

/** Status of a change: 200 allowed, 405 the root's of DM 1.3, 425 not allowed to this server. */
export type AclChangeVerdict = 200 | 405 | 425;

/**
 * Whether a server may replace the ACL of the last node of a chain. Replace on the parent is enough, and for an interior
 * node Replace on the node itself; DM 1.3 takes Replace on any ancestor, and leaves the root's list as it is.
 */
export function judgeAclChange(
  chain: readonly Acl[],
  isLeaf: boolean,
  serverId: string,
  rules: AclRules,
): AclChangeVerdict {
  const mayReplace = (depth: number): boolean =>
    depth > 0 && allows(effectiveAcl(chain.slice(0, depth)), 'Replace', serverId);
  if (rules === '1.3' && chain.length <= 1) return 405;
  if (!isLeaf && mayReplace(chain.length)) return 200;
  if (mayReplace(chain.length - 1)) return 200;
  const ancestors = rules === '1.3' ? chain.slice(0, -1).map((_acl, depth) => depth + 1) : [];
  return ancestors.some(mayReplace) ? 200 : 425;
}

/**
 * The list of a new interior node whose creator has no Replace on its parent: DM 1.2 gives it Add, Delete and Replace,
 * DM 1.3 all rights. Get stays what it would have been, for everybody.
 */
export function creatorsAcl(serverId: string, inherited: Acl, rules: AclRules): Acl {
  const own: readonly AclCommand[] = rules === '1.3' ? ACL_COMMANDS : ['Add', 'Delete', 'Replace'];
  return ACL_COMMANDS.flatMap((command) => {
    if (own.includes(command)) return { command, servers: [serverId] };
    return inherited.find((entry) => entry.command === command) ?? [];
  });
}

/** The list without a server, as when its account is removed; entries that become empty go. */
export function withoutServer(acl: Acl, serverId: string): Acl {
  return acl.flatMap(({ command, servers }) => {
    const left = servers.filter((server) => server !== serverId);
    return left.length === 0 ? [] : [{ command, servers: left }];
  });
}

/** The list with a server added to some commands: read, edit, write back. `*` has it already. */
export function withServer(acl: Acl, serverId: string, commands: readonly AclCommand[]): Acl {
  return ACL_COMMANDS.flatMap((command) => {
    const servers = acl.find((entry) => entry.command === command)?.servers ?? [];
    const isWanted = commands.includes(command) && !servers.includes(ANY_SERVER) && !servers.includes(serverId);
    const all = isWanted ? [...servers, serverId] : servers;
    return all.length === 0 ? [] : [{ command, servers: all }];
  });
}
