/** Requests to the Data Repository and their answers, as its parts hand them on. */
import type { Readable } from 'node:stream';

/** What a request says. Header names are lower case. */
export interface ItemRequest {
  readonly method: string;
  /** Path and query below the public address. */
  readonly path: string;
  readonly token?: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Unread. It may be of any length, and it may never end. */
  readonly body: Readable;
  /** What TLS and the network tell of who asks. */
  readonly peer: {
    readonly secure: boolean;
    readonly loopback: boolean;
    readonly certSha256?: string;
    readonly certUris?: readonly string[];
    readonly pskIdentity?: string;
    readonly address?: string;
  };
}

/** Octets that are read while they are sent. */
export interface ItemStream {
  readonly length: number;
  open(): Promise<Readable>;
  /** Called once the answer was sent, or was not: `whole` when every octet of it left. */
  ended(whole: boolean): Promise<void>;
}

export interface ItemReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | ItemStream;
}

export function isStream(body: ItemReply['body']): body is ItemStream {
  return !(body instanceof Uint8Array);
}

export function plain(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): ItemReply & { readonly body: Uint8Array } {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: Buffer.from(text === '' ? '' : `${text}\n`),
  };
}

/** Unknown, foreign, used up and expired addresses are one. */
export function nothingHere(): ItemReply & { readonly body: Uint8Array } {
  return plain(404, 'there is nothing at this address');
}
