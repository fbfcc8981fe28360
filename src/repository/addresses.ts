/** Addresses that were handed out to devices: one statement finds one, with what stands behind it. */
import type { Sql } from '../store/sql';
import type { Content } from './accept';

export interface FoundAddress {
  /** Database key. */
  readonly device: string;
  readonly deviceId: string;
  readonly token: string;
  readonly purpose: 'COMMAND' | 'SUBSCRIPTION' | 'FILE' | 'DEFAULT';
  readonly access: 'DEVICE' | 'ADDRESS';
  readonly direction: 'DOWNLOAD' | 'UPLOAD';
  readonly contents: readonly Content[];
  /** Whether it belongs to a command, and thereby to a session. */
  readonly ofCommand: boolean;
  readonly uses: number;
  readonly file: FoundFile | null;
}
export interface FoundFile {
  readonly id: string;
  readonly mime: string;
  readonly length: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Absent: it stands in the database. */
  readonly key: string | null;
  readonly uploadedAt: string;
}

/** An upload for a command that has ended is not waited for any more. */
export const IS_OPEN = `(r.direction = 'DOWNLOAD' OR r.operation_id IS NULL OR EXISTS (SELECT 1 FROM command c
  WHERE c.device_id = r.device_id AND c.operation_id = r.operation_id AND c.position = r.position
    AND c.state IN ('QUEUED', 'SENT', 'ACCEPTED')))`;

const FIND = `SELECT r.device_id AS device, d.device_id AS "deviceId", r.token, r.purpose, r.access, r.direction, r.contents,
  r.operation_id IS NOT NULL AS "ofCommand", r.uses,
  CASE WHEN f.uploaded_at IS NOT NULL AND (f.expires_at IS NULL OR f.expires_at > $3::timestamptz) THEN jsonb_build_object('id', f.id::text,
    'mime', f.mime, 'length', f.length, 'sha256', f.sha256, 'key', f.storage_key, 'uploadedAt', f.uploaded_at) END AS file
FROM repository_item r JOIN device d ON d.id = r.device_id LEFT JOIN repository_file f ON f.id = r.file_id
WHERE r.device_id = $1 AND r.token = $2 AND r.expires_at > $3::timestamptz AND ${IS_OPEN}`;

/** Undefined for an address that is unknown, expired or used up, or whose file went. */
export async function findAddress(
  sql: Sql,
  deviceKey: bigint,
  token: string,
  now: Date,
): Promise<FoundAddress | undefined> {
  const [row] = await sql.query<FoundAddress>(FIND, [deviceKey.toString(), token, now]);
  return row !== undefined && (row.purpose === 'FILE') !== (row.file !== null) ? undefined : row;
}
