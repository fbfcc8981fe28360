/** Accounts: the credentials and identifiers by which devices and the gateway know each other. */
import { objectionToServerId } from '../../adapters/dm1/acl';
import {
  afterKey,
  badInput,
  checkName,
  findDatabaseKey,
  getDatabaseKey,
  inOrderOf,
  notFound,
  pageOf,
} from '../access/inputs';
import { administer, isForeignKeyViolation, recordChange, type AdministrativeTransaction } from '../access/journal';
import type { Database } from '../store/database';
import type { Account } from '../store/generated/client';
import type { Secrets } from '../store/secrets';
import { bearerColumns, NO_BEARERS } from './bearer-input';
import { checkPsk, checkSecret, keepCredential, makeSecret, type KeptCredential } from './credential-input';
import { sealSecret, type Direction } from './credentials';
import {
  ManagementError,
  type AccountChanges,
  type Accounts,
  type AccountView,
  type Caller,
  type CredentialInput,
} from './types';
import type { BearerRules } from './wake-up-types';

export interface AccountsDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  /** Told of credentials of devices that changed: a device's key, or undefined for an account's. */
  readonly credentialsChanged?: (device: string | undefined) => Promise<void>;
  /** Absent: there are none. */
  readonly bearers?: BearerRules;
}

type AccountColumns = Omit<Account, 'id' | 'createdAt' | 'updatedAt' | 'bearers'> & ReturnType<typeof bearerColumns>;

export function createAccounts(deps: AccountsDeps): Accounts {
  return new StoredAccounts(deps.db, deps.secrets, deps.credentialsChanged, deps.bearers ?? NO_BEARERS);
}

class StoredAccounts implements Accounts {
  constructor(
    private readonly db: Database,
    private readonly secrets: Secrets,
    private readonly credentialsChanged: AccountsDeps['credentialsChanged'],
    private readonly bearers: BearerRules,
  ) {}

  /** Errors: BAD_USER_INPUT; ALREADY_EXISTS when another account registers devices with the same user name. */
  async create(input: AccountChanges & { readonly serverId: string }, caller?: Caller): Promise<AccountView> {
    const columns = this.#columns(input, undefined);
    const view = await administer(this.db, async (tx) => {
      await checkAutoRegister(tx, columns, undefined);
      const row = await tx.account.create({ data: columns });
      await recordChange(tx, {
        type: 'accountCreated',
        caller,
        data: { account: String(row.id), serverId: row.serverId },
      });
      return viewOf(row);
    });
    if (input.clientAuth !== undefined) await this.credentialsChanged?.(undefined);
    return view;
  }

