/** A bootstrap document for all devices of an account. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Mutation, ObjectType, Resolver, Root } from 'type-graphql';

import type { PushView } from '../../management/outreach-types';
import type { AccountView } from '../../management/types';
import { authorizeGateway } from '../authorize';
import type { RequestContext } from '../context';
import { getKey } from '../global-id';
import { Account } from './account';
import { BootstrapServerInput, BootstrapTransportInput, moRequestOf } from './bootstrap';
import { PushDocument, pushDocument } from './push-document';

const nullable = true;

@InputType({ description: 'A DM 2.0 document for all devices of an account.' })
export class BootstrapAccountInput {
  @Field(() => ID)
  readonly accountId!: string;
  @Field(() => String, { nullable, description: "Name of the account, for the device's user." })
  readonly name?: string | null;
  @Field(() => [String], {
    nullable,
    description:
      'The MOIDs that the account asks to manage (`Perm`), at most 1024, or `*` alone for all; those of all DDFs when left out.',
  })
  readonly moids?: readonly string[] | null;
  @Field(() => BootstrapTransportInput, { nullable })
  readonly transport?: BootstrapTransportInput | null;
  @Field(() => BootstrapServerInput, { nullable })
  readonly bootstrapServer?: BootstrapServerInput | null;
}

@ObjectType({
  description: 'A bootstrap document for all devices of an account. It holds the secrets that they share.',
})
export class AccountBootstrap {
  readonly accountId!: string;
}

interface Made extends PushView {
  readonly accountId: string;
}

@Resolver(() => AccountBootstrap)
export class AccountBootstrapResolver {
  @FieldResolver(() => Account)
  async account(@Root() { accountId }: Made, @Ctx() context: RequestContext): Promise<AccountView | null> {
    return context.services.accounts.get(accountId);
  }

  @FieldResolver(() => PushDocument)
  document(@Root() made: Made): PushDocument {
    return pushDocument(made);
  }

  @Mutation(() => AccountBootstrap, {
    description:
      'Makes a document by which any device takes the DM 2.0 account, such as a factory loads it: with the credentials that its devices share. Nothing is changed. Errors: NOT_FOUND, BAD_USER_INPUT.',
  })
  async bootstrapAccount(
    @Arg('input', () => BootstrapAccountInput) input: BootstrapAccountInput,
    @Ctx() context: RequestContext,
  ): Promise<Made> {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    const accountId = getKey('Account', input.accountId);
    const { name } = input;
    const made = await context.services.bootstraps.makeForAccount(
      { accountId, ...(name == null ? {} : { name }), ...moRequestOf(input) },
      context.caller,
    );
    return { accountId, ...made };
  }
}
