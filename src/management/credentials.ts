/** Credentials of both directions: how they are kept, and which of account and device counts. */
import type { CredentialKnowledge, CredentialType } from '../../adapters/adapter';
import type { CredentialRow } from '../store/turn-load';
import type { Secrets } from '../store/secrets';

export type Direction = 'CLIENT' | 'SERVER';

/** Where a secret is kept, for {@link Secrets.encrypt}. */
export function credentialContext(direction: Direction): string {
  return `credential/${direction}`;
}

/** Encrypts a secret for its column; both accounts and devices keep theirs so. */
export function sealSecret(secrets: Secrets, direction: Direction, plain: string): string {
  return secrets.encrypt(plain, credentialContext(direction));
}

/** The clear text; undefined when the column holds what another key made. */
export function openSecret(secrets: Secrets, direction: Direction, sealed: string): string | undefined {
  return secrets.decrypt(sealed, credentialContext(direction));
}

export interface AccountCredential {
  readonly type: string | null;
  readonly username: string | null;
  readonly secret: string | null;
}

/**
 * What counts for a device: its own credential where it has one, else its account's; nonce and failures are the device's.
 * A server credential without user name uses the server identifier (our name in ACLs and notifications).
 */
export function effectiveCredential(
  secrets: Secrets,
  direction: Direction,
  account: AccountCredential,
  own: CredentialRow | null,
  serverId: string,
): CredentialKnowledge {
  const of = own?.type !== null && own?.type !== undefined ? own : account;
  const sealed = of.secret;
  const isCertificate = of.type === 'X509';
  return {
    type: (of.type ?? 'NONE') as CredentialType,
    username: of.username ?? (direction === 'SERVER' ? serverId : ''),
    secret: isCertificate
      ? (own?.fingerprint ?? '')
      : sealed === null
        ? ''
        : (openSecret(secrets, direction, sealed) ?? unopenable()),
    nonce: octets(own?.nonce) ?? new Uint8Array(),
    previousNonce: octets(own?.previousNonce),
    failures: own?.failures ?? 0,
    lockedUntil: own?.lockedUntil == null ? undefined : Date.parse(own.lockedUntil),
  };
}

/** Octets, of which PostgreSQL's Base64 breaks lines. */
function octets(base64: string | null | undefined): Uint8Array | undefined {
  return base64 == null ? undefined : Buffer.from(base64, 'base64');
}

function unopenable(): never {
  throw new Error('a stored credential cannot be decrypted: MOQL_SECRET_KEY is not the one it was stored with');
}
