/** The place in the order of events up to which rules were followed: of what happens without a message of the device. */
import { IS_SERVED } from './events';
import type { Sql } from './sql';

/** An event that may trigger rules. */
export interface RuledEvent {
  readonly device: string;
  readonly deviceId: string;
  readonly type: string;
  /** Of the event, as decimal text. */
  readonly place: readonly [xact: string, id: string];
}

/** Events that are passed by at once, at most. */
const PAGE = 500;

/** Begins now where some rule follows events of these types and none did before; ends where none does. */
export async function keepRulePlace(sql: Sql, types: readonly string[]): Promise<void> {
  await sql.query(
    `WITH needed AS (SELECT FROM rule WHERE enabled AND trigger -> 'events' ?| $1::text[] LIMIT 1),
     ended AS (DELETE FROM rule_place WHERE NOT EXISTS (SELECT FROM needed))
     INSERT INTO rule_place (xact, event_id) SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, 0 FROM needed
     ON CONFLICT DO NOTHING`,
    [types],
  );
}

/** Moves the place past an event, unless it is there already. */
export async function passRuledEvent(sql: Sql, { place: [xact, id] }: RuledEvent): Promise<void> {
  await sql.query(
    'UPDATE rule_place SET xact = $1::bigint, event_id = $2::bigint WHERE (xact, event_id) < ($1::bigint, $2::bigint)',
    [xact, id],
  );
}

/**
 * Moves the place to the next event of one of these types that no message brought, or by what is none of them; unless another
 * process is at it.
 *
 * @returns the event, where there is one, and whether more may follow
 */
export async function nextRuledEvent(
  tx: Sql,
  types: readonly string[],
): Promise<{ readonly event: RuledEvent | null; readonly more: boolean }> {
  const [row] = await tx.query<{ event: RuledEvent | null; read: string | number }>(
    `WITH place AS (SELECT xact, event_id, written_at - interval '1 day' AS since FROM rule_place FOR UPDATE SKIP LOCKED),
     news AS (SELECT e.* FROM place p CROSS JOIN LATERAL (SELECT device_id, id, xact, written_at, type, data FROM event
         WHERE ${IS_SERVED} AND (xact, id) > (p.xact, p.event_id) AND written_at >= p.since ORDER BY xact, id LIMIT ${PAGE}) e),
     next AS (SELECT n.*, d.device_id AS name FROM news n JOIN device d ON d.id = n.device_id
       WHERE n.type = ANY($1) AND (n.type <> 'operationEnded' OR n.data ? 'by') ORDER BY n.xact, n.id LIMIT 1),
     passed AS (SELECT xact, id, written_at FROM next UNION ALL (SELECT xact, id, written_at FROM news ORDER BY xact DESC, id DESC LIMIT 1)),
     moved AS (UPDATE rule_place r SET xact = p.xact, event_id = p.id, written_at = p.written_at
       FROM (SELECT * FROM passed ORDER BY xact, id LIMIT 1) p)
     SELECT (SELECT jsonb_build_object('device', device_id::text, 'deviceId', name, 'type', type,
         'place', jsonb_build_array(xact::text, id::text)) FROM next) AS event,
       (SELECT count(*) FROM news) AS read`,
    [types],
  );
  const event = row?.event ?? null;
  return { event, more: event !== null || Number(row?.read ?? 0) === PAGE };
}
