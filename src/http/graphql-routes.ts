/** `/graphql` and `/schema.graphql`: who calls is known before a body is read. */
import { HeaderMap } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { OperationTypeNode } from 'graphql';

import { createCallers, type Callers } from '../access/callers';
import type { AnyErrorCode } from '../graphql/error-codes';
import { RequestContext } from '../graphql/context';
import { LiveSchema } from '../graphql/live-schema';
import { Executor } from '../graphql/executor';
import { DEFAULT_LIMITS, type RequestLimits } from '../graphql/limits';
import { Preparing, type Prepared } from '../graphql/prepare/prepare';
import { refusal } from '../graphql/prepare/refusal';
import type { TrustedDocuments } from '../graphql/prepare/trusted';
import { Usage } from '../graphql/prepare/usage';
import { createGraphqlServer } from '../graphql/server';
import { ManagementError, type Caller, type Services } from '../management/types';
import { answerType, askedOf, JSON_TYPE, sendRefusal, type AnswerType } from './graphql-request';
import { playground } from './playground';
import { shownBy, type Believe, type ShownDeps } from './shown';
import { Serving } from './subscriptions/serving';
import { eventStreams, wantsEvents } from './subscriptions/sse';
import { serveWebsockets } from './subscriptions/websocket';

const ISSUER_RETRY_S = 30;
const NO_STREAM =
  'Subscriptions come by WebSocket (graphql-transport-ws), or with "Accept: text/event-stream" as server-sent events.';

export interface GraphqlDeps {
  readonly services: Services;
  /** False: no page at `/graphql`. */
  readonly playground?: boolean;
  /** Those that are left out have their defaults. */
  readonly requestLimits?: Partial<RequestLimits>;
  readonly trustedDocuments?: TrustedDocuments | undefined;
  /** Who calls; API keys alone when left out. */
  readonly callers?: Pick<Callers, 'authenticate'>;
  /** Whether client certificates count. */
  readonly callerCertificates?: ShownDeps['certificates'];
  readonly now?: () => number;
}

export function graphqlRoutes(app: FastifyInstance, deps: GraphqlDeps): void {
  const { services } = deps;
  const callers = new WeakMap<FastifyRequest, Caller>();
  const limits: RequestLimits = { ...DEFAULT_LIMITS, ...deps.requestLimits };

  void app.register(async (scope) => {
    const live = new LiveSchema(services.ddfs, (error) =>
      scope.log.error({ err: error }, 'the new schema could not be built; the one before stays'),
    );
    const logFailure = (id: string, error: unknown): void =>
      scope.log.error({ err: error, id }, 'a GraphQL field failed');
    const usage = new Usage(limits);
    const preparing = new Preparing({ limits, usage, trusted: deps.trustedDocuments });
    const executor = new Executor({ introspection: live.introspection, limits, usage });
    const server = createGraphqlServer({ live, executor, logFailure });
    await server.start();
    scope.addHook('onClose', () => server.stop());
    const shared = { live, services, preparing, executor, usage, limits, logFailure };
    const serving = new Serving({ ...shared, ...(deps.now ? { now: deps.now } : {}) });
    const believe = believer(deps);
    const closeWebsockets = serveWebsockets(app, { serving, authenticate: believe, limits, log: scope.log });
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
      sendError(error, request, reply, limits),
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

    /** Apollo Server answers what was prepared. */
    const answer = async (request: FastifyRequest, prepared: Prepared, type: AnswerType): Promise<ApolloAnswer> => {
      const caller = callers.get(request);
      if (!caller) throw new Error('a request reached GraphQL without a caller');
      const { text: query, operationName, variableValues: variables } = prepared;
      return server.executeHTTPGraphQLRequest({
        httpGraphQLRequest: {
          method: 'POST',
          headers: headersOf(request, type),
          search: '',
          // A member that is there counts, even if it is undefined.
          body: { query, ...(operationName && { operationName }), ...(variables && { variables }) },
        },
        context: async () => {
          const context = new RequestContext(caller, services, await services.grants.rightsOf(caller), deps.now);
          context.prepared = prepared;
          context.remote = request.ip;
          return context;
        },
      });
    };
    scope.route({
      method: ['GET', 'POST'],
      url: '/graphql',
      bodyLimit: limits.requestOctets,
      async handler(request, reply) {
        if (isPageRequest(request, deps)) return playground(request, reply);
        if (wantsEvents(request)) return stream(request, reply);
        const type = answerType(request.headers.accept);
        if (type === undefined)
          return sendRefusal(
            reply,
            refusal(
              'BAD_REQUEST',
              'Answers are application/json or application/graphql-response+json.',
              {},
              { status: 406 },
            ),
            JSON_TYPE,
          );
        const asked = askedOf(request);
        if (!asked.ok) return sendRefusal(reply, asked, type);
        const principal = callers.get(request)?.principal ?? '';
        const prepared = preparing.prepare(live.current.schema, asked.asked, principal, request.method === 'GET');
        if (!prepared.ok) return sendRefusal(reply, prepared, type);
        if (prepared.kind === OperationTypeNode.SUBSCRIPTION)
          return sendRefusal(reply, refusal('BAD_USER_INPUT', NO_STREAM), type);
        return send(reply.headers(prepared.headers), await answer(request, prepared, type), type);
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

type ApolloAnswer = Awaited<ReturnType<ReturnType<typeof createGraphqlServer>['executeHTTPGraphQLRequest']>>;

/** The request's own, which Apollo Server looks at against requests of other sites, and the type that was chosen. */
function headersOf({ headers, method }: FastifyRequest, type: AnswerType): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && (method === 'POST' || name !== 'content-type'))
      map.set(name, Array.isArray(value) ? value.join(', ') : value);
  map.set('accept', type);
  return map;
}

function send(reply: FastifyReply, { status = 200, headers, body }: ApolloAnswer, type: AnswerType): FastifyReply {
  for (const [name, value] of headers) void reply.header(name, value);
  if (body.kind !== 'complete') throw new Error('an answer came in parts, which nobody asked for');
  // Variables that do not fit, and time that is over: application/json tells of it in its body alone.
  return reply.code((status === 400 || status === 504) && type === JSON_TYPE ? 200 : status).send(body.string);
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
  { requestOctets }: RequestLimits,
): FastifyReply {
  switch (error.statusCode) {
    case 413:
      return refuse(reply, 413, 'LIMIT_BODY_SIZE', `The request has more than ${requestOctets} octets.`);
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
