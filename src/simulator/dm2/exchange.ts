/** HTTP with the device's credentials, for packages and for the repository. Source: dm2 2.3, 2.6, 17; dm1 12. */
import { randomBytes } from 'node:crypto';

import { answerChallenge, basicAuthorization } from '../../../adapters/http/auth';
import type { Transport, WireRequest, WireResponse } from '../transport';
import type { Dm2DeviceOptions } from './options';

type Login = Pick<Dm2DeviceOptions, 'url' | 'user' | 'secret' | 'auth'>;

/** A transport that answers the challenges of HTTP Digest, for devices that have it beside their messages. */
export function httpDigest(login: Omit<Login, 'auth'>, transport: Transport): Transport {
  const exchange = new Exchange({ ...login, auth: 'digest' }, transport);
  return (request) => exchange.send(request);
}

export class Exchange {
  /** Last challenge of the server and how often its nonce was used. */
  private challenge: { readonly header: string; count: number } | undefined;

  constructor(
    private readonly options: Login,
    private readonly transport: Transport,
  ) {}

  /** Sends a request; a challenge is answered once. Credentials go to the account's own server only. */
  async send(request: WireRequest): Promise<WireResponse> {
    const own = originOf(request.url) === originOf(this.options.url);
    const first = await this.transport(own ? this.sign(request) : request);
    const header = first.headers['www-authenticate'];
    if (first.status !== 401 || header === undefined || !own || !this.hasLogin()) return first;
    this.challenge = { header, count: 0 };
    const signed = this.sign(request);
    return signed.headers['authorization'] === undefined ? first : this.transport(signed);
  }

  private hasLogin(): boolean {
    return this.options.user !== undefined && this.options.secret !== undefined && this.options.auth !== 'none';
  }

  private sign(request: WireRequest): WireRequest {
    const { user, secret, auth } = this.options;
    if (user === undefined || secret === undefined || auth === 'none') return request;
    let authorization: string | undefined;
    if (this.challenge !== undefined) {
      this.challenge.count += 1;
      const { pathname, search } = new URL(request.url);
      authorization = answerChallenge(this.challenge.header, {
        username: user,
        password: secret,
        method: request.method,
        uri: pathname + search,
        cnonce: randomBytes(8).toString('hex'),
        count: this.challenge.count,
      });
    } else if (auth === 'basic') authorization = basicAuthorization(user, secret);
    return authorization === undefined ? request : { ...request, headers: { ...request.headers, authorization } };
  }
}

export function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

export function isHttpAddress(url: string): boolean {
  return /^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '');
}
