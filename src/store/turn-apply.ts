/** Second statement of a turn: what the message meant for commands, management objects and alerts. */
import type { Sql } from './sql';

export interface CommandChange {
  readonly operation: string;
  readonly position: number;
  readonly state: string;
  readonly outcome?: string | null;
  readonly code?: number | null;
  readonly error?: string | null;
  readonly result?: unknown;
  readonly meta?: unknown;
  readonly carrier?: string | null;
  /** A request that changed on the way, such as a copy's second step. */
  readonly request?: unknown;
  readonly miid?: string | null;
  readonly sent?: boolean;
  readonly answered?: boolean;
}
export interface OperationChange {
  readonly id: string;
  readonly state: string;
  readonly ended: boolean;
}
export interface DocumentChange {
  readonly family: string;
  readonly miid: string;
  readonly moid: string;
  readonly version: string;
  readonly place: string | null;
  /** Null: as it was. */
  readonly recognisedBy: string | null;
  /** In order: { p: path, o: set | merge | del, v: value }; `b` in place of `v`: key of a stored value, `t`: it is text. */
  readonly patches: readonly {
    readonly p: readonly string[];
    readonly o: 'set' | 'merge' | 'del';
    readonly v?: unknown;
    readonly b?: string;
    readonly t?: boolean;
  }[];
  readonly meta: Readonly<Record<string, unknown>>;
  /** Properties of nodes by path. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Paths at and below which properties that were known count no more. */
  readonly cleared: readonly string[];
  readonly observed: boolean;
  readonly complete: boolean;
  /** Null: as it was; empty: what is stored is no more what any validator stands for. */
  readonly validator: string | null;
  /** Another instance than the one of its name that is stored, if there is one. */
  readonly fresh?: boolean;
  /** Some patch names a stored value. */
  readonly stored?: boolean;
}
export interface AlertRow {
  readonly type: string;
  readonly mark: string;
  readonly source: unknown;
  readonly target: unknown;
  readonly correlator: string | null;
  readonly format: string | null;
  readonly mime: string | null;
  readonly data: unknown;
  readonly resultCode: number | null;
}
/** A list that was seen or set; null: the node went, and all below it. */
export interface AclRow {
  readonly family: string;
  readonly miid: string;
  readonly path: string;
  readonly acl: string | null;
  readonly inherited: boolean;
}
/** An event that a turn writes with its last statement. */
export interface EventWrite {
  readonly type: string;
  readonly data: unknown;
}
export interface TurnChanges {
  readonly commands: readonly CommandChange[];
  readonly operations: readonly OperationChange[];
  readonly documents: readonly DocumentChange[];
  /** Instances of which the device told what is stored already: only the time is news, and the turn's last statement writes it. */
  readonly touched?: readonly { readonly family: string; readonly miid: string }[];
  readonly gone: readonly { readonly family: string; readonly miid: string }[];
  readonly alerts: readonly AlertRow[];
  /** One a node at most. */
  readonly acls?: readonly AclRow[];
}

const COMMANDS = (sharedResult: string): string => `UPDATE command c SET state = x.state,
    outcome = CASE WHEN x.answered THEN x.outcome ELSE c.outcome END,
    status_code = CASE WHEN x.answered THEN x.code ELSE COALESCE(x.code, c.status_code) END,
    error = COALESCE(x.error, c.error), result = COALESCE(x.result, ${sharedResult}, c.result), result_meta = COALESCE(x.meta, c.result_meta),
    carrier = COALESCE(x.carrier, c.carrier), request = COALESCE(x.request, c.request), miid = COALESCE(x.miid, c.miid),
    sent_at = CASE WHEN x.sent THEN $2::timestamptz ELSE c.sent_at END,
    answered_at = CASE WHEN x.answered THEN $2::timestamptz ELSE c.answered_at END
  FROM jsonb_to_recordset($3::jsonb) AS x(operation bigint, position int, state text, outcome text, code int, error text,
    result jsonb, shared text[], meta jsonb, carrier text, request jsonb, miid text, sent boolean, answered boolean)
  WHERE c.device_id = $1 AND c.operation_id = x.operation AND c.position = x.position`;

