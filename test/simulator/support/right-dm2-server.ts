/** A DM 2.0 server of a few lines, in process: it sends the packages it is given, then END, and keeps a repository. */
import { basicChallenge, digestChallenge, digestResponse, parseAuthorization } from '../../../adapters/http/auth';
import { decodePackage1, decodePackage3 } from '../../../adapters/dm2/package-codec';
import type { Package1, Package3 } from '../../../adapters/dm2/package';
import type { Transport, WireRequest, WireResponse } from '../../../src/simulator/transport';

export const MAIN = 'https://dm.example/dm/2';
export const REPOSITORY = 'https://dm.example/repository';
export const DEVICE = 'IMEI:356938035643809';

export interface StoredItem {
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly status?: number;
}

export interface RightDm2Options {
  /** CMD of each Package#2; a function of the number of the package is given as JSON value, so that it can be wrong. */
  readonly packages?: readonly unknown[];
  readonly items?: Readonly<Record<string, StoredItem>>;
  readonly auth?: { readonly scheme: 'basic' | 'digest'; readonly user: string; readonly secret: string };
  readonly acceptUploads?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly mutateWire?: (
    response: { status: number; headers: Record<string, string>; body: Uint8Array },
    turn: number,
  ) => void;
}

export interface RightDm2Server {
  readonly transport: Transport;
  readonly first: Package1[];
  readonly answers: Package3[];
  readonly posts: WireRequest[];
  readonly uploads: { readonly url: string; readonly method: string; readonly type: string; readonly body: string }[];
}

export function rightDm2Server(options: RightDm2Options = {}): RightDm2Server {
  const packages = [...(options.packages ?? [])];
  const server: RightDm2Server = {
    first: [],
    answers: [],
    posts: [],
    uploads: [],
    transport: (request) => Promise.resolve(answer(request)),
  };
  let turn = -1;
  const octets = (body: string | Uint8Array): Uint8Array =>
    typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : body;

  function answer(request: WireRequest): WireResponse {
    const body = request.body ?? new Uint8Array();
    const type = request.headers['content-type'] ?? '';
    if (request.url.startsWith(REPOSITORY)) {
      if (request.method !== 'GET') {
        if (options.acceptUploads !== undefined && !options.acceptUploads.includes(type))
          return { status: 415, headers: { 'omadm-accept': options.acceptUploads }, body: new Uint8Array() };
        server.uploads.push({
          url: request.url,
          method: request.method,
          type,
          body: Buffer.from(body).toString('utf8'),
        });
        return { status: 204, headers: {}, body: new Uint8Array() };
      }
      const item = options.items?.[request.url.slice(REPOSITORY.length + 1)];
      if (item === undefined) return { status: 404, headers: {}, body: new Uint8Array() };
      return { status: item.status ?? 200, headers: { 'content-type': item.type }, body: octets(item.body) };
    }
    server.posts.push(request);
    if (!admitted(request)) {
      const scheme =
        options.auth?.scheme === 'basic' ? basicChallenge('dm.example') : digestChallenge('dm.example', 'n-1');
      return {
        status: 401,
        headers: { 'www-authenticate': scheme, 'content-type': 'application/vnd.oma.dm.request+json' },
        body: octets('{"CMD":[["END"]]}'),
      };
    }
    turn += 1;
    if (type === 'application/vnd.oma.dm.initiation+json') {
      const read = decodePackage1(body);
      if (!read.ok) throw new Error(read.message);
      server.first.push(read.value);
    } else {
      const read = decodePackage3(type, body);
      if (!read.ok) throw new Error(read.message);
      server.answers.push(read.value);
    }
    const next = packages.shift() ?? [['END']];
    const response = {
      status: 200,
      headers: { 'content-type': 'application/vnd.oma.dm.request+json', ...options.headers } as Record<string, string>,
      body: octets(typeof next === 'string' ? next : JSON.stringify(Array.isArray(next) ? { CMD: next } : next)),
    };
    options.mutateWire?.(response, turn);
    return response;
  }

  function admitted(request: WireRequest): boolean {
    if (options.auth === undefined) return true;
    const { scheme, user, secret } = options.auth;
    const given = parseAuthorization(request.headers['authorization']);
    if (given?.scheme !== scheme || given.username !== user) return false;
    if (given.scheme === 'basic') return given.password === secret;
    const field = (name: string): string => given.params.get(name) ?? '';
    return (
      field('response') ===
      digestResponse({
        username: user,
        realm: 'dm.example',
        password: secret,
        method: 'POST',
        uri: new URL(request.url).pathname,
        nonce: 'n-1',
        nc: field('nc'),
        cnonce: field('cnonce'),
      })
    );
  }

  return server;
}

export function cont(n: number): readonly string[] {
  return ['CONT', `${MAIN}/token-${n}`];
}

/** The data of a GET by the index of its status: JSON for MO data, else text. */
export function dataOf(answer: Package3 | undefined, index: number): unknown {
  const part = answer?.parts.find((one) => one.index === index);
  if (part === undefined) return undefined;
  const text = Buffer.from(part.body).toString('utf8');
  return part.mediaType.includes('json') ? (JSON.parse(text) as unknown) : text;
}

export function codes(answer: Package3 | undefined): readonly number[] {
  return answer?.statuses.map(({ sc }) => sc) ?? [];
}
