/** Last statement of a turn: the session with its reply, what was sent, and what was learned of the device. */
import type { CommandChange, OperationChange } from './turn-apply';
import { SETTLE } from './turn-apply';
import type { Sql } from './sql';
import { followUpText, tagsText, type FollowUpWrite } from './turn-follow-up';

export interface SessionWrite {
  /** Id and version as loaded; absent: a new session begins. */
  readonly was?: { readonly id: string; readonly version: number };
  /** A session that this one supersedes. */
  readonly supersedes?: string;
  readonly protocol: string;
  readonly key: string;
  readonly token: string;
  readonly phase: string;
  readonly messageNo: number;
  /** JSON text that PostgreSQL takes. */
  readonly state: string;
  readonly sha256: string;
  readonly reply: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  };
  readonly expiresAt: Date;
  readonly endReason: string | null;
}
export interface CredentialWrite {
  readonly direction: 'CLIENT' | 'SERVER';
  /** Base64; the present one becomes the previous one. */
  readonly nonce?: string;
  /** Absent: unchanged. */
  readonly failures?: number;
  readonly lockedUntil?: string | null;
  /** Absent: unchanged. */
  readonly refusals?: unknown;
  /** Null: the notification that is kept was answered. */
  readonly notified?: null;
  /** What is left of those before it; absent: unchanged. */
  readonly notifiedBefore?: readonly { readonly at: number; readonly sessionNo: number }[];
}
export interface ItemWrite {
  readonly token: string;
  readonly operation: string | null;
  readonly position: number | null;
  readonly direction: 'DOWNLOAD' | 'UPLOAD';
  /** What is served, in order of preference; of an upload the media types that are taken beside the usual ones. */
  readonly contents: readonly { readonly mime: string; readonly base64: string }[];
  readonly expiresAt: string;
  /** Absent: COMMAND. */
  readonly purpose?: 'COMMAND' | 'SUBSCRIPTION' | 'FILE' | 'DEFAULT';
  /** How who uses it proves himself. Absent: DEVICE. */
  readonly access?: 'DEVICE' | 'ADDRESS';
  /** FILE: key of what is served. */
  readonly file?: string;
  /** DEFAULT: type of the object that it has values for. */
  readonly moid?: string;
}
/** The device answered a DEFAULT: its document takes the place of others for the MOID, or goes. */
export interface DefaultWrite {
  readonly moid: string;
  readonly token: string;
  readonly isTaken: boolean;
}
export interface ChunkWrite {
  readonly ref: string;
  readonly position: number;
  readonly base64: string;
}
/** The message and its reply, without secrets. */
export interface ExchangeWrite {
  readonly protocol: string;
  readonly messageNo: number | null;
  readonly status: number;
  /** `OPERATION.POSITION` */
  readonly commands: readonly string[];
  readonly requestType: string;
  /** Deflated. */
  readonly request: Uint8Array;
  readonly replyType: string;
  readonly reply: Uint8Array;
}
export interface TurnWrite {
  /** Absent: it is not kept. */
  readonly exchange?: ExchangeWrite;
  readonly session?: SessionWrite;
  /** The wake-up that was loaded with the turn: the device came. What is made due later is for what this turn did not see. */
  readonly wakeUp?: string | null;
  /** MOs that were observed to be as they are stored. */
  readonly touched?: readonly { readonly family: string; readonly miid: string }[];
  /** Of the session that is written. */
  readonly chunks?: { readonly kept: readonly ChunkWrite[]; readonly dropped: readonly string[] };
  readonly device: {
    readonly protocol: string | null;
    /** feature → { value, evidence, at } */
    readonly features: Readonly<Record<string, unknown>>;
    /** MOID → { ddf } */
    readonly supportedMos: Readonly<Record<string, unknown>>;
    readonly discovered: boolean;
    /** Its MOs are to be looked for again. */
    readonly discoveryDue?: boolean;
    /** An instance that is found at another place keeps its name: `miid` takes what `as` was stored with. */
    readonly moved?: readonly { readonly family: string; readonly miid: string; readonly as: string }[];
    /** A refused message is no contact. */
    readonly contact: boolean;
  };
  readonly credentials: readonly CredentialWrite[];
  readonly commands: readonly CommandChange[];
  readonly operations: readonly OperationChange[];
  readonly items: readonly ItemWrite[];
  readonly defaults?: readonly DefaultWrite[];
  readonly events: readonly { readonly type: string; readonly data: unknown }[];
  readonly security: readonly { readonly what: string; readonly detail: unknown }[];
  /** Absent: nothing is there to follow up, and the statement is the one without. */
  readonly followUp?: FollowUpWrite | undefined;
}

