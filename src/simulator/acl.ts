/** Access control lists of DM 1.x nodes. Source: dm1 7. */
import type { Verb } from './definition';

const COMMANDS: readonly string[] = ['Add', 'Delete', 'Exec', 'Get', 'Replace'];

/** An ACL as text, or undefined when the text is none. Entries without servers are dropped. */
export function readAcl(text: string): string | undefined {
  if (text.trim() === '') return '';
  const kept: string[] = [];
  for (const entry of text.trim().split('&')) {
    const at = entry.indexOf('=');
    if (at < 0 || !COMMANDS.includes(entry.slice(0, at))) return undefined;
    const servers = entry
      .slice(at + 1)
      .split('+')
      .filter((server) => server !== '');
    if (servers.some((server) => /[\s=&]/.test(server))) return undefined;
    if (servers.length > 0) kept.push(`${entry.slice(0, at)}=${servers.join('+')}`);
  }
  return kept.join('&');
}

/** Whether an ACL lets a server use a command. */
export function aclAllows(acl: string, verb: Verb, serverId: string): boolean {
  for (const entry of acl.split('&')) {
    const at = entry.indexOf('=');
    if (entry.slice(0, at) !== verb) continue;
    const servers = entry.slice(at + 1).split('+');
    return servers.includes('*') || servers.includes(serverId);
  }
  return false;
}
