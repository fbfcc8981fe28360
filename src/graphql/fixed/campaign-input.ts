/** What callers say of a campaign. */
import { Field, Float, ID, InputType, Int } from 'type-graphql';
import type { GraphQLSchema } from 'graphql';

import type { CreateCampaign } from '../../management/campaigns/types';
import type { FailureKind } from '../../management/campaigns/thresholds';
import { CampaignFailureKind, OnFailure, Weekday } from '../enums';
import { DateTimeScalar, DurationScalar } from '../scalars';
import { CommandInput, commandRequest } from './command';
import { deviceCondition, DeviceFilter, type RawDeviceFilter } from './device-filter';

const nullable = true;
const THIRTY_DAYS_MS = 30 * 24 * 3600 * 1000;

@InputType({ description: 'A rate that grows as devices succeed.' })
export class ExponentialPaceInput {
  @Field(() => Int, { description: 'At the beginning.' })
  readonly basePerMinute!: number;
  @Field(() => Float, { description: 'By which the rate is multiplied each time: more than 1, at most 10.' })
  readonly factor!: number;
  @Field(() => Int, { description: 'Each time that so many more devices succeeded.' })
  readonly everySucceeded!: number;
}

@InputType({ description: 'How fast devices are started.' })
export class CampaignPaceInput {
  @Field(() => Int, { nullable, description: 'In no minute are more started.' })
  readonly maximumPerMinute?: number | null;
  @Field(() => ExponentialPaceInput, { nullable, description: 'Grows up to `maximumPerMinute`, which it needs.' })
  readonly exponential?: ExponentialPaceInput | null;
  @Field(() => Int, { nullable, description: 'No more are IN_PROGRESS at a time.' })
  readonly maximumConcurrent?: number | null;
}

@InputType({
  description:
    'A time of day at which devices are started; one that ends at or before its beginning ends the next day.',
})
export class CampaignWindowInput {
  @Field(() => [Weekday], { nullable, description: 'Days on which it begins; every day when left out or empty.' })
  readonly days?: readonly (keyof typeof Weekday)[] | null;
  @Field(() => String, { description: '`HH:MM`, 00:00 to 23:59.' })
  readonly from!: string;
  @Field(() => String, { description: '`HH:MM`; this minute is the first outside.' })
  readonly to!: string;
}

@InputType({ description: 'When to stop because devices fail.' })
export class CampaignAbortInput {
  @Field(() => CampaignFailureKind, { nullable, defaultValue: CampaignFailureKind.ALL })
  readonly failures?: keyof typeof CampaignFailureKind | null;
  @Field(() => Float, { description: 'Of the devices that came to an end; more than 0, at most 100.' })
  readonly percentage!: number;
  @Field(() => Int, { description: 'Devices that must have come to an end before this counts.' })
  readonly minimumExecuted!: number;
}

@InputType({ description: 'One change to many devices.' })
export class CreateCampaignInput {
  @Field(() => String, { description: 'For people; 1 to 128 characters.' })
  readonly name!: string;
  @Field(() => DeviceFilter, {
    nullable,
    description: 'Every device that fits now. Exactly one of `where` and `deviceIds`.',
  })
  readonly where?: DeviceFilter | null;
  @Field(() => [ID], { nullable, description: 'DevIds, at most 10,000; each must exist.' })
  readonly deviceIds?: readonly string[] | null;
  @Field(() => [CommandInput], {
    description: 'For each device; kept once, judged for each device when its turn comes.',
  })
  readonly commands!: readonly CommandInput[];
  @Field(() => Boolean, { nullable, defaultValue: false })
  readonly atomic?: boolean | null;
  @Field(() => Boolean, { nullable, defaultValue: false })
  readonly sequence?: boolean | null;
  @Field(() => OnFailure, { nullable, defaultValue: OnFailure.STOP })
  readonly onFailure?: keyof typeof OnFailure | null;
  @Field(() => DurationScalar, {
    nullable,
    defaultValue: THIRTY_DAYS_MS,
    description: 'How long each device has to take the commands, from when its turn came.',
  })
  readonly expiresIn?: number | null;
  @Field(() => CampaignPaceInput, { nullable, description: 'As fast as the gateway can when left out.' })
  readonly pace?: CampaignPaceInput | null;
  @Field(() => [CampaignWindowInput], {
    nullable,
    description: "Devices are started in one of these alone, by the device's time zone.",
  })
  readonly windows?: readonly CampaignWindowInput[] | null;
  @Field(() => String, {
    nullable,
    defaultValue: 'UTC',
    description: 'IANA name, for devices whose time zone is not known.',
  })
  readonly timeZone?: string | null;
  @Field(() => [CampaignAbortInput], { nullable, description: 'One that is met aborts the campaign.' })
  readonly abort?: readonly CampaignAbortInput[] | null;
  @Field(() => Float, {
    nullable,
    defaultValue: 100,
    description: 'Percentage of all devices that must succeed for the verdict SUCCEEDED.',
  })
  readonly successPercentage?: number | null;
  @Field(() => DateTimeScalar, { nullable, description: 'At once when left out.' })
  readonly startAt?: Date | null;
  @Field(() => DateTimeScalar, { nullable, description: 'No device is started from then on.' })
  readonly endAt?: Date | null;
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description: 'Count the devices, judge the commands for some of them (`samples`), make nothing.',
  })
  readonly dryRun?: boolean | null;
  @Field(() => String, { nullable, description: 'The same key from the same caller gives the same campaign.' })
  readonly idempotencyKey?: string | null;
}

/** As graphql-js coerced it: the filter has fields that type-graphql does not know. */
export type RawCampaignInput = Omit<CreateCampaignInput, 'where'> & { readonly where?: RawDeviceFilter | null };

/** In the middle's words. Errors: BAD_USER_INPUT, LIMIT_FILTER, LIMIT_PAGE_SIZE, NOT_FOUND. */
export function campaignRequest(input: RawCampaignInput, schema: GraphQLSchema): CreateCampaign {
  const { name, where, deviceIds, commands, pace, windows, abort, expiresIn, startAt, endAt } = input;
  return {
    name,
    ...(where == null ? {} : { condition: deviceCondition(where, schema) }),
    ...(deviceIds == null ? {} : { deviceIds }),
    commands: commands.map(commandRequest),
    atomic: input.atomic === true,
    sequence: input.sequence === true,
    onFailure: input.onFailure ?? 'STOP',
    ...(expiresIn == null ? {} : { expiresInMs: expiresIn }),
    pace: {
      maximumPerMinute: pace?.maximumPerMinute ?? undefined,
      exponential: pace?.exponential ?? undefined,
      maximumConcurrent: pace?.maximumConcurrent ?? undefined,
    },
    windows: (windows ?? []).map(({ days, from, to }) => ({ days: days ?? [], from, to })),
    ...(input.timeZone == null ? {} : { timeZone: input.timeZone }),
    abort: (abort ?? []).map(({ failures, percentage, minimumExecuted }) => ({
      failures: (failures ?? 'ALL') satisfies FailureKind,
      percentage,
      minimumExecuted,
    })),
    ...(input.successPercentage == null ? {} : { successPercentage: input.successPercentage }),
    ...(startAt == null ? {} : { startAt }),
    ...(endAt == null ? {} : { endAt }),
    dryRun: input.dryRun === true,
    ...(input.idempotencyKey == null ? {} : { idempotencyKey: input.idempotencyKey }),
  };
}
