/** PUT and POST at the address that a caller was given for a file: once, whole, and as announced, or nothing of it stays. */
import { createHash, randomBytes } from 'node:crypto';

import type { RepositoryDeps } from './deps';
import { BodyDigests, givenDigests } from './digests';
import { IncomingDraft } from './drafts';
import { nothingHere, plain, type ItemReply, type ItemRequest } from './exchange';
import { receive } from './receive';
import { failure, tooLarge } from './uploads';

/** 32 random octets in base64url: what addresses of devices never look like. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

interface Awaited {
  readonly id: string;
  /** As announced. */
  readonly length: string | null;
  readonly sha256: string | null;
}

export function isFileToken(token: string | undefined): token is string {
  return token !== undefined && TOKEN.test(token);
}

export async function uploadFile(deps: RepositoryDeps, token: string, request: ItemRequest): Promise<ItemReply> {
  const clock = deps.now ?? Date.now;
  const hash = createHash('sha256').update(token).digest('hex');
  const [file] = await deps.db.sql.query<Awaited>(
    `SELECT id, length, sha256 FROM repository_file WHERE upload_sha256 = $1 AND upload_expires_at > $2::timestamptz
       AND uploaded_at IS NULL AND (expires_at IS NULL OR expires_at > $2::timestamptz)`,
    [hash, new Date(clock())],
  );
  if (file === undefined) return nothingHere();
  if (request.method !== 'PUT' && request.method !== 'POST')
    return plain(405, 'this address answers PUT and POST', { allow: 'PUT, POST' });
  const coding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (coding !== 'identity' && coding !== '')
    return plain(415, 'files are taken as they are, without Content-Encoding', { 'accept-encoding': 'identity' });
  const draft = new IncomingDraft(deps.storage, deps.limits.inlineOctets);
  try {
    return await take(deps, file, draft, request);
  } finally {
    await draft.discard();
  }
}

async function take(
  deps: RepositoryDeps,
  file: Awaited,
  draft: IncomingDraft,
  { headers, body }: ItemRequest,
): Promise<ItemReply> {
  const { limits } = deps;
  const announced = file.length === null ? undefined : Number(file.length);
  const octets = Math.min(limits.fileOctets, announced ?? limits.fileOctets);
  const told = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  if (told !== undefined && told > octets) return tooLarge(octets);
  if (told !== undefined && announced !== undefined && told !== announced) return otherLength(announced);

  const digests = new BodyDigests(givenDigests(headers));
  const bounds = { octets, idleMs: limits.idleMs, totalMs: limits.uploadMs };
  const received = await receive(body, bounds, async (piece) => {
    digests.update(piece);
    await draft.write(piece);
  });
  if (!received.ok) return failure(received.why, octets);
  const { sha256, wrong } = digests.finish();
  if (announced !== undefined && received.length !== announced) return otherLength(announced);
  if (wrong !== undefined) return plain(400, `the body is not the one that ${wrong} tells of`);
  if (file.sha256 !== null && file.sha256 !== sha256)
    return plain(400, 'the body is not the one whose SHA-256 was announced');
  const isKept = await keep(deps, file.id, draft, received.length, sha256);
  return isKept ? taken(received.length, sha256) : nothingHere();
}

/** False when another upload was faster, or the file was deleted meanwhile. */
async function keep(
  { db, storage, now = Date.now }: RepositoryDeps,
  id: string,
  draft: IncomingDraft,
  length: number,
  sha256: string,
): Promise<boolean> {
  const content = await draft.finish();
  const key = 'path' in content ? randomBytes(16).toString('hex') : null;
  if ('path' in content && key !== null) {
    // Known before it is there: what no file names in the end is taken away, whatever happens to this process.
    await db.sql.query('INSERT INTO repository_object (storage_key, created_at) VALUES ($1, $2)', [
      key,
      new Date(now()),
    ]);
    await storage.put(key, { path: content.path, length, sha256 });
  }
  const at = new Date(now());
  const octets = 'octets' in content ? content.octets : null;
  return db.sql.transaction(async (tx) => {
    if (key !== null && (await tx.query(CLAIM, [key])).length === 0) return false;
    if ((await tx.query(FILL, [id, at, length, sha256, octets, key])).length === 1) return true;
    if (key !== null) await tx.query(`UPDATE repository_object SET state = 'DOOMED' WHERE storage_key = $1`, [key]);
    return false;
  });
}

/** Not one that took so long that it was given up. */
const CLAIM = `UPDATE repository_object SET state = 'KEPT' WHERE storage_key = $1 AND state = 'COMING' RETURNING 1`;

const FILL = `WITH kept AS (UPDATE repository_file SET uploaded_at = $2::timestamptz, length = $3, sha256 = $4, octets = $5,
    storage_key = $6, upload_sha256 = NULL WHERE id = $1 AND uploaded_at IS NULL RETURNING id),
  told AS (INSERT INTO event (at, type, data) SELECT $2::timestamptz, 'repositoryItemUploaded',
    jsonb_build_object('item', id::text, 'length', $3::bigint, 'sha256', $4::text) FROM kept)
SELECT id FROM kept`;

function otherLength(announced: number): ItemReply {
  return plain(400, `the body has not the ${announced} octets that were announced`);
}

function taken(length: number, sha256: string): ItemReply {
  return {
    status: 201,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: Buffer.from(JSON.stringify({ length, sha256 })),
  };
}
