/** Devices as they are administered: registered, changed, found, deleted. What they say of themselves is written by turns. */
import type { DmProtocol } from '../../adapters/adapter';
import { badInput, findDatabaseKey, getDatabaseKey, inOrderOf, notFound, pageOf } from '../access/inputs';
import {
  administer,
  isForeignKeyViolation,
  isUniqueViolation,
  recordChange,
  type AdministrativeTransaction,
} from '../access/journal';
import type { Database } from '../store/database';
import type { Account, Device, DeviceCredential } from '../store/generated/client';
import type { Secrets } from '../store/secrets';
import { NO_BEARERS, recipientColumns } from './bearer-input';
import { checkTimeZone } from './campaigns/windows';
import { checkDeviceId, checkTags, isDeviceId } from './device-input';
import { NO_INDEXES, type IndexedNodes } from './device-filter/indexed-nodes';
import type { DeviceSelection } from './device-list';
import { countDevices, type Counted } from './device-lists/count';
import { groupDevices, type DeviceGrouping, type DeviceGroups } from './device-lists/groups';
import type { DeviceOrderKey, Position } from './device-lists/order';
import { listRows } from './device-lists/list';
import { LIST_COLUMNS, listedDevice, type ListRow } from './device-lists/row';
import { importDevices } from './import-devices';
import { recognise, type Recognition } from './recognitions';
import { checkSecret, keepCredential, makeSecret, type KeptCredential } from './credential-input';
import type { Direction } from './credentials';
import {
  ManagementError,
  type Caller,
  type CredentialInput,
  type DeviceChanges,
  type DeviceCredentialView,
  type Devices,
  type DeviceView,
  type RegisterDevice,
} from './types';
import type { BearerRules } from './wake-up-types';

export interface DevicesDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  /** Told of credentials of devices that changed: a device's key, or undefined for an account's. */
  readonly credentialsChanged?: (device: string | undefined) => Promise<void>;
  /** Absent: there are none. */
  readonly bearers?: BearerRules;
  /** Nodes that have an index at this moment. Absent: none. */
  readonly indexes?: () => IndexedNodes;
}

/** By hand: most requests ask this way. */
const SELECT = `SELECT ${LIST_COLUMNS.join(', ')} FROM device`;

export function createDevices(deps: DevicesDeps): Devices {
  return new StoredDevices(deps.db, deps.secrets, deps.credentialsChanged, deps.bearers ?? NO_BEARERS, deps.indexes);
}

class StoredDevices implements Devices {
  constructor(
    readonly db: Database,
    readonly secrets: Secrets,
    private readonly credentialsChanged: DevicesDeps['credentialsChanged'],
    readonly bearers: BearerRules,
    private readonly indexes: () => IndexedNodes = () => NO_INDEXES,
  ) {}

  /** Errors: BAD_USER_INPUT, ALREADY_EXISTS, NOT_FOUND (the account). */
  async register(input: RegisterDevice, caller?: Caller): Promise<DeviceView> {
    const deviceId = checkDeviceId(input.deviceId);
    const tags = checkTags(input.tags ?? []);
    const timeZone = input.timeZone == null ? null : checkTimeZone(input.timeZone);
    const accountId = getDatabaseKey('account', input.accountId);
    const recipient = recipientColumns(input, this.bearers);
    try {
      const view = await administer(this.db, async (tx) => {
        const account = await getAccount(tx, accountId);
        const row = await tx.device.create({
          data: { deviceId, accountId, tags: [...tags], protocol: input.protocol ?? null, timeZone, ...recipient },
        });
        await this.#writeCredential(tx, row.id, 'CLIENT', input.clientAuth, account);
        await this.#writeCredential(tx, row.id, 'SERVER', input.serverAuth, account);
        await recordChange(tx, {
          type: 'deviceRegistered',
          caller,
          device: row.id,
          data: { deviceId, account: input.accountId },
        });
        return viewOf(row);
      });
      return await this.#told(view, input.clientAuth);
    } catch (error) {
      if (isUniqueViolation(error))
        throw new ManagementError('ALREADY_EXISTS', `device ${deviceId} is registered already`);
      if (isForeignKeyViolation(error)) throw notFound('account');
      throw error;
    }
  }

