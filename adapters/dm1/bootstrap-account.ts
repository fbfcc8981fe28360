/** What both bootstrap profiles tell of an account, checked and in the words of DMAcc. Source: dm1 sections 15.3 and 17. */
import type { BootstrapRequest, CredentialKnowledge, CredentialType, DocumentContext, NoDocument } from '../adapter';
import { nonceText } from './credential';

export interface BootstrapCredential {
  /** AAuthType. */
  readonly type: 'BASIC' | 'DIGEST' | 'HMAC' | 'X509';
  /** AAuthName and AAuthSecret; absent with a certificate. */
  readonly name?: string;
  readonly secret?: string;
  /** AAuthData in Base64, for types with a nonce. */
  readonly nonce?: string;
}

export interface BootstrapAccount {
  readonly serverId: string;
  readonly name?: string;
  readonly url: string;
  readonly port: string;
  /** CLCRED; absent: the device presents nothing. */
  readonly client?: BootstrapCredential;
  /** SRVCRED; absent: the server presents nothing. */
  readonly server?: BootstrapCredential;
  readonly toNapId?: string;
  readonly toProxy?: string;
}

const TYPES: Readonly<Partial<Record<CredentialType, BootstrapCredential['type']>>> = {
  BASIC: 'BASIC',
  DIGEST_MD5: 'DIGEST',
  HMAC: 'HMAC',
  X509: 'X509',
};
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' };
const LONGEST_URL = 2048;
const LONGEST_TEXT = 1024;

/** The account of a request; `field` of a refusal is a member of the request, or a credential of the device. */
export function bootstrapAccount(
  { account }: DocumentContext,
  request: BootstrapRequest,
): { readonly ok: true; readonly account: BootstrapAccount } | NoDocument {
  const { url, name, connectivity = {} } = request;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const standard = parsed && DEFAULT_PORTS[parsed.protocol];
  if (parsed === undefined || standard === undefined || url.length > LONGEST_URL)
    return no('url', 'is no http or https address');
  const texts = { name, toNapId: connectivity.toNapId, toProxy: connectivity.toProxy };
  for (const [field, text] of Object.entries(texts)) {
    if (text !== undefined && !isText(text)) return no(field, 'is empty, too long, or has a control character');
  }
  const client = credentialOf(account.clientAuth);
  if (client === null) return no('clientAuth', `DM 1.x has no ${account.clientAuth.type} credential`);
  const server = credentialOf(account.serverAuth);
  if (server === null) return no('serverAuth', `DM 1.x has no ${account.serverAuth.type} credential`);
  for (const [field, known] of [
    ['clientAuth', client],
    ['serverAuth', server],
  ] as const) {
    if ([known?.name, known?.secret].some((text) => text !== undefined && !isText(text)))
      return no(field, 'has a name or secret that no document can hold');
  }
  return {
    ok: true,
    account: {
      serverId: account.serverId,
      ...(name === undefined ? {} : { name }),
      url,
      port: parsed.port === '' ? standard : parsed.port,
      ...(client === undefined ? {} : { client }),
      ...(server === undefined ? {} : { server }),
      ...(connectivity.toNapId === undefined ? {} : { toNapId: connectivity.toNapId }),
      ...(connectivity.toProxy === undefined ? {} : { toProxy: connectivity.toProxy }),
    },
  };
}

/** Null: a type that DM 1.x does not have. */
function credentialOf(known: CredentialKnowledge): BootstrapCredential | null | undefined {
  if (known.type === 'NONE') return undefined;
  const type = TYPES[known.type];
  if (type === undefined) return null;
  if (type === 'X509') return { type };
  const nonce = type === 'BASIC' ? {} : { nonce: nonceText(known.nonce) };
  return { type, name: known.username, secret: known.secret, ...nonce };
}

/** Text that stands in a document of either form as it is. */
export function isText(text: string): boolean {
  return text !== '' && text.length <= LONGEST_TEXT && !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text);
}

export function no(field: string, message: string): NoDocument {
  return { ok: false, field, message };
}
