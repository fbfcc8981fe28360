/** `/repository/TOKEN`: bodies in both directions are streams, so that their size costs no memory. */
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Inbound } from '../../adapters/adapter';
import { isStream, type ItemReply, type ItemRequest } from '../repository/exchange';
import { decodeContent } from './content-coding';
import { inboundOf, plain, takeAnyBody } from './wire';

export interface RepositoryRouteDeps {
  /** A document that a device fetches or brings. */
  readonly repository: (request: ItemRequest) => Promise<ItemReply>;
}

export const REPOSITORY_PATH = '/repository/:token';

/** Octets of a body that nobody wants, read so that the connection can go on. */
const WORTH_READING = 64 * 1024;

export function repositoryRoute(app: FastifyInstance, { repository }: RepositoryRouteDeps): void {
  void app.register((scope, _options, done) => {
    takeAnyBody(scope, false);
    scope.all(REPOSITORY_PATH, { exposeHeadRoute: false }, async (request, reply) => {
      const answer = await repository(requestOf(request)).catch((error: unknown): ItemReply => {
        request.log.error({ err: error }, 'a repository request was answered 500');
        return plain(500, 'the gateway failed');
      });
      await send(request, reply, answer);
      return reply;
    });
    done();
  });
}

function requestOf(request: FastifyRequest): ItemRequest {
  const { token } = request.params as { readonly token?: string };
  const inbound = inboundOf(request, new Uint8Array(), token);
  const coding = request.raw.headers['content-encoding'];
  return {
    method: inbound.method,
    path: inbound.path,
    ...(token === undefined ? {} : { token }),
    headers: coding === undefined ? inbound.headers : { ...inbound.headers, 'content-encoding': coding },
    body: request.raw,
    peer: { ...inbound.peer, address: request.ip },
  };
}

async function send(request: FastifyRequest, reply: FastifyReply, { status, headers, body }: ItemReply): Promise<void> {
  reply.hijack();
  const { raw: response } = reply;
  if (!request.raw.complete && !(await drained(request.raw))) response.setHeader('connection', 'close');
  const length = isStream(body) ? body.length : body.byteLength;
  if (!isStream(body)) {
    if (!response.destroyed) {
      response.writeHead(status, { ...measured(status, length), ...headers });
      response.end(request.raw.method === 'HEAD' ? undefined : body);
    }
    return;
  }
  let isWhole = false;
  try {
    const stream = await body.open();
    if (response.destroyed) stream.destroy();
    else {
      response.writeHead(status, { ...measured(status, length), ...headers });
      await pipeline(stream, response);
      isWhole = true;
    }
  } catch (error) {
    // A device that hangs up is daily bread: it comes again for the rest.
    const isGone = response.errored !== null || request.raw.destroyed;
    request.log[isGone ? 'debug' : 'error']({ err: error }, 'a repository answer broke off');
    response.destroy();
  } finally {
    await body.ended(isWhole).catch((error: unknown) => {
      request.log.error({ err: error }, 'the end of a repository answer could not be recorded');
    });
  }
}

function measured(status: number, length: number): Record<string, string> {
  return status === 204 || status === 304 ? {} : { 'content-length': String(length) };
}

/** Whether the rest of a body is short enough to be read and thrown away; else the connection has to go. */
async function drained(body: Readable & { readonly headers?: Readonly<Record<string, unknown>> }): Promise<boolean> {
  if (!(Number(body.headers?.['content-length']) <= WORTH_READING)) return false;
  try {
    for await (const piece of body.iterator({ destroyOnReturn: false })) void piece;
    return true;
  } catch {
    return false;
  }
}

/** A repository request as proofs of devices take it: its body is none of their business. */
export function inboundOfItem({ method, path, token, headers, peer }: ItemRequest): Inbound {
  const { address: _, ...proved } = peer;
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    method,
    path,
    ...(token === undefined ? {} : { token }),
    headers: Object.fromEntries(given),
    body: new Uint8Array(),
    peer: proved,
  };
}

/** Undoes the Content-Encoding of a body within bounds, for the repository. */
export function bodyDecoder(octets: number, inflation: number) {
  return async (
    body: Uint8Array,
    coding: string | undefined,
  ): Promise<
    | { readonly ok: true; readonly body: Uint8Array }
    | { readonly ok: false; readonly status: 400 | 413 | 415; readonly reason: string }
  > => decodeContent(body, coding, { octets, inflation }, false);
}
