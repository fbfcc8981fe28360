/** GET and HEAD of an address: a document of a command from its row, a file from the database or the storage. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import { choose } from './accept';
import type { FoundAddress, FoundFile } from './addresses';
import type { RepositoryDeps } from './deps';
import { nothingHere, plain, type ItemReply, type ItemRequest } from './exchange';
import { portionOf, type Portion, type Representation } from './ranges';
import { holdSession, recordFetch, recordUse } from './uses';

const EMPTY = new Uint8Array();

export async function download(deps: RepositoryDeps, address: FoundAddress, request: ItemRequest): Promise<ItemReply> {
  if (address.file !== null) return downloadFile(deps, address, address.file, request);
  const content = choose(address.contents, request.headers['accept']);
  if (content === undefined) return notAcceptable(address.contents);
  const octets = Buffer.from(content.base64, 'base64');
  const sha256 = createHash('sha256').update(octets).digest('hex');
  const told = representationOf(octets.length, sha256);
  const portion = portionOf(request.method, request.headers, told);
  const isFetch = request.method === 'GET' && 'start' in portion;
  if (isFetch && !(await recordUse(deps, address, request, portion.end === octets.length))) return nothingHere();
  const headers = headersOf(content.mime, sha256, told, portion);
  return {
    status: portion.status,
    headers,
    body: 'start' in portion ? octets.subarray(portion.start, portion.end) : EMPTY,
  };
}

async function downloadFile(
  deps: RepositoryDeps,
  address: FoundAddress,
  file: FoundFile,
  request: ItemRequest,
): Promise<ItemReply> {
  // Download agents that know an address alone ask for anything, in words of their own.
  const isAcceptable = address.access === 'ADDRESS' || choose([file], request.headers['accept']) !== undefined;
  if (!isAcceptable) return notAcceptable([file]);
  const told = representationOf(file.length, file.sha256, new Date(file.uploadedAt));
  const portion = portionOf(request.method, request.headers, told);
  const headers = headersOf(file.mime, file.sha256, told, portion);
  const { status } = portion;
  if (!('start' in portion)) return { status, headers, body: EMPTY };
  const { start, end } = portion;
  const length = end - start;
  if (request.method === 'HEAD')
    return { status, headers: { ...headers, 'content-length': String(length) }, body: EMPTY };
  if (!(await recordUse(deps, address, request, false))) return nothingHere();
  await holdSession(deps, address, true);
  return {
    status,
    headers,
    body: {
      length,
      open: () => (file.key === null ? readStored(deps, file.id, start, end) : deps.storage.read(file.key, start, end)),
      async ended(whole) {
        if (whole && end === file.length) await recordFetch(deps, address);
        await holdSession(deps, address, false);
      },
    },
  };
}

/** A small file. One that went since it was found breaks the answer off. */
async function readStored({ db }: RepositoryDeps, id: string, start: number, end: number): Promise<Readable> {
  const [row] = await db.sql.query<{ octets: Buffer }>(
    'SELECT substring(octets FROM $2 FOR $3) AS octets FROM repository_file WHERE id = $1',
    [id, start + 1, end - start],
  );
  if (row?.octets.length !== end - start) throw new Error('the file went while it was asked for');
  return Readable.from([row.octets], { objectMode: false });
}

function representationOf(length: number, sha256: string, lastModified?: Date): Representation {
  const etag = `"${sha256.slice(0, 32)}"`;
  return lastModified === undefined ? { length, etag } : { length, etag, lastModified };
}

function headersOf(mime: string, sha256: string, told: Representation, portion: Portion): Record<string, string> {
  const common = {
    'cache-control': 'no-store',
    'accept-ranges': 'bytes',
    etag: told.etag,
    ...(told.lastModified === undefined ? {} : { 'last-modified': told.lastModified.toUTCString() }),
  };
  if (portion.status === 416) return { ...common, 'content-range': `bytes */${told.length}` };
  if (!('start' in portion)) return common;
  return {
    ...common,
    'content-type': mime,
    'x-content-type-options': 'nosniff',
    // Of the whole, whatever part of it is sent.
    'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
    ...(portion.status === 206 ? { 'content-range': `bytes ${portion.start}-${portion.end - 1}/${told.length}` } : {}),
  };
}

function notAcceptable(contents: readonly { readonly mime: string }[]): ItemReply {
  return plain(406, `this item is served as ${contents.map(({ mime }) => mime).join(', ')}`);
}
