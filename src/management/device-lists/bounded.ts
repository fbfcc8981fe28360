/** Statements that may take long, and are ended then. */
import { SqlError, type Sql } from '../../store/sql';
import { ManagementError } from '../types';

/** What a count, an aggregate, or a list that no index gives may take. */
export const STATEMENT_MS = 10_000;

/**
 * Runs `work` in a transaction whose statements are ended after so long; LIMIT_TIME then. The embedded database, which
 * has no clock beside its one thread, does not end them.
 */
export async function bounded<T>(sql: Sql, work: (tx: Sql) => Promise<T>, ms: number = STATEMENT_MS): Promise<T> {
  try {
    return await sql.transaction(async (tx) => {
      await tx.exec(`SET LOCAL statement_timeout = ${Math.max(1, Math.round(ms))}`);
      return work(tx);
    });
  } catch (error) {
    if (error instanceof SqlError && error.sqlState === QUERY_CANCELED)
      throw new ManagementError(
        'LIMIT_TIME',
        `The database did not find this within ${ms / 1000} s. Narrow the filter by equality, or have the node indexed (indexNode).`,
      );
    throw error;
  }
}

const QUERY_CANCELED = '57014';
