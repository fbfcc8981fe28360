/** Credentials as callers give them: checked, and made ready for their columns. */
import { randomBytes } from 'node:crypto';

import type { CredentialType } from '../../adapters/adapter';
import { badInput } from '../access/inputs';
import type { Secrets } from '../store/secrets';
import { openSecret, sealSecret, type Direction } from './credentials';
import type { CredentialInput } from './types';

/** A credential as it is stored: `secret` is sealed, `fingerprint` a certificate's SHA-256 in lower-case hexadecimal. */
export interface KeptCredential {
  readonly type: CredentialType;
  readonly username: string | null;
  readonly secret: string | null;
  readonly fingerprint: string | null;
}

export interface CredentialUse {
  readonly secrets: Secrets;
  readonly direction: Direction;
  /** Whether one device owns it: only a device has a certificate of its own. */
  readonly isDevices: boolean;
  /** The name that stands in for a missing user name of direction SERVER. */
  readonly serverId: string;
  /** What is stored now: what is left out stays. */
  readonly before?: KeptCredential;
}

const LONGEST_USERNAME = 255;
const LONGEST_SECRET = 1024;
/** Credentials of the TLS connection, which devices present and the gateway does not. */
const OF_CONNECTION: ReadonlySet<CredentialType> = new Set(['X509', 'PSK']);
/** What stands in place of a password is none. */
const UNLIKE_PASSWORDS: ReadonlySet<CredentialType> = new Set(['NONE', 'X509', 'PSK']);
/** 16 to 64 octets. */
const PSK_HEX = /^(?:[0-9a-f]{2}){16,64}$/;
/** Octets of an identity that every client takes (OMA-TS-DM_Protocol-V2_0, DM Account MO). */
const LONGEST_IDENTITY = 128;
/** Credentials whose user name ends at the first ':'. */
const ENDS_AT_COLON: ReadonlySet<CredentialType> = new Set(['BASIC', 'HTTP_DIGEST']);

/** Errors: BAD_USER_INPUT, naming the field. */
export function keepCredential(input: CredentialInput, use: CredentialUse): KeptCredential {
  const field = use.direction === 'CLIENT' ? 'clientAuth' : 'serverAuth';
  const { type } = input;
  if (type === 'NONE') {
    if (input.username || input.secret) throw badInput('type NONE has neither username nor secret', field);
    return { type, username: null, secret: null, fingerprint: null };
  }
  if (use.direction === 'SERVER' && OF_CONNECTION.has(type)) {
    throw badInput(
      `${type} is what devices present on the connection; the gateway presents its TLS certificate or one of the other types`,
      field,
    );
  }
  if (type === 'X509') return keepCertificate(input, use, field);

  if (type === 'PSK') return keepPsk(input, use, field);

  const before = use.before !== undefined && !UNLIKE_PASSWORDS.has(use.before.type) ? use.before : undefined;
  const username = input.username ?? before?.username ?? null;
  checkUsername(username ?? (use.direction === 'SERVER' ? use.serverId : ''), type, `${field}.username`);
  if (input.secret == null && before?.secret == null) throw badInput(`type ${type} needs a secret`, `${field}.secret`);
  const secret =
    input.secret == null
      ? (before?.secret ?? null)
      : sealSecret(use.secrets, use.direction, checkSecret(input.secret, `${field}.secret`));
  return { type, username, secret, fingerprint: null };
}

/** A sealed secret as it is stored already, where it is the same: sealing makes another text each time. */
export function keepOldSecret(
  secrets: Secrets,
  direction: Direction,
  sealed: string | null,
  before: string | null | undefined,
): string | null {
  if (sealed === null || before == null || sealed === before) return sealed;
  return openSecret(secrets, direction, sealed) === openSecret(secrets, direction, before) ? before : sealed;
}

/** A secret of 192 random bits, or a pre-shared key of 256, for a rotation that names none. */
export function makeSecret(type?: CredentialType): string {
  return type === 'PSK' ? randomBytes(32).toString('hex') : randomBytes(24).toString('base64url');
}

/** A pre-shared key as it is given: hexadecimal. */
export function checkPsk(secret: string, field: string): string {
  const hex = secret.toLowerCase();
  if (!PSK_HEX.test(hex)) throw badInput('a pre-shared key is 16 to 64 octets in hexadecimal', field);
  return hex;
}

/**
 * A pre-shared key: `username` is its identity, a device's DevId when left out. Without `secret` it is derived from the
 * identity, where the gateway has a key for that.
 */
function keepPsk(input: CredentialInput, use: CredentialUse, field: string): KeptCredential {
  const before = use.before?.type === 'PSK' ? use.before : undefined;
  const username = input.username ?? before?.username ?? null;
  if (username !== null) checkUsername(username, 'PSK', `${field}.username`);
  if (username !== null && Buffer.byteLength(username) > LONGEST_IDENTITY)
    throw badInput(`an identity has at most ${LONGEST_IDENTITY} octets`, `${field}.username`);
  const secret =
    input.secret == null
      ? (before?.secret ?? null)
      : sealSecret(use.secrets, use.direction, checkPsk(input.secret, `${field}.secret`));
  if (secret === null && use.secrets.pskOf('') === undefined)
    throw badInput(
      'type PSK needs a secret, for the gateway has no MOQL_PSK_KEY to derive one from',
      `${field}.secret`,
    );
  if (secret !== null && username === null && !use.isDevices)
    throw badInput('a key that devices share needs a username: its identity', `${field}.username`);
  return { type: 'PSK', username, secret, fingerprint: null };
}

export function checkSecret(secret: string, field: string): string {
  if (secret === '') throw badInput('must not be empty', field);
  if (secret.length > LONGEST_SECRET) throw badInput(`${secret.length} characters, at most ${LONGEST_SECRET}`, field);
  if (/\p{Cc}|\p{Cs}/u.test(secret)) throw badInput('has a control character', field);
  return secret;
}

function keepCertificate(input: CredentialInput, use: CredentialUse, field: string): KeptCredential {
  if (input.username) throw badInput('type X509 has no username', `${field}.username`);
  if (!use.isDevices) {
    if (input.secret)
      throw badInput(
        'a certificate belongs to one device: give its SHA-256 when the device is registered',
        `${field}.secret`,
      );
    return { type: 'X509', username: null, secret: null, fingerprint: null };
  }
  const fingerprint = input.secret?.replace(/:/g, '').toLowerCase() ?? use.before?.fingerprint;
  if (fingerprint == null || !/^[0-9a-f]{64}$/.test(fingerprint)) {
    throw badInput('type X509 needs the SHA-256 of the certificate, 64 hexadecimal digits', `${field}.secret`);
  }
  return { type: 'X509', username: null, secret: null, fingerprint };
}

/** A user name that could not be told from the secret, or not be sent, is refused. */
function checkUsername(username: string, type: CredentialType, field: string): void {
  if (username === '') throw badInput(`type ${type} needs a username`, field);
  if (username.length > LONGEST_USERNAME)
    throw badInput(`${username.length} characters, at most ${LONGEST_USERNAME}`, field);
  if (/\p{C}/u.test(username)) throw badInput('has a control character', field);
  if (ENDS_AT_COLON.has(type) && username.includes(':')) throw badInput(`a username of type ${type} has no ":"`, field);
}