export const NOTHING_WRITTEN: TurnWrite = {
  device: { protocol: null, features: {}, supportedMos: {}, discovered: false, contact: false },
  credentials: [],
  commands: [],
  operations: [],
  items: [],
  events: [],
  security: [],
};

/**
 * @param tables common table expressions more, each followed by a comma
 * @param set    what is set of the device's row besides, followed by a comma
 * @param last   common table expressions more that rely on the session's, each after a comma
 */
const writeText = (
  tables: string,
  set: string,
  last: string,
): string => `WITH ${tables}commands AS (${SETTLE.commands}), operations AS (${SETTLE.operations}),
device AS (UPDATE device d SET ${set}protocol = COALESCE($5::text, d.protocol), features = d.features || $6::jsonb,
    supported_mos = d.supported_mos || $7::jsonb,
    discovered_at = CASE WHEN $8 THEN $2::timestamptz ELSE d.discovered_at END,
    discover_requested = (d.discover_requested OR $34) AND NOT $8, last_contact_at = CASE WHEN $9 THEN $2::timestamptz ELSE d.last_contact_at END
  WHERE d.id = $1),
moved AS (UPDATE management_object m SET moid = n.moid, version = n.version, place = n.place, recognised_by = n.recognised_by,
    "values" = n."values", meta = n.meta, properties = n.properties, observed_at = n.observed_at, complete_at = n.complete_at,
    validator = n.validator
  FROM jsonb_to_recordset($35::jsonb) AS x(family text, miid text, "as" text)
  JOIN management_object n ON n.device_id = $1 AND n.family = x.family AND n.miid = x."as"
  WHERE m.device_id = $1 AND m.family = x.family AND m.miid = x.miid),
left_behind AS (DELETE FROM management_object m USING jsonb_to_recordset($35::jsonb) AS x(family text, "as" text)
  WHERE m.device_id = $1 AND m.family = x.family AND m.miid = x."as"),
credentials AS (INSERT INTO device_credential AS k (device_id, direction, nonce, failures, locked_until, refusals, notified_before)
  SELECT $1, x.direction, decode(x.nonce, 'base64'), COALESCE(x.failures, 0), x."lockedUntil", NULLIF(x.refusals, 'null'),
    x."notifiedBefore"
  FROM jsonb_to_recordset($10::jsonb) AS x(direction text, nonce text, failures int, "lockedUntil" timestamptz, refusals jsonb,
    "notifiedBefore" jsonb)
  ON CONFLICT (device_id, direction) DO UPDATE SET
    nonce = COALESCE(excluded.nonce, k.nonce),
    previous_nonce = CASE WHEN excluded.nonce IS NULL THEN k.previous_nonce ELSE k.nonce END,
    resync_at = CASE WHEN excluded.nonce IS NULL THEN k.resync_at END,
    notified_at = CASE WHEN excluded.direction = 'SERVER' AND $36 THEN NULL ELSE k.notified_at END,
    notified_before = CASE WHEN excluded.direction = 'SERVER' AND $36 THEN NULL
      ELSE COALESCE(excluded.notified_before, k.notified_before) END,
    failures = CASE WHEN $11::jsonb ? excluded.direction THEN excluded.failures ELSE k.failures END,
    locked_until = CASE WHEN $11::jsonb ? excluded.direction THEN excluded.locked_until ELSE k.locked_until END,
    refusals = CASE WHEN excluded.direction = 'CLIENT' AND $30 THEN excluded.refusals ELSE k.refusals END),
items AS (INSERT INTO repository_item AS i (device_id, token, operation_id, position, direction, contents, offered_at, expires_at,
    purpose, access, file_id, moid)
  SELECT $1, x.token, x.operation, x.position, x.direction, x.contents, $2::timestamptz, x."expiresAt",
    COALESCE(x.purpose, 'COMMAND'), COALESCE(x.access, 'DEVICE'), x.file, x.moid
  FROM jsonb_to_recordset($12::jsonb) AS x(token text, operation bigint, position int, direction text, contents jsonb,
    "expiresAt" timestamptz, purpose text, access text, file bigint, moid text)
  ON CONFLICT (device_id, token) DO UPDATE SET contents = excluded.contents, offered_at = excluded.offered_at,
    expires_at = excluded.expires_at, used_at = NULL, uploaded_at = NULL, mime = NULL, sha256 = NULL, octets = NULL),
defaults AS (DELETE FROM repository_item i USING jsonb_to_recordset($37::jsonb) AS x(moid text, token text, "isTaken" boolean)
  WHERE i.device_id = $1 AND i.purpose = 'DEFAULT'
    AND CASE WHEN x."isTaken" THEN i.moid = x.moid AND i.token <> x.token ELSE i.token = x.token END),
events AS (INSERT INTO event (device_id, at, type, data)
  SELECT $1, $2::timestamptz, x.type, x.data FROM jsonb_to_recordset($13::jsonb) AS x(type text, data jsonb)),
security AS (INSERT INTO security_log (device_id, at, what, detail)
  SELECT $1, $2::timestamptz, x.what, x.detail FROM jsonb_to_recordset($14::jsonb) AS x(what text, detail jsonb)),
bootstraps AS (DELETE FROM bootstrap_document b
  WHERE b.device_id = $1 AND $13::jsonb @> '[{"type": "bootstrapCompleted"}]'),
woken AS (UPDATE wake_up w SET state = 'ANSWERED', ended_at = $2::timestamptz, taken_until = NULL
  WHERE $38::bigint IS NOT NULL AND w.device_id = $1 AND w.id = $38::bigint AND w.ended_at IS NULL),
superseded AS (UPDATE session s SET ended_at = $2::timestamptz, end_reason = 'SUPERSEDED'
  WHERE s.device_id = $1 AND s.id = $15::bigint AND s.ended_at IS NULL),
begun AS (INSERT INTO session (device_id, protocol, session_key, token, phase, message_no, state, last_sha256, last_status,
    last_headers, last_body, last_at, opened_at, expires_at, ended_at, end_reason)
  SELECT $1, $18::text, $19::text, $20::text, $21::text, $22::int, $23::jsonb, $24::text, $25::int, $26::jsonb, $27::bytea, $2::timestamptz, $2::timestamptz, $28::timestamptz,
    CASE WHEN $29::text IS NOT NULL THEN $2::timestamptz END, $29::text
  WHERE $16::bigint IS NULL AND $18::text IS NOT NULL RETURNING id),
continued AS (UPDATE session s SET version = s.version + 1, protocol = $18, session_key = $19, token = $20, phase = $21,
    message_no = $22, state = $23::jsonb, last_sha256 = $24, last_status = $25, last_headers = $26::jsonb, last_body = $27::bytea,
    last_at = $2::timestamptz, expires_at = $28::timestamptz,
    ended_at = CASE WHEN $29::text IS NOT NULL THEN $2::timestamptz END, end_reason = $29
  WHERE s.device_id = $1 AND s.id = $16::bigint AND s.version = $17 RETURNING id),
touched AS (UPDATE management_object m SET observed_at = $2::timestamptz
  FROM jsonb_to_recordset($33::jsonb) AS x(family text, miid text) WHERE m.device_id = $1 AND m.family = x.family AND m.miid = x.miid),
kept AS (INSERT INTO message_chunk (device_id, session_id, ref, position, octets)
  SELECT $1, COALESCE((SELECT id FROM begun), (SELECT id FROM continued)), x.ref, x.position, decode(x.base64, 'base64')
  FROM jsonb_to_recordset($31::jsonb) AS x(ref text, position int, base64 text)
  WHERE EXISTS (SELECT FROM begun) OR EXISTS (SELECT FROM continued)),
dropped AS (DELETE FROM message_chunk m WHERE $32::jsonb IS NOT NULL AND m.device_id = $1 AND (m.session_id = $15::bigint
  OR (m.session_id = $16::bigint AND ($29::text IS NOT NULL OR $32::jsonb ? m.ref))))${last}
SELECT (SELECT count(*) FROM begun) + (SELECT count(*) FROM continued) AS written`;

