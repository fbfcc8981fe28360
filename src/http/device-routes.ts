/** The addresses at which devices speak: `/dm/1`, `/dm/2`, `/repository/TOKEN` and `/bootstrap/TOKEN`. */
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Inbound, Wire } from '../../adapters/adapter';
import { decodeContent } from './content-coding';
import { hideContentType, inboundOf, plain, send } from './wire';

export interface DeviceDeps {
  /** A message of a device, whatever it holds; the answer is the protocol's. */
  readonly device: (protocol: 'dm1' | 'dm2', inbound: Inbound) => Promise<Wire>;
  /** A document that a device fetches or brings. */
  readonly repository: (inbound: Inbound) => Promise<Wire>;
  /** A bootstrap document that a device fetches. */
  readonly bootstrap: (inbound: Inbound) => Promise<Wire>;
}

export interface DeviceLimits {
  /** Octets of a DM message, packed or not. */
  readonly messageOctets: number;
  /** Octets of a document that is put into the repository. */
  readonly documentOctets: number;
}

export const DEVICE_LIMITS: DeviceLimits = { messageOctets: 4 * 1024 * 1024, documentOctets: 64 * 1024 * 1024 };

type Handler = (inbound: Inbound) => Promise<Wire>;

/** Takes any method and content type: refusing them is the protocol's business. */
export function deviceRoutes(app: FastifyInstance, deps: DeviceDeps, limits: DeviceLimits = DEVICE_LIMITS): void {
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
    scope.addHook('onRequest', (request, _reply, next) => {
      hideContentType(request);
      next();
    });
    scope.setErrorHandler((error: { readonly statusCode?: number }, request, reply) => {
      const status = error.statusCode ?? 500;
      if (status >= 500) request.log.error({ err: error }, 'a device was answered 500');
      send(reply, refusal(request, status, status >= 500 ? 'the gateway failed' : refusalText(status)));
    });
    const route = (url: string, bodyLimit: number, lenient: boolean, handle: Handler): void => {
      scope.all(url, { bodyLimit, exposeHeadRoute: false }, async (request, reply) => {
        send(reply, await answer(request, bodyLimit, lenient, handle));
        return reply;
      });
    };
    for (const [protocol, url] of [
      ['dm1', '/dm/1'],
      ['dm2', '/dm/2'],
    ] as const) {
      const handle: Handler = (inbound) => deps.device(protocol, inbound);
      route(url, limits.messageOctets, protocol === 'dm1', handle);
      route(`${url}/:token`, limits.messageOctets, protocol === 'dm1', handle);
    }
    route('/repository/:token', limits.documentOctets, false, deps.repository);
    route('/bootstrap/:token', limits.messageOctets, false, deps.bootstrap);
    done();
  });
}

async function answer(request: FastifyRequest, limit: number, lenient: boolean, handle: Handler): Promise<Wire> {
  const raw = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
  const decoded = await decodeContent(raw, request.headers['content-encoding'], limit, lenient);
  if (!decoded.ok)
    return refusal(
      request,
      decoded.status,
      decoded.reason,
      decoded.status === 415 ? { 'accept-encoding': 'gzip, deflate' } : {},
    );
  const { token } = request.params as { readonly token?: string };
  return handle(inboundOf(request, decoded.body, token));
}

/** A DM 2.0 client may parse every body, whatever the status: it gets a package that ends the session (dm2 section 2.5). */
function refusal(request: FastifyRequest, status: number, text: string, headers: Record<string, string> = {}): Wire {
  if (request.raw.url?.startsWith('/dm/2') !== true) return plain(status, text, headers);
  return {
    status,
    headers: { 'content-type': 'application/vnd.oma.dm.request+json', 'cache-control': 'no-store', ...headers },
    body: Buffer.from('{"CMD":[["END"]]}'),
  };
}

function refusalText(status: number): string {
  return status === 413 ? 'the body is too large' : 'the request cannot be read';
}
