/** What goes when its time is over: what was brought for commands that ended, files, and what is left over in the storage. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { RepositoryDeps } from './deps';

export interface Retention {
  /** Takes away what is over by now. Any process may do it, at any time. */
  run(): Promise<void>;
  /** The next run looks through the storage, whether it is time or not. */
  hurry(): void;
}

/** Objects looked after in one run. */
const BATCH = 200;

export function createRetention(
  deps: RepositoryDeps & {
    /** How often the storage is looked through. */
    readonly sweepMs: number;
  },
): Retention {
  const clock = deps.now ?? Date.now;
  let sweptAt = Number.NEGATIVE_INFINITY;
  return {
    hurry: () => {
      sweptAt = Number.NEGATIVE_INFINITY;
    },
    async run() {
      const now = clock();
      await forget(deps, new Date(now));
      if (now - sweptAt < deps.sweepMs) return;
      sweptAt = now;
      await sweepObjects(deps, now);
      await sweepDrafts(deps);
    },
  };
}

/** Rows that are over. What a device brought for a command that ended was read. */
async function forget({ db }: RepositoryDeps, now: Date): Promise<void> {
  await db.sql.query(
    `WITH files AS (DELETE FROM repository_file WHERE expires_at < $1::timestamptz
       OR (uploaded_at IS NULL AND upload_expires_at < $1::timestamptz) RETURNING storage_key),
     objects AS (UPDATE repository_object o SET state = 'DOOMED' FROM files f WHERE o.storage_key = f.storage_key)
     UPDATE repository_item r SET octets = NULL WHERE r.octets IS NOT NULL AND CASE
       WHEN r.operation_id IS NULL THEN NOT EXISTS (SELECT 1 FROM session s WHERE s.device_id = r.device_id AND s.ended_at IS NULL)
       ELSE NOT EXISTS (SELECT 1 FROM command c WHERE c.device_id = r.device_id AND c.operation_id = r.operation_id
         AND c.position = r.position AND c.state IN ('QUEUED', 'SENT', 'ACCEPTED')) END`,
    [now],
  );
}

/** Objects that no file has: it went, or its upload was cut short. The row goes last, so that nothing is forgotten. */
async function sweepObjects({ db, storage, limits, log }: RepositoryDeps, now: number): Promise<void> {
  const rows = await db.sql.query<{ storage_key: string }>(
    `UPDATE repository_object SET state = 'DOOMED' WHERE storage_key IN (SELECT storage_key FROM repository_object
       WHERE state = 'DOOMED' OR (state = 'COMING' AND created_at < $1::timestamptz) ORDER BY created_at LIMIT ${BATCH})
     AND state <> 'KEPT' RETURNING storage_key`,
    [new Date(now - 2 * limits.uploadMs)],
  );
  for (const { storage_key: key } of rows) {
    try {
      await storage.delete(key);
      await db.sql.query('DELETE FROM repository_object WHERE storage_key = $1', [key]);
    } catch (error) {
      log?.warn({ err: error, key }, 'an object could not be taken out of the storage; it is tried again');
    }
  }
}

/** Drafts that nobody writes any more: of a process that ended in the middle. */
async function sweepDrafts({ storage, limits }: RepositoryDeps): Promise<void> {
  const { draftDirectory } = storage;
  for (const name of await readdir(draftDirectory).catch(() => [])) {
    if (!name.endsWith('.part')) continue;
    const path = join(draftDirectory, name);
    const written = await stat(path).catch(() => undefined);
    if (written !== undefined && written.mtimeMs < Date.now() - 2 * limits.uploadMs) await rm(path, { force: true });
  }
}
