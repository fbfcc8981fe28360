/**
 * Whether a package comes from the device that it names: by HTTP credentials or by what TLS proved.
 * Source: OMA-TS-DM_Protocol-V2_0, 9; RFC 2617. The DevID header alone is never believed.
 */
import type { AccountKnowledge, Context, CredentialKnowledge, CredentialType, Envelope } from '../../adapter';
import { addressesOf, basicMatches, parseAuthorization, verifyDigest } from '../../http/auth';
import { basicAllowed } from './wires';

export type Verdict =
  | { readonly ok: true; readonly by: CredentialType }
  | {
      readonly ok: false;
      /** 401: come again with (other) credentials. 403: what TLS proved belongs to another device. */
      readonly status: 401 | 403;
      readonly reason: string;
      /** Towards lock-out: wrong credentials count, missing and stale ones do not. */
      readonly counted: boolean;
      readonly stale: boolean;
      /** What TLS proved belongs to another device: for the security log. */
      readonly foreign: boolean;
      /** Nobody knows this device: nothing of the turn is stored. */
      readonly stranger: boolean;
    };

export function authenticate(envelope: Envelope, context: Context): Verdict {
  const account = context.account;
  if (account === undefined || (context.device === undefined && !account.autoRegister)) {
    return { ...refused('nobody knows this device'), stranger: true };
  }

  const verdict = check(envelope, context, account);
  // A device that is not registered yet has no failures to count, nor a place to keep them.
  return verdict.ok || context.device !== undefined ? verdict : { ...verdict, stranger: true };
}

function check(envelope: Envelope, context: Context, account: AccountKnowledge): Verdict {
  const credential = account.clientAuth;
  if (credential.lockedUntil !== undefined && context.now < credential.lockedUntil) {
    return refused('the credential is locked');
  }
  switch (credential.type) {
    case 'NONE':
      return { ok: true, by: 'NONE' };
    case 'X509':
      return byCertificate(envelope, context);
    case 'PSK':
      return byPskIdentity(envelope, credential);
    // MD5 and HMAC are how DM 1.x devices of a shared account prove the secret; over HTTP their counterpart is Digest.
    case 'BASIC':
    case 'HTTP_DIGEST':
    case 'DIGEST_MD5':
    case 'HMAC':
      return byHttp(envelope, context, account);
  }
}

function byHttp(envelope: Envelope, context: Context, account: AccountKnowledge): Verdict {
  const { inbound } = envelope;
  const credential = account.clientAuth;
  const presented = parseAuthorization(inbound.headers['authorization']);
  if (presented === undefined) return refused('no credentials');

  if (presented.scheme === 'basic') {
    if (credential.type !== 'BASIC') return wrong('Basic is not allowed for this account');
    if (!basicAllowed(envelope, context)) return refused('Basic without TLS');
    const right = basicMatches(presented, credential.username, credential.secret);
    return right ? { ok: true, by: 'BASIC' } : wrong('wrong credentials');
  }

  // A Digest proves the same secret as Basic without showing it, so a Basic account takes it as well.
  const result = verifyDigest(presented, {
    method: inbound.method,
    uris: addressesOf(inbound.path, context.baseUrl),
    // A device that registers itself was shown the realm of strangers.
    realms: [account.serverId, context.defaultServerId],
    username: credential.username,
    secret: credential.secret,
    key: context.digestKey,
    now: context.now,
  });
  if (result === 'OK') return { ok: true, by: 'HTTP_DIGEST' };
  return result === 'STALE' ? { ...refused('stale nonce'), stale: true } : wrong('wrong credentials');
}

/** The fingerprint that is stored with the device; where none is, a URI of the certificate that equals the DevID. */
function byCertificate(envelope: Envelope, context: Context): Verdict {
  const { certSha256, certUris } = envelope.inbound.peer;
  if (certSha256 === undefined) return refused('no client certificate');
  const bound = context.device?.certSha256;
  const right =
    bound === undefined ? (certUris ?? []).includes(envelope.device) : bound.toLowerCase() === certSha256.toLowerCase();
  return right ? { ok: true, by: 'X509' } : foreign('the certificate is not this device’s');
}

function byPskIdentity(envelope: Envelope, credential: CredentialKnowledge): Verdict {
  const { pskIdentity } = envelope.inbound.peer;
  if (pskIdentity === undefined) return refused('no pre-shared key was used');
  // One that many devices share has a name of its own; else it is the device's.
  const right = pskIdentity === (credential.username === '' ? envelope.device : credential.username);
  return right ? { ok: true, by: 'PSK' } : foreign('the pre-shared key is not this device’s');
}

type Refusal = Extract<Verdict, { ok: false }>;

function refused(reason: string): Refusal {
  return { ok: false, status: 401, reason, counted: false, stale: false, foreign: false, stranger: false };
}

function wrong(reason: string): Refusal {
  return { ...refused(reason), counted: true };
}

function foreign(reason: string): Refusal {
  return { ...refused(reason), status: 403, foreign: true };
}
