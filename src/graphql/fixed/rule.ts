/** Rules: what follows by itself from what devices report. */
import type { GraphQLResolveInfo, GraphQLSchema } from 'graphql';
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';

import type { RuleView, UpdateRule } from '../../management/rules/types';
import type { Connection } from '../connection';
import { connectionType, paginate } from '../connection';
import type { RequestContext } from '../context';
import { findKey, getKey, globalId, isNumber } from '../global-id';
import { DateTimeScalar, DurationScalar, JsonScalar } from '../scalars';
import { CommandInput, commandRequest } from './command';
import { deviceCondition, DeviceFilter, RawArg, type RawDeviceFilter } from './device-filter';
import { Node } from './node';

const nullable = true;
const EVENTS =
  'Of `alertRaised` (that alone when left out), `bootstrapCompleted`, `deviceRegistered`, `discoveryDue`, `driftFound`, `managementObjectFound`, `managementObjectGone`, `managementObjectMoved`, `managementObjectPushed`, `operationEnded`, `wakeUpAnswered`, `wakeUpFailed`.';
const ALERT = 'Of an alert.';

@InputType({ description: 'What triggers a rule: all that is given must hold.' })
export class RuleTriggerInput {
  @Field(() => [String], { nullable, description: EVENTS })
  readonly events?: readonly string[] | null;
  @Field(() => String, { nullable, description: ALERT })
  readonly alertType?: string | null;
  @Field(() => String, {
    nullable,
    description: 'Of an alert, such as `critical`; small and capital letters are alike.',
  })
  readonly mark?: string | null;
  @Field(() => String, { nullable, description: 'Of an alert: its source lies in such an object, of any version.' })
  readonly moid?: string | null;
}

@InputType({
  description: 'What a triggered rule does to the device. Each time it is an event `ruleTriggered` besides.',
})
export class RuleActionInput {
  @Field(() => [CommandInput], {
    nullable,
    description: 'An operation, in the same session where the device takes it.',
  })
  readonly commands?: readonly CommandInput[] | null;
  @Field(() => DurationScalar, { nullable, description: 'Of the operation; 30 days when left out, at most 31.' })
  readonly expiresIn?: number | null;
  @Field(() => [String], { nullable, description: 'Needs MANAGE_DEVICES of the maker.' })
  readonly addTags?: readonly string[] | null;
  @Field(() => [String], { nullable })
  readonly removeTags?: readonly string[] | null;
}

@InputType({ description: 'So often in any such time.' })
export class RuleCapInput {
  @Field(() => Int, { description: '1 to 1000.' })
  readonly count!: number;
  @Field(() => DurationScalar, { description: 'At most 31 days.' })
  readonly per!: number;
}

@InputType({ description: 'What of a rule is to change; what is left out stays.' })
export class UpdateRuleInput {
  @Field(() => String, { nullable })
  readonly name?: string | null;
  @Field(() => Boolean, { nullable })
  readonly enabled?: boolean | null;
  @Field(() => DeviceFilter, { nullable, description: 'Devices that it is for; `{}`: all.' })
  readonly where?: DeviceFilter | null;
  @Field(() => RuleTriggerInput, { nullable })
  readonly on?: RuleTriggerInput | null;
  @Field(() => RuleActionInput, { nullable })
  readonly do?: RuleActionInput | null;
  @Field(() => DurationScalar, { nullable, description: 'On one device not again within this time.' })
  readonly debounce?: number | null;
  @Field(() => RuleCapInput, { nullable, description: 'On one device.' })
  readonly most?: RuleCapInput | null;
}

@InputType({ description: 'What follows by itself from what devices report.' })
export class CreateRuleInput {
  @Field(() => String, { description: 'For people; 1 to 128 characters.' })
  readonly name!: string;
  @Field(() => Boolean, { nullable, defaultValue: true })
  readonly enabled?: boolean | null;
  @Field(() => DeviceFilter, {
    nullable,
    description: 'Devices that it is for, asked of the device each time; all when left out.',
  })
  readonly where?: DeviceFilter | null;
  @Field(() => RuleTriggerInput)
  readonly on!: RuleTriggerInput;
  @Field(() => RuleActionInput)
  readonly do!: RuleActionInput;
  @Field(() => DurationScalar, {
    nullable,
    defaultValue: 60_000,
    description: 'On one device not again within this time.',
  })
  readonly debounce?: number | null;
  @Field(() => RuleCapInput, { nullable, description: 'On one device; 10 a day when left out.' })
  readonly most?: RuleCapInput | null;
}

@ObjectType({
  implements: Node,
  description: 'What follows by itself from what devices report. Its maker sees it, and administrators.',
})
export class Rule extends Node {
  @Field(() => String)
  readonly name!: string;
  @Field(() => Boolean)
  readonly enabled!: boolean;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
  @Field(() => DateTimeScalar)
  readonly updatedAt!: Date;
}

const RuleConnection = connectionType('Rule', () => Rule);

