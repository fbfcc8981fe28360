/** Subscriptions of parts of management objects in the store. Whoever changes one holds the device's lock. */
import type { Sql } from './sql';

export interface SubscriptionRow {
  readonly device: string;
  readonly id: string;
  readonly family: string;
  readonly moid: string;
  readonly miid: string;
  readonly path: string;
  readonly token: string;
  readonly isWanted: boolean;
  readonly operation: string;
  readonly pushedAt: Date | null;
  readonly holders: string | number;
  /** Of the command that was made last; null where its operation went. */
  readonly commandState: string | null;
  readonly outcome: string | null;
}

export interface SubscriptionAt {
  readonly device: string;
  readonly family: string;
  readonly miid: string;
  readonly path: string;
}

const SELECT = `SELECT s.device_id AS device, s.id, s.family, s.moid, s.miid, s.path, s.token, s.is_wanted AS "isWanted",
    s.operation_id AS operation, s.pushed_at AS "pushedAt", c.state AS "commandState", c.outcome,
    (SELECT count(*) FROM mo_subscription_holder h WHERE h.device_id = s.device_id AND h.subscription_id = s.id) AS holders
  FROM mo_subscription s LEFT JOIN command c ON c.device_id = s.device_id AND c.operation_id = s.operation_id AND c.position = 0`;

export async function findSubscription(
  sql: Sql,
  { device, family, miid, path }: SubscriptionAt,
): Promise<SubscriptionRow | null> {
  const [row] = await sql.query<SubscriptionRow>(
    `${SELECT} WHERE s.device_id = $1 AND s.family = $2 AND s.miid = $3 AND s.path = $4`,
    [device, family, miid, path],
  );
  return row ?? null;
}

/** In order of device, family, MIID and path; without those that ended. */
export async function listSubscriptions(sql: Sql, devices: readonly string[]): Promise<readonly SubscriptionRow[]> {
  if (devices.length === 0) return [];
  return sql.query<SubscriptionRow>(
    `${SELECT} WHERE s.device_id = ANY($1::bigint[]) AND (s.is_wanted OR c.state IN ('QUEUED', 'SENT'))
     ORDER BY s.device_id, s.family, s.miid, s.path`,
    [devices],
  );
}

/** Makes the subscription of an address, or makes it anew. */
export async function writeSubscription(
  tx: Sql,
  row: SubscriptionAt & {
    readonly moid: string;
    readonly token: string;
    readonly operation: string;
    readonly caller: string;
    readonly isWanted: boolean;
  },
): Promise<void> {
  await tx.query(
    `INSERT INTO mo_subscription (device_id, family, miid, path, moid, token, operation_id, caller, is_wanted)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (device_id, family, miid, path) DO UPDATE SET moid = excluded.moid, token = excluded.token,
       operation_id = excluded.operation_id, caller = excluded.caller, is_wanted = excluded.is_wanted`,
    [row.device, row.family, row.miid, row.path, row.moid, row.token, row.operation, row.caller, row.isWanted],
  );
}

/** The address to which the device puts what changed: it lives as long as the subscription. */
export async function openAddress(tx: Sql, device: string, token: string): Promise<void> {
  await tx.query(
    `INSERT INTO repository_item (device_id, token, direction, purpose, contents, expires_at)
     VALUES ($1, $2, 'UPLOAD', 'SUBSCRIPTION', '[]', '9999-12-31T00:00:00Z')`,
    [device, token],
  );
}

export async function addHolder(tx: Sql, at: SubscriptionAt, holder: string, now: Date): Promise<void> {
  await tx.query(
    `INSERT INTO mo_subscription_holder (device_id, subscription_id, holder, created_at)
     SELECT s.device_id, s.id, $5, $6 FROM mo_subscription s
     WHERE s.device_id = $1 AND s.family = $2 AND s.miid = $3 AND s.path = $4 ON CONFLICT DO NOTHING`,
    [at.device, at.family, at.miid, at.path, holder, now],
  );
}

/** How many hold it still; undefined when this one held it not. */
export async function releaseHolder(tx: Sql, device: string, id: string, holder: string): Promise<number | undefined> {
  const gone = await tx.query(
    `DELETE FROM mo_subscription_holder WHERE device_id = $1 AND subscription_id = $2 AND holder = $3 RETURNING 1`,
    [device, id, holder],
  );
  if (gone.length === 0) return undefined;
  const [row] = await tx.query<{ n: string | number }>(
    'SELECT count(*) AS n FROM mo_subscription_holder WHERE device_id = $1 AND subscription_id = $2',
    [device, id],
  );
  return Number(row?.n ?? 0);
}

/** Whoever holds something with a key that is good no more. */
export async function findRevokedHolders(
  sql: Sql,
  now: Date,
  most: number,
): Promise<readonly (SubscriptionAt & { readonly holder: string })[]> {
  return sql.query(
    `SELECT s.device_id AS device, s.family, s.miid, s.path, h.holder FROM api_key k
     JOIN mo_subscription_holder h ON h.holder = 'key:' || k.id
     JOIN mo_subscription s ON s.device_id = h.device_id AND s.id = h.subscription_id
     WHERE k.revoked_at IS NOT NULL OR k.expires_at <= $1::timestamptz ORDER BY s.device_id, s.id LIMIT $2`,
    [now, most],
  );
}

/** Takes its address back, and with `id` the subscription as well. */
export async function deleteSubscription(
  tx: Sql,
  device: string,
  id: string | undefined,
  token: string,
): Promise<void> {
  await tx.query(
    `WITH address AS (DELETE FROM repository_item WHERE device_id = $1 AND token = $2)
     DELETE FROM mo_subscription WHERE device_id = $1 AND id = $3::bigint`,
    [device, token, id ?? null],
  );
}

export interface PushedTo {
  readonly moid: string;
  readonly miid: string;
  readonly path: string;
  readonly mos: readonly {
    readonly family: string;
    readonly moid: string;
    readonly miid: string;
    readonly place: string | null;
    readonly validator: string | null;
  }[];
}

/** The subscription of an address, with its instance as it is known. */
export async function findPushed(tx: Sql, device: string, token: string): Promise<PushedTo | null> {
  const [row] = await tx.query<PushedTo>(
    `SELECT s.moid, s.miid, s.path, COALESCE((SELECT jsonb_agg(jsonb_build_object('family', m.family, 'moid', m.moid, 'miid', m.miid,
         'place', m.place, 'validator', m.validator)) FROM management_object m
       WHERE m.device_id = s.device_id AND m.family = s.family AND m.miid = s.miid), '[]') AS mos
     FROM mo_subscription s WHERE s.device_id = $1 AND s.token = $2 AND s.is_wanted`,
    [device, token],
  );
  return row ?? null;
}

/** A push was taken: when, and what is told of it. An address that is used again and again is not used up. */
export async function notePush(
  tx: Sql,
  device: string,
  token: string,
  at: Date,
  events: readonly { readonly type: string; readonly data: unknown }[],
): Promise<void> {
  await tx.query(
    `WITH events AS (INSERT INTO event (device_id, at, type, data)
       SELECT $1, $3::timestamptz, x.type, x.data FROM jsonb_to_recordset($4::jsonb) AS x(type text, data jsonb)),
     address AS (UPDATE repository_item SET uses = 0 WHERE device_id = $1 AND token = $2)
     UPDATE mo_subscription SET pushed_at = $3::timestamptz WHERE device_id = $1 AND token = $2`,
    [device, token, at, JSON.stringify(events)],
  );
}