const OPERATIONS = `UPDATE operation o SET state = x.state, ended_at = CASE WHEN x.ended THEN $2::timestamptz ELSE o.ended_at END
  FROM jsonb_to_recordset($4::jsonb) AS x(id bigint, state text, ended boolean) WHERE o.device_id = $1 AND o.id = x.id`;

/** Shared with the turn's last statement, which settles what its reply brought about. */
export const SETTLE = { commands: COMMANDS('NULL::jsonb'), operations: OPERATIONS } as const;

/** Patches with the values that stand in `blob`: octets as Base64, as all octets stand in documents. */
const WITH_STORED = `SELECT jsonb_agg(CASE WHEN e.patch ? 'b' THEN e.patch || jsonb_build_object('v', (
    SELECT CASE WHEN (e.patch ->> 't')::boolean THEN convert_from(b.octets, 'UTF8') ELSE translate(encode(b.octets, 'base64'), E'\\n', '') END
    FROM blob b WHERE b.device_id = $1 AND b.id = (e.patch ->> 'b')::bigint)) ELSE e.patch END ORDER BY e.n)
  FROM jsonb_array_elements(x.patches) WITH ORDINALITY AS e(patch, n)`;

// A result that a document holds as well is taken from there.
const SETTLED = `commands AS (${COMMANDS('$5::jsonb #> x.shared')}), operations AS (${OPERATIONS})`;

const RARE = `gone AS (DELETE FROM management_object m USING jsonb_to_recordset($6::jsonb) AS x(family text, miid text)
  WHERE m.device_id = $1 AND m.family = x.family AND m.miid = x.miid),
gone_acls AS (DELETE FROM acl l USING jsonb_to_recordset($6::jsonb || $8::jsonb) AS x(family text, miid text, path text, acl text)
  WHERE l.device_id = $1 AND l.family = x.family AND l.miid = x.miid AND x.acl IS NULL
    AND (x.path IS NULL OR x.path = '' OR l.path = x.path OR starts_with(l.path, x.path || '/'))
    AND NOT EXISTS (SELECT 1 FROM jsonb_to_recordset($8::jsonb) AS y(family text, miid text, path text, acl text)
      WHERE y.family = l.family AND y.miid = l.miid AND y.path = l.path AND y.acl IS NOT NULL)),
acls AS (INSERT INTO acl (device_id, family, miid, path, acl, inherited, observed_at)
  SELECT $1, x.family, x.miid, x.path, x.acl, x.inherited, $2::timestamptz
  FROM jsonb_to_recordset($8::jsonb) AS x(family text, miid text, path text, acl text, inherited boolean) WHERE x.acl IS NOT NULL
  ON CONFLICT (device_id, family, miid, path) DO UPDATE SET acl = excluded.acl, inherited = excluded.inherited,
    observed_at = excluded.observed_at),
alerts AS (INSERT INTO alert (device_id, at, type, mark, source, target, correlator, format, mime, data, result_code)
  SELECT $1, $2::timestamptz, x.type, x.mark, x.source, x.target, x.correlator, x.format, x.mime, x.data, x."resultCode"
  FROM jsonb_to_recordset($7::jsonb) AS x(type text, mark text, source jsonb, target jsonb, correlator text, format text, mime text,
    data jsonb, "resultCode" int)
  RETURNING id, at, type),
alerts_told AS (INSERT INTO event (device_id, at, type, data)
  SELECT $1, $2::timestamptz, 'alertRaised', jsonb_build_object('alert', floor(extract(epoch FROM a.at) * 1000)::bigint || '.' || a.id, 'type', a.type)
  FROM alerts a ORDER BY a.id)`;

/** The function of properties is planned each time it is called, and mostly there are none. */
const PROPERTIES = `CASE WHEN x.properties = '{}' AND jsonb_array_length(x.cleared) = 0 THEN COALESCE(old.properties, '{}')
    ELSE moql_properties(COALESCE(old.properties, '{}'), x.cleared, x.properties) END`;
