/** What the middle offers to reach devices that have no session: notifications and bootstrap documents as octets. */
import type { BootstrapRequest, DmProtocol, WakeUpRequest } from '../../adapters/adapter';
import type { Caller } from './types';

/** Octets to hand to a bearer. */
export interface PushView {
  readonly octets: Uint8Array;
  readonly mediaType: string;
  readonly wsp: Uint8Array;
  readonly sms: readonly Uint8Array[];
}

export interface NotificationInput {
  readonly deviceId: string;
  readonly uiMode: WakeUpRequest['uiMode'];
  readonly initiatedBy: WakeUpRequest['initiatedBy'];
  /** SessionID or NOTIFICATION-ID of a notification that is sent once more, in hexadecimal; absent: the next one. */
  readonly sessionId?: string;
  readonly resync?: WakeUpRequest['resync'];
  readonly vendor?: Uint8Array;
  readonly connections?: WakeUpRequest['connections'];
  readonly requestsMos?: boolean;
}
export interface NotificationView extends PushView {
  /** DevId. */
  readonly deviceId: string;
  readonly sessionId: string;
}
/** src/management/notification.ts */
export interface Notifications {
  prepare(input: NotificationInput, caller: Caller): Promise<NotificationView>;
}

export interface BootstrapInput extends Omit<BootstrapRequest, 'url' | 'profile'> {
  readonly deviceId: string;
  readonly profile: BootstrapRequest['profile'];
  /** For a device that was not in contact yet; by the profile DM 1.2 or DM 2.0 when left out. */
  readonly protocol?: DmProtocol;
  /** Makes secrets anew also where the device or its account has some. */
  readonly renew?: boolean;
  /** How long the document may be fetched, milliseconds. */
  readonly expiresInMs?: number;
}
export interface BootstrapView extends PushView {
  readonly deviceId: string;
  /** What the device's user types. */
  readonly typed: string | null;
  /** Where the device may fetch the document. */
  readonly url: string;
  readonly expiresAt: Date;
}
/** For all devices of an account. */
export type AccountBootstrapInput = Pick<BootstrapRequest, 'name' | 'moids' | 'transport' | 'bootstrapServer'> & {
  readonly accountId: string;
};
/** src/management/bootstrap.ts */
export interface Bootstraps {
  make(input: BootstrapInput, caller: Caller): Promise<BootstrapView>;
  makeForAccount(input: AccountBootstrapInput, caller: Caller): Promise<PushView>;
}
