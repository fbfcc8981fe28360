/** How a device has its server prove itself. Source: dm1 11.3; client-quirks 8. */
import {
  AUTH_BASIC,
  AUTH_MAC,
  AUTH_MD5,
  digestOf,
  HMAC_HEADER,
  nonceText,
  readHmacHeader,
  verifyHmac,
} from '../../../adapters/dm1/credential';
import type { Message, Meta } from '../../../adapters/dm1/message';
import type { WireResponse } from '../transport';
import { textData } from './data';
import type { Dm1DeviceOptions } from './options';
import { judgeCred } from './security';
import type { Traits } from './traits';

/** What our Status for the server's SyncHdr says, and whether its commands are executed. */
export interface Verdict {
  readonly code: number;
  readonly chal?: Meta;
  /** Code for every command of the message, which is not executed. */
  readonly refuse?: number;
  /** A challenge was answered wrongly. */
  readonly objection?: string;
}

export class ServerProof {
  /** The server proved itself, or nobody asks it to. */
  proven: boolean;
  private refusals = 0;

  /** @param nonces  the device's memory of the nonce for the server's next credential */
  constructor(
    private readonly options: Pick<Dm1DeviceOptions, 'serverUser' | 'serverSecret' | 'serverAuth'>,
    private readonly traits: Traits,
    private readonly nonces: { serverNonce?: Uint8Array },
    private readonly random: (count: number) => Uint8Array,
  ) {
    this.proven = options.serverSecret === undefined;
  }

  /** @param hasCommands  without commands there is nothing to protect (loop guard) */
  judge(message: Message, response: WireResponse, hasCommands: boolean): Verdict {
    const { serverSecret, serverUser, serverAuth } = this.options;
    if (serverSecret === undefined) return { code: 200 };
    const login = { user: serverUser ?? '', secret: serverSecret };
    const hmac = serverAuth === 'hmac';
    const { cred } = message.header;
    if (this.proven && !hmac)
      return { code: 212, ...this.renewed(cred !== undefined && this.traits.nonceEachCred === true) };
    const known = this.nonces.serverNonce ?? new Uint8Array();
    const judged = hmac ? judgeHmac(response, login, known) : judgeCred(cred, login, known);
    if (judged === 'good') {
      this.proven = true;
      // HMAC proves one message: 200, and a nonce for the next.
      if (hmac) return { code: 200, ...this.renewed(true) };
      return { code: 212, ...this.renewed(cred?.meta?.type?.trim() !== AUTH_BASIC) };
    }
    if (!hasCommands) return { code: 200 };
    return this.refused(judged);
  }

  private refused(judged: 'bad' | 'none'): Verdict {
    this.refusals += 1;
    const again = this.refusals > 1;
    const objection = again
      ? { objection: judged === 'none' ? 'no credential after a challenge' : 'a wrong credential after a challenge' }
      : {};
    if (judged === 'none' && this.traits.missingCredCode !== undefined)
      return { code: this.traits.missingCredCode, refuse: this.traits.missingCredCode, ...objection };
    const code = judged === 'none' ? 407 : 401;
    return { code, refuse: code, ...this.renewed(true), ...objection };
  }

  /** A fresh nonce and the Chal that tells it. */
  private renewed(wanted: boolean): { readonly chal?: Meta } {
    if (!wanted) return {};
    const nonce = this.random(16);
    this.nonces.serverNonce = nonce;
    const type = this.options.serverAuth === 'hmac' ? AUTH_MAC : AUTH_MD5;
    return { chal: { format: 'b64', type, nextNonce: textData(nonceText(nonce)) } };
  }
}

function judgeHmac(
  { headers, body }: WireResponse,
  { user, secret }: { readonly user: string; readonly secret: string },
  nonce: Uint8Array,
): 'good' | 'bad' | 'none' {
  const header = headers[HMAC_HEADER];
  if (header === undefined) return 'none';
  const credential = readHmacHeader(header);
  const good = credential?.username === user && verifyHmac(credential, digestOf(user, secret), [nonce], body);
  return good ? 'good' : 'bad';
}
