/** Which devices: what the gateway knows of them. Filters of their management objects are joined in when the schema is made. */
import { createParameterDecorator, Field, ID, InputType } from 'type-graphql';
import type { GraphQLSchema } from 'graphql';
import { isInputObjectType } from 'graphql';

import { moqlOf } from '../../../schema/graphql/describe';
import { readFilter } from '../../../schema/graphql/filter-tree';
import type { DeviceCondition } from '../../management/device-filter/condition';
import type { DeviceSelection } from '../../management/device-list';
import { ManagementError } from '../../management/types';
import type { RequestContext } from '../context';
import { DmProtocol } from '../enums';
import { findKey, isNumber } from '../global-id';
import { DateTimeScalar } from '../scalars';

const nullable = true;
/** Caps on one filter, beside those on each family's part of it. */
const MOST_CONDITIONS = 200;
const MOST_OBJECTS = 20;
const DEEPEST = 20;
const MOST_IDS = 500;

@InputType({ description: 'By DevId.' })
export class DeviceIdFilter {
  @Field(() => ID, { nullable })
  readonly eq?: string | null;
  @Field(() => [ID], { nullable, description: 'At most 500.' })
  readonly in?: readonly string[] | null;
}

@InputType({ description: 'By the time of the last contact; a device that never called fits neither.' })
export class ContactFilter {
  @Field(() => DateTimeScalar, { nullable, description: 'Then or later.' })
  readonly since?: Date | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly before?: Date | null;
}

@InputType({
  description:
    'Which devices: all that is given must hold. A field of a management object holds where some instance fulfils it; what the caller may not read counts as absent.',
})
export class DeviceFilter {
  @Field(() => [DeviceFilter], { nullable, description: 'All of these hold.' })
  readonly and?: readonly DeviceFilter[] | null;
  @Field(() => [DeviceFilter], { nullable, description: 'One of these holds; none does when the list is empty.' })
  readonly or?: readonly DeviceFilter[] | null;
  @Field(() => DeviceFilter, { nullable, description: 'This does not hold.' })
  readonly not?: DeviceFilter | null;
  @Field(() => DeviceIdFilter, { nullable })
  readonly deviceId?: DeviceIdFilter | null;
  @Field(() => String, { nullable, description: 'Devices that bear this tag.' })
  readonly tag?: string | null;
  @Field(() => ID, { nullable, description: 'Devices of this account.' })
  readonly accountId?: string | null;
  @Field(() => DmProtocol, { nullable })
  readonly protocol?: keyof typeof DmProtocol | null;
  @Field(() => ContactFilter, { nullable })
  readonly lastContact?: ContactFilter | null;
}

/** A filter as graphql-js coerced it, with the fields that type-graphql does not know. */
export type RawDeviceFilter = Readonly<Record<string, unknown>>;

/** Parameter of a resolver: its argument as graphql-js coerced it. The argument itself is declared beside it by `@Arg`. */
export function RawArg(name: string): ReturnType<typeof createParameterDecorator> {
  return createParameterDecorator(({ args }) => args[name]);
}

/** The devices that a caller means and may know of. Errors: BAD_USER_INPUT, LIMIT_FILTER, LIMIT_PAGE_SIZE. */
export function deviceSelection(
  where: RawDeviceFilter | null | undefined,
  schema: GraphQLSchema,
  { rights }: RequestContext,
): DeviceSelection {
  const condition = deviceCondition(where ?? {}, schema);
  const grants = rights.grantsOf('READ');
  return { condition, ...(grants === undefined ? {} : { grants, reach: rights.seen }) };
}

/** @param schema the one that coerced the filter: its fields tell their families */
export function deviceCondition(where: RawDeviceFilter, schema: GraphQLSchema): DeviceCondition {
  const type = schema.getType('DeviceFilter');
  const fields = isInputObjectType(type) ? type.getFields() : {};
  let conditions = 0;
  let objects = 0;

  const read = (filter: RawDeviceFilter, depth: number): DeviceCondition => {
    if (depth > DEEPEST) throw tooMuch(`more than ${DEEPEST} levels`);
    const parts = Object.entries(filter).flatMap(([name, value]): readonly DeviceCondition[] => {
      if (value === null || value === undefined) return [];
      if (++conditions > MOST_CONDITIONS) throw tooMuch(`more than ${MOST_CONDITIONS} conditions`);
      if (name === 'and' || name === 'or') {
        const of = (value as readonly RawDeviceFilter[]).map((one) => read(one, depth + 1));
        return [{ kind: name === 'and' ? 'all' : 'any', of }];
      }
      if (name === 'not') return [{ kind: 'not', of: read(value as RawDeviceFilter, depth + 1) }];
      const own = ownCondition(name, value);
      return own ?? [ofObject(name, value as RawDeviceFilter)];
    });
    const [only] = parts;
    return parts.length === 1 && only ? only : { kind: 'all', of: parts };
  };
  const ofObject = (name: string, value: RawDeviceFilter): DeviceCondition => {
    const field = fields[name];
    const moql = field && moqlOf(field);
    if (!moql) throw new ManagementError('BAD_USER_INPUT', `${name} is no field of DeviceFilter.`);
    if (++objects > MOST_OBJECTS) throw tooMuch(`more than ${MOST_OBJECTS} management objects`);
    const filter = readFilter(moql.family, value);
    if (!filter.ok) throw new ManagementError(filter.code, `where.${name}: ${filter.message}.`);
    return { kind: 'object', family: moql.family.family, tree: filter.tree };
  };
  return read(where, 0);
}

/** What the gateway itself knows; undefined for a field of a management object. */
function ownCondition(name: string, value: unknown): readonly DeviceCondition[] | undefined {
  switch (name) {
    case 'deviceId': {
      const { eq, in: list } = value as DeviceIdFilter;
      if (list && list.length > MOST_IDS) {
        throw new ManagementError(
          'LIMIT_PAGE_SIZE',
          `deviceId.in has ${list.length} entries; at most ${MOST_IDS} are taken.`,
          { limit: MOST_IDS },
        );
      }
      const lists = [...(eq == null ? [] : [[eq]]), ...(list ? [list] : [])];
      return lists.map((ids) => ({ kind: 'deviceId', in: ids }));
    }
    case 'tag':
      return [{ kind: 'tag', tag: String(value) }];
    case 'accountId': {
      const key = findKey('Account', String(value));
      return [key === undefined || !isNumber(key) ? { kind: 'any', of: [] } : { kind: 'account', id: key }];
    }
    case 'protocol':
      return [{ kind: 'protocol', protocol: value as keyof typeof DmProtocol }];
    case 'lastContact': {
      const { since, before } = value as ContactFilter;
      return [
        {
          kind: 'contact',
          ...(since ? { since: since.toISOString() } : {}),
          ...(before ? { before: before.toISOString() } : {}),
        },
      ];
    }
    default:
      return undefined;
  }
}

function tooMuch(what: string): ManagementError {
  return new ManagementError('LIMIT_FILTER', `The filter has ${what}.`);
}