  /** What is left out stays. Errors: as for create, and NOT_FOUND. */
  async update(id: string, changes: AccountChanges, caller?: Caller): Promise<AccountView> {
    const key = getDatabaseKey('account', id);
    const view = await administer(this.db, async (tx) => {
      const before = await getRow(tx, key);
      const columns = this.#columns(changes, before);
      await checkAutoRegister(tx, columns, key);
      const row = await tx.account.update({ where: { id: key }, data: { ...columns, updatedAt: new Date() } });
      const changed = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [name]));
      await recordChange(tx, {
        type: 'accountUpdated',
        caller,
        data: { account: id, serverId: row.serverId, changed },
      });
      return viewOf(row);
    });
    if (changes.clientAuth !== undefined) await this.credentialsChanged?.(undefined);
    return view;
  }

  async delete(id: string, caller?: Caller): Promise<AccountView> {
    const key = getDatabaseKey('account', id);
    try {
      return await administer(this.db, async (tx) => {
        const before = await getRow(tx, key);
        const devices = await tx.device.count({ where: { accountId: key } });
        if (devices > 0) throw inUse(devices);
        await tx.account.delete({ where: { id: key } });
        await recordChange(tx, { type: 'accountDeleted', caller, data: { account: id, serverId: before.serverId } });
        return viewOf(before);
      });
    } catch (error) {
      if (isForeignKeyViolation(error)) throw inUse(undefined);
      throw error;
    }
  }

  async rotateCredential(
    id: string,
    direction: Direction,
    secret?: string,
    caller?: Caller,
  ): Promise<{ account: AccountView; secret: string }> {
    const key = getDatabaseKey('account', id);
    const given = secret === undefined ? undefined : checkSecret(secret, 'secret');
    const rotated = await administer(this.db, async (tx) => {
      const before = await getRow(tx, key);
      const type = (direction === 'CLIENT' ? before.clientAuthType : before.serverAuthType) as KeptCredential['type'];
      const isDerived = type === 'PSK' && before.clientSecret === null;
      if (type === 'NONE' || type === 'X509' || isDerived)
        throw badInput(`a credential of type ${type} has no secret to replace`, 'direction');
      const fresh = given === undefined ? makeSecret(type) : type === 'PSK' ? checkPsk(given, 'secret') : given;
      const sealed = sealSecret(this.secrets, direction, fresh);
      const row = await tx.account.update({
        where: { id: key },
        data: {
          ...(direction === 'CLIENT' ? { clientSecret: sealed } : { serverSecret: sealed }),
          updatedAt: new Date(),
        },
      });
      await recordChange(tx, { type: 'accountCredentialRotated', caller, data: { account: id, direction } });
      return { account: viewOf(row), secret: fresh };
    });
    if (direction === 'CLIENT') await this.credentialsChanged?.(undefined);
    return rotated;
  }

  async get(id: string): Promise<AccountView | null> {
    const key = findDatabaseKey(id);
    const row = key === undefined ? null : await this.db.prisma.account.findUnique({ where: { id: key } });
    return row === null ? null : viewOf(row);
  }

  async getMany(ids: readonly string[]): Promise<readonly (AccountView | null)[]> {
    const keys = ids.flatMap((id) => findDatabaseKey(id) ?? []);
    const rows = await this.db.prisma.account.findMany({ where: { id: { in: keys } } });
    return inOrderOf(ids, rows.map(viewOf), (view) => view.id);
  }

  async list(first: number, after?: string): ReturnType<Accounts['list']> {
    const rows = await this.db.prisma.account.findMany({
      where: { id: afterKey(after) },
      orderBy: { id: 'asc' },
      take: first + 1,
    });
    return pageOf(rows, first, viewOf);
  }

  async count(): Promise<number> {
    return this.db.prisma.account.count();
  }

  #columns(changes: AccountChanges, before: Account | undefined): AccountColumns {
    const serverId = checkServerId(changes.serverId ?? before?.serverId ?? '');
    const client = this.#credential(
      'CLIENT',
      changes.clientAuth,
      serverId,
      before && {
        type: before.clientAuthType as KeptCredential['type'],
        username: before.clientUsername,
        secret: before.clientSecret,
        fingerprint: null,
      },
    );
    const server = this.#credential(
      'SERVER',
      changes.serverAuth,
      serverId,
      before && {
        type: before.serverAuthType as KeptCredential['type'],
        username: before.serverUsername,
        secret: before.serverSecret,
        fingerprint: null,
      },
    );
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
      ...bearerColumns(changes, this.bearers),
    };
  }

  #credential(
    direction: Direction,
    input: CredentialInput | undefined,
    serverId: string,
    before: KeptCredential | undefined,
  ): KeptCredential {
    if (input !== undefined)
      return keepCredential(input, { secrets: this.secrets, direction, isDevices: false, serverId, before });
    const kept = before ?? { type: 'NONE', username: null, secret: null, fingerprint: null };
    // The server identifier may stand in for the user name, so a new one is checked with it.
    return kept.type === 'NONE' || kept.type === 'X509'
      ? kept
      : keepCredential(
          { type: kept.type },
          { secrets: this.secrets, direction, isDevices: false, serverId, before: kept },
        );
  }
}

async function getRow(tx: AdministrativeTransaction, key: bigint): Promise<Account> {
  const row = await tx.account.findUnique({ where: { id: key } });
  if (row === null) throw notFound('account');
  return row;
}

/** Two accounts that register devices with one user name could not be told apart. */
async function checkAutoRegister(
  tx: AdministrativeTransaction,
  columns: AccountColumns,
  own: bigint | undefined,
): Promise<void> {
  if (!columns.autoRegister) return;
  const rival = await tx.account.findFirst({
    where: {
      autoRegister: true,
      clientUsername: columns.clientUsername,
      ...(own === undefined ? {} : { id: { not: own } }),
    },
    select: { serverId: true },
  });
  if (rival !== null) {
    throw new ManagementError(
      'ALREADY_EXISTS',
      `another account (serverId ${rival.serverId}) registers devices with this username; take another one`,
      { field: 'clientAuth.username' },
    );
  }
}

/** It stands in ACLs (`Get=id&Add=*`) and lists of servers, whose signs it must not have (OMA-TS-DM_TND, "ACL"). */
function checkServerId(serverId: string): string {
  const objection = objectionToServerId(serverId);
  if (objection !== undefined) throw badInput(objection, 'serverId');
  return serverId;
}

function inUse(devices: number | undefined): ManagementError {
  const who =
    devices === undefined ? 'devices belong' : devices === 1 ? '1 device belongs' : `${devices} devices belong`;
  return new ManagementError(
    'IN_USE',
    `${who} to this account; delete or move them first`,
    devices === undefined ? {} : { devices },
  );
}

function viewOf(row: Account): AccountView {
  return {
    id: String(row.id),
    serverId: row.serverId,
    name: row.name,
    autoRegister: row.autoRegister,
    clientAuthType: row.clientAuthType as AccountView['clientAuthType'],
    clientUsername: row.clientUsername,
    serverAuthType: row.serverAuthType as AccountView['serverAuthType'],
    serverUsername: row.serverUsername,
    bearers: row.bearers as readonly string[] | null,
    createdAt: row.createdAt,
  };
}
