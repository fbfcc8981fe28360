/** The HTTP listeners: one for all, or one of its own for devices. */
import type { SecureContextOptions, TlsOptions } from 'node:tls';

import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { LogController, fastify } from 'fastify';

import type { DeviceDeps, DeviceLimits } from './device-routes';
import { deviceRoutes } from './device-routes';
import { delegationRoute, type DelegationDeps } from './delegation-route';
import type { GraphqlDeps } from './graphql-routes';
import { graphqlRoutes } from './graphql-routes';
import { takeForwarded, type ForwardedCertificates } from './peer';
import { portalRoute, type PortalDeps } from './portal-route';
import { REPOSITORY_PATH } from './repository-route';
import { Incoming } from './subscriptions/upgrades';

export interface ListenerOptions {
  /** Absent: nothing is logged. */
  readonly logger?: FastifyBaseLogger;
  /** Present: HTTPS. `requestCert` asks for client certificates. */
  readonly tls?: SecureContextOptions & TlsOptions;
  /** Whose forwarding headers count: addresses, networks, or their number (MOQL_TRUST_PROXY). */
  readonly trustProxy?: FastifyServerOptions['trustProxy'];
  readonly limits?: DeviceLimits;
  /** Present: certificates of devices that a trusted proxy hands on count. */
  readonly forwarded?: ForwardedCertificates | undefined;
  /** How long a body may take that is sent to the Data Repository. */
  readonly bodyMs?: number;
  /** Whether the database can be reached and is migrated. */
  readonly ready?: () => Promise<boolean>;
}

export interface AppDeps extends ListenerOptions, GraphqlDeps, DeviceDeps, DelegationDeps, PortalDeps {
  /** Devices have a listener of their own (`buildDeviceApp`), so their addresses are not here. */
  readonly devicesApart?: boolean;
}

/** A device on a slow radio may take this long for one message. */
const REQUEST_TIMEOUT_MS = 5 * 60 * 1000;

/** Northbound and, unless they have their own listener, devices. Not listening yet; `listen` also builds the first schema. */
export function buildApp(deps: AppDeps): FastifyInstance {
  const app = listener(deps);
  graphqlRoutes(app, deps);
  delegationRoute(app, deps);
  if (deps.devicesApart !== true) devices(app, deps);
  return app;
}

/** The listener for devices alone. */
export function buildDeviceApp(deps: DeviceDeps & PortalDeps & ListenerOptions): FastifyInstance {
  const app = listener(deps);
  devices(app, deps);
  return app;
}

/** Where devices go, and their browsers. */
function devices(app: FastifyInstance, deps: DeviceDeps & PortalDeps & ListenerOptions): void {
  deviceRoutes(app, deps, deps.limits);
  portalRoute(app, deps);
}

/** What Node's server is made with. */
interface ServerParts {
  readonly http?: { readonly IncomingMessage: typeof Incoming };
  readonly https?: SecureContextOptions & TlsOptions & { readonly IncomingMessage: typeof Incoming };
}

function listener({ logger, tls, trustProxy, ready, bodyMs, forwarded }: ListenerOptions): FastifyInstance {
  const options: FastifyServerOptions & ServerParts = {
    ...(logger ? { loggerInstance: logger } : {}),
    ...(tls ? { https: { ...tls, IncomingMessage: Incoming } } : { http: { IncomingMessage: Incoming } }),
    trustProxy: trustProxy ?? false,
    // Paths of devices hold tokens.
    logController: new LogController({ disableRequestLogging: true }),
    // The server knows one limit for all; what it does not guard any more, `hurry` does.
    requestTimeout: Math.max(REQUEST_TIMEOUT_MS, bodyMs ?? 0),
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true },
    forceCloseConnections: 'idle',
  };
  const app = fastify(options) as FastifyInstance;
  if (forwarded !== undefined) takeForwarded(app, forwarded);
  app.addHook('onRequest', hurry);
  app.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .send({ errors: [{ message: 'There is nothing at this address.', extensions: { code: 'NOT_FOUND' } }] }),
  );
  app.get('/healthz', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const isReady = await (ready?.().catch(() => false) ?? true);
    return reply
      .header('cache-control', 'no-store')
      .code(isReady ? 200 : 503)
      .send({ status: isReady ? 'ok' : 'unavailable' });
  });
  return app;
}

/** Everything but what goes to the Data Repository has to come within the usual time. */
function hurry(request: FastifyRequest, reply: FastifyReply, next: () => void): void {
  if (request.routeOptions.url !== REPOSITORY_PATH && !request.raw.complete) {
    const late = setTimeout(() => {
      if (!request.raw.complete) request.raw.destroy();
    }, REQUEST_TIMEOUT_MS);
    late.unref();
    reply.raw.once('close', () => clearTimeout(late));
  }
  next();
}
