/** Access rights on DM 2.0 devices: what their Delegation Access Control object says. */
import { Field, InputType, ObjectType } from 'type-graphql';

import type { AccessRight as Right } from '../../management/types';
import { DeviceRight } from '../enums';
import { AddressInput } from './address-input';

const nullable = true;

@ObjectType({ description: 'A management authority, and what it may do.' })
export class AccessAuthority {
  @Field(() => String, {
    description: '`serverid:ID`, `appid:ID` of an application on the device, or `*` for all of both.',
  })
  readonly authority!: string;
  @Field(() => [DeviceRight])
  readonly rights!: readonly Right[];
}

@ObjectType({ description: 'Who may do what, on the device, with a management object or a part of it.' })
export class AccessEntry {
  @Field(() => String, {
    description:
      "Below the MO's root; empty: the whole object. An entry on a deeper node overrides those above it there.",
  })
  readonly path!: string;
  @Field(() => [AccessAuthority])
  readonly authorities!: readonly AccessAuthority[];
}

@InputType({ description: 'A management authority, and what it may do.' })
export class AccessAuthorityInput {
  @Field(() => String, { description: '`serverid:ID`, `appid:ID`, or `*`.' })
  readonly authority!: string;
  @Field(() => [DeviceRight])
  readonly rights!: readonly Right[];
}

@InputType({ description: 'Who may do what with a management object or a part of it.' })
export class AccessEntryInput {
  @Field(() => String, { nullable, defaultValue: '', description: "Below the MO's root; empty: the whole object." })
  readonly path?: string | null;
  @Field(() => [AccessAuthorityInput])
  readonly authorities!: readonly AccessAuthorityInput[];
}

@InputType({
  description:
    'Replaces who may do what with a management object on a DM 2.0 device: all entries of the instance. Needs DELEGATE here, and our Delegate right there.',
})
export class SetAccessInput {
  @Field(() => AddressInput, { description: 'The instance; no path.' })
  readonly address!: AddressInput;
  @Field(() => [AccessEntryInput])
  readonly entries!: readonly AccessEntryInput[];
}
