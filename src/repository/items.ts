/**
 * The Data Repository's HTTP side: documents that a device fetches by an address of its own (HGET).
 * Source: OMA-TS-DM_Protocol-V2_0, 5.3.1 and 5.5.
 */
import type { Database } from '../store/database';
import type { Secrets } from '../store/secrets';
import { holdSession } from './session-hold';
import { takeUpload } from './uploads';

export interface RepositoryDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  /** How long a session lasts from when a document of it was fetched or brought. Absent: as long as it does anyway. */
  readonly transferExpiryMs?: number;
  readonly now?: () => number;
}
/** What a request says, as the adapters take it. Header names are lower case. */
export interface ItemRequest {
  readonly method: string;
  readonly token?: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Of PUT and POST. */
  readonly body?: Uint8Array;
}
export interface ItemReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}
export interface Repository {
  /** Answers GET, PUT and POST of an item; unknown, foreign and expired addresses are one: 404. */
  handle(inbound: ItemRequest): Promise<ItemReply>;
}

interface Content {
  readonly mime: string;
  readonly base64: string;
}

export function createRepository(deps: RepositoryDeps): Repository {
  const now = deps.now ?? Date.now;
  return {
    async handle(inbound): Promise<ItemReply> {
      const opened = inbound.token === undefined ? undefined : deps.secrets.openToken(inbound.token);
      if (opened === undefined || opened.deviceKey <= 0n) return plain(404, 'there is nothing at this address');
      const key = [opened.deviceKey.toString(), inbound.token];
      const at = new Date(now());
      await holdSession(deps, opened.deviceKey, at);
      if (inbound.method === 'PUT' || inbound.method === 'POST') return takeUpload(deps, inbound, at);
      const [item] = await deps.db.sql.query<{ contents: readonly Content[] }>(
        `SELECT contents FROM repository_item
         WHERE device_id = $1 AND token = $2 AND expires_at > $3::timestamptz AND direction = 'DOWNLOAD'`,
        [...key, at],
      );
      if (item === undefined) return plain(404, 'there is nothing at this address');
      if (inbound.method !== 'GET' && inbound.method !== 'HEAD')
        return plain(405, 'this address answers GET', { allow: 'GET, HEAD' });
      const content = choose(item.contents, inbound.headers['accept']);
      if (content === undefined)
        return plain(406, `this item is served as ${item.contents.map((c) => c.mime).join(', ')}`);
      if (inbound.method === 'GET') {
        // The record of the fetch is the witness by which a device's "200" for an HGET is believed.
        await deps.db.sql.query(
          'UPDATE repository_item SET used_at = COALESCE(used_at, $3::timestamptz) WHERE device_id = $1 AND token = $2',
          [...key, at],
        );
      }
      return {
        status: 200,
        headers: { 'content-type': content.mime, 'cache-control': 'no-store' },
        body: Buffer.from(content.base64, 'base64'),
      };
    },
  };
}

/** The first content that the client takes; without Accept the first of all. Quality 0 excludes. */
export function choose(contents: readonly Content[], accept: string | undefined): Content | undefined {
  if (accept === undefined || accept.trim() === '') return contents[0];
  const ranges = accept.split(',', 32).map(parseRange);
  const quality = (mime: string): number => {
    const type = (mime.split(';')[0] ?? '').trim().toLowerCase();
    let best = { specificity: -1, q: 0 };
    for (const range of ranges) {
      const specificity =
        range.type === type
          ? 2
          : range.type === '*/*'
            ? 0
            : range.type.endsWith('/*') && type.startsWith(range.type.slice(0, -1))
              ? 1
              : -1;
      if (specificity > best.specificity) best = { specificity, q: range.q };
    }
    return best.specificity < 0 ? 0 : best.q;
  };
  let chosen: { content: Content; q: number } | undefined;
  for (const content of contents) {
    const q = quality(content.mime);
    if (q > 0 && (chosen === undefined || q > chosen.q)) chosen = { content, q };
  }
  return chosen?.content;
}

function parseRange(text: string): { type: string; q: number } {
  const [type = '', ...parameters] = text.split(';');
  const given = parameters
    .map((p) => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(p)?.[1])
    .find((q) => q !== undefined);
  return { type: type.trim().toLowerCase(), q: given === undefined ? 1 : Number(given) };
}

function plain(status: number, text: string, headers: Record<string, string> = {}): ItemReply {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: Buffer.from(`${text}\n`),
  };
}
