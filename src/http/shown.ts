/** What a request shows of who calls, whichever entrance it came by. */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

import type { Shown, ShownCertificate } from '../access/callers';
import type { Caller } from '../management/types';
import type { ForwardedCertificates } from './peer';
import { forwardedSubject, subjectOf } from './tls/client-certificate';

/** Who calls by a request: `authorization` is its header, or what a WebSocket's first message has in its place. */
export type Believe = (
  request: IncomingMessage,
  authorization: string | undefined,
  remote?: string,
) => Promise<Caller | null>;

export interface ShownDeps {
  /** Whether client certificates of callers count; absent: they do not. */
  readonly certificates?: { readonly forwarded?: ForwardedCertificates | undefined } | undefined;
}

/**
 * @param authorization the header, or what a WebSocket's first message has in its place
 * @param remote        address of the other end; the connection's when left out
 */
export function shownBy(
  request: IncomingMessage,
  authorization: string | undefined,
  { certificates }: ShownDeps,
  remote = request.socket.remoteAddress,
): Shown {
  const certificate = certificates && isOwn(request) ? certificateOf(request, certificates.forwarded) : undefined;
  return { authorization, remote, ...(certificate === undefined ? {} : { certificate }) };
}

/** A browser shows its certificate for pages of others, too: from there it counts for nothing. */
function isOwn({ headers: { origin, host } }: IncomingMessage): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host;
}

function certificateOf(
  request: IncomingMessage,
  forwarded: ForwardedCertificates | undefined,
): ShownCertificate | undefined {
  const { socket } = request;
  // What a proxy proves of itself says nothing of the caller behind it.
  if (forwarded?.trusts(socket.remoteAddress ?? '') === true) {
    const told = request.headers[forwarded.header];
    return forwardedSubject(Array.isArray(told) ? told.join(', ') : told, forwarded.isVerified);
  }
  return 'encrypted' in socket ? subjectOf(socket as TLSSocket) : undefined;
}
