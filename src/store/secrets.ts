import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * What keys are made for. `secrets`: encryption at rest. `tokens`: addresses that tell a device. `stranger`: challenges to
 * devices that are not known. `digest`: nonces and digests.
 */
export type KeyPurpose = 'secrets' | 'tokens' | 'stranger' | 'digest';

export interface Secrets {
  /** The 32 octets made from the secret key for one purpose. */
  key(purpose: KeyPurpose): Buffer;

  /**
   * Encrypts by AES-256-GCM, as `v1.` and base64url of 12 octets nonce, the ciphertext and 16 octets tag.
   *
   * @param context names the place where the text is kept (such as `account/12/client`); it opens nowhere else
   */
  encrypt(plain: string, context?: string): string;

  /** The plain text; undefined when the text was changed, belongs elsewhere, or was made with a key that is not known. */
  decrypt(text: string, context?: string): string | undefined;

  /** The text made anew with the key of today; undefined when it was made with that one, or cannot be opened. */
  reseal(text: string, context?: string): string | undefined;

  /** The pre-shared key of an identity, 32 octets; undefined where none are derived (MOQL_PSK_KEY is unset). */
  pskOf(identity: string): Buffer | undefined;

  /**
   * A token of 22 base64url characters that tells its device to this gateway and nothing to anybody else: one AES-128
   * block of the device's key (8 octets, big-endian) and 8 random octets.
   *
   * @param deviceKey `device.id`, 1 … 2^63−1
   */
  makeToken(deviceKey: bigint, random?: Buffer): string;

  /**
   * The device's key and the random octets of a token; undefined for what cannot be one. Without the key, a text made up
   * tells a given device with probability 2^-64; whoever opens one must still find the row that holds the whole token.
   */
  openToken(token: string): OpenedToken | undefined;
}

export interface OpenedToken {
  readonly deviceKey: bigint;
  readonly random: Buffer;
}

const VERSION = 'v1';
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;
const TOKEN = /^[A-Za-z0-9_-]{22}$/;
const DEVICE_KEY_MAX = 2n ** 63n - 1n;

export interface OtherKeys {
  /** The secret key before; what it sealed is opened, and its tokens too. */
  readonly previous?: string;
  /** Pre-shared keys of devices are derived from it; it is never changed with the secret key, for devices hold them. */
  readonly psk?: string;
}

/** @param secretKey any text; its entropy is the strength of everything made here */
export function createSecrets(secretKey: string, { previous, psk }: OtherKeys = {}): Secrets {
  const expand = (from: string, purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', from, 'moql', `moql/${VERSION}/${purpose}`, 32));
  const derive = (purpose: KeyPurpose): Buffer => expand(secretKey, purpose);
  const older = previous === undefined || previous === secretKey ? undefined : previous;
  const olderSecrets = older === undefined ? undefined : expand(older, 'secrets');
  const olderTokens = older === undefined ? undefined : expand(older, 'tokens').subarray(0, 16);
  const keys: Readonly<Record<KeyPurpose, Buffer>> = {
    secrets: derive('secrets'),
    tokens: derive('tokens'),
    stranger: derive('stranger'),
    digest: derive('digest'),
  };
  const tokenKey = keys.tokens.subarray(0, 16);
  return {
    key: (purpose) => keys[purpose],
    encrypt: (plain, context = '') => encrypt(keys.secrets, plain, context),
    decrypt: (text, context = '') =>
      decrypt(keys.secrets, text, context) ?? (olderSecrets && decrypt(olderSecrets, text, context)),
    reseal: (text, context = '') => {
      if (olderSecrets === undefined || decrypt(keys.secrets, text, context) !== undefined) return undefined;
      const plain = decrypt(olderSecrets, text, context);
      return plain === undefined ? undefined : encrypt(keys.secrets, plain, context);
    },
    pskOf: (identity) => (psk === undefined ? undefined : expand(psk, `psk/${identity}`)),
    makeToken: (deviceKey, random = randomBytes(8)) => makeToken(tokenKey, deviceKey, random),
    openToken: (token) => smaller(openToken(tokenKey, token), olderTokens && openToken(olderTokens, token)),
  };
}

/** Devices are counted from 1, and what the wrong key makes of a token is any number: the smaller one is the device. */
function smaller(one: OpenedToken | undefined, other: OpenedToken | undefined): OpenedToken | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.deviceKey <= other.deviceKey ? one : other;
}

