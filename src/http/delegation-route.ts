/** `POST /dm/delegation`: where another gateway delegates management to this one, or ends that. */
import type { FastifyInstance } from 'fastify';

import { MAX_DELEGATION, DELEGATION_MEDIA_TYPE } from '../management/delegation/document';
import type { Delegations } from '../management/types';
import { peerOf } from './peer';

export interface DelegationDeps {
  readonly delegations?: Pick<Delegations, 'receive'>;
  /** Whether documents, which have secrets in them, are taken without TLS from elsewhere than this machine. */
  readonly insecure?: boolean;
}

export function delegationRoute(app: FastifyInstance, { delegations, insecure }: DelegationDeps): void {
  if (delegations === undefined) return;
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      DELEGATION_MEDIA_TYPE,
      { parseAs: 'string', bodyLimit: MAX_DELEGATION },
      (_request, body, parsed) => parsed(null, body),
    );
    scope.setErrorHandler((error: { readonly statusCode?: number }, request, reply) => {
      const status = error.statusCode ?? 500;
      if (status >= 500) request.log.error({ err: error }, 'a peer was answered 500');
      return reply
        .code(status)
        .type('text/plain')
        .send(status >= 500 ? 'the gateway failed\n' : 'the request cannot be read\n');
    });
    scope.post('/dm/delegation', async (request, reply) => {
      const { secure, loopback } = peerOf(request);
      if (!secure && !loopback && insecure !== true)
        return reply.code(403).type('text/plain').send('TLS is needed here\n');
      const bearer = /^Bearer +([\x21-\x7e]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
      const { status, text } = await delegations.receive(bearer, typeof request.body === 'string' ? request.body : '');
      if (status === 401) void reply.header('www-authenticate', 'Bearer realm="moql"');
      return reply.code(status).type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(`${text}\n`);
    });
    done();
  });
}
