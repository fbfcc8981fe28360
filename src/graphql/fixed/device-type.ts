/** The object type of devices, apart from its resolvers, which need types that point back here. */
import { Field, ObjectType } from 'type-graphql';

import { DmProtocol } from '../enums';
import { DateTimeScalar } from '../scalars';
import { Node } from './node';

const nullable = true;

@ObjectType({
  implements: Node,
  description:
    'A managed device. Each known management object has two typed fields here; `managementObjects` gives all of them untyped.',
})
export class Device extends Node {
  @Field(() => String, { description: 'DevId, such as `IMEI:493005100592800`.' })
  readonly deviceId!: string;
  @Field(() => DmProtocol, { nullable, description: 'null until the device was in contact or somebody said it.' })
  readonly protocol!: keyof typeof DmProtocol | null;
  @Field(() => [String], { description: 'Words that group devices.' })
  readonly tags!: readonly string[];
  @Field(() => String, {
    nullable,
    description: 'Name of its time zone, such as `Europe/Berlin`; null when nobody said it.',
  })
  readonly timeZone!: string | null;
  @Field(() => DateTimeScalar, { nullable, description: 'Last message that was authenticated.' })
  readonly lastContactAt!: Date | null;
  @Field(() => DateTimeScalar, { nullable, description: 'When its management objects were last looked for.' })
  readonly discoveredAt!: Date | null;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
}
