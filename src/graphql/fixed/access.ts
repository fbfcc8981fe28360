/** API keys, grants, and new secrets for credentials. */
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { GraphQLResolveInfo } from 'graphql';

import type { AccountView, ApiKeyView, DeviceView, GrantView } from '../../management/types';
import { ManagementError } from '../../management/types';
import { authorizeDevice, authorizeGateway, findDeviceByKey } from '../authorize';
import type { Connection } from '../connection';
import { connectionType, paginate } from '../connection';
import type { RequestContext } from '../context';
import { GrantScope } from '../enums';
import { getKey, globalId } from '../global-id';
import { DateTimeScalar, DurationScalar, JsonScalar } from '../scalars';
import { Account } from './account';
import { RotateCredentialInput } from './credential';
import { DeviceFilter, deviceCondition, RawArg, type RawDeviceFilter } from './device-filter';
import { Device } from './device-type';

const nullable = true;

@ObjectType({ description: 'A key by which a caller is known; the key itself is stored as a hash only.' })
export class ApiKey {
  @Field(() => String)
  readonly name!: string;
  @Field(() => Boolean, { description: 'Whether it has every right.' })
  readonly admin!: boolean;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable, description: 'null: never.' })
  readonly expiresAt!: Date | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly lastUsedAt!: Date | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly revokedAt!: Date | null;
  @Field(() => [String], { nullable, description: 'Rights beyond which it gives none; null: no such limit.' })
  readonly only!: readonly string[] | null;
  @Field(() => DateTimeScalar, {
    nullable,
    description: 'Until when its text before the last rotation is good, too; null: there is none.',
  })
  readonly previousUntil!: Date | null;
}

export const ApiKeyConnection = connectionType('ApiKey', () => ApiKey);

@ObjectType({ description: 'A new key; this is the only time that it is shown.' })
export class CreatedApiKey {
  @Field(() => ApiKey)
  readonly apiKey!: unknown;
  @Field(() => String, { description: 'For the header `Authorization: Bearer KEY`.' })
  readonly key!: string;
}

@InputType({ description: 'A new API key.' })
export class CreateApiKeyInput {
  @Field(() => String, { description: 'Whose it is, for people.' })
  readonly name!: string;
  @Field(() => Boolean, { nullable, defaultValue: false, description: 'Whether it shall have every right.' })
  readonly admin?: boolean | null;
  @Field(() => DateTimeScalar, {
    nullable,
    description: 'Until when it is good; for ever when neither this nor `expiresIn` is given.',
  })
  readonly expiresAt?: Date | null;
  @Field(() => DurationScalar, { nullable, description: 'The same from now on.' })
  readonly expiresIn?: number | null;
  @Field(() => [String], {
    nullable,
    description:
      'Limits it to these rights: others it does not give, whatever is granted to it, and even where `admin` is true. No such limit when left out.',
  })
  readonly only?: readonly string[] | null;
}

@ObjectType({ description: 'A right that somebody was given.' })
export class Grant {
  @Field(() => String, { description: 'Who has it: `key:ID`, `user:NAME` or `group:NAME`.' })
  readonly principal!: string;
  @Field(() => String, { description: 'READ, WRITE, EXECUTE, DELEGATE, or a right of administration.' })
  readonly right!: string;
  @Field(() => String, { nullable, description: 'On devices with this tag alone.' })
  readonly tag!: string | null;
  @Field(() => JsonScalar, {
    nullable,
    description: 'On devices that fit this alone: the condition that `where` was, as it is stored.',
  })
  readonly filter!: unknown;
  @Field(() => String, { nullable, description: 'On this management object alone.' })
  readonly moid!: string | null;
  @Field(() => String, { nullable, description: 'On this node and what is below it alone; a name `*` stands for any.' })
  readonly path!: string | null;
  @Field(() => String, { description: 'Principal of whoever gave it.' })
  readonly grantedBy!: string;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable })
  readonly expiresAt!: Date | null;
}

export const GrantConnection = connectionType('Grant', () => Grant);

