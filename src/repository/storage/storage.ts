/** Where large files stand: somewhere that takes whole objects under names and gives parts of them back. */
import type { Readable } from 'node:stream';

/** A whole object on this machine's disk, checked and ready to be put away. */
export interface Draft {
  readonly path: string;
  readonly length: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Keys are 32 hexadecimal digits, made once and never again. */
export interface Storage {
  /** Path of a directory in which drafts may be written; made if it is not there. */
  draftDirectory(): Promise<string>;
  /** Resolves when the object would survive a loss of power. The draft may be gone then. */
  put(key: string, draft: Draft): Promise<void>;
  /** Octets `start` to `end`, the latter not included. Rejects with StorageError when the object is not there. */
  read(key: string, start: number, end: number): Promise<Readable>;
  /** An object that is not there is no error. */
  delete(key: string): Promise<void>;
}

export class StorageError extends Error {
  override readonly name = 'StorageError';

  constructor(
    /** MISSING: no such object. REFUSED: the storage said no. UNREACHABLE: it said nothing. */
    readonly code: 'MISSING' | 'REFUSED' | 'UNREACHABLE',
    message: string,
  ) {
    super(message);
  }
}

/** Names that come from nowhere else could lead out of the storage. */
export function checkKey(key: string): string {
  if (!/^[0-9a-f]{32}$/.test(key)) throw new Error('a storage key is 32 hexadecimal digits');
  return key;
}
