/** Nodes that are searched by their own index. */
import { Arg, Ctx, Field, Mutation, ObjectType, Query, Resolver } from 'type-graphql';

import type { IndexedNodeView } from '../../management/node-indexes';
import { authorizeGateway } from '../authorize';
import type { RequestContext } from '../context';
import { IndexedNodeState } from '../enums';
import { BigIntScalar, DateTimeScalar } from '../scalars';
import { NodeInput } from './device-list';

const nullable = true;

@ObjectType({
  description:
    'A node of a management object that has an index: devices can be ordered by it, and ranges of it are found fast. It stays when the DDF goes, until `unindexNode`.',
})
export class IndexedNode {
  @Field(() => String)
  readonly moid!: string;
  @Field(() => String)
  readonly path!: string;
  @Field(() => IndexedNodeState)
  readonly state!: keyof typeof IndexedNodeState;
  @Field(() => String, { nullable, description: 'Why it FAILED. `indexNode` tries again.' })
  readonly error!: string | null;
  @Field(() => BigIntScalar, { nullable, description: 'Octets on disk; null before it is made.' })
  readonly size!: bigint | null;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
}

@Resolver(() => IndexedNode)
export class IndexedNodeResolver {
  @Query(() => [IndexedNode], { description: 'In order of their marking. Needs MANAGE_DDFS.' })
  async indexedNodes(@Ctx() context: RequestContext): Promise<readonly IndexedNodeView[]> {
    authorizeGateway(context, 'MANAGE_DDFS');
    return context.services.nodeIndexes.list();
  }

  @Mutation(() => IndexedNode, {
    description:
      'Marks a leaf as searchable: its index is made while everything goes on (on the embedded database all waits meanwhile), and used when it is READY. Needs MANAGE_DDFS. Errors: NO_SUCH_MO, NOT_IN_DDF, BAD_USER_INPUT, LIMIT_INDEXES.',
  })
  async indexNode(
    @Arg('input', () => NodeInput) input: NodeInput,
    @Ctx() context: RequestContext,
  ): Promise<IndexedNodeView> {
    authorizeGateway(context, 'MANAGE_DDFS');
    return context.services.nodeIndexes.add(input, context.caller);
  }

  @Mutation(() => IndexedNode, {
    description: 'Takes the mark and the index away, and gives what it was. Needs MANAGE_DDFS. Errors: NOT_FOUND.',
  })
  async unindexNode(
    @Arg('input', () => NodeInput) input: NodeInput,
    @Ctx() context: RequestContext,
  ): Promise<IndexedNodeView> {
    authorizeGateway(context, 'MANAGE_DDFS');
    return context.services.nodeIndexes.remove(input, context.caller);
  }
}
