/** Profiles: what devices are to be like, and how they compare. */
import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';

import { familyOf } from '../../../schema/ddf/identity';
import { cursorOf } from '../../management/profiles/profiles';
import type {
  Drift,
  Entry,
  ProfileDeviceView,
  ProfileFigures as Figures,
  ProfileView,
} from '../../management/profiles/types';
import { scopedDevice } from '../../management/readable';
import { restoreValue } from '../../management/stored-value';
import { scalarOf } from '../../management/tree';
import type { DeviceView, OperationView } from '../../management/types';
import { findDeviceByKey, visibleOperation } from '../authorize';
import type { Connection } from '../connection';
import { connectionType, paginate } from '../connection';
import type { RequestContext } from '../context';
import { ProfileDeviceState, ProfileState } from '../enums';
import { findKey, getKey, globalId, isNumber } from '../global-id';
import { operationByKey } from '../operations';
import { DateTimeScalar, DurationScalar, JsonScalar } from '../scalars';
import { Address } from './command';
import { RawArg } from './device-filter';
import { Device } from './device-type';
import { Node } from './node';
import { Operation } from './operation';
import {
  CreateProfileInput,
  profileChanges,
  profileRequest,
  UpdateProfileInput,
  WATCH,
  type RawProfileChanges,
  type RawProfileInput,
} from './profile-input';

const nullable = true;

@ObjectType({ description: 'The value that a leaf is to have.' })
export class ProfileEntry {
  @Field(() => Address)
  readonly address!: Address;
  @Field(() => JsonScalar, { nullable })
  readonly value!: unknown;
}

@ObjectType({ description: 'Devices by how they compare, of those that were in contact since the profile was made.' })
export class ProfileFigures {
  @Field(() => Int)
  readonly inSync!: number;
  @Field(() => Int)
  readonly drifted!: number;
  @Field(() => Int)
  readonly pending!: number;
  @Field(() => Int)
  readonly failed!: number;
  @Field(() => Int)
  readonly overridden!: number;
}

@ObjectType({ description: 'A node that is not as a profile desires.' })
export class ProfileDrift {
  @Field(() => JsonScalar, { nullable, description: 'null also where the node is to be gone.' })
  readonly desired!: unknown;
}

@ObjectType({ description: 'How a device compares to a profile.' })
export class ProfileDevice {
  @Field(() => ProfileDeviceState)
  readonly state!: keyof typeof ProfileDeviceState;
  @Field(() => String, { nullable, description: 'Why it is FAILED.' })
  readonly reason!: string | null;
  @Field(() => DateTimeScalar, { description: 'Since when it is so.' })
  readonly changedAt!: Date;
  @Field(() => [ProfileDrift], { description: 'Nodes that differ, and those of which another profile wins.' })
  readonly drift!: readonly Drift[];
}

const ProfileDeviceConnection = connectionType('ProfileDevice', () => ProfileDevice);

@ObjectType({
  implements: Node,
  description: 'Desired values for the devices that fit a filter. Its maker sees it, and administrators.',
})
export class Profile extends Node {
  @Field(() => String)
  readonly name!: string;
  @Field(() => Int)
  readonly priority!: number;
  @Field(() => ProfileState)
  readonly state!: keyof typeof ProfileState;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
  @Field(() => DateTimeScalar)
  readonly updatedAt!: Date;
}

const ProfileConnection = connectionType('Profile', () => Profile);

/** Figures of all profiles that a request asks for, by one statement; the same of the profiles of records. */
const loaders = new WeakMap<
  RequestContext,
  { readonly figures: DataLoader<string, Figures>; readonly profiles: DataLoader<string, ProfileView | null> }
>();

function loadersOf(context: RequestContext): NonNullable<ReturnType<typeof loaders.get>> {
  const { services, caller } = context;
  const known = loaders.get(context);
  if (known !== undefined) return known;
  const options = { maxBatchSize: 500, cache: false };
  const made = {
    figures: new DataLoader((ids: readonly string[]) => services.profiles.figures(ids), options),
    profiles: new DataLoader(
      (ids: readonly string[]) =>
        services.profiles.getMany([...new Set(ids)], caller).then((found) => {
          const byId = new Map(found.flatMap((view) => (view === null ? [] : [[view.id, view] as const])));
          return ids.map((id) => byId.get(id) ?? null);
        }),
      options,
    ),
  };
  loaders.set(context, made);
  return made;
}

@Resolver(() => Profile)
export class ProfileResolver {
  @FieldResolver(() => ID)
  id(@Root() profile: ProfileView): string {
    return globalId('Profile', profile.id);
  }

  @FieldResolver(() => DurationScalar, {
    description: 'A value that was read longer ago is read before it is compared.',
  })
  maxAge(@Root() { maxAgeMs }: ProfileView): number {
    return maxAgeMs;
  }

  @FieldResolver(() => Boolean, { description: WATCH })
  watch(@Root() { watches }: ProfileView): boolean {
    return watches;
  }

  @FieldResolver(() => [ProfileEntry])
  entries(@Root() { entries }: ProfileView): readonly ProfileEntry[] {
    return entries.map(({ moid, miid, path, value }: Entry) => ({
      address: { moid, miid, path, uri: null },
      value: scalarOf(restoreValue(value)) ?? null,
    }));
  }

  @FieldResolver(() => ProfileFigures)
  async figures(@Root() { id }: ProfileView, @Ctx() context: RequestContext): Promise<ProfileFigures> {
    const figures = await loadersOf(context).figures.load(id);
    return {
      inSync: figures.IN_SYNC,
      drifted: figures.DRIFTED,
      pending: figures.PENDING,
      failed: figures.FAILED,
      overridden: figures.OVERRIDDEN,
    };
  }

