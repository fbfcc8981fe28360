/** Files in the Data Repository: stored once, fetched by devices at addresses of their own. */
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
  registerEnumType,
  Resolver,
  Root,
} from 'type-graphql';

import type { RepositoryFileView } from '../../management/repository-types';
import { authorizeGateway } from '../authorize';
import { connectionType, paginate, type Connection } from '../connection';
import type { RequestContext } from '../context';
import { same } from '../enums';
import { getKey, globalId } from '../global-id';
import { BigIntScalar, DateTimeScalar, DurationScalar } from '../scalars';
import { Node } from './node';

const nullable = true;

export const RepositoryAccess = same('DEVICE', 'ADDRESS');
registerEnumType(RepositoryAccess, {
  name: 'RepositoryAccess',
  description: 'How a device proves itself where it fetches an item.',
  valuesConfig: {
    DEVICE: { description: 'By its own credentials, as in a DM session.' },
    ADDRESS: {
      description:
        'By the address alone, for download agents without credentials: short-lived, and each use is logged.',
    },
  },
});

export const RepositoryItemState = same('AWAITING_UPLOAD', 'READY');
registerEnumType(RepositoryItemState, {
  name: 'RepositoryItemState',
  description: 'Whether an item can be sent.',
  valuesConfig: {
    AWAITING_UPLOAD: { description: 'Its octets have not come yet.' },
    READY: { description: 'It is stored, and its length and digest are known.' },
  },
});

@ObjectType({
  implements: Node,
  description:
    'A file for devices, such as a firmware package: stored once, for however many of them. A `ValueInput` names it by `repositoryItem`.',
})
export class RepositoryItem extends Node {
  @Field(() => String, { nullable, description: 'For people.' })
  readonly name!: string | null;
  @Field(() => RepositoryAccess, {
    nullable,
    description:
      'null: DEVICE where a DM 2.0 session tells the device to fetch it, ADDRESS where a node is given its address.',
  })
  readonly access!: keyof typeof RepositoryAccess | null;
  @Field(() => BigIntScalar, { nullable, description: 'Octets; until it is READY as announced.' })
  readonly length!: number | null;
  @Field(() => String, { nullable, description: 'Hexadecimal; until it is READY as announced.' })
  readonly sha256!: string | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly uploadedAt!: Date | null;
  @Field(() => String, { description: 'Who made it: `key:ID`.' })
  readonly createdBy!: string;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable, description: 'When it goes; null: when it is deleted.' })
  readonly expiresAt!: Date | null;
}

export const RepositoryItemConnection = connectionType('RepositoryItem', () => RepositoryItem);

@InputType({ description: 'A file for devices; its octets come by HTTP.' })
export class CreateRepositoryItemInput {
  @Field(() => String, { nullable, description: 'For people, at most 256 characters.' })
  readonly name?: string | null;
  @Field(() => String, {
    nullable,
    defaultValue: 'application/octet-stream',
    description: 'Media type that devices are told.',
  })
  readonly contentType?: string | null;
  @Field(() => RepositoryAccess, { nullable, description: 'As its use asks for when left out.' })
  readonly access?: keyof typeof RepositoryAccess | null;
  @Field(() => BigIntScalar, { nullable, description: 'Octets that it has; another number is refused.' })
  readonly length?: bigint | number | null;
  @Field(() => String, { nullable, description: 'Its SHA-256, hexadecimal; octets of another are refused.' })
  readonly sha256?: string | null;
  @Field(() => DurationScalar, { nullable, description: 'How long it is kept; until it is deleted when left out.' })
  readonly expiresIn?: number | null;
}

@ObjectType({
  description: 'A new item, and where its octets are awaited; this is the only time that the address is shown.',
})
export class CreatedRepositoryItem {
  @Field(() => RepositoryItem)
  readonly item!: unknown;
  @Field(() => String, {
    description: 'Takes the octets by PUT or POST, once, without credentials: whoever has the address may send them.',
  })
  readonly uploadUrl!: string;
  @Field(() => DateTimeScalar, { description: 'An item without octets goes then.' })
  readonly uploadExpiresAt!: Date;
}

@Resolver(() => RepositoryItem)
export class RepositoryItemResolver {
  @FieldResolver(() => ID)
  id(@Root() item: RepositoryFileView): string {
    return globalId('RepositoryItem', item.id);
  }

  @FieldResolver(() => String, { description: 'Media type.' })
  contentType(@Root() item: RepositoryFileView): string {
    return item.mime;
  }

  @FieldResolver(() => RepositoryItemState)
  state(@Root() item: RepositoryFileView): keyof typeof RepositoryItemState {
    return item.uploadedAt === null ? 'AWAITING_UPLOAD' : 'READY';
  }

  @Query(() => RepositoryItemConnection, {
    description: 'All items, the newest first. `first` is 50 when left out, at most 500.',
  })
  async repositoryItems(
    @Ctx() context: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<RepositoryFileView>> {
    authorizeGateway(context, 'MANAGE_REPOSITORY');
    return paginate(
      'RepositoryItem',
      { first, after },
      (item) => item.id,
      (size, from) => context.services.repository.list(size, from),
    );
  }

  @Mutation(() => CreatedRepositoryItem, {
    description: 'Makes an item, to whose `uploadUrl` its octets are sent. Errors: BAD_USER_INPUT, LIMIT_VALUE_SIZE.',
  })
  async createRepositoryItem(
    @Arg('input', () => CreateRepositoryItemInput) input: CreateRepositoryItemInput,
    @Ctx() context: RequestContext,
  ): Promise<CreatedRepositoryItem> {
    authorizeGateway(context, 'MANAGE_REPOSITORY');
    const { name, contentType, access, length, sha256, expiresIn } = input;
    const { file, uploadUrl, uploadExpiresAt } = await context.services.repository.create(
      {
        name,
        mime: contentType ?? 'application/octet-stream',
        access,
        length: length == null ? null : Number(length),
        sha256,
        expiresInMs: expiresIn,
      },
      context.caller,
    );
    return { item: file, uploadUrl, uploadExpiresAt };
  }

  @Mutation(() => RepositoryItem, {
    description: 'Deletes an item; its addresses lead nowhere from then on. Errors: NOT_FOUND.',
  })
  async deleteRepositoryItem(
    @Arg('id', () => ID) id: string,
    @Ctx() context: RequestContext,
  ): Promise<RepositoryFileView> {
    authorizeGateway(context, 'MANAGE_REPOSITORY');
    return context.services.repository.delete(getKey('RepositoryItem', id), context.caller);
  }
}
