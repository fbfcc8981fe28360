/** The record of uses: witness for the DM session, and trail of addresses that need no credentials. */
import { setSessionEnd } from '../store/session-time';
import type { FoundAddress } from './addresses';
import type { RepositoryDeps } from './deps';
import type { ItemRequest } from './exchange';

/** More requests than a download in small parts takes; from then on the address leads nowhere. That of DEFAULT has no such end. */
export const MOST_USES = 10_000;

const USE = `WITH used AS (UPDATE repository_item SET uses = LEAST(uses + 1, ${MOST_USES}), used_at = CASE WHEN $4 THEN COALESCE(used_at, $3::timestamptz) ELSE used_at END
    WHERE device_id = $1 AND token = $2 AND (uses < ${MOST_USES} OR purpose = 'DEFAULT') RETURNING uses, access, purpose),
  logged AS (INSERT INTO security_log (device_id, at, what, detail)
    SELECT $1, $3::timestamptz, 'repositoryAddressUsed', $5::jsonb FROM used WHERE used.access = 'ADDRESS' AND used.uses < ${MOST_USES}),
  told AS (INSERT INTO event (device_id, at, type, data)
    SELECT $1, $3::timestamptz, 'repositoryItemFetched', $6::jsonb FROM used WHERE used.purpose = 'FILE' AND used.uses = 1)
SELECT uses FROM used`;

/**
 * Records that an address is used.
 *
 * @param whole whether the device has the end of the document with this answer
 * @returns false when the address was used too often
 */
export async function recordUse(
  { db, log, now = Date.now }: RepositoryDeps,
  address: FoundAddress,
  request: ItemRequest,
  whole: boolean,
): Promise<boolean> {
  const { access, file } = address;
  const detail = {
    method: request.method,
    ...(file === null ? {} : { item: file.id }),
    ...(request.peer.address === undefined ? {} : { from: request.peer.address }),
    ...(request.headers['range'] === undefined ? {} : { range: request.headers['range'].slice(0, 64) }),
  };
  const rows = await db.sql.query(USE, [
    address.device,
    address.token,
    new Date(now()),
    whole,
    JSON.stringify(detail),
    JSON.stringify(file === null ? {} : { item: file.id }),
  ]);
  if (access === 'ADDRESS') log?.info({ device: address.deviceId, ...detail }, 'a repository address was used');
  return rows.length === 1;
}

/** The device has the whole document: by this its word that it does is believed. */
export async function recordFetch({ db, now = Date.now }: RepositoryDeps, address: FoundAddress): Promise<void> {
  await db.sql.query(
    'UPDATE repository_item SET used_at = COALESCE(used_at, $3::timestamptz) WHERE device_id = $1 AND token = $2',
    [address.device, address.token, new Date(now())],
  );
}

/** The session waits for a device that is busy here; when it is done, as long as after a package. */
export async function holdSession(
  { db, limits, now = Date.now }: RepositoryDeps,
  address: FoundAddress,
  isBusy: boolean,
): Promise<void> {
  if (!address.ofCommand) return;
  const at = now();
  const end = new Date(at + (isBusy ? limits.transferExpiryMs : limits.sessionExpiryMs));
  await setSessionEnd(db.sql, address.device, new Date(at), end, isBusy);
}