@InputType({
  description: 'A right for somebody. At most one of `deviceId`, `accountId`, `tag` and `where`; none: all devices.',
})
export class CreateGrantInput {
  @Field(() => String, { description: 'Who gets it: `key:ID`, `user:NAME` or `group:NAME`.' })
  readonly principal!: string;
  @Field(() => String, { description: 'READ, WRITE, EXECUTE, DELEGATE, or a right of administration.' })
  readonly right!: string;
  @Field(() => ID, { nullable, description: 'DevId.' })
  readonly deviceId?: string | null;
  @Field(() => ID, { nullable })
  readonly accountId?: string | null;
  @Field(() => String, { nullable })
  readonly tag?: string | null;
  @Field(() => DeviceFilter, {
    nullable,
    description:
      'On devices that fit this, as they are at each moment; asked of the whole device, whatever whoever has the grant may read of it. An administrator gives it, and who holds DELEGATE by the same filter.',
  })
  readonly where?: DeviceFilter | null;
  @Field(() => String, { nullable })
  readonly moid?: string | null;
  @Field(() => String, {
    nullable,
    description: 'On this node and what is below it alone; a name `*` stands for any one name. Needs `moid`.',
  })
  readonly path?: string | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly expiresAt?: Date | null;
}

@ObjectType({ description: 'A credential with a new secret; this is the only time that it is shown.' })
export class RotatedCredential {
  @Field(() => String)
  readonly secret!: string;
  @Field(() => Account, { nullable, description: "The account, when it was an account's." })
  readonly account!: unknown;
  @Field(() => Device, { nullable, description: "The device, when it was a device's." })
  readonly device!: unknown;
}

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @FieldResolver(() => ID)
  id(@Root() key: ApiKeyView): string {
    return globalId('ApiKey', key.id);
  }

  @FieldResolver(() => String, { description: 'By what grants name it.' })
  principal(@Root() key: ApiKeyView): string {
    return `key:${key.id}`;
  }

  @Query(() => ApiKeyConnection, { description: 'All API keys. `first` is 50 when left out, at most 500.' })
  async apiKeys(
    @Ctx() context: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<ApiKeyView>> {
    authorizeGateway(context, 'MANAGE_KEYS');
    return paginate(
      'ApiKey',
      { first, after },
      (key) => key.id,
      (size, from) => context.services.keys.list(size, from),
    );
  }

  @Mutation(() => CreatedApiKey, { description: 'Makes an API key. Errors: BAD_USER_INPUT.' })
  async createApiKey(
    @Arg('input', () => CreateApiKeyInput) input: CreateApiKeyInput,
    @Ctx() context: RequestContext,
  ): Promise<CreatedApiKey> {
    authorizeGateway(context, 'MANAGE_KEYS');
    const { name, admin, expiresAt, expiresIn, only } = input;
    if (admin === true) authorizeAdmin(context);
    if (expiresAt && expiresIn != null)
      throw new ManagementError('BAD_USER_INPUT', 'Give expiresAt or expiresIn, not both.');
    const until = expiresIn == null ? expiresAt : new Date(context.now() + expiresIn);
    const { view, key } = await context.services.keys.create(
      { name, admin: admin ?? false, expiresAt: until ?? null, only: only ?? null },
      context.caller,
    );
    return { apiKey: view, key };
  }

  @Mutation(() => ApiKey, {
    description:
      "Ends an API key at once. One that has more than the caller, such as an administrator's, only an administrator ends. Errors: FORBIDDEN, NOT_FOUND.",
  })
  async revokeApiKey(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<ApiKeyView> {
    authorizeGateway(context, 'MANAGE_KEYS');
    const key = getKey('ApiKey', id);
    // Nobody takes away what they could not have themselves.
    if (!(await context.services.grants.holdAll(context.rights, `key:${key}`)))
      throw new ManagementError('FORBIDDEN', 'This key has rights that you do not have: an administrator ends it.');
    return context.services.keys.revoke(key, context.caller);
  }

  @Mutation(() => CreatedApiKey, {
    description:
      'Gives an API key a new text; principal, name, rights and expiry stay. The text before is good for a while longer, so that whoever has it can change over; an older one is not. Errors: NOT_FOUND, BAD_USER_INPUT.',
  })
  async rotateApiKey(
    @Arg('id', () => ID) id: string,
    @Ctx() context: RequestContext,
    @Arg('overlap', () => DurationScalar, {
      nullable,
      description: 'How long the text before stays good: PT24H when left out, PT0S for not at all, at most P30D.',
    })
    overlap?: number | null,
  ): Promise<CreatedApiKey> {
    authorizeGateway(context, 'MANAGE_KEYS');
    const own = getKey('ApiKey', id);
    // Whoever is shown a key has what was granted to it.
    if (context.caller.principal !== `key:${own}`) authorizeAdmin(context);
    const { view, key } = await context.services.keys.rotate(own, context.caller, overlap ?? undefined);
    return { apiKey: view, key };
  }
}

@Resolver(() => Grant)
export class GrantResolver {
  @FieldResolver(() => ID)
  id(@Root() grant: GrantView): string {
    return globalId('Grant', grant.id);
  }

  @FieldResolver(() => GrantScope, { description: 'On which devices.' })
  scope(@Root() { deviceKey, accountId, tag, filter }: GrantView): keyof typeof GrantScope {
    if (deviceKey !== null) return 'DEVICE';
    if (accountId !== null) return 'ACCOUNT';
    return tag !== null ? 'TAG' : filter !== null ? 'FILTER' : 'ALL';
  }

  @FieldResolver(() => Device, { nullable, description: 'On this device alone.' })
  async device(@Root() grant: GrantView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return grant.deviceKey === null ? null : findDeviceByKey(context, grant.deviceKey);
  }

  @FieldResolver(() => Account, { nullable, description: 'On devices of this account alone.' })
  async account(@Root() grant: GrantView, @Ctx() context: RequestContext): Promise<AccountView | null> {
    return grant.accountId === null ? null : context.account(grant.accountId);
  }

  @Query(() => GrantConnection, {
    description:
      'Grants: all to an administrator, to others those that they may take back. `first` is 50 when left out, at most 500.',
  })
  async grants(
    @Ctx() { rights, services }: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<GrantView>> {
    return paginate(
      'Grant',
      { first, after },
      (grant) => grant.id,
      (size, from) => services.grants.list(rights, size, from),
    );
  }

  @Mutation(() => Grant, {
    description:
      'Gives somebody a right: an administrator any; who holds DELEGATE, to others, READ, WRITE, EXECUTE and DELEGATE within its scope and time. Errors: FORBIDDEN, NOT_FOUND, BAD_USER_INPUT, LIMIT_FILTER.',
  })
  async createGrant(
    @Ctx() { caller, rights, services }: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @RawArg('input') raw: Omit<CreateGrantInput, 'where'> & { readonly where?: RawDeviceFilter | null },
    @Arg('input', () => CreateGrantInput) _input: CreateGrantInput,
  ): Promise<GrantView> {
    const { where, ...input } = raw;
    const accountId = input.accountId == null ? null : getKey('Account', input.accountId);
    const filter = where == null ? null : deviceCondition(where, info.schema);
    return services.grants.create({ ...input, accountId, filter }, caller, rights);
  }

  @Mutation(() => Grant, {
    description: 'Takes a right back, under the rules by which it is given, and tells what it was. Errors: NOT_FOUND.',
  })
  async deleteGrant(
    @Arg('id', () => ID) id: string,
    @Ctx() { caller, rights, services }: RequestContext,
  ): Promise<GrantView> {
    return services.grants.delete(getKey('Grant', id), caller, rights);
  }
}

function authorizeAdmin({ rights }: RequestContext): void {
  if (!rights.isAdmin) throw new ManagementError('FORBIDDEN', 'Only an administrator may do this.');
}

@Resolver()
export class CredentialResolver {
  @Mutation(() => RotatedCredential, {
    description:
      'Replaces the secret of an account or of a device; the type and user name stay. Errors: NOT_FOUND, BAD_USER_INPUT.',
  })
  async rotateCredential(
    @Arg('input', () => RotateCredentialInput) input: RotateCredentialInput,
    @Ctx() context: RequestContext,
  ): Promise<RotatedCredential> {
    const { accountId, deviceId, direction, secret } = input;
    if ((accountId == null) === (deviceId == null))
      throw new ManagementError('BAD_USER_INPUT', 'Give exactly one of accountId and deviceId.');
    if (accountId != null) {
      authorizeGateway(context, 'MANAGE_ACCOUNTS');
      const rotated = await context.services.accounts.rotateCredential(
        getKey('Account', accountId),
        direction,
        secret ?? undefined,
        context.caller,
      );
      context.reload();
      return { ...rotated, device: null };
    }
    await authorizeDevice(context, 'MANAGE_DEVICES', deviceId as string);
    const rotated = await context.services.devices.rotateCredential(
      deviceId as string,
      direction,
      secret ?? undefined,
      context.caller,
    );
    context.reload();
    return { ...rotated, account: null };
  }
}
