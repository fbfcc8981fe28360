/** `/ui/TOKEN`: pages for the person at a device. Paths hold tokens, so nothing here tells a path to the log. */
import type { FastifyInstance } from 'fastify';

import { LONGEST_FORM, portalReply, type Portal, type PortalReply } from '../portal/pages';
import { TROUBLE, UNREADABLE } from '../portal/prompt-page';
import { inboundOf, send, takeAnyBody } from './wire';

export interface PortalDeps {
  /** Absent: there are no pages. */
  readonly portal?: Portal;
}

export function portalRoute(app: FastifyInstance, { portal }: PortalDeps): void {
  if (portal === undefined) return;
  void app.register((scope, _options, done) => {
    takeAnyBody(scope);
    scope.setErrorHandler((error: { readonly statusCode?: number }, request, reply) => {
      const status = error.statusCode ?? 500;
      if (status >= 500) request.log.error({ err: error }, 'a page could not be shown');
      send(reply, wireOf(portalReply(status, status >= 500 ? TROUBLE : UNREADABLE)));
    });
    scope.all('/ui/:token', { bodyLimit: LONGEST_FORM, exposeHeadRoute: false }, async (request, reply) => {
      const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
      const { token = '' } = request.params as { readonly token?: string };
      const { method, headers } = inboundOf(request, body, token);
      const contentType = headers['content-type'] ?? '';
      send(reply, wireOf(await portal.handle({ method, token, contentType, body })));
      return reply;
    });
    done();
  });
}

function wireOf({ status, headers, text }: PortalReply): Parameters<typeof send>[1] {
  return { status, headers, body: Buffer.from(text, 'utf8') };
}
