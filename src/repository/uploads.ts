/**
 * PUT and POST at an address: what a device brings for a command (HPUT, HPOST) stands in the address's row until the command
 * has ended; what a subscription brings goes to whoever wants it. Source: OMA-TS-DM_Protocol-V2_0, 5.3.2, 5.3.3, 5.3.11, 5.5.
 */
import { isTaken, takenTypes } from './accept';
import { IS_OPEN, type FoundAddress } from './addresses';
import type { RepositoryDeps } from './deps';
import { BodyDigests, givenDigests } from './digests';
import { nothingHere, plain, type ItemReply, type ItemRequest } from './exchange';
import { receive } from './receive';
import { holdSession, MOST_USES, recordUse } from './uses';

export async function upload(deps: RepositoryDeps, address: FoundAddress, request: ItemRequest): Promise<ItemReply> {
  const named = address.contents.map(({ mime }) => mime);
  const contentType = request.headers['content-type'];
  if (contentType === undefined || !isTaken(contentType, named))
    return plain(415, 'the Content-Type is none that is taken here', { 'omadm-accept': takenTypes(named).join(', ') });
  // What comes at once holds nobody up.
  const isLong = !(Number(request.headers['content-length']) <= SHORT);
  if (isLong) await holdSession(deps, address, true);
  try {
    const brought = await read(deps, request);
    return 'status' in brought ? brought : await keep(deps, address, request, contentType, brought);
  } finally {
    if (isLong) await holdSession(deps, address, false);
  }
}

/** Octets that are on their way for no time worth telling. */
const SHORT = 64 * 1024;

interface Brought {
  readonly body: Uint8Array;
  readonly sha256: string;
}

async function read({ limits, decode }: RepositoryDeps, { headers, body }: ItemRequest): Promise<Brought | ItemReply> {
  const bound = { octets: limits.documentOctets, idleMs: limits.idleMs, totalMs: limits.uploadMs };
  if (Number(headers['content-length'] ?? 0) > bound.octets) return tooLarge(bound.octets);
  const digests = new BodyDigests(givenDigests(headers));
  const pieces: Buffer[] = [];
  const received = await receive(body, bound, (piece) => {
    digests.update(piece);
    pieces.push(piece);
  });
  if (!received.ok) return failure(received.why, bound.octets);
  const { sha256, wrong } = digests.finish();
  if (wrong !== undefined) return plain(400, `the body is not the one that ${wrong} tells of`);
  const raw = Buffer.concat(pieces, received.length);
  const coding = headers['content-encoding'];
  const decoded = decode === undefined ? undefined : await decode(raw, coding);
  if (decoded === undefined) return { body: raw, sha256 };
  return decoded.ok ? { body: decoded.body, sha256 } : plain(decoded.status, decoded.reason);
}

/** A second one replaces the first until the command has ended; what comes too late is not kept. */
async function keep(
  deps: RepositoryDeps,
  address: FoundAddress,
  request: ItemRequest,
  mime: string,
  { body, sha256 }: Brought,
): Promise<ItemReply> {
  if (address.purpose === 'SUBSCRIPTION') {
    if (deps.pushed === undefined || !(await recordUse(deps, address, request, true))) return nothingHere();
    await deps.pushed({ deviceKey: BigInt(address.device), token: address.token, mime, body });
    return TAKEN;
  }
  const at = new Date((deps.now ?? Date.now)());
  const values = [address.device, address.token, at, mime, sha256, Buffer.from(body)];
  return (await deps.db.sql.query(KEEP, values)).length === 0 ? nothingHere() : TAKEN;
}

const KEEP = `UPDATE repository_item r SET uploaded_at = $3::timestamptz, used_at = COALESCE(r.used_at, $3::timestamptz), uses = r.uses + 1,
    mime = $4, sha256 = $5, octets = $6
  WHERE r.device_id = $1 AND r.token = $2 AND r.expires_at > $3::timestamptz AND r.uses < ${MOST_USES} AND ${IS_OPEN} RETURNING 1`;

const TAKEN: ItemReply = { status: 204, headers: { 'cache-control': 'no-store' }, body: new Uint8Array() };

export function failure(why: 'TOO_LARGE' | 'TOO_SLOW' | 'BROKEN', octets: number): ItemReply {
  if (why === 'TOO_LARGE') return tooLarge(octets);
  return why === 'TOO_SLOW' ? plain(408, 'the body did not come in time') : plain(400, 'the body broke off');
}

export function tooLarge(octets: number): ItemReply {
  return plain(413, `at most ${octets} octets are taken here`);
}
