/** The addresses at which devices speak: `/dm/1`, `/dm/2` and `/bootstrap/TOKEN`, beside `/repository/TOKEN`. */
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Inbound, Wire } from '../../adapters/adapter';
import { type Bounds, decodeContent, encodeContent } from './content-coding';
import { repositoryRoute, type RepositoryRouteDeps } from './repository-route';
import { inboundOf, plain, send, takeAnyBody } from './wire';

export interface DeviceDeps extends RepositoryRouteDeps {
  /** A message of a device, whatever it holds; the answer is the protocol's. */
  readonly device: (protocol: 'dm1' | 'dm2', inbound: Inbound) => Promise<Wire>;
  /** A bootstrap document that a device fetches. */
  readonly bootstrap: (inbound: Inbound) => Promise<Wire>;
}

export interface DeviceLimits {
  /** Octets of a DM message, packed or not. */
  readonly messageOctets: number;
  /** How many times its size a compressed body may unpack to. */
  readonly inflation: number;
}

export const DEVICE_LIMITS: DeviceLimits = {
  messageOctets: 4 * 1024 * 1024,
  inflation: 200,
};

type Handler = (inbound: Inbound) => Promise<Wire>;

interface Traits {
  /** A Content-Encoding that is none is passed over. */
  readonly lenient: boolean;
  /** Answers are compressed for those who take that. */
  readonly packs: boolean;
}

/** Takes any method and content type: refusing them is the protocol's business. */
export function deviceRoutes(app: FastifyInstance, deps: DeviceDeps, limits: DeviceLimits = DEVICE_LIMITS): void {
  repositoryRoute(app, deps);
  void app.register((scope, _options, done) => {
    takeAnyBody(scope);
    scope.setErrorHandler((error: { readonly statusCode?: number }, request, reply) => {
      const status = error.statusCode ?? 500;
      if (status >= 500) request.log.error({ err: error }, 'a device was answered 500');
      send(reply, refusal(request, status, status >= 500 ? 'the gateway failed' : refusalText(status)));
    });
    const route = (url: string, bodyLimit: number, traits: Traits, handle: Handler): void => {
      scope.all(url, { bodyLimit, exposeHeadRoute: false }, async (request, reply) => {
        const bounds = { octets: bodyLimit, inflation: limits.inflation };
        const wire = await answer(request, bounds, traits, handle);
        send(reply, traits.packs ? await encodeContent(wire, request.headers['accept-encoding']) : wire);
        return reply;
      });
    };
    for (const [protocol, url] of [
      ['dm1', '/dm/1'],
      ['dm2', '/dm/2'],
    ] as const) {
      const handle: Handler = (inbound) => deps.device(protocol, inbound);
      const traits = { lenient: protocol === 'dm1', packs: true };
      route(url, limits.messageOctets, traits, handle);
      route(`${url}/:token`, limits.messageOctets, traits, handle);
    }
    route('/bootstrap/:token', limits.messageOctets, { lenient: false, packs: false }, deps.bootstrap);
    done();
  });
}

async function answer(request: FastifyRequest, bounds: Bounds, { lenient }: Traits, handle: Handler): Promise<Wire> {
  const raw = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
  const decoded = await decodeContent(raw, request.headers['content-encoding'], bounds, lenient);
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
