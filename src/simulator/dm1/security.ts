/** Credentials of both sides as a device handles them. Source: dm1 11. */
import {
  AUTH_BASIC,
  AUTH_MD5,
  basicCredential,
  digestOf,
  md5Credential,
  verifyBasic,
  verifyMd5,
} from '../../../adapters/dm1/credential';
import type { Cred } from '../../../adapters/dm1/message';
import { textData } from './data';

export { AUTH_BASIC };

export interface Login {
  readonly user: string;
  readonly secret: string;
}

export function credOf(type: 'basic' | 'md5', login: Login, nonce: Uint8Array): Cred {
  const data =
    type === 'basic'
      ? basicCredential(login.user, login.secret)
      : md5Credential(digestOf(login.user, login.secret), nonce);
  return { meta: { format: 'b64', type: type === 'basic' ? AUTH_BASIC : AUTH_MD5 }, data: textData(data) };
}

/** Whether a credential is the server's. `none`: there is no credential. */
export function judgeCred(cred: Cred | undefined, login: Login, nonce: Uint8Array): 'good' | 'bad' | 'none' {
  if (cred === undefined) return 'none';
  const good =
    cred.meta?.type?.trim() === AUTH_BASIC
      ? verifyBasic(cred.data, login.user, login.secret)
      : verifyMd5(cred.data, digestOf(login.user, login.secret), [nonce]);
  return good ? 'good' : 'bad';
}
