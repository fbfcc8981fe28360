/** Addresses to which events are posted, and what could not be delivered to them. */
import { Arg, Ctx, Field, FieldResolver, ID, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql';

import type { DeadLetterView, WebhookView } from '../../management/webhooks/webhooks';
import { ManagementError, type DeviceView } from '../../management/types';
import { findDeviceByKey } from '../authorize';
import { connectionType, paginate, type Connection } from '../connection';
import type { RequestContext } from '../context';
import { getKey, globalId } from '../global-id';
import { DateTimeScalar, JsonScalar } from '../scalars';
import { WebhookState } from '../enums';
import { Device } from './device-type';

const nullable = true;

@ObjectType({ description: 'Something that events are posted to; it stands in the configuration.' })
export class Webhook {
  @Field(() => String)
  readonly name!: string;
  @Field(() => [String], { nullable, description: 'Types of events that are posted; null: all.' })
  readonly events!: readonly string[] | null;
  @Field(() => WebhookState)
  readonly state!: keyof typeof WebhookState;
  @Field(() => Int, { description: 'Events that are still to be delivered.' })
  readonly waiting!: number;
}

@ObjectType({ description: 'An event that could not be delivered and was given up.' })
export class DeadLetter {
  @Field(() => DateTimeScalar, { description: 'When the event happened.' })
  readonly at!: Date;
  @Field(() => String, { description: 'Type of the event.' })
  readonly type!: string;
  @Field(() => JsonScalar, { nullable, description: 'What would have been posted of it.' })
  readonly data!: unknown;
  @Field(() => Int, { description: 'How often it was tried.' })
  readonly attempts!: number;
  @Field(() => String, { nullable, description: 'What went wrong the last time.' })
  readonly problem!: string | null;
}

export const DeadLetterConnection = connectionType('DeadLetter', () => DeadLetter);

@Resolver(() => DeadLetter)
export class DeadLetterResolver {
  @FieldResolver(() => ID)
  id(@Root() { id }: DeadLetterView): string {
    return globalId('DeadLetter', id);
  }

  @FieldResolver(() => ID, { description: "The event's id." })
  event(@Root() { event }: DeadLetterView): string {
    return globalId('Event', event);
  }

  @FieldResolver(() => Device, { nullable, description: 'null for events of no device, and when it is gone.' })
  async device(@Root() { device }: DeadLetterView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return device === '0' ? null : findDeviceByKey(context, device);
  }
}

@Resolver(() => Webhook)
export class WebhookResolver {
  @FieldResolver(() => ID, {
    description: 'Id of the event up to which all are delivered, are waiting or were given up.',
  })
  deliveredUpTo(@Root() { deliveredUpTo }: WebhookView): string {
    return globalId('Event', deliveredUpTo);
  }

  @FieldResolver(() => DeadLetterConnection, { description: 'Given up, from the oldest on.' })
  deadLetters(
    @Root() { name }: WebhookView,
    @Ctx() { services }: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<DeadLetterView>> {
    return paginate(
      'DeadLetter',
      { first, after },
      (letter) => letter.id,
      (size, from) => services.webhooks.deadLetters(name, size, from),
    );
  }

  @Query(() => [Webhook], { description: 'Webhooks of the configuration. Needs an administrator.' })
  async webhooks(@Ctx() context: RequestContext): Promise<readonly WebhookView[]> {
    authorize(context);
    return context.services.webhooks.list();
  }

  @Mutation(() => Boolean, {
    description:
      'Delivers a dead letter after all, with all attempts anew. Needs an administrator. Errors: FORBIDDEN, NOT_FOUND.',
  })
  async retryDeadLetter(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<boolean> {
    authorize(context);
    await context.services.webhooks.retry(getKey('DeadLetter', id));
    return true;
  }

  @Mutation(() => Boolean, {
    description: 'Throws a dead letter away. Needs an administrator. Errors: FORBIDDEN, NOT_FOUND.',
  })
  async discardDeadLetter(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<boolean> {
    authorize(context);
    await context.services.webhooks.discard(getKey('DeadLetter', id));
    return true;
  }
}

/** Events tell of everything. */
function authorize({ rights }: RequestContext): void {
  if (!rights.isAdmin) throw new ManagementError('FORBIDDEN', 'Webhooks are an administrator’s.');
}
