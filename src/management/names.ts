/** Names in addresses that a device may take for more than a name. Pure. */
import { rawName } from './places';
import { ManagementError } from './types';

/** Deeper than anybody encodes in earnest. */
const MAX_DECODINGS = 8;

/**
 * Why a name, or a part of an address, must not go to a device; undefined when it may.
 *
 * A device that decodes before it splits, or more than once, would take `%3Fprop=ACL` for a property and `%2E%2E` for
 * the parent; what a name decodes to is looked at as well.
 */
export function objectionToName(segment: string): 'QUERY' | 'PARENT' | undefined {
  let text = segment;
  for (let decodings = 0; decodings <= MAX_DECODINGS; decodings++) {
    if (text.includes('?')) return 'QUERY';
    if (text.split('/').some((name) => name === '.' || name === '..')) return 'PARENT';
    const decoded = rawName(text);
    if (decoded === text) return undefined;
    text = decoded;
  }
  return 'QUERY';
}

/**
 * Checks a name, or a part of an address, that may go to a device. Throws BAD_USER_INPUT.
 *
 * @param where how the message names the place, such as `commands[2].get.address.path`
 */
export function checkName(text: string, where: string): void {
  const objection = objectionToName(text);
  if (objection === undefined) return;
  throw new ManagementError(
    'BAD_USER_INPUT',
    objection === 'QUERY'
      ? `${where}: "?" is refused; properties and queries have commands of their own`
      : `${where}: "." and ".." are no names`,
  );
}
