/** What explanations are made of. */
import type { Sql } from './sql';

export interface DryRunRow {
  readonly features: Readonly<Record<string, { readonly value: never; readonly at: string }>>;
  readonly documents: readonly {
    readonly family: string;
    readonly miid: string;
    readonly values: unknown;
    readonly meta: Readonly<Record<string, unknown>>;
    readonly observedAt: Date | null;
  }[];
  readonly accessObservedAt: Date | null;
}

/** What was learned of a device, and its objects of some families. */
export async function loadDryRunFacts(sql: Sql, device: string, families: readonly string[]): Promise<DryRunRow> {
  const [row] = await sql.query<{
    features: DryRunRow['features'];
    documents: readonly (Omit<DryRunRow['documents'][number], 'observedAt'> & { observedAt: string | null })[];
    access: Date | null;
  }>(
    `SELECT d.features, (SELECT max(m.observed_at) FROM management_object m
         WHERE m.device_id = d.id AND m.family = 'urn:oma:mo:oma-dm-dacmo') AS access,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('family', m.family, 'miid', m.miid, 'values', m."values", 'meta', m.meta,
           'observedAt', COALESCE(m.complete_at, m.observed_at)))
         FROM management_object m WHERE m.device_id = d.id AND m.family = ANY($2::text[])), '[]') AS documents
     FROM device d WHERE d.id = $1`,
    [device, families],
  );
  return {
    features: row?.features ?? {},
    documents: (row?.documents ?? []).map((one) => ({
      ...one,
      observedAt: one.observedAt === null ? null : new Date(one.observedAt),
    })),
    accessObservedAt: row?.access ?? null,
  };
}

export interface SituationRow {
  readonly lastContactAt: Date | null;
  readonly isDiscovered: boolean;
  readonly isSearching: boolean;
  /** A session that runs: when its last message was processed. */
  readonly sessionAt: Date | null;
  /** Beginnings of its last sessions, the last one first. */
  readonly sessions: readonly Date[];
  /** Operations that are not ended, in the order of the queue. Those beyond the first thousand are counted alone. */
  readonly queue: readonly { readonly id: string; readonly priority: number }[];
  readonly more: number;
}

const RECENT_SESSIONS = 20;
const LONGEST_QUEUE = 1_000;

/** How things stand with devices at a moment, by their keys. */
export async function loadSituations(
  sql: Sql,
  devices: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, SituationRow>> {
  const rows = await sql.query<
    Omit<SituationRow, 'sessions' | 'more'> & {
      readonly device: string;
      readonly sessions: readonly string[];
      readonly total: string | number;
    }
  >(
    `SELECT d.id AS device, d.last_contact_at AS "lastContactAt", d.discovered_at IS NOT NULL AS "isDiscovered",
       d.discover_requested AS "isSearching",
       (SELECT max(s.last_at) FROM session s WHERE s.device_id = d.id AND s.ended_at IS NULL AND s.expires_at > $2::timestamptz) AS "sessionAt",
       COALESCE((SELECT jsonb_agg(r.opened_at ORDER BY r.id DESC) FROM (SELECT s.id, s.opened_at FROM session s
         WHERE s.device_id = d.id ORDER BY s.id DESC LIMIT ${RECENT_SESSIONS}) r), '[]') AS sessions, w.queue, w.total
     FROM device d CROSS JOIN LATERAL (
       WITH q AS (SELECT c.operation_id AS id, max(c.priority) AS priority FROM command c
           WHERE c.device_id = d.id AND c.state = 'QUEUED' GROUP BY c.operation_id
         UNION SELECT o.id, o.priority FROM operation o WHERE o.device_id = d.id AND o.state = 'RUNNING')
       SELECT COALESCE((SELECT jsonb_agg(jsonb_build_object('id', f.id::text, 'priority', f.priority) ORDER BY f.priority DESC, f.id)
         FROM (SELECT id, priority FROM q ORDER BY priority DESC, id LIMIT ${LONGEST_QUEUE}) f), '[]') AS queue,
         (SELECT count(*) FROM q) AS total) w
     WHERE d.id = ANY($1::bigint[])`,
    [devices, now],
  );
  return new Map(
    rows.map(({ device, total, ...situation }) => [
      device,
      {
        ...situation,
        sessions: situation.sessions.map((at) => new Date(at)),
        more: Math.max(0, Number(total) - situation.queue.length),
      },
    ]),
  );
}

/** How things stand with a device at a moment; null where there is none. */
export async function loadSituation(sql: Sql, device: string, now: Date): Promise<SituationRow | null> {
  return (await loadSituations(sql, [device], now)).get(device) ?? null;
}

export interface WakeUpFactsRow {
  /** Names of bearers, the preferred first; empty: it is not woken. */
  readonly bearers: readonly string[];
  readonly latenciesMs: readonly number[];
  readonly last: {
    readonly state: string;
    readonly bearer: string;
    readonly at: Date;
    readonly endedAt: Date | null;
  } | null;
}

/**
 * By the keys of the devices.
 *
 * @param fallback names of bearers where neither device nor account says anything
 */
export async function loadWakeUpFacts(
  sql: Sql,
  devices: readonly string[],
  fallback: readonly string[],
): Promise<ReadonlyMap<string, WakeUpFactsRow>> {
  const rows = await sql.query<FactsRow>(
    `SELECT d.id AS device, COALESCE(d.bearers, a.bearers, $2::jsonb) AS bearers,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('state', w.state, 'bearer', w.bearer, 'at', w.created_at, 'endedAt', w.ended_at,
           'latencyMs', CASE WHEN w.state = 'ANSWERED' THEN
             (SELECT round(extract(epoch FROM w.ended_at - max(t.at)) * 1000)::int FROM wake_up_attempt t
               WHERE t.device_id = w.device_id AND t.wake_up_id = w.id AND t.outcome = 'ACCEPTED') END) ORDER BY w.id DESC)
         FROM (SELECT * FROM wake_up w WHERE w.device_id = d.id ORDER BY w.id DESC LIMIT ${RECENT_SESSIONS}) w), '[]') AS woken
     FROM device d JOIN account a ON a.id = d.account_id WHERE d.id = ANY($1::bigint[])`,
    [devices, JSON.stringify(fallback)],
  );
  return new Map(rows.map((row) => [row.device, factsOf(row)]));
}

interface FactsRow {
  readonly device: string;
  readonly bearers: readonly string[];
  readonly woken: readonly {
    state: string;
    bearer: string;
    at: string;
    endedAt: string | null;
    latencyMs: number | null;
  }[];
}

function factsOf({ bearers, woken }: FactsRow): WakeUpFactsRow {
  const none = bearers.indexOf('none');
  const [last] = woken;
  return {
    bearers: none < 0 ? bearers : bearers.slice(0, none),
    latenciesMs: woken.flatMap(({ latencyMs }) => (latencyMs === null ? [] : Math.max(0, latencyMs))),
    last:
      last === undefined
        ? null
        : {
            state: last.state,
            bearer: last.bearer,
            at: new Date(last.at),
            endedAt: last.endedAt === null ? null : new Date(last.endedAt),
          },
  };
}
