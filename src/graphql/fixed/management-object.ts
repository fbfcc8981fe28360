/** What is told of every management object, typed or not. */
import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from 'type-graphql';

import type { MoView, ObservedAcl as ObservedAclView, OperationView } from '../../management/types';
import type { RequestContext } from '../context';
import { Freshness, RecognisedBy } from '../enums';
import { DateTimeScalar, JsonScalar } from '../scalars';
import { ObservedAcl } from './acl';
import { Operation } from './operation';

const nullable = true;

@ObjectType({ description: 'A management object as it is stored.' })
export class ManagementObject {
  @Field(() => String, { description: 'MOID with its version; the place of the root where no MOID is known.' })
  readonly moid!: string;
  @Field(() => String, { description: 'Instance on this device; opaque.' })
  readonly miid!: string;
  @Field(() => String, { description: 'Empty when it is not known.' })
  readonly version!: string;
  @Field(() => JsonScalar, {
    nullable,
    description: 'Nodes by their raw names; bin and b64 as Base64 text, integers beyond 2^53−1 as decimal text.',
  })
  readonly values!: unknown;
  @Field(() => DateTimeScalar, { nullable, description: 'When a value of it was last seen; null: never.' })
  readonly observedAt!: Date | null;
  @Field(() => RecognisedBy, { description: 'How it is known what it is.' })
  readonly recognisedBy!: keyof typeof RecognisedBy;
}

@Resolver(() => ManagementObject)
export class ManagementObjectResolver {
  @FieldResolver(() => String, { nullable, description: 'LocURI of its root on a DM 1.x device.' })
  location(@Root() mo: MoView): string | null {
    return mo.place;
  }

  @FieldResolver(() => Freshness)
  freshness(@Root() mo: MoView): keyof typeof Freshness {
    return mo.observedAt === null ? 'NEVER_READ' : 'FRESH';
  }

  @FieldResolver(() => [ObservedAcl], {
    description:
      'Access control lists of its nodes as they were seen last, in order of path; those alone on which DELEGATE is held.',
  })
  async acls(@Root() mo: MoView, @Ctx() context: RequestContext): Promise<readonly ObservedAclView[]> {
    const device = await context.deviceByKey(mo.device);
    return device === null ? [] : context.acls(device, mo);
  }
}

/** Value behind the field `mo` of generated types. */
export interface MoInfoView {
  readonly mo: MoView;
  readonly freshness: keyof typeof Freshness;
  /** The operation that this query made to read the values again. */
  readonly operation: OperationView | null;
}

@ObjectType({ description: 'What the gateway knows of a management object beside its values.' })
export class MoInfo {
  @Field(() => Freshness, { description: 'How the values stand to the `maxAge` that was asked for.' })
  readonly freshness!: keyof typeof Freshness;
}

@Resolver(() => MoInfo)
export class MoInfoResolver {
  @FieldResolver(() => String, { description: 'MOID with its version; the place of the root where no MOID is known.' })
  moid(@Root() { mo }: MoInfoView): string {
    return mo.moid;
  }

  @FieldResolver(() => String, { description: 'Instance on this device; opaque.' })
  miid(@Root() { mo }: MoInfoView): string {
    return mo.miid;
  }

  @FieldResolver(() => String, { description: 'Empty when it is not known.' })
  version(@Root() { mo }: MoInfoView): string {
    return mo.version;
  }

  @FieldResolver(() => DateTimeScalar, { nullable, description: 'When a value of it was last seen; null: never.' })
  observedAt(@Root() { mo }: MoInfoView): Date | null {
    return mo.observedAt;
  }

  @FieldResolver(() => String, { nullable, description: 'LocURI of its root on a DM 1.x device.' })
  location(@Root() { mo }: MoInfoView): string | null {
    return mo.place;
  }

  @FieldResolver(() => RecognisedBy, { description: 'How it is known what it is.' })
  recognisedBy(@Root() { mo }: MoInfoView): keyof typeof RecognisedBy {
    return mo.recognisedBy;
  }

  @FieldResolver(() => Operation, {
    nullable,
    description: 'The operation that this query made to read the values again, if it did.',
  })
  operation(@Root() { operation }: MoInfoView): OperationView | null {
    return operation;
  }
}
