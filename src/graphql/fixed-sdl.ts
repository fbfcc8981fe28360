/** The fixed part of the schema as text, and what callers of it would lose by a change. */
import type { GraphQLSchema } from 'graphql';
import { buildSchema, findBreakingChanges, lexicographicSortSchema, printSchema } from 'graphql';

import { buildFixedSchema } from './fixed-schema';

/** Sorted, so that the same schema is always the same text. */
export function fixedSdl(schema: GraphQLSchema = buildFixedSchema()): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}

/** A change that takes something from callers, in words. */
export function breakingChanges(before: string, after: string): readonly string[] {
  return findBreakingChanges(buildSchema(before), buildSchema(after)).map(({ description }) => description);
}

/** Those that nobody has given a reason for. @param allowed reasons by change */
export function unexplained(changes: readonly string[], allowed: Readonly<Record<string, string>>): readonly string[] {
  return changes.filter((change) => (allowed[change]?.trim() ?? '') === '');
}
