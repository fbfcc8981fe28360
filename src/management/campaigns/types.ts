/** Campaigns: one change to many devices. The words are those of AWS IoT Jobs as far as they fit. */
import type { Reach, Rights, GrantRule } from '../../access/rights';
import type { DeviceCondition } from '../device-filter/condition';
import type { Caller, CommandInput, Page } from '../types';
import type { Pace } from './pace';
import type { AbortRule } from './thresholds';
import type { Window } from './windows';

/** CANCELLED and ABORTED have an end once the last operation that devices had already got ended. */
export type CampaignState = 'SCHEDULED' | 'IN_PROGRESS' | 'PAUSED' | 'CANCELLED' | 'ABORTED' | 'COMPLETED';
export type CampaignVerdict = 'SUCCEEDED' | 'FAILED';

/** How far a device is. REJECTED: it could not be asked, for its objects or its maker's rights do not allow the commands. */
export const DEVICE_STATES = [
  'QUEUED',
  'IN_PROGRESS',
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'REJECTED',
  'CANCELLED',
] as const;
export type CampaignDeviceState = (typeof DEVICE_STATES)[number];
export type Progress = Readonly<Record<CampaignDeviceState, number>>;

/** What is kept of a campaign beside its commands. */
export interface CampaignRules {
  readonly pace: Pace;
  /** None: at any time. */
  readonly windows: readonly Window[];
  /** IANA name, for devices whose own zone is not known. */
  readonly timeZone: string;
  readonly abort: readonly AbortRule[];
  /** Of all devices, to be met by those that succeeded. */
  readonly successPercentage: number;
  /** Keys of repository files that the commands send. */
  readonly files: readonly string[];
}

export interface CreateCampaign {
  readonly name: string;
  /** Exactly one of `condition` and `deviceIds`. */
  readonly condition?: DeviceCondition;
  readonly deviceIds?: readonly string[];
  readonly commands: readonly CommandInput[];
  readonly atomic?: boolean;
  readonly sequence?: boolean;
  readonly onFailure?: 'STOP' | 'CONTINUE';
  /** How long each device has from when its turn came. */
  readonly expiresInMs?: number;
  readonly pace?: Pace;
  /** Times of day as `HH:MM`. */
  readonly windows?: readonly { readonly days: readonly string[]; readonly from: string; readonly to: string }[];
  readonly timeZone?: string;
  readonly abort?: readonly AbortRule[];
  readonly successPercentage?: number;
  readonly startAt?: Date;
  readonly endAt?: Date;
  readonly dryRun?: boolean;
  /** The same key of the same caller gives the same campaign. */
  readonly idempotencyKey?: string;
}

/** Devices that the maker may choose from; members are absent for an administrator. */
export interface Sight {
  readonly reach?: Reach;
  readonly grants?: readonly GrantRule[];
}

export interface CampaignView {
  /** Decimal; '' for a dry run. */
  readonly id: string;
  readonly name: string;
  readonly state: CampaignState;
  readonly verdict: CampaignVerdict | null;
  /** Principal of its maker. */
  readonly caller: string;
  readonly targets: number;
  readonly problem: string | null;
  readonly startAt: Date | null;
  readonly endAt: Date | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  /** Of a dry run: how some of the devices judge the commands. */
  readonly samples: readonly CampaignSample[];
}
export interface CampaignSample {
  readonly device: string;
  /** Null: the commands can be sent. */
  readonly refusal: { readonly code: string; readonly message: string } | null;
}
export interface CampaignFailure {
  readonly state: CampaignDeviceState;
  readonly outcome: string | null;
  readonly statusCode: number | null;
  readonly count: number;
  /** Keys of some of the devices. */
  readonly devices: readonly string[];
}
export interface CampaignDeviceView {
  readonly device: string;
  readonly state: CampaignDeviceState;
  readonly operation: string | null;
  readonly outcome: string | null;
  readonly statusCode: number | null;
  readonly reason: string | null;
}

/** src/management/campaigns/campaigns.ts: each caller has its own campaigns, an administrator all. */
export interface Campaigns {
  /** Errors: those of submitting an operation that do not depend on a device, BAD_USER_INPUT, NOT_FOUND. */
  create(input: CreateCampaign, sight: Sight, caller: Caller, rights: Rights): Promise<CampaignView>;
  get(id: string, caller: Caller): Promise<CampaignView | null>;
  /** The latest first. */
  list(caller: Caller, first: number, after?: string): Promise<Page<CampaignView>>;
  /** Errors: NOT_FOUND, BAD_USER_INPUT for one that is over. */
  pause(id: string, caller: Caller): Promise<CampaignView>;
  resume(id: string, caller: Caller): Promise<CampaignView>;
  cancel(id: string, caller: Caller): Promise<CampaignView>;
  /** Of campaigns that the caller was shown. */
  progress(ids: readonly string[]): Promise<readonly Progress[]>;
  failures(id: string): Promise<readonly CampaignFailure[]>;
  devices(
    id: string,
    state: CampaignDeviceState | undefined,
    first: number,
    after?: string,
  ): Promise<Page<CampaignDeviceView>>;
}
