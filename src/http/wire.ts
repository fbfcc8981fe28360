/** Between Fastify and the adapters' view of HTTP: raw octets in, exactly the given answer out. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Bytes, Inbound, Token, Wire } from '../../adapters/adapter';
import { peerOf } from './peer';

const contentTypes = new WeakMap<FastifyRequest, string>();

/**
 * Routes of a scope take bodies of any content type, or of none; which one was told is for those who answer.
 *
 * @param isRead the body is read whole and given as octets; else it is left to the route
 */
export function takeAnyBody(scope: FastifyInstance, isRead = true): void {
  scope.removeAllContentTypeParsers();
  if (isRead) scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
  else scope.addContentTypeParser('*', (_request, _body, parsed) => parsed(null));
  scope.addHook('onRequest', (request, _reply, next) => {
    hideContentType(request);
    next();
  });
}

/** Before a body is read: hides its content type, which Fastify would refuse when it is no media type. */
function hideContentType(request: FastifyRequest): void {
  const { headers } = request.raw;
  const told = headers['content-type'];
  if (told !== undefined) contentTypes.set(request, told);
  headers['content-type'] = 'application/octet-stream';
}

/** Header fields with lower-case names; repeated ones joined as RFC 9110, 5.3 allows. Content-Encoding is undone already. */
export function inboundOf(request: FastifyRequest, body: Bytes, token: Token | undefined): Inbound {
  const contentType = contentTypes.get(request);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.raw.headers)) {
    if (value !== undefined && name !== 'content-encoding' && name !== 'content-type')
      headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  if (contentType !== undefined) headers['content-type'] = contentType;
  return {
    method: request.raw.method ?? '',
    path: request.raw.url ?? '',
    ...(token === undefined ? {} : { token }),
    headers,
    body,
    peer: peerOf(request),
  };
}

/** Writes the answer with its headers and its length, unchunked: DM clients read nothing else. */
export function send(reply: FastifyReply, wire: Wire): void {
  reply.hijack();
  const response = reply.raw;
  if (response.destroyed || response.headersSent) return;
  const hasNoBody = wire.status === 204 || wire.status === 304;
  response.writeHead(wire.status, {
    ...wire.headers,
    ...(hasNoBody ? {} : { 'content-length': String(wire.body.byteLength) }),
  });
  response.end(hasNoBody || reply.request.raw.method === 'HEAD' ? undefined : wire.body);
}

export function plain(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Wire {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: Buffer.from(text === '' ? '' : `${text}\n`, 'utf8'),
  };
}
