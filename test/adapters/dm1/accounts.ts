import type { AccountKnowledge, CredentialKnowledge, CredentialType } from '../../../adapters/adapter';

export function credential(
  type: CredentialType,
  username = '',
  secret = '',
  nonce: Uint8Array = new Uint8Array(),
): CredentialKnowledge {
  return { type, username, secret, nonce, failures: 0 };
}

/** The account of the reference messages (65 and 66). */
export function account(change: Partial<AccountKnowledge> = {}): AccountKnowledge {
  const octets = (first: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, index) => first + index);
  return {
    serverId: 'mgmt.example.net',
    autoRegister: false,
    clientAuth: credential('DIGEST_MD5', 'dev-0001', 's3cret-Client', octets(0x10)),
    serverAuth: credential('DIGEST_MD5', 'mgmt.example.net', 's3cret-Server', octets(0x80)),
    ...change,
  };
}
