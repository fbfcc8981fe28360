/** Where a device fetches the bootstrap document that was made for it: `/bootstrap/TOKEN`. */
import { bootstrapKey, openBootstrap } from '../store/bootstrap-documents';
import type { Database } from '../store/database';
import type { Secrets } from '../store/secrets';
import { nothingHere, plain, type ItemReply, type ItemRequest } from './exchange';

/** Retries included: nobody needs it more often, and each is written down. */
export const MOST_FETCHES = 10;

/** Each fetch is an event of the device. */
const FETCH = `WITH document AS (UPDATE bootstrap_document SET fetches = fetches + 1
    WHERE device_id = $1 AND token_sha256 = $2 AND expires_at > $3::timestamptz AND fetches < ${MOST_FETCHES}
    RETURNING media_type, document, fetches),
  event AS (INSERT INTO event (device_id, at, type, data)
    SELECT $1, $3::timestamptz, 'bootstrapFetched', jsonb_build_object('fetches', document.fetches) FROM document)
SELECT media_type, document FROM document`;

const LOOK = `SELECT media_type, document FROM bootstrap_document
  WHERE device_id = $1 AND token_sha256 = $2 AND expires_at > $3::timestamptz AND fetches < ${MOST_FETCHES}`;

export interface BootstrapDownloads {
  /** Answers GET of a document; unknown, used up and expired addresses are one: 404. */
  handle(inbound: BootstrapFetch): Promise<ItemReply & { readonly body: Uint8Array }>;
}

/** Over what the request came. */
export type BootstrapFetch = Pick<ItemRequest, 'method' | 'token'> & {
  readonly peer: { readonly secure: boolean; readonly loopback: boolean };
};

/** Of DM 2.0: goes over a secure channel alone (OMA-TS-DM_Protocol-V2_0, 9.3). */
const SECURE_TYPE = 'application/dmmo+json';

export interface BootstrapDownloadDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly now?: () => number;
  /** Whether documents of DM 2.0 are given out without TLS off loopback too. */
  readonly insecure?: boolean;
}

export function createBootstrapDownloads(deps: BootstrapDownloadDeps): BootstrapDownloads {
  const { db, secrets, now = Date.now } = deps;
  return {
    async handle({ method, token, peer }) {
      const isSafe = peer.secure || peer.loopback || deps.insecure === true;
      const opened = token === undefined ? undefined : secrets.openToken(token);
      if (token === undefined || opened === undefined) return nothingHere();
      const key = [opened.deviceKey.toString(), bootstrapKey(token), new Date(now())];
      const find = async (statement: string): Promise<{ media_type: string; document: string } | undefined> =>
        (await db.sql.query<{ media_type: string; document: string }>(statement, key))[0];
      // What is refused for its way is no fetch.
      const refused = isSafe ? undefined : await find(LOOK);
      if (refused?.media_type === SECURE_TYPE) return plain(403, 'this document is given out over TLS alone');
      const row = await find(method === 'GET' ? FETCH : LOOK);
      const octets = row && openBootstrap(secrets, opened.deviceKey, row.document);
      if (row === undefined || octets === undefined) return nothingHere();
      if (method !== 'GET' && method !== 'HEAD') return plain(405, 'this address answers GET', { allow: 'GET, HEAD' });
      return { status: 200, headers: { 'content-type': row.media_type, 'cache-control': 'no-store' }, body: octets };
    },
  };
}
