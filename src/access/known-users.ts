/** Users known by token, as their last good one said, for what the gateway does in their name while they are away. */
import type { Caller } from '../management/types';
import type { Database } from '../store/database';

export interface KnownUsers {
  /** Notes who called by a token, where that is not known already. Never rejects. */
  seen(caller: Caller): Promise<void>;
  /** The user with the groups of then; null when no token was seen for too long. */
  callerOf(principal: string): Promise<Caller | null>;
}

/** How often it is written that somebody is still there. */
const NOTED_EVERY_MS = 3_600_000;
const REMEMBERED = 10_000;

export function createKnownUsers(deps: {
  readonly db: Database;
  /** How long a user counts whose token was not seen. */
  readonly keptMs: number;
  readonly log: { error(detail: object, message: string): void };
  readonly now?: () => number;
}): KnownUsers {
  const { db, keptMs, log, now = Date.now } = deps;
  const noted = new Map<string, { readonly what: string; readonly at: number }>();
  return {
    async seen({ principal, name, groups = [], admin }) {
      const what = JSON.stringify([name, admin, ...groups]);
      const before = noted.get(principal);
      const at = now();
      if (before?.what === what && before.at > at - NOTED_EVERY_MS) return;
      try {
        const known = { name, admin, groups: [...groups], seenAt: new Date(at) };
        await db.prisma.knownUser.upsert({ where: { principal }, create: { principal, ...known }, update: known });
        if (noted.size >= REMEMBERED) noted.clear();
        noted.set(principal, { what, at });
      } catch (err) {
        // Who calls is known without it.
        log.error({ err }, 'it could not be noted who called');
      }
    },
    async callerOf(principal) {
      const row = await db.prisma.knownUser.findUnique({ where: { principal } });
      if (row === null || row.seenAt.getTime() < now() - keptMs) return null;
      return { principal, name: row.name, admin: row.admin, groups: row.groups };
    },
  };
}
