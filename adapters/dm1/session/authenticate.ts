import type { AccountKnowledge, Bytes, Context, CredentialKnowledge, CredentialType, Envelope } from '../../adapter';
import {
  AUTH_BASIC,
  AUTH_MAC,
  AUTH_MD5,
  credentialText,
  digestOf,
  equalsSecretly,
  HMAC_HEADER,
  readHmacHeader,
  RESYNC_NONCE,
  RESYNC_WITHIN_MS,
  verifyBasic,
  verifyHmac,
  verifyMd5,
} from '../credential';
import { addressesOf, parseAuthorization, verifyDigest } from '../../http/auth';
import { openedOf } from '../http';
import { STATUS } from '../status-codes';

/**
 * Who sends a message. Source: OMA-TS-DM_Security, "Authentication"; dm1 sections 2.6 and 11.
 */
export type Authentication =
  | {
      readonly ok: true;
      readonly by: CredentialType;
      /** Octets for the client's next credential, told with a Chal. */
      readonly nextNonce?: Bytes;
      /** The credential was made over a nonce for resynchronisation, and ours is to be as well. */
      readonly resync?: Bytes;
    }
  | Refused;

export interface Refused {
  readonly ok: false;
  /** 407: no credential came; 401: one that is not accepted. */
  readonly code: 401 | 407;
  readonly reason: string;
  /** Whether it counts towards lock-out. */
  readonly counted: boolean;
  /** No challenge is offered, whatever the count. */
  readonly lone?: boolean;
  /** HTTP Digest: the credential was right, its nonce is old. */
  readonly stale?: boolean;
}

/** Octets of a nonce: exactly 16, for one client decodes Base64 with a single `=` to nothing (our ruling). */
const NONCE_OCTETS = 16;

/** A fresh nonce. Strangers get one that is derived, so that nothing has to be kept for them. */
export function freshNonce(context: Context): Bytes {
  return context.random.subarray(0, NONCE_OCTETS);
}

/** Credential type in Meta/Type of a Chal or Cred; undefined for types without one. */
export function metaTypeOf(type: CredentialType): string | undefined {
  switch (type) {
    case 'BASIC':
      return AUTH_BASIC;
    case 'DIGEST_MD5':
      return AUTH_MD5;
    case 'HMAC':
      return AUTH_MAC;
    default:
      return undefined;
  }
}

/** Whether a credential of ours of this type can be sent again over a nonce that the client gives. */
export function canProve(type: CredentialType | undefined): boolean {
  return type === 'BASIC' || type === 'DIGEST_MD5' || type === 'HMAC';
}

/** Whether a Cred or HMAC header came at all: the refusal is 401 then, else 407. */
export function hasCredential(envelope: Envelope): boolean {
  return openedOf(envelope).message.header.cred !== undefined || envelope.inbound.headers[HMAC_HEADER] !== undefined;
}

/**
 * Judges the message that opens a session, or repeats package 1.
 *
 * A credential over the previous nonce is accepted too: the answer that carried the new one may be lost. Where the
 * device is not registered yet, the nonce is the one derived for strangers.
 */
export function authenticate(envelope: Envelope, account: AccountKnowledge, context: Context): Authentication {
  const { clientAuth } = account;
  if (clientAuth.lockedUntil !== undefined && context.now < clientAuth.lockedUntil) {
    return { ok: false, code: 401, reason: 'locked after repeated failures', counted: false, lone: true };
  }
  switch (clientAuth.type) {
    case 'NONE':
      return { ok: true, by: 'NONE' };
    case 'BASIC':
      return authenticateBasic(envelope, clientAuth, context);
    case 'DIGEST_MD5':
      return authenticateMd5(envelope, clientAuth, context);
    case 'HMAC':
      return authenticateHmac(envelope, clientAuth, context);
    case 'X509':
      return authenticateCertificate(envelope, context);
    case 'HTTP_DIGEST':
      return authenticateHttp(envelope, account, context);
    case 'PSK':
      return { ok: false, code: 401, reason: 'DM 1.x has no PSK credential', counted: false, lone: true };
  }
}

