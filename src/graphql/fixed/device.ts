/** Devices. The fields of their management objects are joined in when the schema is made. */
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { GraphQLResolveInfo } from 'graphql';

import { familyOf } from '../../../schema/ddf/identity';
import type { ScopedDevice } from '../../access/rights';
import type { RecipientChanges } from '../../management/bearer-input';
import { scopedDevice } from '../../management/readable';
import type { DeviceChanges, DeviceView, AccountView } from '../../management/types';
import { authorizeDevice, findDevice, lacking } from '../authorize';
import type { RequestContext } from '../context';
import { DmProtocol } from '../enums';
import { getKey, globalId } from '../global-id';
import { freshObjects } from '../freshness';
import { DateTimeScalar, DurationScalar, JsonScalar } from '../scalars';
import { Account } from './account';
import { Credential, CredentialInput } from './credential';
import { Device } from './device-type';
import { ManagementObject, type ManagementObjectView } from './management-object';

const nullable = true;
export const BEARERS =
  "By what it is woken, the preferred first: names of bearers in the gateway's configuration, and `none` for not at all. null: those of its account.";
export const MSISDN =
  'Its number in international form, such as `+491700000001`; for bearers that send short messages.';
export const UDP_ADDRESS =
  'Where datagrams reach it, such as `192.0.2.1` or `[2001:db8::1]:2948`, within the networks that the configuration allows.';

@ObjectType({ description: 'A management object type that a device says it supports.' })
export class SupportedMo {
  @Field(() => String, { description: 'MOID with its version.' })
  readonly moid!: string;
  @Field(() => String, { nullable, description: 'Where the device says its DDF can be fetched.' })
  readonly ddf!: string | null;
  @Field(() => Boolean, { description: 'Whether the gateway has a DDF of it, so that it has types.' })
  readonly known!: boolean;
}

@ObjectType({ description: 'Something learned of what a device can do.' })
export class Feature {
  @Field(() => String)
  readonly name!: string;
  @Field(() => JsonScalar, { nullable })
  readonly value!: unknown;
  @Field(() => String, { description: 'From what it was learned.' })
  readonly evidence!: string;
  @Field(() => DateTimeScalar, { description: 'When it was learned.' })
  readonly at!: Date;
}

@InputType({ description: 'A device that is to be managed.' })
export class RegisterDeviceInput {
  @Field(() => ID, { description: 'DevId, such as `IMEI:493005100592800`; at most 128 characters.' })
  readonly deviceId!: string;
  @Field(() => ID, { description: '`id` of its account.' })
  readonly accountId!: string;
  @Field(() => DmProtocol, { nullable, description: 'Learned at first contact when left out.' })
  readonly protocol?: keyof typeof DmProtocol | null;
  @Field(() => [String], { nullable })
  readonly tags?: readonly string[] | null;
  @Field(() => String, {
    nullable,
    description: 'IANA name such as `Europe/Berlin`: windows of campaigns are reckoned by it.',
  })
  readonly timeZone?: string | null;
  @Field(() => CredentialInput, { nullable, description: "What this device alone presents; else the account's." })
  readonly clientAuth?: CredentialInput | null;
  @Field(() => CredentialInput, {
    nullable,
    description: "What the gateway presents to this device alone; else the account's.",
  })
  readonly serverAuth?: CredentialInput | null;
  @Field(() => [String], { nullable, description: BEARERS })
  readonly bearers?: readonly string[] | null;
  @Field(() => String, { nullable, description: MSISDN })
  readonly msisdn?: string | null;
  @Field(() => String, { nullable, description: UDP_ADDRESS })
  readonly udpAddress?: string | null;
}

