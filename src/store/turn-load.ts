/** First statement of a turn: all that is known of a device, under a lock that makes its turns follow one another. */
import type { Sql } from './sql';

export interface CredentialRow {
  readonly type: string | null;
  readonly username: string | null;
  /** Encrypted. */
  readonly secret: string | null;
  readonly fingerprint: string | null;
  /** Base64. */
  readonly nonce: string | null;
  readonly previousNonce: string | null;
  readonly failures: number;
  readonly lockedUntil: string | null;
  readonly refusals: unknown;
  /** When a notification with the nonce for resynchronisation was made, if no nonce was given to the device since. */
  readonly resyncAt: string | null;
  /** When a notification was made, if no session answered it since. */
  readonly notifiedAt: string | null;
  readonly notifiedSession: number | null;
  /** Those before, without answer, oldest first; `at` in milliseconds since 1970. */
  readonly notifiedBefore?: readonly { readonly at: number; readonly sessionNo: number }[] | null;
}

export interface ActiveCommandRow {
  readonly position: number;
  readonly kind: string;
  readonly state: string;
  readonly moid: string | null;
  readonly family: string | null;
  readonly miid: string | null;
  readonly path: string;
  readonly uri: string | null;
  readonly request: Record<string, unknown>;
  readonly repeatable: boolean;
  readonly outcome: string | null;
  /** The first octets of a stored value, where it was loaded to be sent. */
  readonly head?: Buffer;
}

export interface ActiveOperationRow {
  readonly id: string;
  readonly state: string;
  readonly atomic: boolean;
  readonly sequence?: boolean;
  readonly onFailure: 'STOP' | 'CONTINUE';
  readonly expiresAt: string;
  readonly cancelRequested: boolean;
  readonly commands: readonly ActiveCommandRow[];
}

/** An MO as it is stored, to see whether what a device tells is news. */
export interface StoredDocument {
  readonly values: unknown;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly moid: string;
  readonly place: string | null;
  readonly recognisedBy: string;
}

export interface LoadedTurn {
  readonly device_key: string | null;
  readonly device_id: string | null;
  readonly protocol: string | null;
  readonly features: Record<string, { value: unknown }> | null;
  readonly discover: boolean | null;
  /** Place of a root → MOID, as an administrator said. */
  readonly recognised: Record<string, string> | null;
  /** What stands beside the device's row is older than that row. */
  readonly is_torn: boolean;
  readonly account_key: string | null;
  readonly server_id: string | null;
  readonly auto_register: boolean | null;
  readonly client_auth_type: string | null;
  readonly client_username: string | null;
  readonly client_secret: string | null;
  readonly server_auth_type: string | null;
  readonly server_username: string | null;
  readonly server_secret: string | null;
  readonly client: CredentialRow | null;
  readonly server: CredentialRow | null;
  readonly mos:
    | readonly {
        f: string;
        m: string;
        i: string;
        p: string | null;
        v: string | null;
        /** What its values take, compressed; DM 2.0 only. */
        z?: number | null;
        d?: StoredDocument | null;
        /** Values of the access-control object, as far as it was read lately and there is work to be judged by it. */
        a?: unknown;
      }[]
    | null;
  readonly active: readonly ActiveOperationRow[] | null;
  readonly items: Record<
    string,
    { fetched: boolean; contents: readonly { mime: string; base64: string }[] | null }
  > | null;
  readonly work_waiting: boolean;
  /** The wake-up that the device comes after, if there is an open one. */
  readonly wake_up: string | null;
  /** For a device that is not registered: the server identifier that it is shown, and may have answered for. */
  readonly stranger_server_id: string | null;
  /** The type of credential of that account's devices. */
  readonly stranger_auth_type: string | null;
  readonly session_id: string | null;
  readonly session_version: number | null;
  readonly session_state: unknown;
  readonly last_sha256: string | null;
  readonly last_status: number | null;
  readonly last_headers: Record<string, string> | null;
  /** Chunks of the object that the device is sending, joined. */
  readonly object_so_far: Buffer | null;
  readonly last_body: Uint8Array | null;
  readonly last_at: Date | null;
  readonly session_ended: boolean | null;
  readonly session_expires: Date | null;
}

