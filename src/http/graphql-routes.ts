/** `/graphql` and `/schema.graphql`: who calls is known before a body is read. */
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { createCallers, type Callers } from '../access/callers';
import type { AnyErrorCode } from '../graphql/error-codes';
import { RequestContext } from '../graphql/context';
import { LiveSchema } from '../graphql/live-schema';
import { MAX_NESTING, TOO_NESTED } from '../graphql/documents';
import { isNestedDeeper } from '../graphql/nesting';
import { createGraphqlServer } from '../graphql/server';
import { ManagementError, type Caller, type Services } from '../management/types';
import { playground } from './playground';
import { shownBy, type Believe, type ShownDeps } from './shown';
import { Serving } from './subscriptions/serving';
import { eventStreams, wantsEvents } from './subscriptions/sse';
import { serveWebsockets } from './subscriptions/websocket';

const BODY_OCTETS = 8 * 1024 * 1024;
const ISSUER_RETRY_S = 30;

export interface GraphqlDeps {
  readonly services: Services;
  /** False: no page at `/graphql`. */
  readonly playground?: boolean;
  /** Who calls; API keys alone when left out. */
  readonly callers?: Pick<Callers, 'authenticate'>;
  /** Whether client certificates count. */
  readonly callerCertificates?: ShownDeps['certificates'];
  readonly now?: () => number;
}

export function graphqlRoutes(app: FastifyInstance, deps: GraphqlDeps): void {
  const { services } = deps;
  const callers = new WeakMap<FastifyRequest, Caller>();

  void app.register(async (scope) => {
    const live = new LiveSchema(services.ddfs, (error) =>
      scope.log.error({ err: error }, 'the new schema could not be built; the one before stays'),
    );
    const logFailure = (id: string, error: unknown): void =>
      scope.log.error({ err: error, id }, 'a GraphQL field failed');
    const server = createGraphqlServer({ live, logFailure });
    await server.start();
    scope.addHook('onClose', () => server.stop());
    const serving = new Serving({ live, services, logFailure, ...(deps.now ? { now: deps.now } : {}) });
    const believe = believer(deps);
    const closeWebsockets = serveWebsockets(app, { serving, authenticate: believe, log: scope.log });
    const stream = eventStreams({ serving, authenticate: believe });
    // Before the listener waits for its connections: these would never end by themselves.
    scope.addHook('preClose', (done) => {
      serving.close();
      closeWebsockets();
      done();
    });

    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, scope.getDefaultJsonParser('error', 'error'));
    scope.setErrorHandler((error: { readonly statusCode?: number; readonly code?: string }, request, reply) =>
      sendError(error, request, reply),
    );
    scope.addHook('onRequest', async (request, reply) => {
      if (isPageRequest(request, deps)) return undefined;
      try {
        const caller = await believe(request.raw, request.headers.authorization, request.ip);
        if (!caller) {
          return refuse(
            reply.header('www-authenticate', 'Bearer realm="moql"'),
            401,
            'UNAUTHENTICATED',
            'The header "Authorization: Bearer KEY" is missing, or the key is not known (any more).',
          );
        }
        callers.set(request, caller);
        return undefined;
      } catch (error) {
        if (!(error instanceof ManagementError) || error.code !== 'ISSUER_AWAY') throw error;
        return refuse(reply.header('retry-after', ISSUER_RETRY_S), 503, error.code, error.message);
      }
    });

    const context = async (request: FastifyRequest): Promise<RequestContext> => {
      const caller = callers.get(request);
      if (!caller) throw new Error('a request reached GraphQL without a caller');
      const context = new RequestContext(caller, services, await services.grants.rightsOf(caller), deps.now);
      context.remote = request.ip;
      return context;
    };
    const handle = fastifyApolloHandler(server, { context }) as unknown as (
      this: FastifyInstance,
      request: FastifyRequest,
      reply: FastifyReply,
    ) => Promise<unknown>;
    scope.route({
      method: ['GET', 'POST'],
      url: '/graphql',
      bodyLimit: BODY_OCTETS,
      handler(request, reply) {
        if (isPageRequest(request, deps)) return playground(request, reply);
        if (wantsEvents(request)) return stream(request, reply);
        if (isNestedDeeper(queryOf(request), MAX_NESTING)) {
          return refuse(reply, 400, 'LIMIT_DEPTH', TOO_NESTED);
        }
        return handle.call(scope, request, reply);
      },
    });
    scope.addHook('onSend', (_request, _reply, payload, done) =>
      done(null, live.introspection.take(payload) ?? payload),
    );
    scope.get('/schema.graphql', async (request, reply) => {
      const { body, tag } = await live.page();
      void reply.header('etag', tag).header('cache-control', 'private, no-cache');
      if (request.headers['if-none-match'] === tag) return reply.code(304).send();
      return reply.type('text/plain; charset=utf-8').send(body);
    });
  });
}

/** A browser that opens the address; the page needs no key, what it asks for does. */
function isPageRequest(request: FastifyRequest, deps: GraphqlDeps): boolean {
  if (deps.playground === false || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
  return request.routeOptions.url === '/graphql' && (request.headers.accept ?? '').includes('text/html');
}

/** The text of the query, or nothing where there is none; what is wrong with it then, Apollo tells. */
function queryOf(request: FastifyRequest): string {
  const carrier = request.method === 'GET' ? request.query : request.body;
  const query = typeof carrier === 'object' && carrier !== null && 'query' in carrier ? carrier.query : undefined;
  return typeof query === 'string' ? query : '';
}

/** One way for all entrances to know who calls. */
function believer({ services, callers, callerCertificates: certificates }: GraphqlDeps): Believe {
  const { authenticate } =
    callers ??
    createCallers({
      keys: { authenticate: (bearer) => services.keys.authenticate(bearer), callerOf: () => Promise.resolve(null) },
    });
  return (request, authorization, remote) => authenticate(shownBy(request, authorization, { certificates }, remote));
}

/** What went wrong before GraphQL began, in GraphQL's shape. */
function sendError(
  error: { readonly statusCode?: number; readonly code?: string },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  switch (error.statusCode) {
    case 413:
      return refuse(reply, 413, 'LIMIT_BODY_SIZE', `The request has more than ${BODY_OCTETS} octets.`);
    case 415:
      return refuse(reply, 415, 'UNSUPPORTED_MEDIA_TYPE', 'A GraphQL request is application/json.');
    case 400:
      return refuse(reply, 400, 'BAD_REQUEST', 'The body is no JSON.');
    default:
      request.log.error({ err: error, id: request.id }, 'a GraphQL request failed');
      return refuse(reply, 500, 'INTERNAL', `The gateway failed (${request.id}).`, { id: request.id });
  }
}

function refuse(
  reply: FastifyReply,
  status: number,
  code: AnyErrorCode,
  message: string,
  more: Readonly<Record<string, string>> = {},
): FastifyReply {
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send({ errors: [{ message, extensions: { ...more, code } }] });
}
