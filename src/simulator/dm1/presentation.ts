/** How a device shows who it is, message by message. Source: dm1 2.6, 11; client-quirks 6, 21. */
import {
  AUTH_BASIC,
  AUTH_MAC,
  digestOf,
  HMAC_HEADER,
  hmacOf,
  nonceOctets,
  writeHmacHeader,
} from '../../../adapters/dm1/credential';
import type { Cred, Meta } from '../../../adapters/dm1/message';
import { textData } from './data';
import type { Dm1Auth, Dm1DeviceOptions } from './options';
import { credOf, type Login } from './security';
import type { Traits } from './traits';

export type Shown = false | 'basic' | 'md5' | 'hmac';

const NO_NONCE = new Uint8Array();

export class Presentation {
  readonly login: Login | undefined;
  /** Refusals of this session. */
  refusals = 0;
  /** What the next message carries. */
  private next: { readonly type: 'basic' | 'md5' | 'hmac'; readonly nonce: Uint8Array } | undefined;

  /**
   * @param nonce  the one that the server gave last
   * @param empty  its Basic credential has no content in this session
   */
  constructor(
    options: Pick<Dm1DeviceOptions, 'user' | 'secret' | 'auth'>,
    private readonly traits: Traits,
    nonce: Uint8Array | undefined,
    private readonly empty: boolean,
  ) {
    const { user, secret } = options;
    this.login = user === undefined || secret === undefined ? undefined : { user, secret };
    const auth: Dm1Auth = options.auth ?? (this.login === undefined ? 'none' : 'md5');
    if (this.login === undefined || auth === 'none' || auth === 'digest') return;
    if (auth === 'basic') this.next = { type: 'basic', nonce: NO_NONCE };
    else if (nonce !== undefined) this.next = { type: auth, nonce };
  }

  /** Cred of the next message; HMAC goes into a header instead, see {@link sign}. */
  get cred(): Cred | undefined {
    const { next, login } = this;
    if (next === undefined || login === undefined || next.type === 'hmac') return undefined;
    const cred = credOf(next.type, login, next.nonce);
    return this.empty && next.type === 'basic' ? { ...cred, data: textData('') } : cred;
  }

  /** What a message carries whose octets are ready, and its HMAC header. Credentials are used up by this. */
  sign(body: Uint8Array): { readonly shown: Shown; readonly headers: Readonly<Record<string, string>> } {
    const { next, login } = this;
    this.next = this.traits.credInEvery === true && next?.type === 'basic' ? next : undefined;
    if (next === undefined || login === undefined) return { shown: false, headers: {} };
    if (next.type !== 'hmac') return { shown: next.type, headers: {} };
    const mac = hmacOf(digestOf(login.user, login.secret), next.nonce, body);
    return { shown: 'hmac', headers: { [HMAC_HEADER]: writeHmacHeader({ username: login.user, mac }) } };
  }

  /** Obeys a challenge: the type that it wants, over its nonce. */
  challenged(chal: Meta): void {
    const type = chal.type?.trim();
    const nonce = chal.nextNonce === undefined ? NO_NONCE : nonceOctets(chal.nextNonce);
    this.next = { type: type === AUTH_BASIC ? 'basic' : type === AUTH_MAC ? 'hmac' : 'md5', nonce };
  }

  /** 200 for SyncHdr authenticates one message only, so the next carries the credential as well. */
  onceMore(shown: Shown, nonce: Uint8Array | undefined): void {
    if (shown !== false) this.next = { type: shown, nonce: nonce ?? NO_NONCE };
  }
}