  @FieldResolver(() => ProfileDeviceConnection, {
    description: 'Devices that it was compared to, all or those in a state. `first` is 50 when left out, at most 500.',
  })
  async devices(
    @Root() { id }: ProfileView,
    @Ctx() { services }: RequestContext,
    @Arg('state', () => ProfileDeviceState, { nullable }) state?: keyof typeof ProfileDeviceState | null,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<ProfileDeviceView>> {
    return paginate('ProfileDevice', { first, after }, cursorOf, (size, from) =>
      services.profiles.devices(id, state ?? undefined, size, from),
    );
  }

  @Query(() => Profile, { nullable, description: 'A profile by its `id`; null when there is none.' })
  async profile(
    @Arg('id', () => ID) id: string,
    @Ctx() { caller, services }: RequestContext,
  ): Promise<ProfileView | null> {
    const key = findKey('Profile', id);
    return key !== undefined && isNumber(key) ? services.profiles.get(key, caller) : null;
  }

  @Query(() => ProfileConnection, {
    description:
      "Profiles of the caller, an administrator's those of all; the latest first. `first` is 50 when left out, at most 500.",
  })
  async profiles(
    @Ctx() { caller, services }: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<ProfileView>> {
    return paginate(
      'Profile',
      { first, after },
      ({ id }) => id,
      (size, from) => services.profiles.list(caller, size, from),
    );
  }

  @Mutation(() => Profile, {
    description:
      'Makes a profile. Devices are compared to it at each contact, and changed as far as the caller may read and write there at that time. ' +
      'Errors: BAD_USER_INPUT, FORBIDDEN, LIMIT_COMMANDS, LIMIT_FILTER, LIMIT_VALUE_SIZE, and those of a replace that hold for any device.',
  })
  async createProfile(
    @Ctx() { caller, rights, services }: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @RawArg('input') raw: RawProfileInput,
    @Arg('input', () => CreateProfileInput) _input: CreateProfileInput,
  ): Promise<ProfileView> {
    return services.profiles.create(profileRequest(raw, info.schema), caller, rights);
  }

  @Mutation(() => Profile, {
    description: 'Changes a profile, pauses it or goes on with it. Errors: NOT_FOUND, and those of createProfile.',
  })
  async updateProfile(
    @Ctx() { caller, rights, services }: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('id', () => ID) id: string,
    @RawArg('input') raw: RawProfileChanges,
    @Arg('input', () => UpdateProfileInput) _input: UpdateProfileInput,
  ): Promise<ProfileView> {
    return services.profiles.update(getKey('Profile', id), profileChanges(raw, info.schema), caller, rights);
  }

  @Mutation(() => Profile, {
    description:
      'Removes a profile; devices keep the values. With `restore` each gets back, at its next contact, what the first write found there. Errors: NOT_FOUND.',
  })
  async removeProfile(
    @Ctx() { caller, services }: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('restore', () => Boolean, { nullable, defaultValue: false }) restore?: boolean | null,
  ): Promise<ProfileView> {
    return services.profiles.remove(getKey('Profile', id), restore === true, caller);
  }
}

const HIDDEN = 'null when the caller may not know of it any more.';

@Resolver(() => ProfileDevice)
export class ProfileDeviceResolver {
  @FieldResolver(() => Profile, { nullable, description: HIDDEN })
  async profile(@Root() { profile }: ProfileDeviceView, @Ctx() context: RequestContext): Promise<ProfileView | null> {
    return loadersOf(context).profiles.load(profile);
  }

  @FieldResolver(() => Device, { nullable, description: HIDDEN })
  async device(@Root() { device }: ProfileDeviceView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return findDeviceByKey(context, device);
  }

  @FieldResolver(() => [ProfileDrift])
  drift(@Root() { drift, device }: ProfileDeviceView): readonly DriftOf[] {
    return drift.map((one) => ({ ...one, device, desired: one.d }));
  }

  @FieldResolver(() => Operation, { nullable, description: `The last one that was made. ${HIDDEN}` })
  async operation(
    @Root() { device: key, operation }: ProfileDeviceView,
    @Ctx() context: RequestContext,
  ): Promise<OperationView | null> {
    const device = operation === null ? null : await findDeviceByKey(context, key);
    if (operation === null || device === null) return null;
    const found = await operationByKey(context, key, operation);
    if (found === null) return null;
    // Who sees the profile made it, or is an administrator.
    const seen = visibleOperation(context, { ...found, caller: context.caller.principal }, device);
    return seen && { ...seen, caller: found.caller };
  }
}

type DriftOf = Drift & { readonly device: string; readonly desired: unknown };

@Resolver(() => ProfileDrift)
export class ProfileDriftResolver {
  @FieldResolver(() => Address)
  address(@Root() { m, i, p }: DriftOf): Address {
    return { moid: m, miid: i, path: p, uri: null };
  }

  @FieldResolver(() => JsonScalar, {
    nullable,
    description: 'What the device has; null where there is no such node, and without READ on it.',
  })
  async found(@Root() { device: key, m, p, f }: DriftOf, @Ctx() context: RequestContext): Promise<unknown> {
    const device = await findDeviceByKey(context, key);
    const spot = { family: familyOf(m), path: p };
    return device !== null && context.rights.at('READ', scopedDevice(device), spot) ? (f[0] ?? null) : null;
  }

  @FieldResolver(() => Profile, { nullable, description: `The profile that wins, if another one does. ${HIDDEN}` })
  async overriddenBy(@Root() { by }: DriftOf, @Ctx() context: RequestContext): Promise<ProfileView | null> {
    return by === undefined ? null : loadersOf(context).profiles.load(by);
  }
}