/** A row of device_credential as JSON. */
export const CREDENTIAL = (
  alias: string,
): string => `CASE WHEN ${alias}.device_id IS NULL THEN NULL ELSE jsonb_build_object(
  'type', ${alias}.type, 'username', ${alias}.username, 'secret', ${alias}.secret, 'fingerprint', ${alias}.fingerprint,
  'nonce', encode(${alias}.nonce, 'base64'), 'previousNonce', encode(${alias}.previous_nonce, 'base64'),
  'failures', ${alias}.failures, 'lockedUntil', ${alias}.locked_until, 'refusals', ${alias}.refusals,
  'resyncAt', ${alias}.resync_at, 'notifiedAt', ${alias}.notified_at, 'notifiedSession', ${alias}.notified_session,
  'notifiedBefore', ${alias}.notified_before) END`;

/** Whether anything is queued for a device: where nothing is, a turn asks for no work. */
export const workWaits = (device: string): string =>
  `EXISTS (SELECT 1 FROM command c WHERE c.device_id = ${device} AND c.state = 'QUEUED')`;

/** What was uploaded for a command that still runs, or in this session for none: else it was read already. */
const IS_AWAITED = `r.octets IS NOT NULL AND CASE WHEN r.operation_id IS NULL THEN r.uploaded_at >= s.opened_at ELSE EXISTS (
  SELECT 1 FROM command u WHERE u.device_id = r.device_id AND u.operation_id = r.operation_id AND u.position = r.position
    AND u.state IN ('QUEUED', 'SENT', 'ACCEPTED')) END`;

/** Commands whose answer is waited for; `c` and `o` are theirs. */
const AWAITED = `FROM command c JOIN operation o ON o.device_id = c.device_id AND o.id = c.operation_id AND o.state = 'RUNNING'
  WHERE c.device_id = d.id AND c.state = 'SENT'`;

