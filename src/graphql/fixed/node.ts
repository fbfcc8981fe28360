/** What has an `id` by which it is found again. */
import { Arg, Ctx, Field, ID, InterfaceType, Query, Resolver } from 'type-graphql';

import type { RequestContext } from '../context';
import { findDeviceByKey } from '../authorize';
import { isNumber, readGlobalId } from '../global-id';
import { findOperation } from '../operations';

@InterfaceType('Node', {
  description: 'Something that `node(id:)` finds again.',
  resolveType: (value: unknown) => (value as { readonly __typename?: string }).__typename,
})
export abstract class Node {
  @Field(() => ID, { description: 'Opaque; the same for as long as the thing exists.' })
  readonly id!: string;
}

/** Loads a thing by its type and key; null for what is not there or not readable. */
async function find(id: string, context: RequestContext): Promise<object | null> {
  const { rights, services } = context;
  const read = readGlobalId(id);
  if (!read) return null;
  switch (read.type) {
    case 'Device':
      return isNumber(read.key) ? findDeviceByKey(context, read.key) : null;
    case 'Account':
      return isNumber(read.key) && rights.onGateway('MANAGE_ACCOUNTS') ? context.account(read.key) : null;
    case 'Ddf':
      return isNumber(read.key) && rights.onGateway('MANAGE_DDFS') ? services.ddfs.get(read.key) : null;
    case 'RepositoryItem':
      return isNumber(read.key) && rights.onGateway('MANAGE_REPOSITORY') ? services.repository.get(read.key) : null;
    case 'Operation':
      return findOperation(id, context);
    case 'Campaign':
      return services.campaigns.get(read.key, context.caller);
    case 'Profile':
      return services.profiles.get(read.key, context.caller);
    case 'Rule':
      return services.rules.get(read.key, context.caller);
    default:
      return null;
  }
}

@Resolver()
export class NodeResolver {
  @Query(() => Node, {
    nullable: true,
    description: 'Anything by its `id`; null when it does not exist or the caller may not read it.',
  })
  async node(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<unknown> {
    const found = await find(id, context);
    return found && { ...found, __typename: readGlobalId(id)?.type };
  }
}