@InputType({ description: 'What of a device is to change; what is left out stays.' })
export class UpdateDeviceInput {
  @Field(() => ID, { nullable })
  readonly accountId?: string | null;
  @Field(() => [String], { nullable, description: 'All its tags.' })
  readonly tags?: readonly string[] | null;
  @Field(() => String, { nullable, description: 'IANA name; null: not known.' })
  readonly timeZone?: string | null;
  @Field(() => CredentialInput, { nullable })
  readonly clientAuth?: CredentialInput | null;
  @Field(() => CredentialInput, { nullable })
  readonly serverAuth?: CredentialInput | null;
  @Field(() => Boolean, { nullable, description: 'Look for its management objects again at the next contact.' })
  readonly rediscover?: boolean | null;
  @Field(() => [String], { nullable, description: BEARERS })
  readonly bearers?: readonly string[] | null;
  @Field(() => String, { nullable, description: MSISDN })
  readonly msisdn?: string | null;
  @Field(() => String, { nullable, description: UDP_ADDRESS })
  readonly udpAddress?: string | null;
}

@Resolver(() => Device)
export class DeviceResolver {
  @FieldResolver(() => ID)
  id(@Root() device: DeviceView): string {
    return globalId('Device', device.key);
  }

  @FieldResolver(() => Account)
  async account(@Root() device: DeviceView, @Ctx() context: RequestContext): Promise<AccountView | null> {
    return context.account(device.accountId);
  }

  @FieldResolver(() => Credential, {
    nullable,
    description: "What it presents, where that is its own; null: its account's. Needs MANAGE_DEVICES on it.",
  })
  async clientAuth(@Root() device: DeviceView, @Ctx() context: RequestContext): Promise<Credential | null> {
    return ownCredential(device, 'CLIENT', context);
  }

  @FieldResolver(() => Credential, {
    nullable,
    description: "What the gateway presents to it alone; null: its account's. Needs MANAGE_DEVICES on it.",
  })
  async serverAuth(@Root() device: DeviceView, @Ctx() context: RequestContext): Promise<Credential | null> {
    return ownCredential(device, 'SERVER', context);
  }

  @FieldResolver(() => [SupportedMo], { description: 'What the device says it supports, in order of MOID.' })
  supportedMos(@Root() device: DeviceView, @Ctx() { rights, services }: RequestContext): readonly SupportedMo[] {
    const library = services.ddfs.library();
    return Object.keys(device.supportedMos)
      .filter((moid) => rights.touches(scopedDevice(device), familyOf(moid)))
      .sort()
      .map((moid) => ({ moid, ddf: device.supportedMos[moid]?.ddf ?? null, known: library.isKnown(moid) }));
  }

