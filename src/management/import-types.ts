/** Records that are imported, many at a time, and what became of each. */
import type { CredentialType, DmProtocol } from '../../adapters/adapter';
import type { Rights } from '../access/rights';
import type { RecipientChanges } from './bearer-input';
import type { DeviceCondition } from './device-filter/condition';
import type { AccountChanges, Caller, CredentialInput, ErrorCode } from './types';

/** Records of one call. */
export const MOST_RECORDS = 500;

/** By what accounts are told apart in records, whose ids differ between gateways. */
export interface AccountReference {
  readonly serverId: string;
  /** Absent: one without a name. */
  readonly name?: string | null;
}

/** What is left out of a record stays as it is, secrets included. */
export type ImportAccount = Omit<AccountChanges, 'serverId'> & AccountReference;

export interface ImportDevice extends RecipientChanges {
  readonly deviceId: string;
  readonly account: AccountReference;
  /** Of a device of which it is known already, nothing changes. */
  readonly protocol?: DmProtocol | null;
  readonly tags?: readonly string[];
  readonly timeZone?: string | null;
  readonly clientAuth?: CredentialInput | null;
  readonly serverAuth?: CredentialInput | null;
}

/** Grants are told apart by all that they say. */
export interface ImportGrant {
  readonly principal: string;
  readonly right: string;
  readonly deviceId?: string | null;
  readonly account?: AccountReference | null;
  readonly tag?: string | null;
  /** Reads the condition. Throws ManagementError. */
  readonly filter?: (() => DeviceCondition) | null;
  readonly moid?: string | null;
  readonly path?: string | null;
  readonly expiresAt?: Date | null;
}

/** `index`: which of the call's records, from 0. */
export type ImportResult =
  | { readonly index: number; readonly outcome: 'CREATED' | 'UPDATED' | 'UNCHANGED' }
  | { readonly index: number; readonly outcome: 'REFUSED'; readonly code: ErrorCode; readonly message: string };

/** A credential of a device's own. */
export interface DeviceCredentialView {
  /** The device's key. */
  readonly device: string;
  readonly direction: 'CLIENT' | 'SERVER';
  readonly type: CredentialType;
  readonly username: string | null;
}

export type ImportGrantsArguments = readonly [
  records: readonly ImportGrant[],
  allowKeys: boolean,
  caller: Caller,
  rights: Rights,
];
