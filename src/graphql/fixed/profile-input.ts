/** What callers say of a profile. */
import type { GraphQLSchema } from 'graphql';
import { Field, InputType, Int } from 'type-graphql';

import { DEFAULT_MAX_AGE_MS } from '../../management/profiles/input';
import type { CreateProfile, UpdateProfile } from '../../management/profiles/types';
import { ManagementError } from '../../management/types';
import { ProfileState } from '../enums';
import { DurationScalar } from '../scalars';
import { AddressInput } from './address-input';
import { ValueInput } from './command';
import { deviceCondition, DeviceFilter, type RawDeviceFilter } from './device-filter';

const nullable = true;
const MAX_AGE = 'A value that was read longer ago is read before it is compared.';
/** Of `watch`. */
export const WATCH =
  'DM 2.0 devices that fit are asked to tell of changes of what is desired, so that it need not be read again to be compared.';
const PRIORITY =
  'The higher one wins where profiles desire different values of a node, of equals the older; -1000 to 1000.';

@InputType({ description: 'The value that a leaf is to have.' })
export class ProfileEntryInput {
  @Field(() => AddressInput, {
    description: 'By `moid` and `path`. Without `miid` in each instance that a device has.',
  })
  readonly address!: AddressInput;
  @Field(() => ValueInput, { description: 'One value, not a tree and no file of the repository.' })
  readonly value!: ValueInput;
}

@InputType({ description: 'Desired values for the devices that fit a filter, now and later.' })
export class CreateProfileInput {
  @Field(() => String, { description: 'For people; 1 to 128 characters.' })
  readonly name!: string;
  @Field(() => DeviceFilter, { description: 'Asked of each device at each contact; `{}` fits all.' })
  readonly where!: DeviceFilter;
  @Field(() => [ProfileEntryInput], { description: '1 to 64.' })
  readonly entries!: readonly ProfileEntryInput[];
  @Field(() => Int, { nullable, defaultValue: 0, description: PRIORITY })
  readonly priority?: number | null;
  @Field(() => DurationScalar, { nullable, defaultValue: DEFAULT_MAX_AGE_MS, description: MAX_AGE })
  readonly maxAge?: number | null;
  @Field(() => Boolean, { nullable, defaultValue: false, description: WATCH })
  readonly watch?: boolean | null;
  @Field(() => ProfileState, { nullable, defaultValue: ProfileState.ACTIVE, description: 'ACTIVE or PAUSED.' })
  readonly state?: keyof typeof ProfileState | null;
}

@InputType({ description: 'What of a profile is to change; what is left out stays.' })
export class UpdateProfileInput {
  @Field(() => String, { nullable })
  readonly name?: string | null;
  @Field(() => DeviceFilter, { nullable })
  readonly where?: DeviceFilter | null;
  @Field(() => [ProfileEntryInput], { nullable, description: 'All of them. Values of those that go stay as they are.' })
  readonly entries?: readonly ProfileEntryInput[] | null;
  @Field(() => Int, { nullable, description: PRIORITY })
  readonly priority?: number | null;
  @Field(() => DurationScalar, { nullable, description: MAX_AGE })
  readonly maxAge?: number | null;
  @Field(() => Boolean, { nullable, description: WATCH })
  readonly watch?: boolean | null;
  @Field(() => ProfileState, { nullable, description: 'ACTIVE or PAUSED.' })
  readonly state?: keyof typeof ProfileState | null;
}

/** As graphql-js coerced it: the filter has fields that type-graphql does not know. */
export type RawProfileInput = Omit<CreateProfileInput, 'where'> & { readonly where: RawDeviceFilter };
export type RawProfileChanges = Omit<UpdateProfileInput, 'where'> & { readonly where?: RawDeviceFilter | null };

/** In the middle's words. Errors: BAD_USER_INPUT, LIMIT_FILTER, LIMIT_PAGE_SIZE. */
export function profileRequest(input: RawProfileInput, schema: GraphQLSchema): CreateProfile {
  const { name, where, entries } = input;
  return {
    ...profileChanges(input, schema),
    name,
    condition: deviceCondition(where, schema),
    entries: entriesOf(entries),
  };
}

export function profileChanges(input: RawProfileChanges, schema: GraphQLSchema): UpdateProfile {
  const { name, where, entries, priority, maxAge, watch, state } = input;
  if (state === 'REMOVED')
    throw new ManagementError('BAD_USER_INPUT', 'state: ACTIVE or PAUSED; removeProfile removes.', { field: 'state' });
  return {
    ...(name == null ? {} : { name }),
    ...(where == null ? {} : { condition: deviceCondition(where, schema) }),
    ...(entries == null ? {} : { entries: entriesOf(entries) }),
    ...(priority == null ? {} : { priority }),
    ...(maxAge == null ? {} : { maxAgeMs: maxAge }),
    ...(watch == null ? {} : { watches: watch }),
    ...(state == null ? {} : { state }),
  };
}

/** JSON of a value is whatever graphql-js let through; judging it refuses trees. */
function entriesOf(entries: readonly ProfileEntryInput[]): CreateProfile['entries'] {
  return entries as CreateProfile['entries'];
}
