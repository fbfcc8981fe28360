/** Administrative changes: one transaction of Prisma each, which also writes the event that tells of it and who asked. */
import type { Caller } from '../management/types';
import type { Database } from '../store/database';
import { tellEvents } from '../store/events';
import type { Prisma } from '../store/generated/client';
import type { Sql } from '../store/sql';

export type AdministrativeTransaction = Prisma.TransactionClient;

/** Generous: on the embedded database every transaction waits for the one connection. */
const TRANSACTION_OPTIONS = { maxWait: 30_000, timeout: 30_000 };

export interface Change {
  /** Such as `accountCreated`. */
  readonly type: string;
  /** Absent: the gateway itself, at its start. */
  readonly caller?: Caller;
  /** Key of the device that it is about; absent: of no device. */
  readonly device?: bigint;
  readonly data?: Readonly<Record<string, string | boolean | readonly string[] | null>>;
}

/** Runs `work` in one transaction; hand-written SQL must not be used inside it. */
export async function administer<T>(db: Database, work: (tx: AdministrativeTransaction) => Promise<T>): Promise<T> {
  const made = await db.prisma.$transaction(work, TRANSACTION_OPTIONS);
  tellEvents(db);
  return made;
}

/** Writes the event of a change: its data and `by`, the principal of whoever asked. */
export async function recordChange(tx: AdministrativeTransaction, change: Change): Promise<void> {
  const by = change.caller?.principal ?? 'gateway';
  await tx.event.create({
    data: { deviceId: change.device ?? 0n, type: change.type, data: { ...change.data, by } as Prisma.InputJsonObject },
  });
}

/** The events of many changes by one statement, within a hand-written transaction; `tellEvents` after it. */
export async function recordChanges(tx: Sql, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ type, caller, device = 0n, data }) => ({
    device: String(device),
    type,
    data: { ...data, by: caller?.principal ?? 'gateway' },
  }));
  await tx.query(
    `INSERT INTO event (device_id, type, data)
     SELECT x.device, x.type, x.data FROM jsonb_to_recordset($1::jsonb) AS x(device bigint, type text, data jsonb)`,
    [JSON.stringify(rows)],
  );
}

/** Prisma's code of a failure, such as P2002; undefined for what is none of Prisma's. */
function prismaCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code } = thrown as { code?: unknown };
  return typeof code === 'string' && /^P\d{4}$/.test(code) ? code : undefined;
}

export function isUniqueViolation(thrown: unknown): boolean {
  return prismaCode(thrown) === 'P2002';
}

export function isForeignKeyViolation(thrown: unknown): boolean {
  return prismaCode(thrown) === 'P2003';
}

/** What was to be changed is not there. */
export function isMissing(thrown: unknown): boolean {
  return prismaCode(thrown) === 'P2025';
}
