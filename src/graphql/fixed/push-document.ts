/** Octets for a device that has no session, as integrators with a channel of their own take them. */
import { Field, ObjectType } from 'type-graphql';

import type { PushView } from '../../management/outreach-types';
import { Base64Scalar } from '../scalars';

@ObjectType({ description: 'Octets for a device that has no session, plain and as they are pushed.' })
export class PushDocument {
  @Field(() => Base64Scalar, { description: 'The document itself.' })
  readonly octets!: Uint8Array;
  @Field(() => String, { description: 'Its media type with parameters, as HTTP and a push proxy gateway take it.' })
  readonly mediaType!: string;
  @Field(() => Base64Scalar, { description: 'The WAP push that carries it: a datagram to UDP port 2948.' })
  readonly wsp!: Uint8Array;
  @Field(() => [Base64Scalar], {
    description: 'User data, header included, of the short messages (8-bit data) that carry the push, in order.',
  })
  readonly sms!: readonly Uint8Array[];
}

export function pushDocument({ octets, mediaType, wsp, sms }: PushView): PushDocument {
  return { octets, mediaType, wsp, sms };
}
