/** Every mutation, of the fixed part or generated, writes a row of the audit log when it ends, well or not. */
import type { GraphQLField, GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo } from 'graphql';
import { defaultFieldResolver, getNullableType, GraphQLError, isListType, isObjectType } from 'graphql';

import { ManagementError } from '../management/types';
import { auditArguments, storable } from './audit-arguments';
import type { RequestContext } from './context';

type Field = GraphQLField<unknown, RequestContext>;

const AUDITED = Symbol('audited');
/** Identifiers of one row. */
const MOST_SUBJECTS = 50;
const LONGEST_SUBJECT = 512;

/** Wraps the fields of a schema's Mutation, which are that schema's own; to be called when all are there. */
export function auditFields(mutation: GraphQLObjectType): void {
  for (const field of Object.values(mutation.getFields()) as Field[]) {
    if (isAudited(field)) continue;
    const resolve = audited(field);
    Object.assign(resolve, { [AUDITED]: true });
    field.resolve = resolve;
  }
}

export function isAudited(field: { readonly resolve?: unknown }): boolean {
  return typeof field.resolve === 'function' && AUDITED in field.resolve;
}

function audited(field: Field): NonNullable<Field['resolve']> {
  const { resolve = defaultFieldResolver, name, type, args: declared } = field;
  return async (source, args: Readonly<Record<string, unknown>>, context, info) => {
    const subjects = new Set<string>();
    const tell = (outcome: string): Promise<void> => {
      identifiersIn(args, subjects);
      const { principal, name: who } = context.caller;
      return context.services.audit.record({
        principal,
        name: who,
        action: name,
        subjects: [...subjects].slice(0, MOST_SUBJECTS),
        arguments: auditArguments(declared, args),
        outcome,
        remote: context.remote ?? null,
      });
    };
    let result: unknown;
    try {
      result = await resolve(source, args, context, info);
    } catch (error) {
      await tell(codeOf(error));
      throw error;
    }
    await identifiersOf(type, result, context, info, subjects);
    await tell('OK');
    return result;
  };
}

function codeOf(error: unknown): string {
  if (error instanceof ManagementError) return error.code;
  const code = error instanceof GraphQLError ? error.extensions['code'] : undefined;
  return typeof code === 'string' ? code : 'INTERNAL';
}

/** Members `id`, `…Id` and `…Ids` of arguments: their names say what they are. */
function identifiersIn(value: unknown, found: Set<string>, depth = 0): void {
  if (typeof value !== 'object' || value === null || depth > 2 || found.size >= MOST_SUBJECTS) return;
  for (const [name, member] of Object.entries(value)) {
    if (/^(?:id|deviceId|accountId|deviceIds)$/.test(name)) {
      for (const one of Array.isArray(member) ? (member as unknown[]) : [member])
        if (typeof one === 'string' && one.length <= LONGEST_SUBJECT) found.add(storable(one));
    } else identifiersIn(member, found, depth + 1);
  }
}

/** The `id` of what was made or changed, as a caller sees it; of what stands one level deeper, where it has none itself. */
async function identifiersOf(
  declared: GraphQLOutputType,
  value: unknown,
  context: RequestContext,
  info: GraphQLResolveInfo,
  found: Set<string>,
  depth = 0,
): Promise<void> {
  if (typeof value !== 'object' || value === null || depth > 1 || found.size >= MOST_SUBJECTS) return;
  const type = getNullableType(declared);
  if (isListType(type)) {
    for (const one of (value as readonly unknown[]).slice(0, MOST_SUBJECTS))
      await identifiersOf(type.ofType as GraphQLOutputType, one, context, info, found, depth);
    return;
  }
  if (!isObjectType(type)) return;
  const fields = type.getFields();
  const own = fields['id'];
  if (own !== undefined) {
    try {
      const id: unknown = await (own.resolve ?? defaultFieldResolver)(value, {}, context, { ...info, fieldName: 'id' });
      if (typeof id === 'string') found.add(storable(id));
    } catch {
      // A row without it says more than none.
    }
    return;
  }
  for (const { name, type: inner } of Object.values(fields))
    if (name in value)
      await identifiersOf(inner, (value as Record<string, unknown>)[name], context, info, found, depth + 1);
}
