/** `/graphql` as server-sent events: the protocol graphql-sse in its "distinct connections mode". */
import type { ServerResponse } from 'node:http';

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FormattedExecutionResult } from 'graphql';
import { createHandler, type OperationResult } from 'graphql-sse';

import { askedOf } from '../graphql-request';
import type { Believe } from '../shown';
import type { Serving } from './serving';

export interface SseDeps {
  readonly serving: Serving;
  readonly authenticate: Believe;
}

const EVENT_STREAM = 'text/event-stream';
/** Headers as the library wants them. */
const PLAIN = new Map([
  ['accept', EVENT_STREAM],
  ['content-type', 'application/json'],
]);

/** Who names JSON before it gets JSON. */
export function wantsEvents({ headers }: FastifyRequest): boolean {
  const accept = (headers.accept ?? '').toLowerCase();
  const events = accept.indexOf(EVENT_STREAM);
  const json = accept.search(/application\/(?:graphql-response\+)?json/);
  return events >= 0 && (json < 0 || events < json);
}

/** Answers a request that `wantsEvents`. Its caller is known. */
export function eventStreams({
  serving,
  authenticate,
}: SseDeps): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  const handle = createHandler<FastifyRequest, FastifyReply>({
    // No "single connection mode": nothing is remembered between requests.
    authenticate: () => null,
    async onSubscribe({ raw }) {
      const { authorization } = raw.headers;
      const entrance = serving.entrance(() => authenticate(raw.raw, authorization, raw.ip), raw.ip);
      const asked = askedOf(raw);
      const answer = asked.ok
        ? await serving.answer(asked.asked, entrance, raw.method === 'GET')
        : { errors: asked.errors };
      return (Symbol.asyncIterator in answer ? answer : one(answer)) as OperationResult;
    },
    /** What was made waits here until what was made before has left. */
    async onNext(_context, { context: reply }, result) {
      const { raw } = reply;
      if (raw.writableNeedDrain) await drained(raw);
      return result as FormattedExecutionResult as never;
    },
  });
  return async (request, reply) => {
    // What is asked is read by `askedOf`, as for every other entrance.
    const [body, { status, statusText, headers }] = await handle({
      method: 'POST',
      url: request.url,
      headers: { get: (name) => PLAIN.get(name.toLowerCase()) },
      body: { query: '{ __typename }' },
      raw: request,
      context: reply,
    });
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(status, statusText, { ...headers, 'x-accel-buffering': 'no' });
    if (body === null || typeof body === 'string') {
      raw.end(body ?? '');
      return reply;
    }
    raw.once('close', () => void body.return(undefined));
    for await (const text of body) {
      if (raw.closed || raw.destroyed) break;
      if (!raw.write(text)) await drained(raw);
    }
    raw.end();
    return reply;
  };
}

/** The library takes a result without data for something else, so each comes as a stream. */
async function* one(result: FormattedExecutionResult): AsyncGenerator<FormattedExecutionResult> {
  yield result;
}

/** Resolves when what was written has left, or nobody takes it any more. */
function drained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      raw.off('drain', done);
      raw.off('close', done);
      resolve();
    };
    raw.on('drain', done);
    raw.on('close', done);
    if (raw.closed) done();
  });
}
