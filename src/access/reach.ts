/** The devices that some right reaches, as conditions of statements. */
import type { Prisma } from '../store/generated/client';
import { findDatabaseKey } from './inputs';
import type { Reach } from './rights';

/** For Prisma: on a device's row. */
export function withinReach(reach: Reach): Prisma.DeviceWhereInput {
  if (reach.all) return {};
  const { devices, accounts, tags } = keysOf(reach);
  return { OR: [{ id: { in: devices } }, { accountId: { in: accounts } }, { tags: { hasSome: tags } }] };
}

/** For statements by hand: on a column with a device's key. */
export function sqlWithinReach(
  column: string,
  reach: Reach,
  parameter: (value: unknown, type: string) => string,
): string {
  if (reach.all) return 'TRUE';
  const { devices, accounts, tags } = keysOf(reach);
  return `${column} IN (SELECT d.id FROM device d WHERE d.id = ANY(${parameter(devices, 'bigint[]')})
    OR d.account_id = ANY(${parameter(accounts, 'bigint[]')}) OR d.tags && ${parameter(tags, 'text[]')})`;
}

function keysOf({ devices, accounts, tags }: Exclude<Reach, { readonly all: true }>): {
  readonly devices: bigint[];
  readonly accounts: bigint[];
  readonly tags: string[];
} {
  const keys = (texts: readonly string[]): bigint[] => texts.flatMap((text) => findDatabaseKey(text) ?? []);
  return { devices: keys(devices), accounts: keys(accounts), tags: [...tags] };
}
