/** What a device had to do: fields of devices. */
import { Arg, Ctx, Field, FieldResolver, Int, ObjectType, Resolver, Root } from 'type-graphql';

import type { ActivityOf, DeviceActivity, SessionView } from '../../management/device-activity';
import { scopedDevice } from '../../management/readable';
import type { DeviceView, OperationView, Page } from '../../management/types';
import { visibleOperation } from '../authorize';
import { connectionType, emptyConnection, paginate, type Connection } from '../connection';
import type { RequestContext } from '../context';
import { DmProtocol } from '../enums';
import { gathered } from '../loaders';
import { DateTimeScalar } from '../scalars';
import { Device } from './device-type';
import { Operation } from './operation';

const nullable = true;

@ObjectType({ description: 'A management session of a device.' })
export class Session {
  @Field(() => DmProtocol)
  readonly protocol!: keyof typeof DmProtocol;
  @Field(() => Int, { description: 'Messages of the device so far.' })
  readonly messages!: number;
  @Field(() => DateTimeScalar)
  readonly openedAt!: Date;
  @Field(() => DateTimeScalar, { description: 'When its last message was answered.' })
  readonly lastAt!: Date;
  @Field(() => DateTimeScalar, { nullable, description: 'null while it is open.' })
  readonly endedAt!: Date | null;
  @Field(() => String, { nullable, description: 'Why it ended.' })
  readonly endReason!: string | null;
}

const OperationConnection = connectionType('Operation', () => Operation);
const SessionConnection = connectionType('Session', () => Session);

@Resolver(() => Device)
export class DeviceActivityResolver {
  @FieldResolver(() => OperationConnection, {
    description:
      'Its operations, open and ended, as long as they are kept, the last one first: all with READ on the whole device, else those that the caller submitted. `first` is 50 when left out, at most 500.',
  })
  async operations(
    @Root() device: DeviceView,
    @Ctx() context: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<OperationView>> {
    const seesAll = context.rights.onDevice('READ', scopedDevice(device));
    const caller = seesAll ? null : context.caller.principal;
    return paginate(
      'Operation',
      { first, after },
      ({ id }) => id,
      async (size, from) => {
        const page = await gathered(context, operationsOf).load({
          device: device.key,
          first: size,
          after: from,
          caller,
        });
        return { ...page, items: page.items.flatMap((one) => visibleOperation(context, one, device) ?? []) };
      },
    );
  }

  @FieldResolver(() => SessionConnection, {
    description:
      'Its sessions as long as they are kept, the last one first; none without READ on something of it. `first` is 50 when left out, at most 500.',
  })
  async sessions(
    @Root() device: DeviceView,
    @Ctx() context: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<SessionView>> {
    if (!context.rights.within('READ', scopedDevice(device))) return emptyConnection();
    return paginate(
      'Session',
      { first, after },
      ({ id }) => id,
      (size, from) => gathered(context, sessionsOf).load({ device: device.key, first: size, after: from }),
    );
  }
}

const operationsOf = (
  requests: Parameters<DeviceActivity['operations']>[0],
  { services }: RequestContext,
): Promise<readonly Page<OperationView>[]> => services.activity.operations(requests);
const sessionsOf = (
  requests: readonly ActivityOf[],
  { services }: RequestContext,
): Promise<readonly Page<SessionView>[]> => services.activity.sessions(requests);
