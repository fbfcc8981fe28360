/** Opaque identifiers: base64url of `Type:key`. Callers keep them as they are. */
import { ManagementError } from '../management/types';

export type IdType =
  | 'Account'
  | 'Alert'
  | 'ApiKey'
  | 'AuditEntry'
  | 'DeadLetter'
  | 'Campaign'
  | 'CampaignDevice'
  | 'Ddf'
  | 'Delegation'
  | 'Device'
  | 'Event'
  | 'Grant'
  | 'Operation'
  | 'Peer'
  | 'Profile'
  | 'ProfileDevice'
  | 'RepositoryItem'
  | 'Rule'
  | 'Session'
  | 'ValueChange'
  | 'WakeUp';

const LONGEST = 512;

export function globalId(type: IdType, ...key: readonly string[]): string {
  return Buffer.from([type, ...key].join(':'), 'utf8').toString('base64url');
}

/** What an identifier stands for; absent for text that never was one. */
export function readGlobalId(id: string): { readonly type: string; readonly key: string } | undefined {
  if (id.length > LONGEST || !/^[A-Za-z0-9_-]+$/.test(id)) return undefined;
  const text = Buffer.from(id, 'base64url').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { type: text.slice(0, colon), key: text.slice(colon + 1) };
}

/** The key of an identifier of this type; absent for those of other types and for other text. */
export function findKey(type: IdType, id: string): string | undefined {
  const read = readGlobalId(id);
  return read?.type === type ? read.key : undefined;
}

/** Like `findKey` for keys that are decimal numbers, NOT_FOUND otherwise. */
export function getKey(type: IdType, id: string): string {
  const key = findKey(type, id);
  if (key === undefined || !isNumber(key))
    throw new ManagementError('NOT_FOUND', `There is no ${type} "${id.slice(0, 80)}".`);
  return key;
}

/** Device key and number of an operation; absent for other text. */
export function findOperationKey(id: string): { readonly device: string; readonly id: string } | undefined {
  const [device = '', operation = '', ...more] = findKey('Operation', id)?.split(':') ?? [];
  return isNumber(device) && isNumber(operation) && more.length === 0 ? { device, id: operation } : undefined;
}

/** A decimal number that fits a BIGINT column. */
export function isNumber(text: string): boolean {
  return /^\d{1,18}$/.test(text);
}
