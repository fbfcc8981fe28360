/** `/graphql` by WebSocket, in the protocol graphql-transport-ws. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import type { FastifyInstance } from 'fastify';
import type { ExecutionArgs, ExecutionResult, FormattedExecutionResult } from 'graphql';
import { GraphQLError, parse } from 'graphql';
import { CloseCode, handleProtocols, makeServer, type OperationResult, type Server } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';

import type { RequestLimits } from '../../graphql/limits';
import { ManagementError } from '../../management/types';
import type { Believe } from '../shown';
import type { Serving } from './serving';

const INIT_WITHIN_MS = 10_000;
/** Close code of RFC 6455's registry. */
const TRY_AGAIN_LATER = 1013;
/** A connection of which nothing is heard for two of these is closed. */
const PING_EVERY_MS = 30_000;

interface Extra extends Record<PropertyKey, unknown> {
  readonly socket: WebSocket;
  /** Of the upgrade. */
  readonly request: IncomingMessage;
}

export interface WebsocketDeps {
  readonly serving: Serving;
  /** Who calls, by what the request and what stands behind `Authorization` show. */
  readonly authenticate: Believe;
  readonly limits: Pick<RequestLimits, 'requestOctets' | 'connectionOperations'>;
  readonly log: { error(detail: object, message: string): void };
}

/** Takes upgrades of the listener from now on. @returns what closes all connections */
export function serveWebsockets(app: FastifyInstance, deps: WebsocketDeps): () => void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: deps.limits.requestOctets,
    perMessageDeflate: false,
    handleProtocols,
  });
  const server = serverOf(deps);
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!/^\/graphql\/?(?:\?|$)/.test(request.url ?? '')) {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    socket.on('error', () => socket.destroy());
    sockets.handleUpgrade(request, socket, head, (opened) => {
      open(opened, request, server, deps);
    });
  });
  return () => {
    for (const socket of sockets.clients) {
      socket.close(1001, 'Going away');
      // Who does not answer the close in time is not waited for.
      setTimeout(() => socket.terminate(), 1_000).unref();
    }
    sockets.close();
  };
}

function open(socket: WebSocket, request: IncomingMessage, server: Server<Extra>, { log }: WebsocketDeps): void {
  let isAlive = true;
  socket.on('pong', () => (isAlive = true));
  const pings = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    return socket.ping();
  }, PING_EVERY_MS);
  pings.unref();
  // What the client did wrong on the wire; the connection closes of itself.
  socket.on('error', () => undefined);
  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: (text) =>
        new Promise((resolve) => {
          if (socket.readyState !== socket.OPEN) return resolve();
          // Resolves when the octets have left: so a slow reader slows what is made for him.
          return socket.send(text, () => resolve());
        }),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (take) =>
        socket.on('message', (octets) => {
          take((octets as Buffer).toString('utf8')).catch((error: unknown) => {
            log.error({ err: error }, 'a message of a WebSocket could not be answered');
            socket.close(CloseCode.InternalServerError, 'Internal server error');
          });
        }),
    },
    { socket, request },
  );
  socket.once('close', (code, reason) => {
    clearInterval(pings);
    void closed(code, reason.toString('utf8'));
  });
}

/** `answer` does all; what the library would do by itself has nothing left to do. */
function serverOf({ serving, authenticate, limits: { connectionOperations: most } }: WebsocketDeps): Server<Extra> {
  type Answer = AsyncIterableIterator<FormattedExecutionResult> | FormattedExecutionResult;
  const run = async (args: ExecutionArgs): Promise<Awaited<OperationResult>> =>
    (await (args.contextValue as () => Promise<Answer>)()) as Awaited<OperationResult>;
  return makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: INIT_WITHIN_MS,
    async onConnect({ extra, connectionParams }) {
      try {
        if ((await authenticate(extra.request, headerOf(connectionParams, extra))) !== null) return true;
        extra.socket.close(CloseCode.Unauthorized, 'Unauthorized');
      } catch (error) {
        if (!(error instanceof ManagementError) || error.code !== 'ISSUER_AWAY') throw error;
        extra.socket.close(TRY_AGAIN_LATER, error.code);
      }
      return false;
    },
    onSubscribe({ extra, connectionParams, subscriptions }, _id, payload) {
      if (Object.keys(subscriptions).length > most)
        return [
          new GraphQLError(`One connection has at most ${most} operations at a time.`, {
            extensions: { code: 'LIMIT_SUBSCRIPTIONS', limit: most },
          }),
        ];
      const { request } = extra;
      const header = headerOf(connectionParams, extra);
      const entrance = serving.entrance(() => authenticate(request, header), request.socket.remoteAddress);
      return { ...ANY, contextValue: () => serving.answer(payload, entrance) };
    },
    execute: run,
    subscribe: run,
    onNext: (_context, _id, _payload, _args, result: ExecutionResult) => result as FormattedExecutionResult,
  });
}

/** The library looks whether it is a subscription, and takes what comes of it either way. */
const ANY = { schema: undefined as never, document: parse('{ __typename }') };

/** As clients write it: `{ "Authorization": "Bearer …" }`, in any case of letters; else the upgrade's own header. */
function headerOf(params: Readonly<Record<string, unknown>> | undefined, { request }: Extra): string | undefined {
  const found = Object.entries(params ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return typeof found === 'string' ? found : request.headers.authorization;
}
