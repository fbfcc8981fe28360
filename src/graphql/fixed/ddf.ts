/** DDFs: the descriptions from which the types of management objects are made. */
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

import type { DdfInput, DdfView, SchemaChange as Change } from '../../management/types';
import { authorizeGateway } from '../authorize';
import type { Connection } from '../connection';
import { connectionType, paginate } from '../connection';
import type { RequestContext } from '../context';
import { ChangeSeverity, DdfOrigin } from '../enums';
import { getKey, globalId } from '../global-id';
import { DateTimeScalar } from '../scalars';
import { Node } from './node';

const nullable = true;

@ObjectType({ description: 'Something odd in a DDF that was tolerated.' })
export class DdfWarning {
  @Field(() => String)
  readonly code!: string;
  @Field(() => String)
  readonly message!: string;
  @Field(() => Int, { description: 'From 1.' })
  readonly line!: number;
  @Field(() => Int, { description: 'From 1.' })
  readonly column!: number;
}

@ObjectType({ description: 'A difference between the schema before a DDF came or went, and after.' })
export class SchemaChange {
  @Field(() => ChangeSeverity)
  readonly severity!: keyof typeof ChangeSeverity;
  @Field(() => String, { description: 'Such as `FIELD_REMOVED`.' })
  readonly kind!: string;
  @Field(() => String, {
    description: 'What changed: `Type`, `Type.field`, `Type.field(argument:)` or `Type.VALUE`.',
  })
  readonly path!: string;
  @Field(() => String)
  readonly message!: string;
}

@ObjectType({
  implements: Node,
  description: 'A file that describes management objects (OMA-TS-DM_TND, Device Description Framework).',
})
export class Ddf extends Node {
  @Field(() => String, { description: 'SHA-256 of the file, hexadecimal.' })
  readonly sha256!: string;
  @Field(() => String, { nullable, description: 'Name asked for, by which its types are called.' })
  readonly name!: string | null;
  @Field(() => DdfOrigin)
  readonly origin!: keyof typeof DdfOrigin;
  @Field(() => [String], { description: 'Management objects that it describes.' })
  readonly moids!: readonly string[];
  @Field(() => String, { description: 'The file as it was given.' })
  readonly source!: string;
  @Field(() => DateTimeScalar)
  readonly addedAt!: Date;
  @Field(() => [DdfWarning], { description: 'Oddities that were tolerated.' })
  readonly warnings!: readonly DdfWarning[];
}

/** Changes of one DDF that an answer holds; the report of a very large one is cut. */
const LISTED_CHANGES = 1000;

export const DdfConnection = connectionType('Ddf', () => Ddf, { counted: true });

@InputType({ description: 'A DDF.' })
export class AddDdfInput {
  @Field(() => String, { description: 'The XML file.' })
  readonly source!: string;
  @Field(() => String, {
    nullable,
    description: 'PascalCase name for its types, where the one made from the MOID is not wanted.',
  })
  readonly name?: string | null;
  @Field(() => Boolean, { nullable, defaultValue: false, description: 'Judge it, change nothing.' })
  readonly dryRun?: boolean | null;
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description: 'Change the schema even where this takes away what callers may be using.',
  })
  readonly allowBreaking?: boolean | null;
}

function inputOf({ source, name, dryRun, allowBreaking }: AddDdfInput): DdfInput {
  return { source, name: name ?? null, dryRun: dryRun ?? false, allowBreaking: allowBreaking ?? false };
}

@Resolver(() => Ddf)
export class DdfResolver {
  @FieldResolver(() => ID)
  id(@Root() ddf: DdfView): string {
    return globalId('Ddf', ddf.id);
  }

  @FieldResolver(() => [SchemaChange], {
    description: `What the mutation that answers this did to the schema, or would do (\`dryRun\`): the most severe first, at most ${LISTED_CHANGES}. Empty elsewhere.`,
  })
  changes(@Root() { changes }: DdfView): readonly Change[] {
    return (changes ?? []).slice(0, LISTED_CHANGES);
  }

  @Query(() => DdfConnection, { description: 'All DDFs. `first` is 50 when left out, at most 500.' })
  async ddfs(
    @Ctx() context: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<DdfView>> {
    authorizeGateway(context, 'MANAGE_DDFS');
    return paginate(
      'Ddf',
      { first, after },
      (ddf) => ddf.id,
      (size, from) => context.services.ddfs.list(size, from),
      async () => ({ value: BigInt(await context.services.ddfs.count()), exact: true }),
    );
  }

  @Mutation(() => Ddf, {
    description:
      'Adds a DDF; its types are in the schema when this answers. One that is there already is given as it is. Errors: DDF_REFUSED, BREAKING_CHANGE.',
  })
  async addDdf(@Arg('input', () => AddDdfInput) input: AddDdfInput, @Ctx() context: RequestContext): Promise<DdfView> {
    authorizeGateway(context, 'MANAGE_DDFS');
    return context.services.ddfs.add(inputOf(input), context.caller);
  }

  @Mutation(() => Ddf, {
    description: 'Puts another file in the place of a DDF. Errors: NOT_FOUND, DDF_REFUSED, BREAKING_CHANGE.',
  })
  async replaceDdf(
    @Arg('id', () => ID) id: string,
    @Arg('input', () => AddDdfInput) input: AddDdfInput,
    @Ctx() context: RequestContext,
  ): Promise<DdfView> {
    authorizeGateway(context, 'MANAGE_DDFS');
    return context.services.ddfs.replace(getKey('Ddf', id), inputOf(input), context.caller);
  }

  @Mutation(() => Ddf, {
    description:
      'Takes a DDF and its types away; values of devices stay stored. Errors: NOT_FOUND, BREAKING_CHANGE (without `allowBreaking`).',
  })
  async removeDdf(
    @Arg('id', () => ID) id: string,
    @Ctx() context: RequestContext,
    @Arg('dryRun', () => Boolean, { nullable, defaultValue: false, description: 'Judge it, change nothing.' })
    dryRun: boolean | null,
    @Arg('allowBreaking', () => Boolean, {
      nullable,
      defaultValue: false,
      description: 'Change the schema even where this takes away what callers may be using.',
    })
    allowBreaking: boolean | null,
  ): Promise<DdfView> {
    authorizeGateway(context, 'MANAGE_DDFS');
    return context.services.ddfs.remove(getKey('Ddf', id), context.caller, {
      dryRun: dryRun ?? false,
      allowBreaking: allowBreaking ?? false,
    });
  }
}