const KEEP = `,
exchanged AS (INSERT INTO exchange (device_id, at, session_id, protocol, message_no, status, commands, request_type, request,
    reply_type, reply)
  SELECT $1, $2::timestamptz, COALESCE((SELECT id FROM begun), (SELECT id FROM continued)), $39::text, $40::int, $41::int, $42::text[],
    $43::text, $44::bytea, $45::text, $46::bytea)`;
const WRITE = writeText('', '', '');
const WRITE_AND_KEEP = writeText('', '', KEEP);

/**
 * Writes the end of a turn. The device's row is written in any case, so that a turn that waits for its lock notices.
 *
 * @returns false when the session was changed by another process since it was loaded: roll back and read again
 */
export async function writeTurn(tx: Sql, deviceKey: string, now: Date, write: TurnWrite): Promise<boolean> {
  const counted = Object.fromEntries(
    write.credentials.filter((c) => c.failures !== undefined).map((c) => [c.direction, true]),
  );
  const { exchange, followUp } = write;
  const values = [
    deviceKey,
    now,
    JSON.stringify(write.commands),
    JSON.stringify(write.operations),
    write.device.protocol,
    JSON.stringify(write.device.features),
    JSON.stringify(write.device.supportedMos),
    write.device.discovered,
    write.device.contact,
    JSON.stringify(write.credentials),
    JSON.stringify(counted),
    JSON.stringify(write.items),
    JSON.stringify(write.events),
    JSON.stringify(write.security),
    ...sessionValues(write.session),
    write.credentials.some((c) => c.refusals !== undefined),
    ...chunkValues(write),
    JSON.stringify(write.touched ?? []),
    write.device.discoveryDue === true,
    JSON.stringify(write.device.moved ?? []),
    write.credentials.some((c) => c.notified === null),
    JSON.stringify(write.defaults ?? []),
    write.wakeUp ?? null,
    ...(exchange === undefined ? [] : exchangeValues(exchange)),
  ];
  const [text, more] = textOf(exchange !== undefined, followUp, `$${values.length + 1}`);
  const [row] = await tx.query<{ written: string | number }>(text, [...values, ...more]);
  return write.session === undefined || Number(row?.written ?? 0) === 1;
}

