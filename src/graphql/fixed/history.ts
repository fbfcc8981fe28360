/** What the values of a management object were. */
import { Arg, Ctx, Field, FieldResolver, ID, Int, ObjectType, Resolver, Root } from 'type-graphql';

import type { Histories, HistoryRequest, ValueChangeView } from '../../management/events/history';
import { scopedDevice } from '../../management/readable';
import type { MoView } from '../../management/types';
import { emptyConnection, connectionType, paginate, type Connection } from '../connection';
import type { RequestContext } from '../context';
import { globalId } from '../global-id';
import { gathered } from '../loaders';
import { DateTimeScalar, JsonScalar } from '../scalars';
import { ManagementObject } from './management-object';

const nullable = true;

@ObjectType({ description: 'A value that is too long to be kept twice.' })
export class ValueDigest {
  @Field(() => String, { description: 'SHA-256 of its text, hexadecimal.' })
  readonly sha256!: string;
  @Field(() => Int)
  readonly octets!: number;
}

@ObjectType({ description: 'A node whose value was another one than before when it was read.' })
export class ValueChange {
  @Field(() => DateTimeScalar, { description: 'When the new value was seen.' })
  readonly at!: Date;
}

export const ValueChangeConnection = connectionType('ValueChange', () => ValueChange);

@Resolver(() => ValueChange)
export class ValueChangeResolver {
  @FieldResolver(() => ID)
  id(@Root() { id }: ValueChangeView): string {
    return globalId('ValueChange', id);
  }

  @FieldResolver(() => String, { description: "Node names below the MO's root joined by `/`." })
  path(@Root() { change }: ValueChangeView): string {
    return change.path;
  }

  @FieldResolver(() => Boolean, { description: 'Whether the node was there before.' })
  existed(@Root() { change }: ValueChangeView): boolean {
    return 'old' in change || 'oldSha256' in change;
  }

  @FieldResolver(() => Boolean, { description: 'Whether it is there since.' })
  exists(@Root() { change }: ValueChangeView): boolean {
    return 'new' in change || 'newSha256' in change;
  }

  @FieldResolver(() => JsonScalar, { nullable, description: 'As in `values`; null where `oldDigest` stands for it.' })
  old(@Root() { change }: ValueChangeView): unknown {
    return change.old ?? null;
  }

  @FieldResolver(() => JsonScalar, { nullable, description: 'As in `values`; null where `newDigest` stands for it.' })
  new(@Root() { change }: ValueChangeView): unknown {
    return change.new ?? null;
  }

  @FieldResolver(() => ValueDigest, { nullable, description: 'Of a value of more than 1 kB.' })
  oldDigest(@Root() { change }: ValueChangeView): ValueDigest | null {
    return digest(change.oldSha256, change.oldOctets);
  }

  @FieldResolver(() => ValueDigest, { nullable, description: 'Of a value of more than 1 kB.' })
  newDigest(@Root() { change }: ValueChangeView): ValueDigest | null {
    return digest(change.newSha256, change.newOctets);
  }

  @FieldResolver(() => Boolean, {
    description: 'More of the object changed with it than is kept: 200 nodes at a time are.',
  })
  more(@Root() { more }: ValueChangeView): boolean {
    return more;
  }
}

@Resolver(() => ManagementObject)
export class HistoryResolver {
  @FieldResolver(() => ValueChangeConnection, {
    description:
      'Changes of its values at and below `path`, the newest first, as far back as they are kept (`retention.historyMs`); those alone that the caller may read. What is read for the first time is no change. `first` is 50 when left out, at most 500.',
  })
  async history(
    @Root() mo: MoView,
    @Ctx() context: RequestContext,
    @Arg('path', () => String, { nullable, defaultValue: '' }) path?: string | null,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<ValueChangeView>> {
    const device = await context.deviceByKey(mo.device);
    if (device === null) return emptyConnection();
    const readable = context.rights.readable(scopedDevice(device), mo.family);
    return paginate(
      'ValueChange',
      { first, after },
      (change) => change.id,
      (size, from) => gathered(context, histories).load({ mo, path: path ?? '', readable, first: size, after: from }),
    );
  }
}

const histories = (
  requests: readonly HistoryRequest[],
  { services }: RequestContext,
): ReturnType<Histories['ofMany']> => services.history.ofMany(requests);

function digest(sha256: string | undefined, octets: number | undefined): ValueDigest | null {
  return sha256 === undefined ? null : { sha256, octets: octets ?? 0 };
}
