/** Profiles in the middle's words: desired values for the devices that a condition chooses. */
import type { Json } from '../../../adapters/adapter';
import type { Rights } from '../../access/rights';
import type { DeviceCondition } from '../device-filter/condition';
import type { StoredValue } from '../stored-value';
import type { AddressInput, Caller, Page, ValueInput } from '../types';

export type ProfileState = 'ACTIVE' | 'PAUSED' | 'REMOVED';
export const PROFILE_DEVICE_STATES = ['IN_SYNC', 'DRIFTED', 'PENDING', 'FAILED', 'OVERRIDDEN'] as const;
/** docs/api.md says what each means. */
export type ProfileDeviceState = (typeof PROFILE_DEVICE_STATES)[number];

/** A value that a leaf is to have; without `miid` in every instance that the device has. */
export interface Entry {
  readonly moid: string;
  readonly family: string;
  readonly miid: string | null;
  readonly path: string;
  readonly value: StoredValue;
}

/** A node that is not as desired, as it is stored. `f`: found value, none where there is none; `by`: profile that wins. */
export interface Drift {
  readonly m: string;
  readonly i: string;
  readonly p: string;
  readonly d: Json;
  readonly f: readonly Json[];
  readonly by?: string;
}

/** What the first write of a profile found at a node: no value where there was none. */
export interface Before {
  readonly f: string;
  readonly m: string;
  readonly i: string;
  readonly p: string;
  readonly n: readonly string[];
  readonly v: readonly Json[];
  readonly format: StoredValue['f'];
}

/** What a profile remembers of a device from contact to contact. */
export interface Memory {
  /** Of the profile when the device was looked at. */
  readonly version?: number;
  /** What the last operation was made for, until its end was taken into account. */
  readonly asked?: 'READ' | 'WRITE';
  /** Milliseconds since 1970 at which all values were last read. */
  readonly readAt?: number;
  /** Failures one after another over the same difference, and when to try again. */
  readonly attempts?: number;
  readonly notBefore?: number;
  readonly digest?: string;
  readonly before?: readonly Before[];
}

/** How a device compares to a profile, as it is stored. */
export interface DeviceRecord {
  readonly profile: string;
  readonly state: ProfileDeviceState;
  readonly drift: readonly Drift[];
  readonly reason: string | null;
  readonly operation: string | null;
  readonly memory: Memory;
}

/** A profile as turns go by it. */
export interface LiveProfile {
  readonly id: string;
  readonly priority: number;
  readonly version: number;
  readonly maxAgeMs: number;
  /** DM 2.0 devices are asked to tell of changes of what it desires. */
  readonly watches: boolean;
  readonly entries: readonly Entry[];
  /** It was removed: what its first writes found is written back. */
  readonly isRestoring: boolean;
  readonly condition: DeviceCondition;
  /** Of its maker; null: nobody any more. */
  readonly rights: Rights | null;
}

export interface CreateProfile {
  readonly name: string;
  readonly priority?: number;
  readonly condition: DeviceCondition;
  readonly entries: readonly { readonly address: AddressInput; readonly value: ValueInput }[];
  readonly maxAgeMs?: number;
  readonly watches?: boolean;
  readonly state?: 'ACTIVE' | 'PAUSED';
}
/** What is left out stays. */
export type UpdateProfile = Partial<CreateProfile>;

export interface ProfileView {
  readonly id: string;
  readonly name: string;
  readonly priority: number;
  readonly state: ProfileState;
  /** Principal of its maker. */
  readonly caller: string;
  readonly entries: readonly Entry[];
  readonly maxAgeMs: number;
  readonly watches: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
export interface ProfileDeviceView {
  readonly device: string;
  readonly profile: string;
  readonly state: ProfileDeviceState;
  readonly drift: readonly Drift[];
  readonly reason: string | null;
  readonly changedAt: Date;
  readonly operation: string | null;
}
export type ProfileFigures = Readonly<Record<ProfileDeviceState, number>>;

/** src/management/profiles/profiles.ts: each caller has its own profiles, an administrator all. */
export interface Profiles {
  /** Errors: BAD_USER_INPUT, FORBIDDEN, LIMIT_COMMANDS, LIMIT_VALUE_SIZE, and those of judging a replace for any device. */
  create(input: CreateProfile, caller: Caller, rights: Rights): Promise<ProfileView>;
  /** Errors: as of `create`, NOT_FOUND. */
  update(id: string, changes: UpdateProfile, caller: Caller, rights: Rights): Promise<ProfileView>;
  /** Errors: NOT_FOUND. @param restores whether what its first writes found is written back */
  remove(id: string, restores: boolean, caller: Caller): Promise<ProfileView>;
  get(id: string, caller: Caller): Promise<ProfileView | null>;
  /** The latest first; removed ones as long as they still write back. */
  list(caller: Caller, first: number, after?: string): Promise<Page<ProfileView>>;
  getMany(ids: readonly string[], caller: Caller): Promise<readonly (ProfileView | null)[]>;
  figures(ids: readonly string[]): Promise<readonly ProfileFigures[]>;
  devices(
    id: string,
    state: ProfileDeviceState | undefined,
    first: number,
    after?: string,
  ): Promise<Page<ProfileDeviceView>>;
  /** Of many devices by one statement; those of the caller's profiles. */
  ofDevices(devices: readonly string[], caller: Caller): Promise<readonly ProfileDeviceView[]>;
}
