/** Devices that are imported: one transaction for all records of a call, with a fixed number of statements. */
import { checkReference, Outcomes, ReferredAccounts, twice } from '../access/import-records';
import { recordChanges, type Change } from '../access/journal';
import type { Rights, ScopedDevice } from '../access/rights';
import type { Database } from '../store/database';
import { tellEvents } from '../store/events';
import { recipientColumns } from './bearer-input';
import { checkTimeZone } from './campaigns/windows';
import type { ColumnRules } from './account-columns';
import { keepCredential, keepOldSecret, type KeptCredential } from './credential-input';
import type { Direction } from './credentials';
import { checkDeviceId, checkTags } from './device-input';
import { fitsOf } from './device-filter/fits';
import {
  insertDevices,
  loadCredentials,
  loadDevices,
  updateDevices,
  writeCredentials,
  type CredentialRow,
  type DeviceRow,
  type WrittenDevice,
} from './import-device-rows';
import { ManagementError, type Caller, type ImportDevice, type ImportResult } from './types';

export interface ImportedDevices {
  readonly results: readonly ImportResult[];
  /** Whether a pre-shared key of a device's own may have changed. */
  readonly isKeyChanged: boolean;
}

interface Checked {
  readonly deviceId: string;
  readonly account: { readonly serverId: string; readonly name: string | null };
  readonly tags: readonly string[] | undefined;
  readonly timeZone: string | null | undefined;
  readonly recipient: { readonly msisdn?: string | null; readonly udpAddress?: string | null };
}

interface NewCredential extends KeptCredential {
  readonly deviceId: string;
  readonly direction: Direction;
}

export async function importDevices(
  deps: ColumnRules & { readonly db: Database },
  records: readonly ImportDevice[],
  caller: Caller,
  rights: Rights,
): Promise<ImportedDevices> {
  const outcomes = new Outcomes();
  const checked: Checked[] = [];
  const places = new Map<string, number>();
  outcomes.each(records, (record, index) => {
    const one = check(record, deps);
    const first = places.get(one.deviceId);
    if (first !== undefined) throw twice('the device', first);
    places.set(one.deviceId, index);
    checked[index] = one;
  });
  const all = [...places.values()].map((index) => checked[index] as Checked);
  let isKeyChanged = false;
  await deps.db.sql.transaction(async (tx) => {
    const known = await loadDevices(
      tx,
      all.map(({ deviceId }) => deviceId),
    );
    const accounts = await ReferredAccounts.load(
      tx,
      all.map(({ account }) => account),
    );
    const keys = [...known.values()].map(({ id }) => id);
    const own = await loadCredentials(tx, keys);
    const fits = await fitsOf(tx, rights.filters, keys);
    const devices: WrittenDevice[] = [];
    const credentials: NewCredential[] = [];
    const changes: Change[] = [];
    outcomes.each(records, (record, index) => {
      const one = checked[index] as Checked;
      const before = known.get(one.deviceId);
      authorize(
        one,
        before && { ...before, fits: fits.get(before.id) ?? [] },
        accounts.find(one.account),
        rights,
        caller,
      );
      const accountId = accounts.get(one.account);
      const written = wantedOf(record, one, accountId, before);
      const news = newCredentials(record, one, own.get(before?.id ?? ''), deps);
      const changed = [...differences(written, before), ...news.map(({ direction }) => FIELD[direction])];
      if (before !== undefined && changed.length === 0) return outcomes.set(index, 'UNCHANGED');
      if (before === undefined || differences(written, before).length > 0) devices.push(written);
      credentials.push(...news);
      outcomes.set(index, before === undefined ? 'CREATED' : 'UPDATED');
      if (before !== undefined)
        changes.push({
          type: 'deviceUpdated',
          caller,
          device: BigInt(before.id),
          data: { deviceId: one.deviceId, changed },
        });
    });
    const created = await insertDevices(
      tx,
      devices.filter(({ id }) => id === null),
    );
    // Somebody else registered it since it was looked for.
    const lost = new Set(
      devices.filter(({ id, deviceId }) => id === null && !created.has(deviceId)).map((one) => one.deviceId),
    );
    for (const deviceId of lost) outcomes.refuse(places.get(deviceId) ?? 0, registeredAlready(deviceId));
    await updateDevices(
      tx,
      devices.filter(({ id }) => id !== null),
    );
    const idOf = (deviceId: string): string => created.get(deviceId) ?? known.get(deviceId)?.id ?? '';
    await writeCredentials(
      tx,
      credentials
        .filter(({ deviceId }) => !lost.has(deviceId))
        .map(({ deviceId, ...rest }) => ({ device: idOf(deviceId), ...rest })),
    );
    const accountOf = new Map(devices.map(({ deviceId, accountId }) => [deviceId, accountId]));
    await recordChanges(tx, [
      ...[...created].map(([deviceId, id]) => ({
        type: 'deviceRegistered',
        caller,
        device: BigInt(id),
        data: { deviceId, account: accountOf.get(deviceId) ?? null },
      })),
      ...changes,
    ]);
    // Of a credential that was a pre-shared key and is none any more, too.
    isKeyChanged = credentials.some(
      ({ deviceId, direction, type, secret }) =>
        direction === 'CLIENT' &&
        ((type === 'PSK' && secret !== null) || own.get(idOf(deviceId))?.CLIENT?.type === 'PSK'),
    );
  });
  if (outcomes.isChanged) tellEvents(deps.db);
  return { results: outcomes.list, isKeyChanged };
}

