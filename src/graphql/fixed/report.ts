/** Alerts that devices raised, and events of the gateway. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';

import { familyOf } from '../../../schema/ddf/identity';
import type { Reach } from '../../access/rights';
import { scopedDevice } from '../../management/readable';
import type { AlertView, DeviceView, EventView } from '../../management/types';
import { findDevice, findDeviceByKey } from '../authorize';
import type { Connection } from '../connection';
import { connectionType, emptyConnection, paginate } from '../connection';
import type { RequestContext } from '../context';
import { globalId } from '../global-id';
import { DateTimeScalar, JsonScalar } from '../scalars';
import { Device } from './device-type';

const nullable = true;
const HIDDEN = 'null without READ on the node that it comes from.';

@ObjectType({ description: 'Something that a device reported by itself.' })
export class Alert {
  @Field(() => DateTimeScalar, { description: 'When it came in.' })
  readonly at!: Date;
  @Field(() => String, { description: 'Type that the device gave, such as `urn:oma:at:fumo:1.0:downloadandupdate`.' })
  readonly type!: string;
  @Field(() => String, {
    description: 'Importance: fatal, critical, minor, warning, informational, harmless, indeterminate.',
  })
  readonly mark!: string;
}

export const AlertConnection = connectionType('Alert', () => Alert);

@ObjectType({ description: 'A change worth telling, numbered; the order is that of commit for each device.' })
export class Event {
  @Field(() => DateTimeScalar)
  readonly at!: Date;
  @Field(() => String, { description: 'What happened, such as `operationEnded`.' })
  readonly type!: string;
}

export const EventConnection = connectionType('Event', () => Event);

@InputType({ description: 'Which alerts: all that is given must hold.' })
export class AlertFilter {
  @Field(() => ID, { nullable, description: 'DevId.' })
  readonly deviceId?: string | null;
  @Field(() => String, { nullable })
  readonly type?: string | null;
}

@InputType({ description: 'Which events: all that is given must hold.' })
export class EventFilter {
  @Field(() => ID, { nullable, description: 'DevId.' })
  readonly deviceId?: string | null;
  @Field(() => String, { nullable })
  readonly type?: string | null;
}

@Resolver(() => Alert)
export class AlertResolver {
  @FieldResolver(() => ID)
  id(@Root() alert: AlertView): string {
    return globalId('Alert', alert.id);
  }

  @FieldResolver(() => ID, {
    nullable,
    description: 'In `alertRaised`: id of the event that tells of it, for `after`. null elsewhere.',
  })
  event(@Root() { event }: AlertView & { readonly event?: string }): string | null {
    return event === undefined ? null : globalId('Event', event);
  }

  @FieldResolver(() => Device)
  async device(@Root() alert: AlertView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return context.deviceByKey(alert.device);
  }

  @FieldResolver(() => String, { nullable, description: `Ties it to an exec. ${HIDDEN}` })
  async correlator(@Root() alert: AlertView, @Ctx() context: RequestContext): Promise<string | null> {
    return (await isReadable(alert.device, alert.source, context)) ? alert.correlator : null;
  }

  @FieldResolver(() => String, {
    nullable,
    description: `Format of \`data\` as the device named it. ${HIDDEN}`,
  })
  async format(@Root() alert: AlertView, @Ctx() context: RequestContext): Promise<string | null> {
    return (await isReadable(alert.device, alert.source, context)) ? alert.format : null;
  }

  @FieldResolver(() => JsonScalar, { nullable, description: `Address of the node that it comes from. ${HIDDEN}` })
  async source(@Root() alert: AlertView, @Ctx() context: RequestContext): Promise<unknown> {
    return (await isReadable(alert.device, alert.source, context)) ? alert.source : null;
  }

  @FieldResolver(() => JsonScalar, { nullable, description: HIDDEN })
  async target(@Root() alert: AlertView, @Ctx() context: RequestContext): Promise<unknown> {
    return (await isReadable(alert.device, alert.source, context)) ? alert.target : null;
  }

  @FieldResolver(() => JsonScalar, { nullable, description: HIDDEN })
  async data(@Root() alert: AlertView, @Ctx() context: RequestContext): Promise<unknown> {
    return (await isReadable(alert.device, alert.source, context)) ? alert.data : null;
  }

  @FieldResolver(() => Int, { nullable, description: `Result of an asynchronous exec. ${HIDDEN}` })
  async resultCode(@Root() alert: AlertView, @Ctx() context: RequestContext): Promise<number | null> {
    return (await isReadable(alert.device, alert.source, context)) ? alert.resultCode : null;
  }

  @Query(() => AlertConnection, { description: 'Alerts of all devices. `first` is 50 when left out, at most 500.' })
  async alerts(
    @Ctx() context: RequestContext,
    @Arg('where', () => AlertFilter, { nullable }) where?: AlertFilter | null,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<AlertView>> {
    const filter = await reportFilter(where, context);
    if (!filter) return emptyConnection();
    return paginate(
      'Alert',
      { first, after },
      (alert) => alert.id,
      (size, from) => context.services.reports.alerts(filter, size, from),
    );
  }
}

@Resolver(() => Event)
export class EventResolver {
  @FieldResolver(() => ID, { description: 'For `after`.' })
  id(@Root() event: EventView): string {
    return globalId('Event', event.id);
  }

  @FieldResolver(() => Device, { nullable, description: 'null for events of no device, and when it is gone.' })
  async device(@Root() event: EventView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return /^[1-9]\d*$/.test(event.device) ? findDeviceByKey(context, event.device) : null;
  }

  @FieldResolver(() => JsonScalar, {
    nullable,
    description:
      'null without READ on the whole device; of `valuesChanged` the changes of those nodes that the caller may read.',
  })
  async data(@Root() event: EventView, @Ctx() context: RequestContext): Promise<unknown> {
    if (event.type === 'valuesChanged') return readableChanges(event, context);
    return (await isReadable(event.device, null, context)) ? event.data : null;
  }

  @Query(() => EventConnection, {
    description:
      "Events from the oldest on; `after` an event's `id` those that came later. `first` is 50 when left out, at most 500.",
  })
  async events(
    @Ctx() context: RequestContext,
    @Arg('where', () => EventFilter, { nullable }) where?: EventFilter | null,
    @Arg('after', () => ID, { nullable }) after?: string | null,
    @Arg('first', () => Int, { nullable }) first?: number | null,
  ): Promise<Connection<EventView>> {
    const filter = await reportFilter(where, context);
    if (!filter) return emptyConnection();
    return paginate(
      'Event',
      { first, after },
      (event) => event.id,
      (size, from) => context.services.reports.events(filter, size, from),
    );
  }
}

/** Absent: nothing can fit, or the caller may not know of the device. */
async function reportFilter(
  where: AlertFilter | null | undefined,
  context: RequestContext,
): Promise<{ readonly device?: string; readonly type?: string; readonly reach?: Reach } | undefined> {
  const reach = context.rights.isAdmin ? {} : { reach: context.rights.seen };
  const type = where?.type == null ? reach : { ...reach, type: where.type };
  if (where?.deviceId == null) return type;
  const device = await findDevice(context, where.deviceId);
  return device ? { ...type, device: device.key } : undefined;
}

/** Whether what a report tells may be read: on the node that it comes from, or on the whole device. */
async function isReadable(device: string, source: unknown, context: RequestContext): Promise<boolean> {
  const { rights } = context;
  if (rights.isAdmin) return true;
  const view = await context.deviceByKey(device);
  if (view === null) return false;
  const scoped = scopedDevice(view);
  const { moid, path } = (source ?? {}) as { readonly moid?: unknown; readonly path?: unknown };
  return typeof moid === 'string' && typeof path === 'string'
    ? rights.at('READ', scoped, { family: familyOf(moid), path })
    : rights.onDevice('READ', scoped);
}

/** What an event tells of changed values, without the nodes that the caller may not read. */
async function readableChanges({ device, data }: EventView, context: RequestContext): Promise<unknown> {
  const { rights } = context;
  if (rights.isAdmin) return data;
  const view = await context.deviceByKey(device);
  if (view === null) return null;
  const { family, changes, ...rest } = data as {
    readonly family: string;
    readonly changes: readonly { readonly path: string }[];
  };
  const scoped = scopedDevice(view);
  const seen = changes.filter(({ path }) => rights.at('READ', scoped, { family, path }));
  return seen.length === 0 ? null : { family, ...rest, changes: seen };
}
