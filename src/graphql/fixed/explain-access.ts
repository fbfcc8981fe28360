/** Why somebody may do something, or may not. */
import { Arg, Ctx, Field, ID, ObjectType, Query, registerEnumType, Resolver } from 'type-graphql';

import type { AccessExplanationView, AccessObjection as Objection } from '../../access/explain';
import type { GrantView } from '../../management/types';
import type { RequestContext } from '../context';
import { same } from '../enums';
import { Grant } from './access';

const nullable = true;

export const AccessObjection = same<Objection>(
  'OTHER_RIGHT',
  'EXPIRED',
  'OTHER_DEVICE',
  'NOT_ALL_DEVICES',
  'OTHER_OBJECT',
  'OTHER_PATH',
  'KEY_LIMITED',
);
registerEnumType(AccessObjection, {
  name: 'AccessObjection',
  description: 'Why a grant does not give what is asked.',
  valuesConfig: {
    OTHER_RIGHT: { description: 'It gives another right; none implies another.' },
    EXPIRED: { description: 'It is over.' },
    OTHER_DEVICE: {
      description:
        'The device is not in its scope: another one, of another account, without its tag, or not fit for its filter.',
    },
    NOT_ALL_DEVICES: { description: 'It is for some devices, and all were asked about.' },
    OTHER_OBJECT: {
      description: 'It is for another management object, or for one where the whole device was asked about.',
    },
    OTHER_PATH: { description: 'It is for another path, or for one below.' },
    KEY_LIMITED: { description: 'The key is not for this right, whatever is granted.' },
  },
});

@ObjectType({ description: 'A grant that does not give what is asked, and why.' })
export class AccessCandidate {
  @Field(() => Grant)
  readonly grant!: GrantView;
  @Field(() => [AccessObjection])
  readonly objections!: readonly Objection[];
}

@ObjectType({ description: 'Whether somebody may do something, and why.' })
export class AccessExplanation {
  @Field(() => Boolean, {
    nullable,
    description:
      'null: not by grants that the caller may manage; there may be others. An administrator is told of all.',
  })
  readonly allowed!: boolean | null;
  @Field(() => String, { description: 'For people.' })
  readonly text!: string;
  @Field(() => Boolean, { description: 'It is an administrator’s key, which needs no grant. Told to administrators.' })
  readonly isAdministrator!: boolean;
  @Field(() => [Grant], { description: 'Grants that give it.' })
  readonly by!: readonly GrantView[];
  @Field(() => [AccessCandidate], { description: 'Grants that do not, the nearest first; at most 20.' })
  readonly candidates!: readonly AccessCandidate[];
}

@Resolver()
export class AccessExplanationResolver {
  @Query(() => AccessExplanation, {
    description:
      'Why a principal may use a right, or may not: for an administrator, and for who holds DELEGATE over just what is asked about, who is told of the grants that they may manage. Without `deviceId` the question is about all devices, or the gateway; without `moid` about the whole of a device. Errors: BAD_USER_INPUT, FORBIDDEN, NOT_FOUND (device).',
  })
  async explainAccess(
    @Ctx() { rights, services }: RequestContext,
    @Arg('principal', () => String, { description: '`key:ID`, `user:NAME` or `group:NAME`.' }) principal: string,
    @Arg('right', () => String) right: string,
    @Arg('groups', () => [String], { nullable, description: 'Principals `group:NAME` that it is in; at most 100.' })
    groups?: readonly string[] | null,
    @Arg('deviceId', () => ID, { nullable, description: 'DevId.' }) deviceId?: string | null,
    @Arg('moid', () => String, { nullable, description: "Any version's MOID or the family's." }) moid?: string | null,
    @Arg('path', () => String, { nullable, description: 'Needs `moid`; the whole object when left out.' })
    path?: string | null,
  ): Promise<AccessExplanationView> {
    return services.grants.explain(
      {
        principal,
        right,
        groups: groups ?? [],
        ...(deviceId == null ? {} : { deviceId }),
        ...(moid == null ? {} : { moid }),
        ...(path == null ? {} : { path }),
      },
      rights,
    );
  }
}
