/** What is left out of messages that are kept for people: names of secrets, and tokens in addresses. Pure. */

/** Stands for what was left out. */
export const HIDDEN = '***';

/**
 * Names of nodes whose values are secrets: those of DMAcc in all its versions (AAuthSecret, AAuthData, ClientPW, ServerNonce,
 * Secret, ClientSecretKey …), of access points and proxies, and what vendors call theirs. Rather too many than too few.
 */
const SECRET =
  /secret|passw|passphrase|nonce|psk|credential|private|authdata|(?:^|[^a-z])pins?$|PIN$|(?:pw|pwd|wepkey|preshared|token)\d*$|[a-z]Keys?\d*$/i;

/** Whether a value of a node is left out, by any name of its path. */
export function isSecretPath(path: string): boolean {
  return path.split('/').some((name) => SECRET.test(name));
}

/** Tokens of addresses give access to what stands there: 22 characters of base64url, as a whole step of a path. */
const TOKEN_OCTETS = 22;
const TOKEN = /\/[\w-]{22}(?![\w-])/g;

export function withoutTokens(text: string): string {
  return text.length > TOKEN_OCTETS ? text.replace(TOKEN, `/${HIDDEN}`) : text;
}

/** In place of octets that cannot be looked into. */
export function octetsLeftOut(length: number): string {
  return `${HIDDEN} ${length} octets`;
}
