/** Subscriptions that profiles hold: those that they should, and those that they do. */
import type { Sql } from './sql';
import type { SubscriptionAt } from './subscriptions';

/** An instance of which a profile that watches desires values. */
export interface WantedWatch {
  readonly profile: string;
  /** Principal of the profile's maker. */
  readonly caller: string;
  readonly family: string;
  readonly moid: string;
  readonly miid: string;
  /** Of the nodes with desired values. */
  readonly paths: readonly string[];
}
export interface HeldWatch extends SubscriptionAt {
  readonly holder: string;
}

/** Who holds a subscription for a profile. */
export function holderOf(profile: string): string {
  return `profile:${profile}`;
}

/** Of a device, as it was compared last. */
export async function wantedWatches(sql: Sql, device: string): Promise<readonly WantedWatch[]> {
  return sql.query<WantedWatch>(
    `SELECT p.id AS profile, p.caller, m.family, m.moid, m.miid, e.paths
     FROM profile_device r JOIN profile p ON p.id = r.profile_id JOIN management_object m ON m.device_id = r.device_id
     CROSS JOIN LATERAL (SELECT jsonb_agg(x ->> 'path') AS paths FROM jsonb_array_elements(p.entries) x
       WHERE x ->> 'family' = m.family AND COALESCE(x ->> 'miid', m.miid) = m.miid) e
     WHERE r.device_id = $1 AND p.state = 'ACTIVE' AND p.watches AND e.paths IS NOT NULL ORDER BY p.id, m.family, m.miid`,
    [device],
  );
}

const HELD = `SELECT s.device_id AS device, s.family, s.miid, s.path, h.holder FROM mo_subscription_holder h
  JOIN mo_subscription s ON s.device_id = h.device_id AND s.id = h.subscription_id`;

export async function heldWatches(sql: Sql, device: string): Promise<readonly HeldWatch[]> {
  return sql.query<HeldWatch>(`${HELD} WHERE h.device_id = $1 AND starts_with(h.holder, 'profile:')`, [device]);
}

/** Of profiles that watch no more. */
export async function idleWatches(sql: Sql, most: number): Promise<readonly HeldWatch[]> {
  return sql.query<HeldWatch>(
    `${HELD} JOIN profile p ON h.holder = 'profile:' || p.id WHERE p.state <> 'ACTIVE' OR NOT p.watches ORDER BY h.device_id LIMIT $1`,
    [most],
  );
}
