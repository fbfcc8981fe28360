/** Delegations in the store. */
import { MADE_OF_INPUT, type Sql } from '../../store/sql';
import { Parameters } from '../device-filter/parameters';
import type { DelegationState, DelegationView } from '../types';
import type { PlannedObject } from './plan';

export interface DelegationDetail {
  /** Of a GIVEN one: what the operation that runs is for. */
  readonly step?: 'OFFER' | 'READ' | 'WRITE';
  readonly objects: readonly PlannedObject[];
  /** Of the account on the device. */
  readonly account?: string;
  /** Encrypted logins, until the device has them. */
  readonly sealed?: string;
  /** Times that taking back was begun. */
  readonly endings?: number;
}

export interface DelegationRow {
  readonly id: string;
  readonly direction: 'GIVEN' | 'TAKEN';
  readonly ref: string;
  readonly peerId: string;
  readonly peer: string;
  readonly peerServerId: string;
  /** Where devices reach the peer. */
  readonly peerDeviceUrl: string;
  readonly device: string;
  readonly deviceId: string;
  readonly accountId: string;
  readonly tags: readonly string[];
  readonly state: DelegationState;
  readonly moids: readonly string[];
  readonly until: Date | null;
  readonly caller: string;
  readonly problem: string | null;
  readonly detail: DelegationDetail;
  readonly operation: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

const SELECT = `SELECT g.id, g.direction, g.ref, g.peer_id AS "peerId", p.name AS peer, p.server_id AS "peerServerId",
  p.device_url AS "peerDeviceUrl", g.device_id AS device, d.device_id AS "deviceId",
  d.account_id AS "accountId", d.tags, g.state, g.moids, g.until, g.caller, g.problem, g.detail, g.operation_id AS operation,
  g.created_at AS "createdAt", g.ended_at AS "endedAt"
FROM delegation g JOIN peer p ON p.id = g.peer_id JOIN device d ON d.id = g.device_id`;

export async function findDelegation(sql: Sql, id: string): Promise<DelegationRow | undefined> {
  const [row] = await sql.query<DelegationRow>(`${SELECT} WHERE g.id = $1`, [id]);
  return row;
}

/** Locked until the transaction ends; undefined where another process has it. */
export async function lockDelegation(tx: Sql, id: string): Promise<DelegationRow | undefined> {
  const [row] = await tx.query<DelegationRow>(`${SELECT} WHERE g.id = $1 FOR UPDATE OF g SKIP LOCKED`, [id]);
  return row;
}

export async function findByRef(sql: Sql, peer: bigint, ref: string): Promise<readonly DelegationRow[]> {
  return sql.query<DelegationRow>(`${SELECT} WHERE g.peer_id = $1 AND g.ref = $2`, [peer, ref]);
}

/** Those that touch a device, the latest first. */
export async function ofDevice(sql: Sql, deviceId: string): Promise<readonly DelegationRow[]> {
  return sql.query<DelegationRow>(`${SELECT} WHERE d.device_id = $1 ORDER BY g.id DESC LIMIT 100`, [deviceId]);
}

/** Ids of those that may have something due. */
export async function dueDelegations(sql: Sql, now: Date): Promise<readonly string[]> {
  const rows = await sql.query<{ id: string }>(
    `SELECT g.id FROM delegation g LEFT JOIN operation o ON o.device_id = g.device_id AND o.id = g.operation_id
     WHERE g.ended_at IS NULL AND ((g.state = 'ACTIVE' AND g.until <= $1::timestamptz) OR (g.state IN ('PREPARING', 'ENDING') AND
       (o.ended_at IS NOT NULL OR (g.operation_id IS NULL AND g.created_at < $1::timestamptz - interval '1 minute'))))
     ORDER BY g.id LIMIT 100`,
    [now],
  );
  return rows.map(({ id }) => id);
}

export async function listDelegations(
  sql: Sql,
  after: string | undefined,
  count: number,
  condition: (parameter: (value: unknown, type: string) => string) => string,
): Promise<readonly DelegationRow[]> {
  const parameters = new Parameters([after ?? '0', count]);
  const where = condition((value, type) => parameters.add(value, type));
  const { text, values } = parameters.statement(
    `${MADE_OF_INPUT}${SELECT} WHERE g.id > $1::bigint AND ${where} ORDER BY g.id LIMIT $2::int`,
  );
  return sql.query<DelegationRow>(text, values);
}

export async function insertDelegation(
  sql: Sql,
  row: {
    readonly direction: 'GIVEN' | 'TAKEN';
    readonly ref: string;
    readonly peer: bigint;
    readonly device: string;
    readonly state: DelegationState;
    readonly moids: readonly string[];
    readonly until: Date | null;
    readonly caller: string;
    readonly detail: DelegationDetail;
    readonly at: Date;
  },
): Promise<string> {
  const [made] = await sql.query<{ id: string }>(
    `WITH g AS (INSERT INTO delegation (direction, ref, peer_id, device_id, state, moids, until, caller, detail, created_at)
       VALUES ($1, $2, $3, $4, $5, $6::text[], $7, $8, $9::jsonb, $10) RETURNING id, device_id, state),
     e AS (INSERT INTO event (device_id, type, data) SELECT device_id, 'delegationChanged',
       jsonb_build_object('delegation', id::text, 'state', state, 'by', $8::text) FROM g)
     SELECT id FROM g`,
    [
      row.direction,
      row.ref,
      row.peer,
      row.device,
      row.state,
      row.moids,
      row.until,
      row.caller,
      JSON.stringify(row.detail),
      row.at,
    ],
  );
  if (made === undefined) throw new Error('a delegation was not stored');
  return made.id;
}

export interface DelegationChange {
  readonly state: DelegationState;
  readonly detail: DelegationDetail;
  readonly operation: string | null;
  readonly problem: string | null;
  readonly endedAt: Date | null;
}

/** Tells of a change of state by an event. */
export async function changeDelegation(tx: Sql, row: DelegationRow, change: DelegationChange): Promise<void> {
  await tx.query(
    `WITH g AS (UPDATE delegation SET state = $2, detail = $3::jsonb, operation_id = $4, problem = $5, ended_at = $6
       WHERE id = $1 RETURNING id)
     INSERT INTO event (device_id, type, data)
     SELECT $7::bigint, 'delegationChanged', jsonb_build_object('delegation', id::text, 'state', $2::text, 'by', 'gateway') FROM g
     WHERE $2::text <> $8::text`,
    [
      row.id,
      change.state,
      JSON.stringify(change.detail),
      change.operation,
      change.problem,
      change.endedAt,
      row.device,
      row.state,
    ],
  );
}

export function viewOf(row: DelegationRow): DelegationView {
  const { id, direction, state, device, peer, moids, until, problem, createdAt, endedAt } = row;
  return { id, direction, state, device, peer, moids, until, problem, createdAt, endedAt };
}
