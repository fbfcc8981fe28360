/** A body on its way into the repository: in memory while it is small, in a file beside the storage from then on. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import type { Storage } from './storage/storage';

export class IncomingDraft {
  #pieces: Buffer[] = [];
  #length = 0;
  #file: FileHandle | undefined;
  #path: string | undefined;

  /** @param inlineOctets kept in memory at most */
  constructor(
    private readonly storage: Storage,
    private readonly inlineOctets: number,
  ) {}

  async write(piece: Buffer): Promise<void> {
    this.#length += piece.length;
    if (this.#file === undefined && this.#length <= this.inlineOctets) {
      this.#pieces.push(piece);
      return;
    }
    const file = (this.#file ??= await this.#spill());
    for (const one of [...this.#pieces.splice(0), piece]) await writeAll(file, one);
  }

  /** What came, where it is small; else where it lies on the disk, safe from a loss of power. */
  async finish(): Promise<{ readonly octets: Buffer } | { readonly path: string }> {
    if (this.#file === undefined || this.#path === undefined)
      return { octets: Buffer.concat(this.#pieces.splice(0), this.#length) };
    await this.#file.sync();
    await this.#close();
    return { path: this.#path };
  }

  /** Takes away what is left of it. A draft that became an object is not there any more. */
  async discard(): Promise<void> {
    this.#pieces = [];
    await this.#close();
    if (this.#path !== undefined) await rm(this.#path, { force: true });
  }

  async #spill(): Promise<FileHandle> {
    const { draftDirectory } = this.storage;
    await mkdir(draftDirectory, { recursive: true, mode: 0o700 });
    this.#path = join(draftDirectory, `${randomBytes(16).toString('hex')}.part`);
    return open(this.#path, 'wx', 0o600);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

async function writeAll(file: FileHandle, octets: Buffer): Promise<void> {
  for (let at = 0; at < octets.length;) {
    const { bytesWritten } = await file.write(octets, at, octets.length - at);
    at += bytesWritten;
  }
}