/** As graphql-js coerced it: the filter has fields that type-graphql does not know. */
type RawRule = Omit<UpdateRuleInput, 'where'> & { readonly where?: RawDeviceFilter | null };

/** In the middle's words. Errors: BAD_USER_INPUT, LIMIT_FILTER, LIMIT_PAGE_SIZE. */
function ruleChanges(
  { name, enabled, where, on, do: action, debounce, most }: RawRule,
  schema: GraphQLSchema,
): UpdateRule {
  const given = <T extends object>(value: T): { readonly [K in keyof T]?: NonNullable<T[K]> } =>
    Object.fromEntries(Object.entries(value).filter(([, one]) => one != null)) as {
      [K in keyof T]?: NonNullable<T[K]>;
    };
  const pace = given({ debounceMs: debounce, count: most?.count, perMs: most?.per });
  return {
    ...given({ name, enabled }),
    ...(where == null ? {} : { condition: deviceCondition(where, schema) }),
    ...(on == null ? {} : { trigger: given(on) }),
    ...(action == null
      ? {}
      : {
          action: {
            ...given({ expiresInMs: action.expiresIn, addTags: action.addTags, removeTags: action.removeTags }),
            commands: (action.commands ?? []).map(commandRequest),
          },
        }),
    ...(Object.keys(pace).length === 0 ? {} : { pace }),
  };
}

@Resolver(() => Rule)
export class RuleResolver {
  @FieldResolver(() => ID)
  id(@Root() { id }: RuleView): string {
    return globalId('Rule', id);
  }

  @FieldResolver(() => [String], { description: EVENTS })
  events(@Root() { trigger }: RuleView): readonly string[] {
    return trigger.events;
  }

  @FieldResolver(() => String, { nullable, description: ALERT })
  alertType(@Root() { trigger }: RuleView): string | null {
    return trigger.alertType ?? null;
  }

  @FieldResolver(() => String, { nullable, description: ALERT })
  mark(@Root() { trigger }: RuleView): string | null {
    return trigger.mark ?? null;
  }

  @FieldResolver(() => String, { nullable, description: ALERT })
  moid(@Root() { trigger }: RuleView): string | null {
    return trigger.moid ?? null;
  }

  @FieldResolver(() => JsonScalar, { description: 'Commands of its operation, each with its `kind`.' })
  commands(@Root() { action }: RuleView): unknown {
    return action.commands;
  }

  @FieldResolver(() => [String])
  addTags(@Root() { action }: RuleView): readonly string[] {
    return action.addTags;
  }

  @FieldResolver(() => [String])
  removeTags(@Root() { action }: RuleView): readonly string[] {
    return action.removeTags;
  }

  @Query(() => Rule, { nullable, description: 'A rule by its `id`; null when there is none.' })
  async rule(@Arg('id', () => ID) id: string, @Ctx() { caller, services }: RequestContext): Promise<RuleView | null> {
    const key = findKey('Rule', id);
    return key !== undefined && isNumber(key) ? services.rules.get(key, caller) : null;
  }

  @Query(() => RuleConnection, {
    description:
      "Rules of the caller, an administrator's those of all; the latest first. `first` is 50 when left out, at most 500.",
  })
  async rules(
    @Ctx() { caller, services }: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<RuleView>> {
    return paginate(
      'Rule',
      { first, after },
      ({ id }) => id,
      (size, from) => services.rules.list(caller, size, from),
    );
  }

  @Mutation(() => Rule, {
    description:
      'Makes a rule. What it does on a device is judged each time, by the rights that the caller has then. ' +
      'Errors: BAD_USER_INPUT, LIMIT_COMMANDS, LIMIT_FILTER, LIMIT_VALUE_SIZE, and those of submitOperation that hold for any device.',
  })
  async createRule(
    @Ctx() { caller, services }: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @RawArg('input') raw: RawRule & Pick<CreateRuleInput, 'name'>,
    @Arg('input', () => CreateRuleInput) _input: CreateRuleInput,
  ): Promise<RuleView> {
    const { trigger = {}, action = {}, ...more } = ruleChanges(raw, info.schema);
    return services.rules.create({ ...more, name: raw.name, trigger, action }, caller);
  }

  @Mutation(() => Rule, { description: 'Changes a rule. Errors: NOT_FOUND, and those of createRule.' })
  async updateRule(
    @Ctx() { caller, services }: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('id', () => ID) id: string,
    @RawArg('input') raw: RawRule,
    @Arg('input', () => UpdateRuleInput) _input: UpdateRuleInput,
  ): Promise<RuleView> {
    return services.rules.update(getKey('Rule', id), ruleChanges(raw, info.schema), caller);
  }

  @Mutation(() => Rule, { description: 'Deletes a rule; operations that it made go on. Errors: NOT_FOUND.' })
  async deleteRule(@Arg('id', () => ID) id: string, @Ctx() { caller, services }: RequestContext): Promise<RuleView> {
    return services.rules.delete(getKey('Rule', id), caller);
  }
}
