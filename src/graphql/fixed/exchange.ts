/** What went over the wire, for those who may look into it. */
import { Ctx, Field, FieldResolver, Int, ObjectType, registerEnumType, Resolver, Root } from 'type-graphql';

import type { Exchanges, ExchangesOf, ExchangeView } from '../../management/exchanges';
import { scopedDevice } from '../../management/readable';
import type { CommandView } from '../../management/types';
import type { RequestContext } from '../context';
import { same } from '../enums';
import { gathered } from '../loaders';
import { Base64Scalar, DateTimeScalar } from '../scalars';
import { Command } from './command';

const nullable = true;

export const ExchangeDirection = same<ExchangeView['direction']>('REQUEST', 'REPLY');
registerEnumType(ExchangeDirection, {
  name: 'ExchangeDirection',
  description: 'Who sent a message.',
  valuesConfig: { REQUEST: { description: 'The device.' }, REPLY: { description: 'The gateway.' } },
});

@ObjectType({ description: 'A message as it went over the wire, without secrets.' })
export class Exchange {
  @Field(() => DateTimeScalar, { description: 'When the gateway processed it, or replied.' })
  readonly at!: Date;
  @Field(() => ExchangeDirection)
  readonly direction!: ExchangeView['direction'];
  @Field(() => Int, { nullable, description: 'MsgID of the device (DM 1.x).' })
  readonly messageNo!: number | null;
  @Field(() => Int, { nullable, description: 'HTTP status of a reply.' })
  readonly status!: number | null;
  @Field(() => String)
  readonly mediaType!: string;
  @Field(() => Base64Scalar, { description: 'In its own form, such as WBXML.' })
  readonly octets!: string;
  @Field(() => String, { description: 'For people: indented XML or JSON.' })
  readonly text!: string;
}

@Resolver(() => Command)
export class CommandExchangeResolver {
  @FieldResolver(() => [Exchange], {
    nullable,
    description:
      'Messages that carried it and its answer, as far as they are kept; null without the right READ_EXCHANGES on the device, and of a dry run.',
  })
  async exchanges(
    @Root() { position, source }: CommandView,
    @Ctx() context: RequestContext,
  ): Promise<readonly ExchangeView[] | null> {
    if (source === undefined) return null;
    const device = await context.deviceByKey(source.device);
    if (device === null || !context.rights.onDevice('READ_EXCHANGES', scopedDevice(device))) return null;
    return gathered(context, exchangesOf).load({
      device: source.device,
      command: `${source.operation}.${position}`,
      from: source.from,
      until: source.until,
    });
  }
}

const exchangesOf = (of: readonly ExchangesOf[], { services }: RequestContext): ReturnType<Exchanges['ofCommands']> =>
  services.exchanges.ofCommands(of);
