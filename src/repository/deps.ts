/** What the Data Repository works with. */
import type { Database } from '../store/database';
import type { Secrets } from '../store/secrets';
import type { ItemReply, ItemRequest } from './exchange';
import type { Storage } from './storage/storage';

export interface RepositoryLimits {
  /** Octets of a document that a device brings and the gateway reads. */
  readonly documentOctets: number;
  /** Octets of a file. */
  readonly fileOctets: number;
  /** Files of up to so many octets stand in the database. */
  readonly inlineOctets: number;
  /** Longest silence of who sends a body, and longest time for the whole of it. */
  readonly idleMs: number;
  readonly uploadMs: number;
  /** How long a session lives after its device's last package, and while it is busy here. */
  readonly sessionExpiryMs: number;
  readonly transferExpiryMs: number;
}

/** What a device wrote to an address that it was given with SUB. */
export interface Pushed {
  readonly deviceKey: bigint;
  readonly token: string;
  readonly mime: string;
  readonly body: Uint8Array;
}

export type Decoded =
  | { readonly ok: true; readonly body: Uint8Array }
  | { readonly ok: false; readonly status: 400 | 413 | 415; readonly reason: string };

export interface RepositoryLog {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
}

export interface RepositoryDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly limits: RepositoryLimits;
  /** Whether the request comes from the device, as at the DM endpoint; else what it is answered. */
  readonly prove: (
    deviceKey: string,
    request: ItemRequest,
  ) => Promise<{ readonly ok: true } | { readonly ok: false; readonly reply: ItemReply }>;
  /** A body as it was before its Content-Encoding. Absent: none is undone. */
  readonly decode?: (body: Uint8Array, coding: string | undefined) => Promise<Decoded>;
  /** Takes what a subscription brought; the device is told that it arrived once this resolves. Absent: nobody wants it. */
  readonly pushed?: (push: Pushed) => Promise<void>;
  /** Where large files stand. */
  readonly storage: Storage;
  readonly log?: RepositoryLog;
  readonly now?: () => number;
}