  @FieldResolver(() => [Feature], { description: 'What was learned of it, in order of name.' })
  features(@Root() device: DeviceView, @Ctx() { rights }: RequestContext): readonly Feature[] {
    if (!rights.within('READ', scopedDevice(device))) return [];
    return Object.entries(device.features)
      .map(([name, { value, evidence, at }]) => ({ name, value, evidence, at: new Date(at) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  @FieldResolver(() => [ManagementObject], {
    description:
      "Its management objects as they are stored, whether or not a DDF is known; those of one family (any version's MOID) with `moid`. With `maxAge`, what is older is read again first. What could not be is given as it is stored, with the warning STALE.",
  })
  async managementObjects(
    @Root() device: DeviceView,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('moid', () => String, { nullable }) moid?: string | null,
    @Arg('maxAge', () => DurationScalar, { nullable }) maxAge?: number | null,
    @Arg('wait', () => DurationScalar, {
      nullable,
      description: 'How long the answer waits for the device, 30 s when left out.',
    })
    wait?: number | null,
  ): Promise<readonly ManagementObjectView[]> {
    const { found, isUnknown } = await freshObjects(device, moid ?? undefined, { maxAge, wait }, context);
    const isOld = (freshness: string): boolean =>
      freshness === 'STALE' || (maxAge != null && freshness === 'NEVER_READ');
    if (isUnknown || found.some(({ freshness }) => isOld(freshness))) context.warn('STALE', info);
    return found.map(({ mo, freshness, operation }) => ({ ...mo, freshness, operation }));
  }

  @Query(() => Device, { nullable, description: 'A device by its DevId; null when there is none.' })
  async device(
    @Arg('deviceId', () => ID) deviceId: string,
    @Ctx() context: RequestContext,
  ): Promise<DeviceView | null> {
    return findDevice(context, deviceId);
  }

  @Mutation(() => Device, {
    description: 'Registers a device. Errors: ALREADY_EXISTS, NOT_FOUND (account), BAD_USER_INPUT.',
  })
  async registerDevice(
    @Arg('input', () => RegisterDeviceInput) input: RegisterDeviceInput,
    @Ctx() context: RequestContext,
  ): Promise<DeviceView> {
    const { deviceId, accountId, protocol, tags, timeZone, clientAuth, serverAuth } = input;
    const account = getKey('Account', accountId);
    authorizeAs(context, { key: null, accountId: account, tags: tags ?? [] });
    const device = await context.services.devices.register(
      {
        deviceId,
        accountId: account,
        protocol: protocol ?? null,
        ...(tags ? { tags } : {}),
        ...(timeZone == null ? {} : { timeZone }),
        ...(clientAuth ? { clientAuth } : {}),
        ...(serverAuth ? { serverAuth } : {}),
        ...recipientOf(input),
      },
      context.caller,
    );
    context.reload();
    return device;
  }

  @Mutation(() => Device, { description: 'Changes a device. Errors: NOT_FOUND, BAD_USER_INPUT.' })
  async updateDevice(
    @Arg('deviceId', () => ID) deviceId: string,
    @Arg('input', () => UpdateDeviceInput) input: UpdateDeviceInput,
    @Ctx() context: RequestContext,
  ): Promise<DeviceView> {
    const before = await authorizeDevice(context, 'MANAGE_DEVICES', deviceId);
    const changes = deviceChanges(input);
    const { accountId = before.accountId, tags = before.tags } = changes;
    // Whether a filter will fit what it is to become is not known before.
    const isMoved = changes.accountId !== undefined || changes.tags !== undefined;
    authorizeAs(context, isMoved ? { key: before.key, accountId, tags } : scopedDevice(before));
    // Tags give rights to others: each that is new must lie within the caller's own scope.
    for (const tag of tags.filter((one) => !before.tags.includes(one)))
      authorizeAs(context, { key: before.key, accountId, tags: [tag] });
    const device = await context.services.devices.update(deviceId, changes, context.caller);
    context.reload();
    return device;
  }

  @Mutation(() => Device, {
    description:
      'Forgets a device with its management objects, operations and alerts, and gives what it was. Errors: NOT_FOUND.',
  })
  async deleteDevice(@Arg('deviceId', () => ID) deviceId: string, @Ctx() context: RequestContext): Promise<DeviceView> {
    await authorizeDevice(context, 'MANAGE_DEVICES', deviceId);
    const device = await context.services.devices.delete(deviceId, context.caller);
    context.reload();
    return device;
  }
}

/** Whether the caller may make a device that is so, or make one so. */
function authorizeAs({ rights, caller }: RequestContext, device: ScopedDevice): void {
  if (!rights.onDevice('MANAGE_DEVICES', device)) throw lacking(caller.name, 'MANAGE_DEVICES');
}

async function ownCredential(
  device: DeviceView,
  direction: 'CLIENT' | 'SERVER',
  context: RequestContext,
): Promise<Credential | null> {
  authorizeAs(context, scopedDevice(device));
  const own = await context.credentials(device);
  return own.find((one) => one.direction === direction) ?? null;
}

/** null takes away. */
export function recipientOf({ bearers, msisdn, udpAddress }: RecipientChanges): RecipientChanges {
  return {
    ...(bearers === undefined ? {} : { bearers }),
    ...(msisdn === undefined ? {} : { msisdn }),
    ...(udpAddress === undefined ? {} : { udpAddress }),
  };
}

function deviceChanges(input: UpdateDeviceInput): DeviceChanges {
  const { accountId, tags, timeZone, clientAuth, serverAuth, rediscover } = input;
  return {
    ...(accountId == null ? {} : { accountId: getKey('Account', accountId) }),
    ...(tags ? { tags } : {}),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(clientAuth ? { clientAuth } : {}),
    ...(serverAuth ? { serverAuth } : {}),
    ...(rediscover == null ? {} : { rediscover }),
    ...recipientOf(input),
  };
}
