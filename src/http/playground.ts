/** The page at `/graphql`: GraphiQL, whole in one document, so that it works without internet. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { EXAMPLES } from './playground-examples';
import { FETCHER_SCRIPT, withFastWorker, withFetcher } from './playground-fetcher';
import { KEY_BAR, KEY_SCRIPT } from './playground-key';

interface Page {
  readonly html: Buffer;
  readonly packed: Buffer;
  readonly tag: string;
}

/** Nothing is loaded from anywhere, and nothing is sent but to this gateway. */
const POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  "connect-src 'self'",
  'img-src data:',
  'font-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

let page: Promise<Page> | undefined;

export async function playground(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  page ??= makePage();
  const { html, packed, tag } = await page;
  void reply.headers({
    'content-security-policy': POLICY,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache',
    vary: 'accept, accept-encoding',
    etag: tag,
  });
  if (request.headers['if-none-match'] === tag) return reply.code(304).send();
  const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (takesGzip) void reply.header('content-encoding', 'gzip');
  return reply.type('text/html; charset=utf-8').send(takesGzip ? packed : html);
}

async function makePage(): Promise<Page> {
  // Nine megabytes of text: loaded when the first person looks.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const [first] = EXAMPLES;
  const graphiql = renderGraphiQL({
    title: 'moql',
    favicon: 'data:,',
    defaultQuery: first.query,
    defaultTabs: EXAMPLES.map(({ query, variables }) => ({ query, ...(variables === undefined ? {} : { variables }) })),
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: 'variables',
  });
  const rendered = withFastWorker(withFetcher(graphiql));
  const root = rendered.indexOf('<div id="root">');
  const html = Buffer.from(
    `${rendered.slice(0, root).trimStart()}${KEY_BAR}<script>${KEY_SCRIPT}${FETCHER_SCRIPT}</script>${rendered.slice(root)}`,
    'utf8',
  );
  const tag = `"${createHash('sha256').update(html).digest('base64url')}"`;
  return { html, packed: await promisify(gzip)(html), tag };
}
