/** The audit log as a list. */
import { Arg, Ctx, Field, ID, InputType, Int, ObjectType, Query, Resolver } from 'type-graphql';

import type { AuditView } from '../../management/types';
import { authorizeGateway } from '../authorize';
import type { Connection } from '../connection';
import { connectionType, paginate } from '../connection';
import type { RequestContext } from '../context';
import { DateTimeScalar, JsonScalar } from '../scalars';

const nullable = true;

@ObjectType({ description: 'Something that was done through the API, or tried.' })
export class AuditEntry {
  @Field(() => DateTimeScalar)
  readonly at!: Date;
  @Field(() => String, {
    description: 'Who did it: `key:ID` or `user:NAME`; `nobody` for credentials that were refused.',
  })
  readonly principal!: string;
  @Field(() => String, { description: 'What the principal was called then.' })
  readonly name!: string;
  @Field(() => String, {
    description:
      'The field of the mutation; `refusedCredential` for refused credentials, which are counted by address.',
  })
  readonly action!: string;
  @Field(() => [String], { description: 'Identifiers that it was about, as arguments and answer had them.' })
  readonly subjects!: readonly string[];
  @Field(() => JsonScalar, {
    description: 'What was asked. `…` stands for values of nodes, secrets, and all else that may not be known here.',
  })
  readonly arguments!: unknown;
  @Field(() => String, { description: '`OK`, or the code of the error.' })
  readonly outcome!: string;
  @Field(() => String, {
    nullable,
    description: 'Address from which it came, as far as MOQL_TRUST_PROXY lets it be known.',
  })
  readonly remote!: string | null;
  @Field(() => Int, { description: 'How often: more than once for refused credentials alone.' })
  readonly times!: number;
}

export const AuditEntryConnection = connectionType('AuditEntry', () => AuditEntry);

@InputType({ description: 'What of the audit log is wanted; all that is given must hold.' })
export class AuditFilter {
  @Field(() => String, { nullable })
  readonly principal?: string | null;
  @Field(() => String, { nullable })
  readonly action?: string | null;
  @Field(() => ID, { nullable, description: 'One of `subjects`: a DevId, or an `id`.' })
  readonly subject?: string | null;
  @Field(() => String, { nullable })
  readonly outcome?: string | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly since?: Date | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly before?: Date | null;
}

@Resolver()
export class AuditResolver {
  @Query(() => AuditEntryConnection, {
    description:
      'Who did what through the API, the latest first. Takes READ_AUDIT. `first` is 50 when left out, at most 500.',
  })
  async audit(
    @Ctx() context: RequestContext,
    @Arg('where', () => AuditFilter, { nullable }) where?: AuditFilter | null,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<AuditView>> {
    authorizeGateway(context, 'READ_AUDIT');
    const condition = Object.fromEntries(Object.entries(where ?? {}).filter(([, value]) => value != null));
    return paginate(
      'AuditEntry',
      { first, after },
      (entry) => entry.id,
      (size, from) => context.services.audit.list(condition, size, from),
    );
  }
}
