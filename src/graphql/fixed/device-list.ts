/** Lists of devices, in any order, and how many there are of each kind. */
import { Arg, Ctx, Field, Info, InputType, Int, ObjectType, Query, Resolver } from 'type-graphql';
import type { GraphQLResolveInfo } from 'graphql';

import type { DeviceGrouping } from '../../management/device-lists/groups';
import type { DeviceOrderKey } from '../../management/device-lists/order';
import { ManagementError, type ListedDevice } from '../../management/types';
import { connectionType, paginateBy, pageSize, type Connection } from '../connection';
import type { RequestContext } from '../context';
import { deviceCursors } from '../device-cursor';
import { DeviceGroupField, DeviceOrderField, OrderDirection } from '../enums';
import { globalId } from '../global-id';
import { BigIntScalar, JsonScalar } from '../scalars';
import { DeviceFilter, deviceSelection, RawArg, type RawDeviceFilter } from './device-filter';
import { Device } from './device-type';

const nullable = true;
/** Keys of one order. */
const MOST_KEYS = 4;

export const DeviceConnection = connectionType('Device', () => Device, { counted: true });

@InputType({ description: 'A node of a management object.' })
export class NodeInput {
  @Field(() => String, { description: "Any version's MOID." })
  readonly moid!: string;
  @Field(() => String, { description: "Names from the object's root to the node, joined by `/`." })
  readonly path!: string;
}

@InputType({
  description:
    'By what devices are ordered: exactly one of `field` and `node`. What is null, absent, or may not be read by the caller comes last, whatever the direction.',
})
export class DeviceOrder {
  @Field(() => DeviceOrderField, { nullable })
  readonly field?: keyof typeof DeviceOrderField | null;
  @Field(() => NodeInput, {
    nullable,
    description:
      'A node that is indexed (`indexNode`). Numbers are ordered by size, texts letter by letter by their first 200. Of several instances the one counts that comes first.',
  })
  readonly node?: NodeInput | null;
  @Field(() => OrderDirection, { nullable, defaultValue: OrderDirection.ASC })
  readonly direction?: keyof typeof OrderDirection | null;
}

@InputType({ description: 'By what devices are put together: exactly one of these.' })
export class DeviceGroup {
  @Field(() => DeviceGroupField, { nullable })
  readonly field?: keyof typeof DeviceGroupField | null;
  @Field(() => NodeInput, { nullable, description: 'A leaf: text, number, boolean, date or time.' })
  readonly node?: NodeInput | null;
}

@ObjectType({ description: 'Devices that have something in common.' })
export class DeviceGroupCount {
  @Field(() => JsonScalar, {
    nullable,
    description:
      'Name of the protocol, `id` of the account, the tag, the age of the last contact, or the value of the node. null: nothing of it is there, as far as the caller may read.',
  })
  readonly key!: unknown;
  @Field(() => BigIntScalar)
  readonly count!: bigint;
}

@ObjectType({
  description:
    'How many devices there are of each kind. A device with several tags, or with instances that have several values, counts in several groups.',
})
export class DeviceCounts {
  @Field(() => [DeviceGroupCount], { description: 'The largest first.' })
  readonly groups!: readonly DeviceGroupCount[];
  @Field(() => Int, { description: 'How many groups there are beyond those.' })
  readonly otherGroups!: number;
  @Field(() => BigIntScalar, { description: 'What their counts add up to.' })
  readonly otherCount!: bigint;
}

