/** API keys: who calls. A key is 256 random bits, stored as SHA-256 only and shown once. */
import { AsyncResource } from 'node:async_hooks';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { isAdministrator, ManagementError, type ApiKeyView, type Caller, type Keys } from '../management/types';
import type { Database } from '../store/database';
import type { ApiKey } from '../store/generated/client';
import { afterKey, badInput, checkName, findDatabaseKey, getDatabaseKey, notFound, pageOf } from './inputs';
import { administer, isMissing, isUniqueViolation, recordChange } from './journal';
import { RIGHTS, type Right } from './rights';

export interface KeysDeps {
  readonly db: Database;
  /** MOQL_ADMIN_KEY: has every right and stands in no table. */
  readonly adminKey?: string;
  /** Called after a key was revoked: what it holds is to be let go. */
  readonly revoked?: () => Promise<void>;
  readonly now?: () => number;
}

export interface RunningKeys extends Keys {
  /** Begins to hear of keys that other processes revoke. */
  start(): Promise<void>;
  /** Who a principal is now, for what the gateway does in its name; null when its key is no longer valid. */
  callerOf(principal: string): Promise<Caller | null>;
  stop(): void;
}

/** Ids of keys that changed. */
const KEY_CHANNEL = 'moql_key';
const PREFIX = 'moql_';
/** How long a key is believed without another look at the store. */
const CACHE_MS = 10_000;
const CACHE_ENTRIES = 10_000;
/** How often the time of the last use is written. */
const USE_NOTED_EVERY_MS = 60_000;
const LONGEST_BEARER = 512;
/** How long the text before a rotation stays good where nothing else is asked, and at most. */
const OVERLAP_MS = 24 * 3_600_000;
const LONGEST_OVERLAP_MS = 30 * 24 * 3_600_000;
const SHORTEST_GIVEN_KEY = 16;

interface Known {
  readonly caller: Caller;
  readonly until: number;
}

export function createKeys(deps: KeysDeps): RunningKeys {
  return new StoredKeys(deps);
}

/** Makes an administrator's key when the store has no key at all. @returns the key, to be shown once; undefined otherwise */
export async function bootstrapAdminKey(db: Database, keys: Keys): Promise<string | undefined> {
  const some = await db.prisma.apiKey.findFirst({ select: { id: true } });
  if (some !== null) return undefined;
  const { key } = await keys.create({ name: 'first administrator', admin: true });
  return key;
}

class StoredKeys implements RunningKeys {
  readonly #db: Database;
  readonly #now: () => number;
  readonly #adminHash: Buffer | undefined;
  readonly #revoked: (() => Promise<void>) | undefined;
  readonly #known = new Map<string, Known>();
  readonly #listeners = new Set<() => void>();
  #stop: (() => void) | undefined;

  constructor(deps: KeysDeps) {
    this.#db = deps.db;
    this.#now = deps.now ?? Date.now;
    this.#revoked = deps.revoked;
    this.#adminHash = deps.adminKey === undefined ? undefined : hashOf(deps.adminKey);
  }