/** The statement, with the parameter at the place that the follow-up takes. */
function textOf(
  isKept: boolean,
  followUp: FollowUpWrite | undefined,
  place: string,
): readonly [string, readonly string[]] {
  if (followUp === undefined) return [isKept ? WRITE_AND_KEEP : WRITE, []];
  const isTagged = followUp.tags.add.length + followUp.tags.remove.length > 0;
  const set = isTagged ? tagsText(place) : '';
  return [writeText(`${followUpText(place)}, `, set, isKept ? KEEP : ''), [JSON.stringify(followUp)]];
}

/** $39 and on. */
function exchangeValues(exchange: ExchangeWrite): readonly unknown[] {
  return [
    exchange.protocol,
    exchange.messageNo,
    exchange.status,
    exchange.commands,
    exchange.requestType,
    exchange.request,
    exchange.replyType,
    exchange.reply,
  ];
}

/** $31 and $32: null where nothing can be there to be deleted. A session's end, or a new one, takes all of it. */
function chunkValues({ session, chunks }: TurnWrite): readonly unknown[] {
  const isOver = session !== undefined && (session.endReason !== null || session.supersedes !== undefined);
  const kept = session?.endReason == null ? (chunks?.kept ?? []) : [];
  const dropped = chunks?.dropped ?? [];
  return [JSON.stringify(kept), isOver || dropped.length > 0 ? JSON.stringify(dropped) : null];
}

/** $15 to $29. */
function sessionValues(session: SessionWrite | undefined): readonly unknown[] {
  if (session === undefined) return new Array<null>(15).fill(null);
  return [
    session.supersedes,
    session.was?.id,
    session.was?.version,
    session.protocol,
    session.key,
    session.token,
    session.phase,
    session.messageNo,
    session.state,
    session.sha256,
    session.reply.status,
    JSON.stringify(session.reply.headers),
    session.reply.body,
    session.expiresAt,
    session.endReason,
  ];
}
