/** A part of a turn's last statement: operations that the turn made by itself, as they are at its end, and records of profiles. */

export interface FollowUpWrite {
  readonly operations: readonly {
    readonly id: string;
    readonly state: string;
    readonly ended: boolean;
    readonly onFailure: 'STOP' | 'CONTINUE';
    readonly caller: string;
    readonly expiresAt: string;
  }[];
  /** With `position`, `kind`, address and `request`, and what became of each as in CommandChange. */
  readonly commands: readonly object[];
  readonly records: readonly {
    readonly profile: string;
    readonly state: string;
    readonly drift: unknown;
    readonly reason: string | null;
    readonly operation: string | null;
    readonly memory: unknown;
  }[];
  /** Profiles whose records of the device go. */
  readonly gone: readonly string[];
  /** When rules were triggered lately. */
  readonly rules: readonly { readonly rule: string; readonly recent: readonly number[] }[];
  readonly tags: { readonly add: readonly string[]; readonly remove: readonly string[] };
}

/** Beginning of what is set of the device's row `d`. */
export function tagsText(place: string): string {
  return `tags = ARRAY(SELECT DISTINCT t FROM (SELECT unnest(d.tags) AS t UNION SELECT jsonb_array_elements_text(${place}::jsonb #> '{tags,add}')) x
    WHERE NOT ${place}::jsonb #> '{tags,remove}' ? t ORDER BY t), `;
}

/**
 * Common table expressions; $1 is the device, $2 the time.
 *
 * @param place of the write as JSON, such as `$37`
 */
export function followUpText(place: string): string {
  const part = (name: string): string => `jsonb_to_recordset(${place}::jsonb -> '${name}')`;
  return `followed AS (INSERT INTO operation (device_id, id, state, on_failure, caller, created_at, expires_at, ended_at) OVERRIDING SYSTEM VALUE
  SELECT $1, x.id, x.state, x."onFailure", x.caller, $2::timestamptz, x."expiresAt", CASE WHEN x.ended THEN $2::timestamptz END
  FROM ${part('operations')} AS x(id bigint, state text, "onFailure" text, caller text, "expiresAt" timestamptz, ended boolean)),
following AS (INSERT INTO command (device_id, operation_id, position, kind, state, moid, family, miid, path, request, repeatable, outcome,
    status_code, error, result, result_meta, carrier, sent_at, answered_at)
  SELECT $1, x.operation, x.position, x.kind, x.state, x.moid, x.family, x.miid, x.path, x.request, x.repeatable, x.outcome,
    x.code, x.error, x.result, x.meta, x.carrier, CASE WHEN x.sent THEN $2::timestamptz END, CASE WHEN x.answered THEN $2::timestamptz END
  FROM ${part('commands')} AS x(operation bigint, position int, kind text, state text, moid text, family text, miid text, path text,
    request jsonb, repeatable boolean, outcome text, code int, error text, result jsonb, meta jsonb, carrier text, sent boolean, answered boolean)),
compared AS (INSERT INTO profile_device AS r (device_id, profile_id, state, drift, reason, changed_at, operation_id, memory)
  SELECT $1, x.profile, x.state, x.drift, x.reason, $2::timestamptz, x.operation, x.memory
  FROM ${part('records')} AS x(profile bigint, state text, drift jsonb, reason text, operation bigint, memory jsonb)
  JOIN profile p ON p.id = x.profile
  ON CONFLICT (device_id, profile_id) DO UPDATE SET state = excluded.state, drift = excluded.drift, reason = excluded.reason,
    changed_at = CASE WHEN (r.state, r.drift, r.reason) IS DISTINCT FROM (excluded.state, excluded.drift, excluded.reason)
      THEN excluded.changed_at ELSE r.changed_at END,
    operation_id = excluded.operation_id, memory = excluded.memory),
triggered AS (INSERT INTO rule_device AS t (device_id, rule_id, recent)
  SELECT $1, x.rule, x.recent FROM ${part('rules')} AS x(rule bigint, recent jsonb) JOIN rule u ON u.id = x.rule
  ON CONFLICT (device_id, rule_id) DO UPDATE SET recent = excluded.recent),
left_out AS (DELETE FROM profile_device r USING jsonb_array_elements_text(${place}::jsonb -> 'gone') AS g(id)
  WHERE r.device_id = $1 AND r.profile_id = g.id::bigint)`;
}
