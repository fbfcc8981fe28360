/** Checks of what callers say of a profile. */
import { badInput, checkName } from '../../access/inputs';
import { coversPath, type Right, type Rights } from '../../access/rights';
import type { DdfLibrary } from '../../../schema/ddf/library';
import { judge } from '../judge';
import type { StoredValue } from '../stored-value';
import { ManagementError } from '../types';
import { nodeKey } from './claims';
import { MOST_COMMANDS } from './commands';
import { RIGHTS_NEEDED } from './reconcile';
import type { CreateProfile, Entry } from './types';

export const DEFAULT_MAX_AGE_MS = 86_400_000;
const LONGEST_MAX_AGE_MS = 366 * 86_400_000;
const HIGHEST_PRIORITY = 1_000;
/** Characters of all values as they are stored: each device is compared to them at each contact. */
const LONGEST_VALUES = 8_192;

/** Errors: BAD_USER_INPUT. */
export function checkProfileName(name: string): string {
  return checkName(name, 'name', 128);
}

/** Errors: BAD_USER_INPUT. */
export function checkPriority(priority = 0): number {
  if (!Number.isInteger(priority) || Math.abs(priority) > HIGHEST_PRIORITY)
    throw badInput(`-${HIGHEST_PRIORITY} to ${HIGHEST_PRIORITY}`, 'priority');
  return priority;
}

/** Errors: BAD_USER_INPUT. */
export function checkMaxAge(maxAgeMs = DEFAULT_MAX_AGE_MS): number {
  if (!Number.isFinite(maxAgeMs) || maxAgeMs <= 0 || maxAgeMs > LONGEST_MAX_AGE_MS)
    throw badInput('more than nothing, at most 366 days', 'maxAge');
  return maxAgeMs;
}

/**
 * Entries as they are stored, judged as a replace of each is for a device of which nothing is known.
 *
 * Errors: BAD_USER_INPUT, LIMIT_COMMANDS, LIMIT_VALUE_SIZE, FORBIDDEN, and those of judging a replace.
 */
export function checkEntries(input: CreateProfile['entries'], library: DdfLibrary, rights: Rights): readonly Entry[] {
  if (input.length === 0) throw badInput('a profile has at least one entry', 'entries');
  if (input.length > MOST_COMMANDS)
    throw new ManagementError('LIMIT_COMMANDS', `${input.length} entries; a profile has at most ${MOST_COMMANDS}`, {
      limit: MOST_COMMANDS,
    });
  const anyDevice = { deviceId: 'a device', protocol: null, isDiscovered: false, mos: [] };
  const commands = input.map((entry) => ({ kind: 'replace' as const, ...entry }));
  const rows = judge(commands, anyDevice, library, { valueOctets: LONGEST_VALUES });
  const entries = rows.map(({ moid, family, miid, path, request }, index): Entry => {
    const where = `entries[${index}]`;
    const value = request['value'] as StoredValue | undefined;
    if (moid === null || family === null) throw badInput('address the node by moid and path', `${where}.address`);
    if (path === '' || value === undefined || value.k === 'z')
      throw badInput('a profile desires values of leaves, one by one', `${where}.value`);
    if (value.k === 'f' || value.k === 'r')
      throw badInput('a profile desires values that it can compare: no file of the repository', `${where}.value`);
    for (const right of RIGHTS_NEEDED)
      if (!isHeldSomewhere(right, rights, family, path))
        throw new ManagementError('FORBIDDEN', `${where}: the right ${right} is needed here`, { right });
    return { moid, family, miid, path, value };
  });
  const length = JSON.stringify(entries).length;
  if (length > 2 * LONGEST_VALUES)
    throw new ManagementError(
      'LIMIT_VALUE_SIZE',
      `the entries have ${length} characters, at most ${2 * LONGEST_VALUES}`,
      {
        limit: 2 * LONGEST_VALUES,
      },
    );
  const keys = new Set(entries.map((entry) => nodeKey({ ...entry, miid: entry.miid ?? '' })));
  if (keys.size < entries.length) throw badInput('two entries are of the same node', 'entries');
  return entries;
}

/** Whether a right is held on the node on some device; on which, each contact tells. */
function isHeldSomewhere(right: Right, rights: Rights, family: string, path: string): boolean {
  const grants = rights.grantsOf(right);
  return (
    grants === undefined ||
    grants.some((rule) => rule.family === null || (rule.family === family && coversPath(rule.path, path)))
  );
}