@Resolver()
export class DeviceListResolver {
  @Query(() => DeviceConnection, {
    description:
      'Devices in order of registration, or as `orderBy` tells (at most 4 keys). `first` is 50 when left out, at most 500. Errors: LIMIT_FILTER, LIMIT_PAGE_SIZE, LIMIT_TIME, NOT_INDEXED, BAD_USER_INPUT (a cursor of another order).',
  })
  async devices(
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @RawArg('where') raw: RawDeviceFilter | null | undefined,
    @Arg('where', () => DeviceFilter, { nullable }) _where?: DeviceFilter | null,
    @Arg('orderBy', () => [DeviceOrder], { nullable }) orderBy?: readonly DeviceOrder[] | null,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<ListedDevice>> {
    const selection = deviceSelection(raw, info.schema, context);
    const order = orderOf(orderBy ?? [], context);
    const { devices } = context.services;
    return paginateBy(
      deviceCursors(order),
      { first, after },
      ({ key, position }) => position ?? { key, values: [] },
      (size, from) => devices.list(selection, size, from, order),
      () => devices.count(selection),
    );
  }

  @Query(() => DeviceCounts, {
    description:
      'How many devices there are of each kind, as far as the caller may read what tells it. `first`: groups that are listed, 50 when left out, at most 500. Errors: LIMIT_TIME, LIMIT_FILTER, LIMIT_PAGE_SIZE, NO_SUCH_MO, NOT_IN_DDF, BAD_USER_INPUT.',
  })
  async deviceCounts(
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @RawArg('where') raw: RawDeviceFilter | null | undefined,
    @Arg('where', () => DeviceFilter, { nullable }) _where: DeviceFilter | null | undefined,
    @Arg('groupBy', () => DeviceGroup) groupBy: DeviceGroup,
    @Arg('first', () => Int, { nullable }) first?: number | null,
  ): Promise<DeviceCounts> {
    const size = pageSize(first);
    const selection = deviceSelection(raw, info.schema, context);
    const { groups, others } = await context.services.devices.groups(selection, groupingOf(groupBy, context), size);
    const keyOf = (key: unknown): unknown =>
      groupBy.field === 'ACCOUNT' && typeof key === 'string' ? globalId('Account', key) : key;
    return {
      groups: groups.map(({ key, count }) => ({ key: keyOf(key), count })),
      otherGroups: others.groups,
      otherCount: others.count,
    };
  }
}

const ORDER_FIELDS = {
  CREATED_AT: 'createdAt',
  DEVICE_ID: 'deviceId',
  LAST_CONTACT_AT: 'lastContactAt',
  ACCOUNT: 'account',
  PROTOCOL: 'protocol',
} as const;
const GROUPINGS = { PROTOCOL: 'protocol', ACCOUNT: 'account', TAG: 'tag' } as const;

function orderOf(orderBy: readonly DeviceOrder[], { services }: RequestContext): readonly DeviceOrderKey[] {
  if (orderBy.length > MOST_KEYS)
    throw new ManagementError('BAD_USER_INPUT', `orderBy has ${orderBy.length} keys; at most ${MOST_KEYS} are taken.`);
  return orderBy.map(({ field, node, direction }, at): DeviceOrderKey => {
    const descending = direction === 'DESC';
    if ((field == null) === (node == null))
      throw new ManagementError('BAD_USER_INPUT', `orderBy[${at}] takes exactly one of field and node.`);
    if (field != null) return { descending, field: ORDER_FIELDS[field] };
    const address = node as NodeInput;
    const { family, path } = services.nodeIndexes.nodeAt(address);
    const indexed = services.nodeIndexes.ready().find(family, path);
    if (indexed === undefined)
      throw new ManagementError(
        'NOT_INDEXED',
        `"${path}" of ${address.moid} is not indexed, or its index is not ready; an administrator can have it indexed: indexNode.`,
        { moid: address.moid, path },
      );
    return { descending, node: indexed };
  });
}

function groupingOf({ field, node }: DeviceGroup, { services, startedAt }: RequestContext): DeviceGrouping {
  if (node != null) {
    const { family, path } = services.nodeIndexes.nodeAt(node);
    return { by: 'node', family, path };
  }
  if (field === 'CONTACT_AGE') return { by: 'contactAge', now: new Date(startedAt) };
  if (field == null) throw new ManagementError('BAD_USER_INPUT', 'groupBy takes exactly one of field and node.');
  return { by: GROUPINGS[field] };
}
