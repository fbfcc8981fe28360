/** A repository over a database of its own, with a device that has addresses in it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import type { RepositoryDeps } from '../../../src/repository/deps';
import { isStream, type ItemReply, type ItemRequest } from '../../../src/repository/exchange';
import { createRepository, type Repository } from '../../../src/repository/items';
import { directoryStorage } from '../../../src/repository/storage/directory';
import type { Storage } from '../../../src/repository/storage/storage';
import type { Database } from '../../../src/store/database';
import { createSecrets, type Secrets } from '../../../src/store/secrets';
import { testDatabase } from '../../support/database';

export interface RepositoryWorld {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly storage: Storage;
  /** Of the storage. */
  readonly directory: string;
  readonly deps: RepositoryDeps;
  readonly repository: Repository;
  /** Milliseconds since 1970; tests move it. */
  now: number;
  /** Database key. */
  readonly device: bigint;
  /** Puts an address in place that is good for a second. */
  address(row: Readonly<Record<string, unknown>>): Promise<string>;
  row(token: string): Promise<Record<string, unknown>>;
  ask(request: Partial<Omit<ItemRequest, 'body'>> & { readonly body?: Readable | Uint8Array }): Promise<Asked>;
  close(): Promise<void>;
}

/** An answer with the octets that a client gets. */
export type Asked = Omit<ItemReply, 'body'> & { readonly body: Buffer };

export const LIMITS = {
  documentOctets: 10_000,
  fileOctets: 1_000_000,
  inlineOctets: 1_000,
  idleMs: 200,
  uploadMs: 2_000,
  sessionExpiryMs: 300_000,
  transferExpiryMs: 1_800_000,
};

export async function repositoryWorld(more: Partial<RepositoryDeps> = {}): Promise<RepositoryWorld> {
  const db = await testDatabase();
  const secrets = createSecrets('a key for tests');
  const directory = mkdtempSync(join(tmpdir(), 'moql-repository-'));
  const [account] = await db.sql.query<{ id: string }>(
    `INSERT INTO account (server_id) VALUES ('dm.example') RETURNING id`,
  );
  const [row] = await db.sql.query<{ id: string }>(
    `INSERT INTO device (device_id, account_id) VALUES ('urn:uuid:1', $1) RETURNING id`,
    [account?.id],
  );
  const device = BigInt(row?.id ?? 0);
  const storage = more.storage ?? directoryStorage(directory);
  const deps: RepositoryDeps = {
    db,
    secrets,
    limits: LIMITS,
    prove: () => Promise.resolve({ ok: true }),
    now: () => world.now,
    ...more,
    storage,
  };
  const repository = createRepository(deps);
  const world: RepositoryWorld = {
    db,
    secrets,
    storage,
    directory,
    deps,
    repository,
    device,
    now: Date.UTC(2026, 10, 23, 12),
    async address(row) {
      const token = secrets.makeToken(device);
      const all = {
        device_id: device,
        token,
        direction: 'DOWNLOAD',
        contents: '[]',
        expires_at: new Date(world.now + 1_000),
        ...row,
      };
      const names = Object.keys(all);
      await db.sql.query(
        `INSERT INTO repository_item (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
        Object.values(all),
      );
      return token;
    },
    async row(token) {
      const [found] = await db.sql.query<Record<string, unknown>>('SELECT * FROM repository_item WHERE token = $1', [
        token,
      ]);
      return found ?? {};
    },
    ask: (request) => ask(repository, request),
    async close() {
      await db.close();
      rmSync(directory, { recursive: true });
    },
  };
  return world;
}

export async function ask(
  repository: Repository,
  { body, ...request }: Partial<Omit<ItemRequest, 'body'>> & { readonly body?: Readable | Uint8Array },
): Promise<Asked> {
  const reply = await repository.handle({
    method: 'GET',
    path: `/repository/${request.token ?? ''}`,
    headers: {},
    peer: { secure: true, loopback: true },
    ...request,
    body: body instanceof Readable ? body : Readable.from([Buffer.from(body ?? '')]),
  });
  if (!isStream(reply.body)) return { ...reply, body: Buffer.from(reply.body) };
  const pieces: Buffer[] = [];
  for await (const piece of await reply.body.open()) pieces.push(piece as Buffer);
  await reply.body.ended(true);
  return { ...reply, body: Buffer.concat(pieces) };
}