const FIELD = { CLIENT: 'clientAuth', SERVER: 'serverAuth' } as const;

function check(record: ImportDevice, { bearers }: ColumnRules): Checked {
  const { msisdn, udpAddress } = recipientColumns(record, bearers);
  return {
    deviceId: checkDeviceId(record.deviceId),
    account: checkReference(record.account, 'account.'),
    tags: record.tags && checkTags(record.tags),
    timeZone: record.timeZone == null ? record.timeZone : checkTimeZone(record.timeZone),
    recipient: { ...(msisdn === undefined ? {} : { msisdn }), ...(udpAddress === undefined ? {} : { udpAddress }) },
  };
}

/**
 * The rules of `registerDevice` and `updateDevice`. Whoever may not know of a device is told what they tell: that it is
 * registered already, where one might register it, and else that the right is missing.
 */
function authorize(
  { deviceId, tags }: Checked,
  before: (DeviceRow & { readonly fits: readonly string[] }) | undefined,
  accountId: string | undefined,
  rights: Rights,
  caller: Caller,
): void {
  const may = (device: ScopedDevice): void => {
    if (!rights.onDevice('MANAGE_DEVICES', device))
      throw new ManagementError('FORBIDDEN', `${caller.name} does not have the right MANAGE_DEVICES.`, {
        right: 'MANAGE_DEVICES',
      });
  };
  // An account that is not there lies in nobody's scope.
  const account = accountId ?? 'none';
  const scoped = before && { key: before.id, accountId: before.accountId, tags: before.tags, fits: before.fits };
  if (before === undefined || scoped === undefined || !rights.sees(scoped)) {
    may({ key: null, accountId: account, tags: tags ?? [] });
    if (before !== undefined) throw registeredAlready(deviceId);
    return;
  }
  may(scoped);
  const wanted = tags ?? before.tags;
  const isMoved = account !== before.accountId || !isSame(wanted, before.tags);
  if (!isMoved) return;
  may({ key: before.id, accountId: account, tags: wanted });
  for (const tag of wanted.filter((name) => !before.tags.includes(name)))
    may({ key: before.id, accountId: account, tags: [tag] });
}

function registeredAlready(deviceId: string): ManagementError {
  return new ManagementError('ALREADY_EXISTS', `device ${deviceId} is registered already`);
}

function wantedOf(record: ImportDevice, one: Checked, accountId: string, before: DeviceRow | undefined): WrittenDevice {
  const { deviceId, recipient } = one;
  return {
    id: before?.id ?? null,
    deviceId,
    accountId,
    // What a device was seen to speak counts for more.
    protocol: before?.protocol ?? record.protocol ?? null,
    tags: one.tags ?? before?.tags ?? [],
    timeZone: one.timeZone === undefined ? (before?.timeZone ?? null) : one.timeZone,
    bearers: record.bearers === undefined ? (before?.bearers ?? null) : record.bearers,
    msisdn: recipient.msisdn === undefined ? (before?.msisdn ?? null) : recipient.msisdn,
    udpAddress: recipient.udpAddress === undefined ? (before?.udpAddress ?? null) : recipient.udpAddress,
  };
}

function differences(written: WrittenDevice, before: DeviceRow | undefined): readonly string[] {
  if (before === undefined) return [];
  const fields = ['accountId', 'protocol', 'tags', 'timeZone', 'bearers', 'msisdn', 'udpAddress'] as const;
  return fields.filter((field) => !isSame(written[field], before[field]));
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function newCredentials(
  record: ImportDevice,
  { deviceId, account: { serverId } }: Checked,
  own: Partial<Record<Direction, CredentialRow>> | undefined,
  { secrets }: ColumnRules,
): readonly NewCredential[] {
  return (['CLIENT', 'SERVER'] as const).flatMap((direction) => {
    const input = record[FIELD[direction]];
    if (input == null) return [];
    const row = own?.[direction];
    const before = row?.type == null ? undefined : { ...row, type: row.type };
    const kept = keepCredential(input, {
      secrets,
      direction,
      isDevices: true,
      serverId,
      ...(before && { before }),
    });
    const secret = keepOldSecret(secrets, direction, kept.secret, before?.secret);
    const isKept =
      before !== undefined &&
      kept.type === before.type &&
      kept.username === before.username &&
      secret === before.secret &&
      kept.fingerprint === before.fingerprint;
    return isKept ? [] : [{ deviceId, direction, ...kept, secret }];
  });
}
