/**
 * What a device puts into the Data Repository (HPUT, HPOST): at an address that was made for one command and is taken while
 * that command is under way. Source: OMA-TS-DM_Protocol-V2_0, 5.3.2, 5.3.3 and 5.5.
 */
import type { ItemReply, ItemRequest, RepositoryDeps } from './items';

const TYPES = 'application/dmmo+json, text/plain, application/octet-stream, */*;q=0.1';
export const MAX_UPLOAD_OCTETS = 16 * 1024 * 1024;

/** A second one replaces the first until the command has ended. */
const STORE = `UPDATE repository_item r SET used_at = $3::timestamptz, contents = $4::jsonb
  WHERE r.device_id = $1 AND r.token = $2 AND r.expires_at > $3::timestamptz AND r.direction = 'UPLOAD'
    AND EXISTS (SELECT 1 FROM command c WHERE c.device_id = r.device_id AND c.operation_id = r.operation_id
      AND c.position = r.position AND c.state IN ('SENT', 'QUEUED'))
  RETURNING r.token`;

/** Answers PUT and POST of an item; unknown, foreign, expired and ended addresses are one: 404. */
export async function takeUpload(deps: RepositoryDeps, request: ItemRequest, at: Date): Promise<ItemReply> {
  const { token, headers, body = new Uint8Array(0) } = request;
  const opened = token === undefined ? undefined : deps.secrets.openToken(token);
  if (token === undefined || opened === undefined || opened.deviceKey <= 0n) return plain(404, 'there is nothing here');
  const mime = headers['content-type'] ?? '';
  if (mime === '' || mime.startsWith('multipart/'))
    return plain(415, 'this type is not taken', { 'omadm-accept': TYPES });
  if (body.byteLength > MAX_UPLOAD_OCTETS) return plain(413, `at most ${MAX_UPLOAD_OCTETS} octets are taken`);
  const contents = [{ mime, base64: Buffer.from(body).toString('base64') }];
  const [stored] = await deps.db.sql.query(STORE, [opened.deviceKey.toString(), token, at, JSON.stringify(contents)]);
  return stored === undefined
    ? plain(404, 'there is nothing here')
    : { status: 204, headers: {}, body: Buffer.alloc(0) };
}

function plain(status: number, text: string, headers: Record<string, string> = {}): ItemReply {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: Buffer.from(`${text}\n`),
  };
}
