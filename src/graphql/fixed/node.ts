/** What has an `id` by which it is found again. */
import { Arg, Ctx, Field, ID, InterfaceType, Query, Resolver } from 'type-graphql';

import type { RequestContext } from '../context';
import { GATEWAY, isAllowed, onDevice } from '../authorize';
import { findOperationKey, isNumber, readGlobalId } from '../global-id';

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
  const { caller, services } = context;
  const read = readGlobalId(id);
  if (!read) return null;
  switch (read.type) {
    case 'Device': {
      const device = isNumber(read.key) ? await context.deviceByKey(read.key) : null;
      return device && isAllowed(caller, 'READ', onDevice(device.deviceId)) ? device : null;
    }
    case 'Account':
      return isNumber(read.key) && isAllowed(caller, 'MANAGE_ACCOUNTS', GATEWAY) ? context.account(read.key) : null;
    case 'Ddf':
      return isNumber(read.key) && isAllowed(caller, 'MANAGE_DDFS', GATEWAY) ? services.ddfs.get(read.key) : null;
    case 'Operation': {
      const key = findOperationKey(id);
      const device = key && (await context.deviceByKey(key.device));
      if (!key || !device || !isAllowed(caller, 'READ', onDevice(device.deviceId))) return null;
      return services.operations.get(key.device, key.id);
    }
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