  async start(): Promise<void> {
    this.#stop = await this.#db.listen(
      KEY_CHANNEL,
      AsyncResource.bind(() => {
        this.#known.clear();
        for (const listener of [...this.#listeners]) listener();
      }),
    );
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#stop?.();
  }

  async authenticate(bearer: string): Promise<Caller | null> {
    if (bearer === '' || bearer.length > LONGEST_BEARER) return null;
    const hash = hashOf(bearer);
    if (this.#adminHash !== undefined && timingSafeEqual(hash, this.#adminHash)) return ADMIN;
    const sha256 = hash.toString('hex');
    const now = this.#now();
    const known = this.#known.get(sha256);
    if (known !== undefined && known.until > now) return known.caller;
    return this.#look(sha256, now);
  }

  async callerOf(principal: string): Promise<Caller | null> {
    if (principal === ADMIN.principal) return this.#adminHash === undefined ? null : ADMIN;
    const id = findDatabaseKey(/^key:(\d+)$/.exec(principal)?.[1] ?? '');
    const row = id === undefined ? null : await this.#db.prisma.apiKey.findUnique({ where: { id } });
    return row === null || !isValid(row, this.#now()) ? null : callerFor(row);
  }

  /** What the store says; only keys that are good are remembered, so that made-up ones cannot fill the cache. */
  async #look(sha256: string, now: number): Promise<Caller | null> {
    this.#known.delete(sha256);
    const row = await this.#db.prisma.apiKey.findFirst({ where: { OR: [{ sha256 }, { previousSha256: sha256 }] } });
    if (row === null) return null;
    const until = untilOf(row, sha256);
    if (row.revokedAt !== null || until <= now) return null;
    if (row.lastUsedAt === null || row.lastUsedAt.getTime() < now - USE_NOTED_EVERY_MS) {
      await this.#db.prisma.apiKey.updateMany({ where: { id: row.id }, data: { lastUsedAt: new Date(now) } });
    }
    const caller = callerFor(row);
    if (this.#known.size >= CACHE_ENTRIES) this.#known.clear();
    this.#known.set(sha256, { caller, until: Math.min(now + CACHE_MS, until) });
    return caller;
  }

  async create(input: Parameters<Keys['create']>[0], caller?: Caller): Promise<{ view: ApiKeyView; key: string }> {
    const name = checkName(input.name, 'name');
    const expiresAt = input.expiresAt ?? null;
    if (expiresAt !== null && expiresAt.getTime() <= this.#now()) throw badInput('lies in the past', 'expiresAt');
    if (input.key !== undefined && (input.key.length < SHORTEST_GIVEN_KEY || input.key.length > LONGEST_BEARER)) {
      throw badInput(`${SHORTEST_GIVEN_KEY} to ${LONGEST_BEARER} characters`, 'key');
    }
    const key = input.key ?? makeKey();
    const admin = input.admin ?? false;
    const only = input.only == null ? null : checkOnly(input.only);
    try {
      const row = await administer(this.#db, async (tx) => {
        const sha256 = hashOf(key).toString('hex');
        const made = await tx.apiKey.create({
          data: { name, admin, expiresAt, sha256, ...(only === null ? {} : { only: [...only] }) },
        });
        await recordChange(tx, { type: 'apiKeyCreated', caller, data: { key: String(made.id), name, admin } });
        return made;
      });
      return { view: viewOf(row), key };
    } catch (error) {
      if (isUniqueViolation(error)) throw new ManagementError('ALREADY_EXISTS', 'this key exists');
      throw error;
    }
  }

  /** Revoking again changes nothing. */
  async revoke(id: string, caller?: Caller): Promise<ApiKeyView> {
    const key = getDatabaseKey('API key', id);
    const row = await administer(this.#db, async (tx) => {
      const before = await tx.apiKey.findUnique({ where: { id: key } });
      if (before === null) throw notFound('API key');
      if (before.admin && caller !== undefined && !isAdministrator(caller))
        throw new ManagementError('FORBIDDEN', 'Only an administrator ends an administrator’s key.');
      if (before.revokedAt !== null) return before;
      const after = await tx.apiKey.update({ where: { id: key }, data: { revokedAt: new Date(this.#now()) } });
      await recordChange(tx, { type: 'apiKeyRevoked', caller, data: { key: id, name: after.name } });
      return after;
    });
    this.#forget(id);
    await this.#revoked?.();
    return viewOf(row);
  }

  /** A new text for the same key; of older ones the last alone stays good, and no longer than the overlap. */
  async rotate(id: string, caller?: Caller, overlapMs = OVERLAP_MS): Promise<{ view: ApiKeyView; key: string }> {
    const databaseKey = getDatabaseKey('API key', id);
    if (overlapMs > LONGEST_OVERLAP_MS) throw badInput('at most P30D', 'overlap');
    const key = makeKey();
    try {
      const row = await administer(this.#db, async (tx) => {
        const where = { id: databaseKey, revokedAt: null };
        const { sha256: before } = await tx.apiKey.findUniqueOrThrow({ where });
        const previous =
          overlapMs === 0
            ? { previousSha256: null, previousUntil: null }
            : { previousSha256: before, previousUntil: new Date(this.#now() + overlapMs) };
        const after = await tx.apiKey.update({ where, data: { sha256: hashOf(key).toString('hex'), ...previous } });
        await recordChange(tx, { type: 'apiKeyRotated', caller, data: { key: id, name: after.name } });
        return after;
      });
      this.#forget(id);
      return { view: viewOf(row), key };
    } catch (error) {
      if (isMissing(error)) throw notFound('API key that is not revoked');
      throw error;
    }
  }

  async list(first: number, after?: string): ReturnType<Keys['list']> {
    const rows = await this.#db.prisma.apiKey.findMany({
      where: { id: afterKey(after) },
      orderBy: { id: 'asc' },
      take: first + 1,
    });
    return pageOf(rows, first, viewOf);
  }

  #forget(id: string): void {
    this.#known.clear();
    this.#db.notify(KEY_CHANNEL, id);
  }
}

const ADMIN: Caller = { principal: 'key:admin', name: 'administrator', admin: true };

function isValid({ revokedAt, expiresAt }: ApiKey, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt.getTime() > now);
}

/** Until when a text of the key is good; the text before a rotation has an end of its own. */
function untilOf({ expiresAt, previousSha256, previousUntil }: ApiKey, sha256: string): number {
  const end = expiresAt?.getTime() ?? Infinity;
  return previousSha256 === sha256 ? Math.min(end, previousUntil?.getTime() ?? 0) : end;
}

function callerFor({ id, name, admin, only }: ApiKey): Caller {
  return { principal: `key:${id}`, name, admin, ...(only === null ? {} : { only: rightsIn(only) }) };
}

/** Rights of a release that is no more are nobody's. */
function rightsIn(stored: unknown): readonly Right[] {
  return Array.isArray(stored) ? RIGHTS.filter((right) => stored.includes(right)) : [];
}

function checkOnly(only: readonly string[]): readonly Right[] {
  if (only.length === 0) throw badInput('names no right: leave it out for no limit', 'only');
  const stray = only.find((right) => !(RIGHTS as readonly string[]).includes(right));
  if (stray !== undefined) throw badInput(`must be of ${RIGHTS.join(', ')}`, 'only');
  return RIGHTS.filter((right) => only.includes(right));
}

function makeKey(): string {
  return PREFIX + randomBytes(32).toString('base64url');
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function viewOf(row: ApiKey): ApiKeyView {
  const { id, name, admin, createdAt, expiresAt, lastUsedAt, revokedAt, previousUntil } = row;
  const only = row.only === null ? null : rightsIn(row.only);
  return { id: String(id), name, admin, createdAt, expiresAt, lastUsedAt, revokedAt, only, previousUntil };
}
