/** Wake-ups: how devices that have no session are asked to come, and what became of it. */
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  registerEnumType,
  Resolver,
  Root,
} from 'type-graphql';

import { scopedDevice } from '../../management/readable';
import type { DeviceView } from '../../management/types';
import type {
  WakeUpAttemptView,
  WakeUps,
  WakeUpsOf,
  WakeUpState as States,
  WakeUpView,
} from '../../management/wake-up-types';
import { authorizeDevice } from '../authorize';
import { connectionType, emptyConnection, paginate, type Connection } from '../connection';
import type { RequestContext } from '../context';
import { same } from '../enums';
import { globalId } from '../global-id';
import { gathered } from '../loaders';
import { DateTimeScalar, DurationScalar } from '../scalars';
import { Device } from './device-type';

const nullable = true;

export const WakeUpState = same<States>('DUE', 'SENT', 'ANSWERED', 'FAILED', 'CANCELLED');
registerEnumType(WakeUpState, {
  name: 'WakeUpState',
  description: 'How far a wake-up is.',
  valuesConfig: {
    DUE: { description: 'No bearer took it yet.' },
    SENT: { description: 'A bearer took it; the device did not come yet.' },
    ANSWERED: { description: 'The device came.' },
    FAILED: { description: 'Given up. The device is served when it comes by itself.' },
    CANCELLED: { description: 'Nothing waits for the device any more.' },
  },
});

export const WakeUpOutcome = same<WakeUpAttemptView['outcome']>('ACCEPTED', 'REFUSED', 'FAILED');
registerEnumType(WakeUpOutcome, {
  name: 'WakeUpOutcome',
  description: 'What a bearer said to a wake-up.',
  valuesConfig: {
    ACCEPTED: { description: 'It took it. That the device got it is not said.' },
    REFUSED: { description: 'It never will take it; the next bearer is tried.' },
    FAILED: { description: 'Not now; it is tried again.' },
  },
});

@ObjectType({ description: 'One sending of a wake-up.' })
export class WakeUpAttempt {
  @Field(() => DateTimeScalar, { description: 'When it was handed to the bearer.' })
  readonly at!: Date;
  @Field(() => String, { description: 'Name of the bearer.' })
  readonly bearer!: string;
  @Field(() => WakeUpOutcome)
  readonly outcome!: keyof typeof WakeUpOutcome;
  @Field(() => String, { nullable, description: 'Why it was not accepted.' })
  readonly reason!: string | null;
  @Field(() => String, { nullable, description: "The bearer's identifier of the message." })
  readonly messageId!: string | null;
  @Field(() => Boolean, { nullable, description: 'What the bearer told later; null where it told nothing.' })
  readonly isDelivered!: boolean | null;
  @Field(() => String, { nullable, description: "The same in the bearer's words." })
  readonly report!: string | null;
  @Field(() => DateTimeScalar, { nullable, description: 'When it told it.' })
  readonly reportedAt!: Date | null;
}

@ObjectType({ description: 'A device without a session is asked to come.' })
export class WakeUp {
  @Field(() => WakeUpState)
  readonly state!: keyof typeof WakeUpState;
  @Field(() => String, { nullable, description: 'Principal of whoever asked for it; null: work waits for the device.' })
  readonly askedBy!: string | null;
  @Field(() => [String], { description: 'Names of the bearers to try, the preferred first.' })
  readonly bearers!: readonly string[];
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable, description: 'When it is sent next; null: not any more.' })
  readonly dueAt!: Date | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly endedAt!: Date | null;
  @Field(() => [WakeUpAttempt], { description: 'In the order in which they were made.' })
  readonly attempts!: readonly unknown[];
}

export const WakeUpConnection = connectionType('WakeUp', () => WakeUp);

@InputType({ description: 'Which device is woken.' })
export class WakeDeviceInput {
  @Field(() => ID, { description: 'DevId.' })
  readonly deviceId!: string;
}

@Resolver(() => WakeUp)
export class WakeUpResolver {
  @FieldResolver(() => ID)
  id(@Root() { device, id }: WakeUpView): string {
    return globalId('WakeUp', device, id);
  }

  @FieldResolver(() => Device)
  async device(@Root() { device }: WakeUpView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return context.deviceByKey(device);
  }

  @FieldResolver(() => DurationScalar, {
    nullable,
    description: 'How long the device took to come after the last sending that a bearer accepted.',
  })
  latency(@Root() { latencyMs }: WakeUpView): number | null {
    return latencyMs;
  }

  @Mutation(() => WakeUp, {
    description:
      'Wakes a device by its bearers although no work waits for it; a wake-up that is under way begins anew. Errors: NOT_FOUND, BAD_USER_INPUT where the device has no bearer.',
  })
  async wakeDevice(
    @Arg('input', () => WakeDeviceInput) { deviceId }: WakeDeviceInput,
    @Ctx() context: RequestContext,
  ): Promise<WakeUpView> {
    const device = await authorizeDevice(context, 'MANAGE_DEVICES', deviceId);
    return context.services.wakeUps.wakeDevice(device, context.caller);
  }
}

/** The fields of devices that have to do with wake-ups; apart, for they need MANAGE_DEVICES. */
@Resolver(() => Device)
export class DeviceWakeUpResolver {
  @FieldResolver(() => [String], {
    nullable,
    description: "Names of the bearers by which it is woken; null: its account's, and without MANAGE_DEVICES on it.",
  })
  bearers(@Root() device: DeviceView, @Ctx() context: RequestContext): readonly string[] | null {
    return mayManage(context, device) ? device.bearers : null;
  }

  @FieldResolver(() => String, { nullable, description: 'Its number; null also without MANAGE_DEVICES on it.' })
  msisdn(@Root() device: DeviceView, @Ctx() context: RequestContext): string | null {
    return mayManage(context, device) ? device.msisdn : null;
  }

  @FieldResolver(() => String, {
    nullable,
    description: 'Where datagrams reach it; null also without MANAGE_DEVICES on it.',
  })
  udpAddress(@Root() device: DeviceView, @Ctx() context: RequestContext): string | null {
    return mayManage(context, device) ? device.udpAddress : null;
  }

  @FieldResolver(() => WakeUpConnection, {
    description:
      'Its wake-ups, the last one first; none without MANAGE_DEVICES on it. `first` is 50 when left out, at most 500.',
  })
  async wakeUps(
    @Root() device: DeviceView,
    @Ctx() context: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<WakeUpView>> {
    if (!mayManage(context, device)) return emptyConnection();
    return paginate(
      'WakeUp',
      { first, after },
      ({ id }) => id,
      (size, from) => gathered(context, wakeUpsOf).load({ device: device.key, first: size, after: from }),
    );
  }
}

const wakeUpsOf = (requests: readonly WakeUpsOf[], { services }: RequestContext): ReturnType<WakeUps['listMany']> =>
  services.wakeUps.listMany(requests);

function mayManage({ rights }: RequestContext, device: DeviceView): boolean {
  return rights.onDevice('MANAGE_DEVICES', scopedDevice(device));
}
