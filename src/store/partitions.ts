/** Tables in partitions of a day: made ahead, dropped as a whole when their time is over. */
import { SqlError, type Sql } from './sql';

/** A table partitioned by range of a point in time, with a default partition `TABLE_rest`. */
export interface Partitioned {
  readonly table: string;
  readonly column: string;
}

export interface PartitionSpan {
  readonly now: Date;
  /** Partitions are there from its day on; today's when left out. */
  readonly from?: Date;
  /** What lies wholly before it is dropped. */
  readonly keepFrom: Date;
}

const DAY_MS = 86_400_000;
/** Partitions that stand ready behind today's. */
const AHEAD = 2;
/** First number of the advisory locks under which partitions are made and dropped. */
const LOCKS = 5_019_001;

/**
 * Makes the partitions that are missing up to the day after tomorrow, and drops those whose time is over. One process does it at
 * a time for a table. A row that is written to the rest while its day's partition is made is refused by the database: call this
 * before anything is written, and in time.
 *
 * @returns false where another process is at it, or the table is in use for longer than a second: to be tried again at the next tick
 */
export async function movePartitions(sql: Sql, of: Partitioned, span: PartitionSpan): Promise<boolean> {
  try {
    return await sql.transaction((tx) => move(tx, of, span));
  } catch (error) {
    if (error instanceof SqlError && error.code === 'LOCK_NOT_AVAILABLE') return false;
    throw error;
  }
}

async function move(tx: Sql, of: Partitioned, span: PartitionSpan): Promise<boolean> {
  const { table, column } = of;
  // By the second, a table whose rows are never deleted knows that they are moved (0025_callers).
  await tx.exec("SET LOCAL lock_timeout = '1s'; SET LOCAL moql.partitions = 'moving'");
  const [lock] = await tx.query<{ isMine: boolean }>('SELECT pg_try_advisory_xact_lock($1, hashtext($2)) AS "isMine"', [
    LOCKS,
    table,
  ]);
  if (lock?.isMine !== true) return false;
  const found = await tx.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass($1)`,
    [table],
  );
  const names = new Set(found.map(({ name }) => name));
  const today = dayOf(span.now);
  const first = Math.max(Math.min(today, dayOf(span.from ?? span.now)), dayOf(span.keepFrom));
  for (let day = first; day <= today + AHEAD; day += 1)
    if (!names.has(nameOf(table, day))) await makePartition(tx, of, day);
  for (const name of names) {
    const day = dayOfName(table, name);
    if (day !== undefined && (day + 1) * DAY_MS <= span.keepFrom.getTime()) await tx.exec(`DROP TABLE "${name}"`);
  }
  await tx.query(`DELETE FROM "${table}_rest" WHERE "${column}" < $1::timestamptz`, [span.keepFrom]);
  return true;
}

/** With what was written for that day while it had no partition. */
async function makePartition(tx: Sql, { table, column }: Partitioned, day: number): Promise<void> {
  const [from, until] = [day, day + 1].map((one) => new Date(one * DAY_MS).toISOString());
  const name = nameOf(table, day);
  // Nothing may come to the rest between the move and the day's own place.
  await tx.exec(`LOCK TABLE "${table}_rest" IN ACCESS EXCLUSIVE MODE;
    CREATE TABLE "${name}" (LIKE "${table}" INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
    WITH moved AS (DELETE FROM "${table}_rest" WHERE "${column}" >= '${from}' AND "${column}" < '${until}' RETURNING *)
      INSERT INTO "${name}" SELECT * FROM moved;
    ALTER TABLE "${table}" ATTACH PARTITION "${name}" FOR VALUES FROM ('${from}') TO ('${until}')`);
}

/** Days since 1970, UTC. */
function dayOf(at: Date): number {
  return Math.floor(at.getTime() / DAY_MS);
}

function nameOf(table: string, day: number): string {
  return `${table}_p${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

function dayOfName(table: string, name: string): number | undefined {
  const [, year, month, date] = name.startsWith(`${table}_p`)
    ? (/^(\d{4})(\d\d)(\d\d)$/.exec(name.slice(table.length + 2)) ?? [])
    : [];
  return year === undefined ? undefined : dayOf(new Date(`${year}-${month}-${date}T00:00:00Z`));
}