/** @param patches of document `x` */
const DOCUMENTS = (
  patches: string,
): string => `INSERT INTO management_object AS m (device_id, family, miid, moid, version, place, recognised_by, "values", meta, properties, observed_at, complete_at, validator)
SELECT $1, x.family, x.miid, x.moid, x.version, x.place, COALESCE(x."recognisedBy", old.recognised_by, 'MOID'),
  CASE WHEN x.whole IS NOT NULL THEN x.whole ELSE
    moql_patch(COALESCE(old."values", '{}'), ${patches}) END,
  COALESCE(old.meta, '{}') || x.meta,
  ${PROPERTIES},
  CASE WHEN x.observed THEN $2::timestamptz ELSE old.observed_at END,
  CASE WHEN x.complete THEN $2::timestamptz ELSE old.complete_at END, NULLIF(COALESCE(x.validator, old.validator), '')
FROM jsonb_to_recordset($5::jsonb) AS x(family text, miid text, moid text, version text, place text, "recognisedBy" text,
  whole jsonb, patches jsonb, stored boolean, meta jsonb, properties jsonb, cleared jsonb, observed boolean, complete boolean, validator text, fresh boolean)
LEFT JOIN management_object old ON x.fresh IS NOT TRUE AND old.device_id = $1 AND old.family = x.family AND old.miid = x.miid
ON CONFLICT (device_id, family, miid) DO UPDATE SET moid = excluded.moid, version = excluded.version,
  place = COALESCE(excluded.place, m.place), recognised_by = excluded.recognised_by, "values" = excluded."values",
  meta = excluded.meta, properties = excluded.properties, observed_at = excluded.observed_at, complete_at = excluded.complete_at, validator = excluded.validator`;

/**
 * The same, and what the documents that `parameter` lists were before, where they are not the same now. What a document became
 * is told where it was patched; a whole one was sent.
 */
const DOCUMENTS_COMPARED = (patches: string, parameter: string): string => `written AS (${DOCUMENTS(patches)}
  RETURNING m.family, m.miid, m."values")
SELECT w.family, w.miid, old."values" AS older, x.patched, CASE WHEN x.patched THEN w."values" END AS newer, old.complete_at IS NOT NULL AS "wasWhole"
FROM jsonb_to_recordset(${parameter}::jsonb) AS x(family text, miid text, patched boolean)
JOIN written w ON w.family = x.family AND w.miid = x.miid
JOIN management_object old ON old.device_id = $1 AND old.family = x.family AND old.miid = x.miid AND old.observed_at IS NOT NULL
WHERE old."values" IS DISTINCT FROM w."values"`;

const APPLY = `WITH ${SETTLED}, ${RARE}, ${DOCUMENTS_COMPARED(`CASE WHEN x.stored THEN (${WITH_STORED}) ELSE x.patches END`, '$9')}`;
/** Of a turn without what is rare: half of the statement needs not be begun. */
const APPLY_USUAL = `WITH ${SETTLED}, ${DOCUMENTS_COMPARED('x.patches', '$6')}`;
/** And none of its documents can have changed. */
const APPLY_UNTOLD = `WITH ${SETTLED} ${DOCUMENTS('x.patches')}`;

/**
 * A device that took its account anew has no subscriptions any more: it is asked for those that somebody holds. Each is an
 * operation of one command; those that wait to be sent the first time do so once.
 */
const SUBSCRIBE_AGAIN = `due AS (SELECT s.*, nextval(pg_get_serial_sequence('operation', 'id')) AS operation
  FROM mo_subscription s LEFT JOIN command c ON c.device_id = s.device_id AND c.operation_id = s.operation_id AND c.position = 0
  WHERE s.device_id = $1 AND s.is_wanted AND c.state IS DISTINCT FROM 'QUEUED'),
again AS (INSERT INTO operation (device_id, id, caller, created_at, expires_at) OVERRIDING SYSTEM VALUE
  SELECT $1, d.operation, d.caller, $2::timestamptz, $2::timestamptz + interval '1 year' FROM due d),
asked AS (INSERT INTO command (device_id, operation_id, position, kind, moid, family, miid, path, request, repeatable)
  SELECT $1, d.operation, 0, 'subscribe', d.moid, d.family, d.miid, d.path, jsonb_build_object('token', d.token), true FROM due d),
moved AS (UPDATE mo_subscription s SET operation_id = d.operation FROM due d WHERE s.device_id = $1 AND s.id = d.id)`;
const APPLY_AND_SUBSCRIBE = APPLY.replace('WITH ', `WITH ${SUBSCRIBE_AGAIN}, `);