/**
 * Judges the message of a device that nobody knows: as a device of the account that strangers are shown, with a credential
 * that nobody has. So its refusal is the refusal of a known one. Source: dm1 section 11.4.
 */
export function refusalOfStranger(envelope: Envelope, context: Context): Refused {
  const type = strangerType(context);
  const nobody = Buffer.from(context.random).toString('hex');
  const clientAuth: CredentialKnowledge = {
    type,
    username: nobody,
    secret: nobody,
    nonce: context.strangerNonce,
    failures: 0,
  };
  const account: AccountKnowledge = {
    serverId: context.defaultServerId,
    autoRegister: false,
    clientAuth,
    serverAuth: { ...clientAuth, type: 'NONE' },
  };
  const judged = authenticate(envelope, account, context);
  if (judged.ok) throw new Error('a stranger cannot be authenticated');
  return { ...judged, reason: 'nobody knows this device', counted: false };
}

/** Type of credential that a stranger is refused by; where devices of that account prove nothing, MD5. */
export function strangerType(context: Context): CredentialType {
  const { strangerAuth = 'DIGEST_MD5' } = context;
  return strangerAuth === 'NONE' ? 'DIGEST_MD5' : strangerAuth;
}

/**
 * Judges a later message of an authenticated session. Credentials may be left out, except under HMAC; where they
 * come, they have to be right.
 */
export function authenticateAgain(envelope: Envelope, account: AccountKnowledge, context: Context): Authentication {
  const { type } = account.clientAuth;
  const isOptional = type === 'BASIC' || type === 'DIGEST_MD5';
  if (isOptional && !hasCredential(envelope)) return { ok: true, by: type };
  const judged = authenticate(envelope, account, context);
  // The nonce of the next session was handed out already, unless every message is authenticated.
  return judged.ok && type !== 'HMAC' ? { ok: true, by: judged.by } : judged;
}

function authenticateBasic(envelope: Envelope, known: CredentialKnowledge, context: Context): Authentication {
  const { peer } = envelope.inbound;
  if (!peer.secure && !peer.loopback && !context.allowInsecureBasic) {
    return { ok: false, code: 401, reason: 'Basic credentials are not taken without TLS', counted: false, lone: true };
  }
  const { cred } = openedOf(envelope).message.header;
  if (cred === undefined) return missing(envelope, 'BASIC');
  if (typeOf(cred.meta?.type) !== AUTH_BASIC) return weaker(cred.meta?.type, 'BASIC');
  if (verifyBasic(cred.data, known.username, known.secret)) return { ok: true, by: 'BASIC' };
  // One simulator sends an empty one after it executed something: no attempt at guessing.
  return wrong('the Basic credential is wrong', credentialText(cred.data) !== '');
}

function authenticateMd5(envelope: Envelope, known: CredentialKnowledge, context: Context): Authentication {
  const { cred } = openedOf(envelope).message.header;
  if (cred === undefined) return missing(envelope, 'DIGEST_MD5');
  if (typeOf(cred.meta?.type) !== AUTH_MD5) return weaker(cred.meta?.type, 'DIGEST_MD5');
  const digest = digestOf(known.username, known.secret);
  if (verifyMd5(cred.data, digest, noncesOf(known, context)))
    return { ok: true, by: 'DIGEST_MD5', nextNonce: freshNonce(context) };
  const resync = resyncNonces(context).find((nonce) => verifyMd5(cred.data, digest, [nonce]));
  if (resync === undefined) return wrong('the MD5 credential is wrong, or its nonce is stale', true);
  return { ok: true, by: 'DIGEST_MD5', nextNonce: freshNonce(context), resync };
}