function encrypt(key: Buffer, plain: string, context: string): string {
  const nonce = randomBytes(NONCE_OCTETS);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  const octets = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${VERSION}.${octets.toString('base64url')}`;
}

function decrypt(key: Buffer, text: string, context: string): string | undefined {
  if (!text.startsWith(`${VERSION}.`)) return undefined;
  const octets = Buffer.from(text.slice(VERSION.length + 1), 'base64url');
  if (octets.length < NONCE_OCTETS + TAG_OCTETS) return undefined;
  const tagAt = octets.length - TAG_OCTETS;
  const decipher = createDecipheriv('aes-256-gcm', key, octets.subarray(0, NONCE_OCTETS), {
    authTagLength: TAG_OCTETS,
  })
    .setAAD(Buffer.from(context))
    .setAuthTag(octets.subarray(tagAt));
  try {
    return Buffer.concat([decipher.update(octets.subarray(NONCE_OCTETS, tagAt)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function makeToken(key: Buffer, deviceKey: bigint, random: Buffer): string {
  if (deviceKey < 1n || deviceKey > DEVICE_KEY_MAX) throw new RangeError(`${deviceKey} is no device key`);
  if (random.length !== 8) throw new RangeError(`a token takes 8 random octets, not ${random.length}`);
  const block = Buffer.alloc(16);
  block.writeBigUInt64BE(deviceKey, 0);
  random.copy(block, 8);
  // One block under a key of its own: a block cipher is a permutation, so no mode and no nonce are needed.
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]).toString('base64url');
}

function openToken(key: Buffer, token: string): OpenedToken | undefined {
  if (!TOKEN.test(token)) return undefined;
  const octets = Buffer.from(token, 'base64url');
  // 22 characters hold 4 bits more than a block; only one spelling of a token counts.
  if (octets.length !== 16 || octets.toString('base64url') !== token) return undefined;
  const decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  const block = Buffer.concat([decipher.update(octets), decipher.final()]);
  const deviceKey = block.readBigUInt64BE(0);
  if (deviceKey < 1n || deviceKey > DEVICE_KEY_MAX) return undefined;
  return { deviceKey, random: block.subarray(8) };
}

export type SecretKeyErrorCode =
  /** DATABASE_URL is set and MOQL_SECRET_KEY is not: several processes must share it. */
  | 'SECRET_KEY_MISSING'
  /** The data directory's key file is empty. */
  | 'SECRET_KEY_EMPTY';

export type SecretKeyResult =
  | { readonly ok: true; readonly secretKey: string; readonly isNew: boolean }
  | { readonly ok: false; readonly code: SecretKeyErrorCode; readonly message: string };

export interface SecretKeySource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the key of an embedded database is kept; left out: in memory, a new key each time. */
  readonly dataDir?: string;
}

const KEY_FILE = 'secret.key';

/**
 * Finds the secret key: MOQL_SECRET_KEY, or with the embedded database the file `secret.key` in the data directory (mode
 * 0600), which is made when it is not there. Two processes that make it at once get the same one.
 */
export function loadSecretKey({ env, dataDir }: SecretKeySource): SecretKeyResult {
  const given = env['MOQL_SECRET_KEY'];
  if (given !== undefined && given !== '') return { ok: true, secretKey: given, isNew: false };
  if (env['DATABASE_URL'] !== undefined && env['DATABASE_URL'] !== '') {
    const message = 'MOQL_SECRET_KEY must be set when DATABASE_URL is: it opens the secrets in the database';
    return { ok: false, code: 'SECRET_KEY_MISSING', message };
  }
  if (dataDir === undefined) return { ok: true, secretKey: makeKey(), isNew: true };
  const path = join(dataDir, KEY_FILE);
  const isNew = createKeyFile(dataDir, path);
  const secretKey = readFileSync(path, 'utf8').trim();
  if (secretKey === '') return { ok: false, code: 'SECRET_KEY_EMPTY', message: `${path} is empty` };
  return { ok: true, secretKey, isNew };
}

function makeKey(): string {
  return randomBytes(32).toString('base64url');
}

/** Makes the file whole or not at all: written beside, then linked to its name, which fails when the name is taken. */
function createKeyFile(dataDir: string, path: string): boolean {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (existsSync(path)) return false;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, `${makeKey()}\n`);
    fsyncSync(file);
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    closeSync(file);
    rmSync(draft, { force: true });
  }
}
