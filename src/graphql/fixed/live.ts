/** What callers subscribe to: each delivery under the rights that they have then. */
import { Arg, Ctx, ID, Resolver, Root, Subscription } from 'type-graphql';

import type { OperationMoment } from '../../management/events/operation-stream';
import type { AlertView, EventView, OperationView } from '../../management/types';
import { ManagementError } from '../../management/types';
import { findDevice, findDeviceByKey, visibleOperation } from '../authorize';
import type { RequestContext } from '../context';
import { findKey, findOperationKey } from '../global-id';
import { LiveContext } from '../live-context';
import { findOperation } from '../operations';
import { Delivery } from '../streams';
import { Operation } from './operation';
import { Alert, AlertFilter, Event, EventFilter } from './report';

const nullable = true;
const AFTER = "Id of an event (`event` of what came last, or an Event's `id`): what came after it follows.";

interface Asked<A> {
  readonly args: A;
  readonly context: RequestContext;
}
interface ReportArgs {
  readonly where?: { readonly deviceId?: string | null; readonly type?: string | null } | null;
  readonly after?: string | null;
}
/** An alert and the event that told of it; an operation and the last event of it. */
export type ToldAlert = AlertView & { readonly event: string };
export type ToldOperation = OperationView & { readonly event?: string };

@Resolver()
export class SubscriptionResolver {
  @Subscription(() => Operation, {
    description:
      'An operation as it is, then after each change of its state, until it ended. With `after` it is told first only where something happened to it since. Errors: NOT_FOUND.',
    subscribe: ({ args, context }: Asked<{ id: string; after?: string | null }>) =>
      operationChanges(args, live(context)),
  })
  operationChanged(
    @Root() operation: ToldOperation,
    @Arg('id', () => ID) _id: string,
    @Arg('after', () => ID, { nullable, description: AFTER }) _after?: string | null,
  ): ToldOperation {
    return operation;
  }

  @Subscription(() => Alert, {
    description:
      'Alerts of devices as they come in; of all that the caller may know of, or of one. Errors: NOT_FOUND (device), EVENTS_GONE, LIMIT_BUFFER.',
    subscribe: ({ args, context }: Asked<ReportArgs>) => alerts(args, live(context)),
  })
  alertRaised(
    @Root() alert: ToldAlert,
    @Ctx() _context: RequestContext,
    @Arg('where', () => AlertFilter, { nullable }) _where?: AlertFilter | null,
    @Arg('after', () => ID, { nullable, description: AFTER }) _after?: string | null,
  ): ToldAlert {
    return alert;
  }

  @Subscription(() => Event, {
    description:
      'Events in the order of `events(after:)`, none left out. Errors: NOT_FOUND (device), EVENTS_GONE, LIMIT_BUFFER.',
    subscribe: ({ args, context }: Asked<ReportArgs>) => events(args, live(context)),
  })
  events(
    @Root() event: EventView,
    @Arg('where', () => EventFilter, { nullable }) _where?: EventFilter | null,
    @Arg('after', () => ID, { nullable, description: AFTER }) _after?: string | null,
  ): EventView {
    return event;
  }
}

function live(context: RequestContext): LiveContext {
  if (context instanceof LiveContext) return context;
  throw new Error('a subscription began without a context that can be renewed');
}

async function events({ where, after }: ReportArgs, context: LiveContext): Promise<Delivery<EventView, EventView>> {
  const isOf = await deviceOf(where?.deviceId, context);
  const type = where?.type;
  const source = await context.services.feed.follow({
    wanted: (event) => isOf(event) && (type == null || event.type === type),
    ...afterOf(after),
  });
  return new Delivery(source, context, async (event, now) => ((await isVisible(event, now)) ? event : undefined));
}

async function alerts({ where, after }: ReportArgs, context: LiveContext): Promise<Delivery<EventView, ToldAlert>> {
  const isOf = await deviceOf(where?.deviceId, context);
  const type = where?.type;
  const { feed } = context.services;
  const source = await feed.follow({
    wanted: (event) => event.type === 'alertRaised' && isOf(event) && (type == null || typeOf(event) === type),
    ...afterOf(after),
  });
  return new Delivery(source, context, async (event, now) => {
    const alert = (await isVisible(event, now)) ? await feed.alert(event) : null;
    return alert === null ? undefined : { ...alert, event: event.id };
  });
}

async function operationChanges(
  { id, after }: { readonly id: string; readonly after?: string | null },
  context: LiveContext,
): Promise<Delivery<OperationMoment, ToldOperation>> {
  const key = findOperationKey(id);
  if (!key || (await findOperation(id, context)) === null)
    throw new ManagementError('NOT_FOUND', `There is no Operation "${id.slice(0, 80)}".`);
  const source = await context.services.feed.operation(key.device, key.id, afterOf(after).after);
  return new Delivery(source, context, async ({ operation, event }, now) => {
    const device = await findDeviceByKey(now, operation.device);
    const seen = device && visibleOperation(now, operation, device);
    return seen === null ? undefined : { ...seen, ...(event === undefined ? {} : { event }) };
  });
}

/** Events of no device are told to administrators alone. */
async function isVisible({ device }: EventView, context: LiveContext): Promise<boolean> {
  if (context.rights.isAdmin) return true;
  return /^[1-9]\d*$/.test(device) && (await findDeviceByKey(context, device)) !== null;
}

async function deviceOf(
  deviceId: string | null | undefined,
  context: LiveContext,
): Promise<(event: EventView) => boolean> {
  if (deviceId == null) return () => true;
  const found = await findDevice(context, deviceId);
  if (found === null) throw new ManagementError('NOT_FOUND', `There is no device "${deviceId.slice(0, 128)}".`);
  return ({ device }) => device === found.key;
}

function afterOf(after: string | null | undefined): { readonly after?: string } {
  if (after == null) return {};
  const key = findKey('Event', after);
  if (key === undefined) throw new ManagementError('BAD_USER_INPUT', '`after` is no id of an event.');
  return { after: key };
}

function typeOf({ data }: EventView): unknown {
  return (data as { readonly type?: unknown } | null)?.type;
}
