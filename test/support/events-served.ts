import type { Database } from '../../src/store/database';

/**
 * Resolves when every event so far is served to readers. On PostgreSQL a transaction of any database of the server, such as
 * another test's, holds them back while it runs.
 */
export async function untilEventsAreServed(db: Database): Promise<void> {
  const until = Date.now() + 30_000;
  while (Date.now() < until) {
    const [row] = await db.sql.query<{ held: boolean }>(
      'SELECT EXISTS (SELECT 1 FROM event WHERE xact >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint) AS held',
    );
    if (row?.held === false) return;
  }
  throw new Error('events are held back for more than 30 s');
}