/** Only right after we asked for it, for whoever has one credential over a known nonce could come again with it. */
function resyncNonces(context: Context): readonly Bytes[] {
  const sentAt = context.account?.resyncSentAt;
  if (context.device === undefined || sentAt === undefined) return [];
  const isRecent = context.now >= sentAt && context.now - sentAt <= RESYNC_WITHIN_MS;
  return isRecent ? Object.values(RESYNC_NONCE) : [];
}

function authenticateHmac(envelope: Envelope, known: CredentialKnowledge, context: Context): Authentication {
  const header = envelope.inbound.headers[HMAC_HEADER];
  if (header === undefined) return missing(envelope, 'HMAC');
  const credential = readHmacHeader(header);
  const isRight =
    credential !== undefined &&
    equalsSecretly(credential.username, known.username) &&
    verifyHmac(credential, digestOf(known.username, known.secret), noncesOf(known, context), envelope.inbound.body);
  if (!isRight) return wrong('the HMAC credential is wrong, or its nonce is stale', true);
  return { ok: true, by: 'HMAC', nextNonce: freshNonce(context) };
}

/** HTTP Digest, for each message has a request of its own. Source: RFC 2617; dm1 section 12, "HTTP authentication". */
function authenticateHttp(envelope: Envelope, account: AccountKnowledge, context: Context): Authentication {
  const { inbound } = envelope;
  const { clientAuth } = account;
  const presented = parseAuthorization(inbound.headers['authorization']);
  if (presented?.scheme !== 'digest') {
    const reason = presented === undefined ? 'no HTTP credentials' : 'HTTP Digest is wanted, Basic came';
    return { ok: false, code: 401, reason, counted: false };
  }
  const result = verifyDigest(presented, {
    method: inbound.method,
    uris: addressesOf(inbound.path, context.baseUrl),
    // A device that registers itself was shown the realm of strangers.
    realms: [account.serverId, context.defaultServerId],
    username: clientAuth.username,
    secret: clientAuth.secret,
    key: context.digestKey,
    now: context.now,
  });
  switch (result) {
    case 'OK':
      return { ok: true, by: 'HTTP_DIGEST' };
    case 'STALE':
      return { ok: false, code: 401, reason: 'the nonce of the HTTP Digest is old', counted: false, stale: true };
    case 'WRONG':
      return wrong('the HTTP Digest is wrong', true);
  }
}

/** The certificate's fingerprint names the device; where none is stored, a URI in it that equals the DevId does. */
function authenticateCertificate(envelope: Envelope, context: Context): Authentication {
  const { certSha256, certUris } = envelope.inbound.peer;
  const bound = context.device?.certSha256;
  const isRight =
    certSha256 !== undefined &&
    (bound === undefined
      ? certUris?.includes(envelope.device) === true
      : certSha256.toLowerCase() === bound.toLowerCase());
  if (isRight) return { ok: true, by: 'X509' };
  return {
    ok: false,
    code: 401,
    reason: 'the client certificate is not that of the device',
    counted: false,
    lone: true,
  };
}

function noncesOf(known: CredentialKnowledge, context: Context): readonly Bytes[] {
  if (context.device === undefined) return [context.strangerNonce];
  return known.previousNonce === undefined ? [known.nonce] : [known.nonce, known.previousNonce];
}

function missing(envelope: Envelope, wanted: CredentialType): Refused {
  if (hasCredential(envelope)) return { ok: false, code: 401, reason: `${wanted} is wanted`, counted: false };
  return { ok: false, code: STATUS.AUTHENTICATION_REQUIRED, reason: 'no credential', counted: false };
}

function weaker(given: string | undefined, wanted: CredentialType): Refused {
  return {
    ok: false,
    code: 401,
    reason: `a credential of type ${given ?? 'unknown'} came, ${wanted} is wanted`,
    counted: false,
  };
}

function wrong(reason: string, counted: boolean): Refused {
  return { ok: false, code: 401, reason, counted };
}

/** Types are compared as they are; absent means Basic by the representation protocol. */
function typeOf(text: string | undefined): string {
  return text?.trim() ?? AUTH_BASIC;
}
