/** Files in a directory of this machine, or one that several gateways share. */
import { createReadStream } from 'node:fs';
import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { checkKey, StorageError, type Draft, type Storage } from './storage';

/** Drafts stand in the same file system, so that a name makes one an object, whole or not at all. */
const DRAFTS = 'incoming';

/** The directory is made when something is first put there. */
export function directoryStorage(directory: string): Storage {
  const folderOf = (key: string): string => join(directory, checkKey(key).slice(0, 2));
  const pathOf = (key: string): string => join(folderOf(key), key);
  return {
    async draftDirectory(): Promise<string> {
      const drafts = join(directory, DRAFTS);
      await mkdir(drafts, { recursive: true, mode: 0o700 });
      return drafts;
    },

    async put(key: string, draft: Draft): Promise<void> {
      await mkdir(folderOf(key), { recursive: true, mode: 0o700 });
      await rename(draft.path, pathOf(key));
      await syncDirectory(folderOf(key));
    },

    async read(key: string, start: number, end: number): Promise<Readable> {
      const path = pathOf(key);
      await access(path).catch(() => {
        throw new StorageError('MISSING', `the storage has no object ${key}`);
      });
      return createReadStream(path, { start, end: end - 1 });
    },

    async delete(key: string): Promise<void> {
      await rm(pathOf(key), { force: true });
    },
  };
}

/** Makes a new name last. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