  /** What is left out stays. Errors: BAD_USER_INPUT, NOT_FOUND. */
  async update(deviceId: string, changes: DeviceChanges, caller?: Caller): Promise<DeviceView> {
    const tags = changes.tags === undefined ? undefined : checkTags(changes.tags);
    const accountId = changes.accountId === undefined ? undefined : getDatabaseKey('account', changes.accountId);
    const recipient = recipientColumns(changes, this.bearers);
    const { timeZone } = changes;
    if (timeZone != null) checkTimeZone(timeZone);
    const view = await administer(this.db, async (tx) => {
      const before = await getDevice(tx, deviceId);
      const account = await getAccount(tx, accountId ?? before.accountId);
      const row = await tx.device.update({
        where: { id: before.id },
        data: {
          ...(accountId === undefined ? {} : { accountId }),
          ...(tags === undefined ? {} : { tags: [...tags] }),
          ...(timeZone === undefined ? {} : { timeZone }),
          ...(changes.rediscover === true ? { discoverRequested: true } : {}),
          ...recipient,
          updatedAt: new Date(),
        },
      });
      // Windows of campaigns that it waits for are reckoned by its clocks.
      if (timeZone != null)
        await tx.campaignDevice.updateMany({
          where: { deviceId: row.id, state: 'QUEUED', timeZone: { not: null } },
          data: { timeZone },
        });
      await this.#writeCredential(tx, row.id, 'CLIENT', changes.clientAuth, account);
      await this.#writeCredential(tx, row.id, 'SERVER', changes.serverAuth, account);
      const changed = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [name]));
      await recordChange(tx, { type: 'deviceUpdated', caller, device: row.id, data: { deviceId, changed } });
      return viewOf(row);
    });
    return this.#told(view, changes.clientAuth);
  }

  async #told(view: DeviceView, clientAuth: CredentialInput | null | undefined): Promise<DeviceView> {
    if (clientAuth != null) await this.credentialsChanged?.(view.key);
    return view;
  }

  async recognise(what: Recognition, caller: Caller): Promise<void> {
    return recognise(this.db, what, caller);
  }

  /** With everything that is known of it. Its events stay. */
  async delete(deviceId: string, caller?: Caller): Promise<DeviceView> {
    const view = await administer(this.db, async (tx) => {
      const before = await getDevice(tx, deviceId);
      await tx.device.delete({ where: { id: before.id } });
      await recordChange(tx, { type: 'deviceDeleted', caller, device: before.id, data: { deviceId } });
      return viewOf(before);
    });
    await this.credentialsChanged?.(view.key);
    return view;
  }

  /** A secret of the device's own: one that used its account's credential leaves it with this. */
  async rotateCredential(
    deviceId: string,
    direction: Direction,
    secret?: string,
    caller?: Caller,
  ): Promise<{ device: DeviceView; secret: string }> {
    const given = secret === undefined ? undefined : checkSecret(secret, 'secret');
    const rotated = await administer(this.db, async (tx) => {
      const row = await getDevice(tx, deviceId);
      const account = await getAccount(tx, row.accountId);
      const own = await tx.deviceCredential.findUnique({
        where: { deviceId_direction: { deviceId: row.id, direction } },
      });
      const { type, username } = own?.type != null ? own : ofAccount(account, direction);
      if (type === 'NONE' || type === null || (type === 'X509' && given === undefined)) {
        throw badInput(`a credential of type ${type ?? 'NONE'} has no secret that could be made`, 'direction');
      }
      const fresh = given ?? makeSecret(type as KeptCredential['type']);
      await this.#writeCredential(
        tx,
        row.id,
        direction,
        { type: type as KeptCredential['type'], username, secret: fresh },
        account,
      );
      await recordChange(tx, {
        type: 'deviceCredentialRotated',
        caller,
        device: row.id,
        data: { deviceId, direction },
      });
      return { device: viewOf(row), secret: fresh };
    });
    await this.credentialsChanged?.(rotated.device.key);
    return rotated;
  }

  async find(deviceId: string): Promise<DeviceView | null> {
    if (!isDeviceId(deviceId)) return null;
    const row = await this.db.prisma.device.findUnique({ where: { deviceId } });
    return row === null ? null : viewOf(row);
  }

  async getMany(keys: readonly string[]): Promise<readonly (DeviceView | null)[]> {
    const rows = await this.db.sql.query<ListRow>(`${SELECT} WHERE id = ANY($1::bigint[])`, [
      keys.flatMap((key) => findDatabaseKey(key) ?? []),
    ]);
    return inOrderOf(keys, rows.map(shown), (view) => view.key);
  }

  async findMany(deviceIds: readonly string[]): Promise<readonly (DeviceView | null)[]> {
    const rows = await this.db.sql.query<ListRow>(`${SELECT} WHERE device_id = ANY($1::text[])`, [
      deviceIds.filter(isDeviceId),
    ]);
    return inOrderOf(deviceIds, rows.map(shown), (view) => view.deviceId);
  }

  async list(
    selection: DeviceSelection,
    first: number,
    after?: Position,
    order: readonly DeviceOrderKey[] = [],
  ): ReturnType<Devices['list']> {
    const { sql } = this.db;
    const request = { order, first: first + 1, ...(after === undefined ? {} : { after }) };
    const rows = await listRows(sql, selection, request, this.indexes());
    return pageOf(rows, first, (row) => listedDevice(row, order.length));
  }

  async count(selection: DeviceSelection): Promise<Counted> {
    return countDevices(this.db.sql, selection, this.indexes());
  }

  async groups(selection: DeviceSelection, grouping: DeviceGrouping, first: number): Promise<DeviceGroups> {
    return groupDevices(this.db.sql, selection, grouping, first, this.indexes());
  }

  async importMany(...[records, caller, rights]: Parameters<Devices['importMany']>): ReturnType<Devices['importMany']> {
    const { results, isKeyChanged } = await importDevices(this, records, caller, rights);
    if (isKeyChanged) await this.credentialsChanged?.(undefined);
    return results;
  }

  async credentials(keys: readonly string[]): Promise<readonly DeviceCredentialView[]> {
    const rows = await this.db.prisma.deviceCredential.findMany({
      where: { deviceId: { in: keys.flatMap((key) => findDatabaseKey(key) ?? []) }, type: { not: null } },
      select: { deviceId: true, direction: true, type: true, username: true },
    });
    return rows.map(({ deviceId, direction, type, username }) => ({
      device: String(deviceId),
      direction: direction as Direction,
      type: type as DeviceCredentialView['type'],
      username,
    }));
  }

  /** Writes a credential of the device's own; failures count from nothing, the nonce stays what the device knows. */
  async #writeCredential(
    tx: AdministrativeTransaction,
    deviceId: bigint,
    direction: Direction,
    input: CredentialInput | null | undefined,
    account: Account,
  ): Promise<void> {
    if (input == null) return;
    const where = { deviceId_direction: { deviceId, direction } };
    const before = await tx.deviceCredential.findUnique({ where });
    const kept = keepCredential(input, {
      secrets: this.secrets,
      direction,
      isDevices: true,
      serverId: account.serverId,
      before: before === null ? undefined : keptOf(before),
    });
    await tx.deviceCredential.upsert({
      where,
      create: { deviceId, direction, ...kept },
      update: { ...kept, failures: 0, lockedUntil: null },
    });
  }
}

