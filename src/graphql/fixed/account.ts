/** Accounts: the addresses and credentials by which the gateway and devices know each other. */
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';

import type { AccountChanges, AccountView } from '../../management/types';
import { ManagementError } from '../../management/types';
import { authorizeGateway } from '../authorize';
import type { Connection } from '../connection';
import { connectionType, paginate } from '../connection';
import type { RequestContext } from '../context';
import { getKey, globalId } from '../global-id';
import { DateTimeScalar } from '../scalars';
import { Credential, CredentialInput } from './credential';
import { Node } from './node';

const nullable = true;
const BEARERS =
  "By what devices are woken, the preferred first: names of bearers in the gateway's configuration, and `none` for not at all. null: those of the configuration.";

@ObjectType({
  implements: Node,
  description:
    'The addresses and credentials by which the gateway and devices know each other; many devices may share one.',
})
export class Account extends Node {
  @Field(() => String, { description: 'By what devices know the gateway (DM 1.x ServerID, DM 2.0 SrvID).' })
  readonly serverId!: string;
  @Field(() => String, { nullable })
  readonly name!: string | null;
  @Field(() => Boolean, { description: 'Whether a valid credential with an unknown DevId registers that device.' })
  readonly autoRegister!: boolean;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
}

export const AccountConnection = connectionType('Account', () => Account, { counted: true });

@InputType({ description: 'A new account.' })
export class CreateAccountInput {
  @Field(() => String, {
    description: 'SrvID / ServerID: by what devices know the gateway. No white space and none of `= & * +`.',
  })
  readonly serverId!: string;
  @Field(() => String, { nullable })
  readonly name?: string | null;
  @Field(() => CredentialInput, { nullable, description: 'What devices present to us, when they share it.' })
  readonly clientAuth?: CredentialInput | null;
  @Field(() => CredentialInput, { nullable, description: 'What we present to devices.' })
  readonly serverAuth?: CredentialInput | null;
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description: 'Whether a valid credential with an unknown DevId registers it.',
  })
  readonly autoRegister?: boolean | null;
  @Field(() => [String], { nullable, description: BEARERS })
  readonly bearers?: readonly string[] | null;
}

@InputType({ description: 'What of an account is to change; what is left out stays.' })
export class UpdateAccountInput {
  @Field(() => String, { nullable })
  readonly serverId?: string | null;
  @Field(() => String, { nullable, description: 'null takes the name away.' })
  readonly name?: string | null;
  @Field(() => CredentialInput, { nullable })
  readonly clientAuth?: CredentialInput | null;
  @Field(() => CredentialInput, { nullable })
  readonly serverAuth?: CredentialInput | null;
  @Field(() => Boolean, { nullable })
  readonly autoRegister?: boolean | null;
  @Field(() => [String], { nullable, description: BEARERS })
  readonly bearers?: readonly string[] | null;
}

@Resolver(() => Account)
export class AccountResolver {
  @FieldResolver(() => ID)
  id(@Root() account: AccountView): string {
    return globalId('Account', account.id);
  }

  @FieldResolver(() => Credential, { description: 'What devices present to the gateway, when they share it.' })
  clientAuth(@Root() account: AccountView, @Ctx() context: RequestContext): Credential {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    return { type: account.clientAuthType, username: account.clientUsername };
  }

  @FieldResolver(() => Credential, { description: 'What the gateway presents to devices.' })
  serverAuth(@Root() account: AccountView, @Ctx() context: RequestContext): Credential {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    return { type: account.serverAuthType, username: account.serverUsername };
  }

  @FieldResolver(() => [String], {
    nullable,
    description: 'Names of the bearers by which its devices are woken; null: those of the configuration.',
  })
  bearers(@Root() account: AccountView, @Ctx() context: RequestContext): readonly string[] | null {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    return account.bearers;
  }

  @Query(() => Account, { nullable, description: 'An account by its `id`; null when there is none.' })
  async account(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<AccountView | null> {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    return context.services.accounts.get(getKey('Account', id));
  }

  @Query(() => AccountConnection, { description: 'All accounts. `first` is 50 when left out, at most 500.' })
  async accounts(
    @Ctx() context: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number,
    @Arg('after', () => String, { nullable }) after?: string,
  ): Promise<Connection<AccountView>> {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    return paginate(
      'Account',
      { first, after },
      (account) => account.id,
      (size, from) => context.services.accounts.list(size, from),
      async () => ({ value: BigInt(await context.services.accounts.count()), exact: true }),
    );
  }

  @Mutation(() => Account, { description: 'Makes an account. Errors: BAD_USER_INPUT, ALREADY_EXISTS.' })
  async createAccount(
    @Arg('input', () => CreateAccountInput) input: CreateAccountInput,
    @Ctx() context: RequestContext,
  ): Promise<AccountView> {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    return context.services.accounts.create({ ...accountChanges(input), serverId: input.serverId }, context.caller);
  }

  @Mutation(() => Account, { description: 'Changes an account. Errors: NOT_FOUND, BAD_USER_INPUT.' })
  async updateAccount(
    @Arg('id', () => ID) id: string,
    @Arg('input', () => UpdateAccountInput) input: UpdateAccountInput,
    @Ctx() context: RequestContext,
  ): Promise<AccountView> {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    if (input.serverId === null) throw new ManagementError('BAD_USER_INPUT', 'serverId cannot be null.');
    const account = await context.services.accounts.update(
      getKey('Account', id),
      accountChanges(input),
      context.caller,
    );
    context.reload();
    return account;
  }

  @Mutation(() => Account, {
    description: 'Deletes an account and gives what it was. Errors: NOT_FOUND, IN_USE while devices belong to it.',
  })
  async deleteAccount(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<AccountView> {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    const account = await context.services.accounts.delete(getKey('Account', id), context.caller);
    context.reload();
    return account;
  }
}

/** Members that were given; null only where it means something. */
function accountChanges({
  serverId,
  name,
  clientAuth,
  serverAuth,
  autoRegister,
  bearers,
}: UpdateAccountInput): AccountChanges {
  return {
    ...(serverId == null ? {} : { serverId }),
    ...(name === undefined ? {} : { name }),
    ...(clientAuth ? { clientAuth } : {}),
    ...(serverAuth ? { serverAuth } : {}),
    ...(autoRegister == null ? {} : { autoRegister }),
    ...(bearers === undefined ? {} : { bearers }),
  };
}
