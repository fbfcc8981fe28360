/** A row of a list of devices as callers see it. */
import type { DmProtocol } from '../../../adapters/adapter';
import type { DeviceView, ListedDevice } from '../types';

/** What callers see of a device. */
export const LIST_COLUMNS = [
  'id',
  'device_id',
  'account_id',
  'protocol',
  'tags',
  'time_zone',
  'features',
  'supported_mos',
  'last_contact_at',
  'discovered_at',
  'bearers',
  'msisdn',
  'udp_address',
  'created_at',
] as const;

/** Columns of `device` as hand-written SQL gives them, and `k0` … with what the list is ordered by. */
export interface ListRow {
  readonly id: string;
  readonly device_id: string;
  readonly account_id: string;
  readonly protocol: string | null;
  readonly tags: readonly string[];
  readonly time_zone: string | null;
  readonly features: DeviceView['features'];
  readonly supported_mos: DeviceView['supportedMos'];
  readonly last_contact_at: Date | null;
  readonly discovered_at: Date | null;
  readonly bearers: readonly string[] | null;
  readonly msisdn: string | null;
  readonly udp_address: string | null;
  readonly created_at: Date;
  readonly [key: `k${number}`]: string | boolean | Date | null;
}

/** @param keys how many the order has */
export function listedDevice(row: ListRow, keys: number): ListedDevice {
  const device: DeviceView = {
    key: row.id,
    deviceId: row.device_id,
    accountId: row.account_id,
    protocol: row.protocol as DmProtocol | null,
    tags: row.tags,
    timeZone: row.time_zone,
    features: row.features,
    supportedMos: row.supported_mos,
    lastContactAt: row.last_contact_at,
    discoveredAt: row.discovered_at,
    bearers: row.bearers,
    msisdn: row.msisdn,
    udpAddress: row.udp_address,
    createdAt: row.created_at,
  };
  if (keys === 0) return device;
  const values = Array.from({ length: keys }, (_, at) => {
    const value = row[`k${at}`] ?? null;
    return value instanceof Date ? value.toISOString() : value;
  });
  return { ...device, position: { values, key: row.id } };
}