// Where a read was sent with a validator, its answer may be "what you have": then what we have is needed.
// A device that is not registered may belong to an account that registers on first contact: found by its user name.
const LOAD = `WITH d AS (SELECT device.*, device.xmin::text AS locked_version FROM device WHERE device_id = $1 FOR NO KEY UPDATE)
SELECT d.id AS device_key, d.device_id, d.protocol, d.features, d.discover_requested AS discover, d.recognised,
  d.locked_version IS DISTINCT FROM (SELECT x.xmin::text FROM device x WHERE x.device_id = $1) AS is_torn,
  a.id AS account_key, a.server_id, a.auto_register, a.client_auth_type, a.client_username, a.client_secret,
  a.server_auth_type, a.server_username, a.server_secret,
  ${CREDENTIAL('cc')} AS client, ${CREDENTIAL('sc')} AS server,
  (SELECT jsonb_agg(jsonb_build_object('f', m.family, 'm', m.moid, 'i', m.miid, 'p', m.place, 'v', m.validator,
      'z', CASE WHEN $3 THEN pg_column_size(m."values") END,
      'd', CASE WHEN (m.family = $5 AND pg_column_size(m."values") <= 4096) OR ($3 AND m.validator IS NOT NULL AND EXISTS (
          SELECT 1 ${AWAITED} AND c.family = m.family AND c.miid = m.miid AND c.request ? 'cv')) THEN jsonb_build_object('values', m."values", 'meta', m.meta,
        'moid', m.moid, 'place', m.place, 'recognisedBy', m.recognised_by) END,
      'a', CASE WHEN $3 AND m.family = 'urn:oma:mo:oma-dm-dacmo' AND m.observed_at > now() - interval '1 day'
        AND EXISTS (SELECT 1 FROM command c WHERE c.device_id = d.id AND c.state = 'QUEUED') THEN m."values" END))
     FROM management_object m WHERE m.device_id = d.id) AS mos,
  (SELECT jsonb_agg(jsonb_build_object('id', o.id::text, 'state', o.state, 'atomic', o.atomic, 'sequence', o.sequence, 'onFailure', o.on_failure,
       'expiresAt', o.expires_at, 'cancelRequested', o.cancel_requested_at IS NOT NULL,
       'commands', (SELECT jsonb_agg(jsonb_build_object('position', c.position, 'kind', c.kind, 'state', c.state,
           'moid', c.moid, 'family', c.family, 'miid', c.miid, 'path', c.path, 'uri', c.uri, 'request', c.request,
           'repeatable', c.repeatable, 'outcome', c.outcome) ORDER BY c.position)
         FROM command c WHERE c.device_id = o.device_id AND c.operation_id = o.id)) ORDER BY o.id)
     FROM operation o WHERE o.device_id = d.id AND o.state = 'RUNNING') AS active,
  CASE WHEN $3 THEN (SELECT jsonb_object_agg(r.token, jsonb_build_object('fetched', r.used_at IS NOT NULL,
       'contents', CASE WHEN ${IS_AWAITED} THEN jsonb_build_array(jsonb_build_object('mime', r.mime, 'base64', encode(r.octets, 'base64'))) END))
     FROM repository_item r WHERE r.device_id = d.id AND r.purpose IN ('COMMAND', 'FILE')) END AS items,
  ${workWaits('d.id')} AS work_waiting,
  (SELECT w.id FROM wake_up w WHERE w.device_id = d.id AND w.ended_at IS NULL) AS wake_up,
  CASE WHEN d.id IS NULL THEN (SELECT x.server_id FROM account x ORDER BY x.id LIMIT 1) END AS stranger_server_id,
  CASE WHEN d.id IS NULL THEN (SELECT x.client_auth_type FROM account x ORDER BY x.id LIMIT 1) END AS stranger_auth_type,
  s.id AS session_id, s.version AS session_version, s.state AS session_state, s.last_sha256, s.last_status, s.last_headers,
  s.last_body, s.last_at, s.ended_at IS NOT NULL AS session_ended, s.expires_at AS session_expires,
  CASE WHEN $4 THEN (SELECT string_agg(x.octets, '' ORDER BY x.position) FROM message_chunk x WHERE x.device_id = d.id
    AND x.session_id = s.id AND x.ref = s.state -> 'a' ->> 'receiving') END AS object_so_far
FROM (SELECT 1) AS one
LEFT JOIN d ON true
LEFT JOIN account a ON a.id = COALESCE(d.account_id,
  (SELECT x.id FROM account x WHERE x.auto_register AND x.client_username = $2 ORDER BY x.id LIMIT 1))
LEFT JOIN device_credential cc ON cc.device_id = d.id AND cc.direction = 'CLIENT'
LEFT JOIN device_credential sc ON sc.device_id = d.id AND sc.direction = 'SERVER'
LEFT JOIN LATERAL (SELECT * FROM session WHERE session.device_id = d.id ORDER BY session.id DESC LIMIT 1) s ON true`;

/**
 * Loads and locks a device. The lock may be waited for while another process ends its turn; what stands beside the
 * device's own row is then older than that row. Whoever changes something under the lock writes the device's row too
 * (lockDevice, writeTurn), so that its version tells, and a second look (the lock is ours by then) sees all.
 *
 * @param user   user name of the message's credential, for accounts that register on first contact
 * @param items  whether the session's repository items are wanted (DM 2.0)
 * @param chunks whether the chunks kept of an object that the device is sending are wanted
 * @param family MO type whose documents are wanted, as far as they are small
 */
export async function loadTurn(
  tx: Sql,
  deviceId: string,
  user: string | undefined,
  items: boolean,
  chunks = false,
  family: string | null = null,
): Promise<LoadedTurn> {
  const values = [deviceId, user ?? null, items, chunks, family];
  const first = await one(tx, values);
  return first.is_torn ? one(tx, values) : first;
}

/** Takes the device's lock outside a turn, in a way that a turn which waits for it notices. */
export async function lockDevice(tx: Sql, deviceKey: string): Promise<void> {
  await tx.query('UPDATE device SET updated_at = updated_at WHERE id = $1', [deviceKey]);
}

async function one(tx: Sql, values: readonly unknown[]): Promise<LoadedTurn> {
  const [row] = await tx.query<LoadedTurn>(LOAD, values);
  if (row === undefined) throw new Error('the statement that loads a turn gave no row');
  return row;
}
