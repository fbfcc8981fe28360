/** The one question that every resolver asks before it reads or changes anything: may this caller? */
import { ManagementError } from '../management/types';
import type { Caller } from '../management/types';

export type Right =
  'READ' | 'WRITE' | 'EXECUTE' | 'DELEGATE' | 'MANAGE_ACCOUNTS' | 'MANAGE_DEVICES' | 'MANAGE_DDFS' | 'MANAGE_KEYS';

/** A device by its DevId, perhaps one MO of it; or the gateway as a whole. */
export type Target =
  { readonly kind: 'gateway' } | { readonly kind: 'device'; readonly deviceId: string; readonly moid?: string };

export const GATEWAY: Target = { kind: 'gateway' };

export function onDevice(deviceId: string, moid?: string): Target {
  return { kind: 'device', deviceId, ...(moid === undefined ? {} : { moid }) };
}

/** Callers with an administrator's key have every right; others none, since a grant does not widen them yet. */
export function isAllowed(caller: Caller, _right: Right, _target: Target): boolean {
  return caller.admin;
}

/**
 * Passes or throws. Whoever may not read a device is told what one is told of a device that does not exist;
 * on the gateway's own settings the refusal is open.
 */
export function authorize(caller: Caller, right: Right, target: Target): void {
  if (isAllowed(caller, right, target)) return;
  if (target.kind === 'device' && !isAllowed(caller, 'READ', target)) throw noSuchDevice(target.deviceId);
  throw new ManagementError('FORBIDDEN', `${caller.name} does not have the right ${right}.`, { right });
}

export function noSuchDevice(deviceId: string): ManagementError {
  return new ManagementError('NOT_FOUND', `There is no device "${deviceId.slice(0, 128)}".`);
}