/** A document that was known before, and is another one now. */
export interface ComparedDocument {
  readonly family: string;
  readonly miid: string;
  readonly older: unknown;
  /** It was sent as patches, and `newer` is what came of them; else it is as it was sent. */
  readonly patched: boolean;
  readonly newer: unknown;
  readonly wasWhole: boolean;
}

/**
 * Applies changes to one device in one statement. `now` is the turn's time. `isBootstrapped`: it took its account anew.
 *
 * @returns the documents that changed, as they were
 */
export async function applyTurn(
  tx: Sql,
  deviceKey: string,
  now: Date,
  changes: TurnChanges,
  isBootstrapped = false,
): Promise<readonly ComparedDocument[]> {
  const { operations, gone, alerts, acls = [] } = changes;
  const { commands, documents } = withoutRepetition(changes);
  const usual = [deviceKey, now, ...[commands, operations, documents].map((part) => JSON.stringify(part))];
  const compared = documents
    .filter(mayChange)
    .map(({ family, miid, whole }) => ({ family, miid, patched: whole === undefined }));
  const isUsual = gone.length + alerts.length + acls.length === 0 && !documents.some(({ stored }) => stored === true);
  if (isUsual && !isBootstrapped) {
    return compared.length === 0
      ? tx.query(APPLY_UNTOLD, usual)
      : tx.query<ComparedDocument>(APPLY_USUAL, [...usual, JSON.stringify(compared)]);
  }
  const rare = [gone, alerts, acls].map((part) => JSON.stringify(part));
  const text = isBootstrapped ? APPLY_AND_SUBSCRIBE : APPLY;
  return tx.query<ComparedDocument>(text, [...usual, ...rare, JSON.stringify(compared)]);
}

type SentCommand = CommandChange & {
  /** In place of `result`: where it stands among the documents. */
  readonly shared?: readonly string[];
};
type SentDocument = DocumentChange & {
  /** In place of patches: all of the document. */
  readonly whole?: unknown;
};

/** What a get read is mostly the document that is stored as well: it is written and parsed once. */
function withoutRepetition(changes: Pick<TurnChanges, 'commands' | 'documents'>): {
  readonly commands: readonly SentCommand[];
  readonly documents: readonly SentDocument[];
} {
  const places = new Map<unknown, readonly string[]>();
  const documents = changes.documents.map((document, index): SentDocument => {
    for (const [position, { v }] of document.patches.entries())
      if (isObject(v)) places.set(v, [`${index}`, 'patches', `${position}`, 'v']);
    const [first, ...others] = document.patches;
    const isWhole = first?.o === 'set' && first.p.length === 0 && others.length === 0 && isObject(first.v);
    if (!isWhole) return document;
    places.set(first.v, [`${index}`, 'whole']);
    return { ...document, patches: [], whole: first.v };
  });
  const commands = changes.commands.map((command): SentCommand => {
    const shared = places.get(command.result);
    return shared === undefined ? command : { ...command, result: undefined, shared };
  });
  return { commands, documents };
}

function isObject(json: unknown): boolean {
  return typeof json === 'object' && json !== null;
}

/** Whether what was known of an instance may be another thing now: the statement compares. */
function mayChange({ patches, whole, fresh }: SentDocument): boolean {
  return (patches.length > 0 || whole !== undefined) && fresh !== true;
}

/** Whether there is anything to apply: a turn without changes spares the statement. */
export function hasChanges(changes: TurnChanges): boolean {
  return (
    changes.commands.length +
      changes.operations.length +
      changes.documents.length +
      changes.gone.length +
      changes.alerts.length +
      (changes.acls?.length ?? 0) >
    0
  );
}
