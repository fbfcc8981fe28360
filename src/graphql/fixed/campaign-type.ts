/** Object types of campaigns, apart from their resolvers. */
import { Field, Int, ObjectType } from 'type-graphql';

import { connectionType } from '../connection';
import { CampaignDeviceState, CampaignState, CampaignVerdict } from '../enums';
import { DateTimeScalar } from '../scalars';
import { Node } from './node';

const nullable = true;

@ObjectType({ description: 'Devices of a campaign by state.' })
export class CampaignProgress {
  @Field(() => Int)
  readonly queued!: number;
  @Field(() => Int)
  readonly inProgress!: number;
  @Field(() => Int)
  readonly succeeded!: number;
  @Field(() => Int)
  readonly failed!: number;
  @Field(() => Int)
  readonly timedOut!: number;
  @Field(() => Int)
  readonly rejected!: number;
  @Field(() => Int)
  readonly cancelled!: number;
}

@ObjectType({ description: 'Devices that did not succeed for the same reason.' })
export class CampaignFailure {
  @Field(() => CampaignDeviceState)
  readonly state!: keyof typeof CampaignDeviceState;
  @Field(() => String, { nullable, description: 'Outcome of the first command that failed, or code of an error.' })
  readonly outcome!: string | null;
  @Field(() => Int, { nullable, description: "Status of the device's protocol." })
  readonly statusCode!: number | null;
  @Field(() => Int)
  readonly count!: number;
}

@ObjectType({ description: 'How one device judges the commands of a campaign.' })
export class CampaignSample {}

@ObjectType({ description: 'A device of a campaign.' })
export class CampaignDevice {
  @Field(() => CampaignDeviceState)
  readonly state!: keyof typeof CampaignDeviceState;
  @Field(() => String, { nullable, description: 'Outcome of the first command that failed, or code of an error.' })
  readonly outcome!: string | null;
  @Field(() => Int, { nullable, description: "Status of the device's protocol." })
  readonly statusCode!: number | null;
  @Field(() => String, { nullable, description: 'Why it did not succeed.' })
  readonly reason!: string | null;
}

export const CampaignDeviceConnection = connectionType('CampaignDevice', () => CampaignDevice);

@ObjectType({
  implements: Node,
  description: 'One change to many devices. Its maker sees it, and administrators.',
})
export class Campaign extends Node {
  @Field(() => String)
  readonly name!: string;
  @Field(() => CampaignState)
  readonly state!: keyof typeof CampaignState;
  @Field(() => CampaignVerdict, { nullable, description: 'null until it is COMPLETED.' })
  readonly verdict!: keyof typeof CampaignVerdict | null;
  @Field(() => Int, { description: 'Devices that were chosen when it was made.' })
  readonly targets!: number;
  @Field(() => String, { nullable, description: 'Why the gateway paused it.' })
  readonly problem!: string | null;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable })
  readonly startAt!: Date | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly endAt!: Date | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly startedAt!: Date | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly endedAt!: Date | null;
}

export const CampaignConnection = connectionType('Campaign', () => Campaign);
