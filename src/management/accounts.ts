/** Accounts: the credentials and identifiers by which devices and the gateway know each other. */
import { afterKey, badInput, findDatabaseKey, getDatabaseKey, inOrderOf, notFound, pageOf } from '../access/inputs';
import { administer, isForeignKeyViolation, recordChange, type AdministrativeTransaction } from '../access/journal';
import type { Database } from '../store/database';
import type { Account } from '../store/generated/client';
import type { Secrets } from '../store/secrets';
import { accountColumns, type AccountColumns } from './account-columns';
import { NO_BEARERS } from './bearer-input';
import { checkPsk, checkSecret, makeSecret, type KeptCredential } from './credential-input';
import { sealSecret, type Direction } from './credentials';
import { importAccounts } from './import-accounts';
import { ManagementError, type AccountChanges, type Accounts, type AccountView, type Caller } from './types';
import type { BearerRules } from './wake-up-types';

export interface AccountsDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  /** Told of credentials of devices that changed: a device's key, or undefined for an account's. */
  readonly credentialsChanged?: (device: string | undefined) => Promise<void>;
  /** Absent: there are none. */
  readonly bearers?: BearerRules;
}

export function createAccounts(deps: AccountsDeps): Accounts {
  return new StoredAccounts(deps.db, deps.secrets, deps.credentialsChanged, deps.bearers ?? NO_BEARERS);
}

class StoredAccounts implements Accounts {
  constructor(
    readonly db: Database,
    readonly secrets: Secrets,
    private readonly credentialsChanged: AccountsDeps['credentialsChanged'],
    readonly bearers: BearerRules,
  ) {}

  /** Errors: BAD_USER_INPUT; ALREADY_EXISTS when another account registers devices with the same user name. */
  async create(input: AccountChanges & { readonly serverId: string }, caller?: Caller): Promise<AccountView> {
    const columns = accountColumns(input, undefined, this);
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
      const columns = accountColumns(changes, before, this);
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

  async importMany(...[records, caller]: Parameters<Accounts['importMany']>): ReturnType<Accounts['importMany']> {
    const { results, isCredentialChanged } = await importAccounts(this, records, caller);
    if (isCredentialChanged) await this.credentialsChanged?.(undefined);
    return results;
  }

  async count(): Promise<number> {
    return this.db.prisma.account.count();
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
