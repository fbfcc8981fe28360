/** Subscriptions of parts of management objects: a DM 2.0 device tells of their changes by itself. */
import { Arg, Ctx, Field, FieldResolver, InputType, ID, Int, Mutation, ObjectType, Resolver, Root } from 'type-graphql';

import type { SubscriptionView } from '../../management/subscription-state';
import type { MoView } from '../../management/types';
import type { RequestContext } from '../context';
import { SubscriptionState } from '../enums';
import { globalId } from '../global-id';
import { findOperation } from '../operations';
import { DateTimeScalar } from '../scalars';
import { AddressInput } from './address-input';
import { ManagementObject } from './management-object';
import { Operation } from './operation';

const nullable = true;

@ObjectType({ description: 'A part of a management object whose changes a device tells by itself (SUB of DM 2.0).' })
export class ManagementObjectSubscription {
  @Field(() => String, { description: 'MOID with its version, as the device was asked.' })
  readonly moid!: string;
  @Field(() => String)
  readonly miid!: string;
  @Field(() => String, { description: "Below the MO's root; empty: the whole object." })
  readonly path!: string;
  @Field(() => SubscriptionState)
  readonly state!: keyof typeof SubscriptionState;
  @Field(() => Int, {
    description: 'How many hold it: callers, each once, and parts of the gateway. The device is asked once.',
  })
  readonly holders!: number;
  @Field(() => DateTimeScalar, { nullable, description: 'When the device last told of a change; null: never.' })
  readonly pushedAt!: Date | null;
}

@InputType({ description: 'A part of a management object on a DM 2.0 device.' })
export class SubscribeManagementObjectInput {
  @Field(() => ID, { description: 'DevId.' })
  readonly deviceId!: string;
  @Field(() => AddressInput, { description: 'An instance, or a node of it.' })
  readonly address!: AddressInput;
}

@Resolver(() => ManagementObjectSubscription)
export class ManagementObjectSubscriptionResolver {
  @FieldResolver(() => Operation, {
    nullable,
    description: 'What asked the device last; null where the caller may not see it.',
  })
  async operation(@Root() { device, operation }: SubscriptionView, @Ctx() context: RequestContext): Promise<unknown> {
    return findOperation(globalId('Operation', device, operation), context);
  }

  @Mutation(() => ManagementObjectSubscription, {
    description:
      "Holds a part of a management object: the device is asked to tell of its changes, which then stand in the object's values. Needs READ on it; the same caller twice is one. " +
      'Errors: NOT_FOUND, FORBIDDEN, NO_SUCH_MO, MO_AMBIGUOUS, NOT_IN_DDF, ACCESS_TYPE, NOT_SUPPORTED_BY_DEVICE.',
  })
  async subscribeManagementObject(
    @Arg('input', () => SubscribeManagementObjectInput) input: SubscribeManagementObjectInput,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<SubscriptionView> {
    return services.subscriptions.hold(input, caller.principal, caller);
  }

  @Mutation(() => ManagementObjectSubscription, {
    description:
      'Lets go of it; when the last one goes, the device is asked to tell no more. Errors: NOT_FOUND, also where the caller does not hold it.',
  })
  async unsubscribeManagementObject(
    @Arg('input', () => SubscribeManagementObjectInput) input: SubscribeManagementObjectInput,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<SubscriptionView> {
    return services.subscriptions.release(input, caller.principal, caller);
  }
}

@Resolver(() => ManagementObject)
export class SubscribedObjectResolver {
  @FieldResolver(() => [ManagementObjectSubscription], {
    description:
      'Parts of it whose changes the device tells by itself, in order of path; those alone that the caller may read.',
  })
  async subscriptions(@Root() mo: MoView, @Ctx() context: RequestContext): Promise<readonly SubscriptionView[]> {
    const device = await context.deviceByKey(mo.device);
    return device === null ? [] : context.subscriptions(device, mo);
  }
}