async function getDevice(tx: AdministrativeTransaction, deviceId: string): Promise<Device> {
  const row = isDeviceId(deviceId) ? await tx.device.findUnique({ where: { deviceId } }) : null;
  if (row === null) throw notFound('device');
  return row;
}

async function getAccount(tx: AdministrativeTransaction, id: bigint): Promise<Account> {
  const row = await tx.account.findUnique({ where: { id } });
  if (row === null) throw notFound('account');
  return row;
}

function ofAccount(
  account: Account,
  direction: Direction,
): { readonly type: string; readonly username: string | null } {
  return direction === 'CLIENT'
    ? { type: account.clientAuthType, username: account.clientUsername }
    : { type: account.serverAuthType, username: account.serverUsername };
}

function keptOf(row: DeviceCredential): KeptCredential | undefined {
  if (row.type === null) return undefined;
  return {
    type: row.type as KeptCredential['type'],
    username: row.username,
    secret: row.secret,
    fingerprint: row.fingerprint,
  };
}

function shown(row: ListRow): DeviceView {
  return listedDevice(row, 0);
}

function viewOf(row: Device): DeviceView {
  return {
    key: String(row.id),
    deviceId: row.deviceId,
    accountId: String(row.accountId),
    protocol: row.protocol as DmProtocol | null,
    tags: row.tags,
    timeZone: row.timeZone,
    features: row.features as unknown as DeviceView['features'],
    supportedMos: row.supportedMos as unknown as DeviceView['supportedMos'],
    lastContactAt: row.lastContactAt,
    discoveredAt: row.discoveredAt,
    bearers: row.bearers as readonly string[] | null,
    msisdn: row.msisdn,
    udpAddress: row.udpAddress,
    createdAt: row.createdAt,
  };
}
