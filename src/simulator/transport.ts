/** How a simulated device reaches its server. A parameter, so that tests can answer in process. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type AgentOptions } from 'node:https';
import type { SecureVersion } from 'node:tls';

export interface WireRequest {
  readonly method: string;
  readonly url: string;
  /** Lower case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface WireResponse {
  readonly status: number;
  /** Lower case names; several of one name are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Rejects only when no answer came at all. */
export type Transport = (request: WireRequest) => Promise<WireResponse>;

export interface HttpTransportOptions {
  /** A client certificate, a trusted authority and so on, for `https:` addresses. */
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly rejectUnauthorized?: boolean;
    readonly minVersion?: SecureVersion;
    readonly maxVersion?: SecureVersion;
    /** OpenSSL's names, joined by colons. */
    readonly ciphers?: string;
    /** A pre-shared key: the server is believed because it has the key, and offers no certificate that would count. */
    readonly psk?: { readonly identity: string; readonly key: Uint8Array };
  };
  readonly timeoutMs?: number;
  /** Octets of the largest answer taken. */
  readonly maxBody?: number;
}

/** HTTP/1.1 with kept-alive connections. */
export function httpTransport(options: HttpTransportOptions = {}): Transport & { readonly close: () => void } {
  const agents = {
    http: new HttpAgent({ keepAlive: true }),
    https: new HttpsAgent({ keepAlive: true, ...tlsOf(options.tls) }),
  };
  const send = (request: WireRequest, again = true): Promise<WireResponse> =>
    new Promise((resolve, reject) => {
      const body = request.body ?? new Uint8Array();
      const secure = request.url.startsWith('https:');
      // One that names a transfer coding sends its body in chunks.
      const isMeasured = request.body !== undefined && request.headers['transfer-encoding'] === undefined;
      const length = isMeasured ? { 'content-length': String(body.length) } : {};
      const outgoing = (secure ? httpsRequest : httpRequest)(request.url, {
        method: request.method,
        headers: { ...request.headers, ...length },
        agent: secure ? agents.https : agents.http,
        timeout: options.timeoutMs ?? 60_000,
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer from ${request.url} in time`)));
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // The server closed a kept connection while the message was on its way: clients repeat the POST (dm1 12, "retry").
        if (again && outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE'))
          send(request, false).then(resolve, reject);
        else reject(error);
      });
      outgoing.on('response', (answer) => {
        collect(answer, options.maxBody ?? 268_435_456).then(resolve, reject);
      });
      outgoing.end(body);
    });
  return Object.assign((request: WireRequest) => send(request), {
    close: (): void => {
      agents.http.destroy();
      agents.https.destroy();
    },
  });
}

/** Suites by which a device with a pre-shared key proves it, and the server too; TLS 1.3 has one of its own. */
const PSK_SUITES = [
  'TLS_AES_128_GCM_SHA256',
  'DHE-PSK-AES128-GCM-SHA256',
  'PSK-AES128-GCM-SHA256',
  'ECDHE-PSK-AES128-CBC-SHA256',
  'DHE-PSK-AES128-CBC-SHA256',
  'PSK-AES128-CBC-SHA256',
].join(':');

function tlsOf({ psk, ...tls }: NonNullable<HttpTransportOptions['tls']> = {}): AgentOptions {
  if (psk === undefined) return tls;
  return {
    ciphers: PSK_SUITES,
    ...tls,
    pskCallback: () => ({ psk: psk.key, identity: psk.identity }),
    checkServerIdentity: () => undefined,
  };
}

async function collect(answer: IncomingMessage, maxBody: number): Promise<WireResponse> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer) {
    const octets = piece as Buffer;
    length += octets.length;
    if (length > maxBody) throw new Error(`the answer is longer than ${maxBody} octets`);
    pieces.push(octets);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { status: answer.statusCode ?? 0, headers, body: new Uint8Array(Buffer.concat(pieces, length)) };
}
