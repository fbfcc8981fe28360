/** What a caller says of an account, checked, as its columns. */
import { objectionToServerId } from '../../adapters/dm1/acl';
import { badInput, checkName } from '../access/inputs';
import type { Account } from '../store/generated/client';
import type { Secrets } from '../store/secrets';
import { bearerColumns } from './bearer-input';
import { keepCredential, type KeptCredential } from './credential-input';
import type { Direction } from './credentials';
import type { AccountChanges, CredentialInput } from './types';
import type { BearerRules } from './wake-up-types';

export type AccountColumns = Omit<Account, 'id' | 'createdAt' | 'updatedAt' | 'bearers'> &
  ReturnType<typeof bearerColumns>;
/** What stays where nothing is said of it. */
export type KnownAccount = Omit<Account, 'id' | 'createdAt' | 'updatedAt' | 'bearers'>;

export interface ColumnRules {
  readonly secrets: Secrets;
  readonly bearers: BearerRules;
}

/** Errors: BAD_USER_INPUT. @param before absent: the account is new */
export function accountColumns(
  changes: AccountChanges,
  before: KnownAccount | undefined,
  { secrets, bearers }: ColumnRules,
): AccountColumns {
  const serverId = checkServerId(changes.serverId ?? before?.serverId ?? '');
  const client = credentialOf(secrets, 'CLIENT', changes.clientAuth, serverId, before && keptOf(before, 'CLIENT'));
  const server = credentialOf(secrets, 'SERVER', changes.serverAuth, serverId, before && keptOf(before, 'SERVER'));
  const name =
    changes.name === undefined
      ? (before?.name ?? null)
      : changes.name === null
        ? null
        : checkName(changes.name, 'name');
  const autoRegister = changes.autoRegister ?? before?.autoRegister ?? false;
  if (autoRegister && client.username === null) {
    throw badInput(
      'needs a clientAuth with a username: by it the account of an unknown device is found',
      'autoRegister',
    );
  }
  return {
    serverId,
    name,
    autoRegister,
    clientAuthType: client.type,
    clientUsername: client.username,
    clientSecret: client.secret,
    serverAuthType: server.type,
    serverUsername: server.username,
    serverSecret: server.secret,
    ...bearerColumns(changes, bearers),
  };
}

function keptOf(account: KnownAccount, direction: Direction): KeptCredential {
  return direction === 'CLIENT'
    ? {
        type: account.clientAuthType as KeptCredential['type'],
        username: account.clientUsername,
        secret: account.clientSecret,
        fingerprint: null,
      }
    : {
        type: account.serverAuthType as KeptCredential['type'],
        username: account.serverUsername,
        secret: account.serverSecret,
        fingerprint: null,
      };
}

function credentialOf(
  secrets: Secrets,
  direction: Direction,
  input: CredentialInput | undefined,
  serverId: string,
  before: KeptCredential | undefined,
): KeptCredential {
  if (input !== undefined)
    return keepCredential(input, { secrets, direction, isDevices: false, serverId, ...(before && { before }) });
  const kept = before ?? { type: 'NONE', username: null, secret: null, fingerprint: null };
  // The server identifier may stand in for the user name, so a new one is checked with it.
  return kept.type === 'NONE' || kept.type === 'X509'
    ? kept
    : keepCredential({ type: kept.type }, { secrets, direction, isDevices: false, serverId, before: kept });
}

/** It stands in ACLs (`Get=id&Add=*`) and lists of servers, whose signs it must not have (OMA-TS-DM_TND, "ACL"). */
function checkServerId(serverId: string): string {
  const objection = objectionToServerId(serverId);
  if (objection !== undefined) throw badInput(objection, 'serverId');
  return serverId;
}
