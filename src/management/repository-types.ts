/** What the middle offers of the Data Repository: files that callers put there once, for however many devices. */
import type { Caller, Page } from './types';

export interface RepositoryFileView {
  readonly id: string;
  readonly name: string | null;
  readonly mime: string;
  /** How devices prove themselves where they fetch it; null: as its use asks for. */
  readonly access: 'DEVICE' | 'ADDRESS' | null;
  /** What it is, or is said to be until it was uploaded. */
  readonly length: number | null;
  /** Hexadecimal. */
  readonly sha256: string | null;
  readonly uploadedAt: Date | null;
  /** Principal. */
  readonly createdBy: string;
  readonly createdAt: Date;
  /** null: until it is deleted. */
  readonly expiresAt: Date | null;
}

export interface NewRepositoryFile {
  readonly name?: string | null;
  readonly mime: string;
  readonly access?: 'DEVICE' | 'ADDRESS' | null;
  /** Octets that it will have. */
  readonly length?: number | null;
  /** Hexadecimal. */
  readonly sha256?: string | null;
  readonly expiresInMs?: number | null;
}

/** src/management/repository-files.ts */
export interface RepositoryFiles {
  /** `uploadUrl` takes the octets by PUT or POST, once and until `uploadExpiresAt`; it is told this once. */
  create(
    input: NewRepositoryFile,
    caller: Caller,
  ): Promise<{ readonly file: RepositoryFileView; readonly uploadUrl: string; readonly uploadExpiresAt: Date }>;
  get(id: string): Promise<RepositoryFileView | null>;
  getMany(ids: readonly string[]): Promise<readonly (RepositoryFileView | null)[]>;
  /** The newest first. */
  list(first: number, after?: string): Promise<Page<RepositoryFileView>>;
  /** Its addresses lead nowhere from then on. */
  delete(id: string, caller: Caller): Promise<RepositoryFileView>;
}
