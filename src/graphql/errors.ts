/** The one place that turns what was thrown into the error that a caller sees. */
import { randomUUID } from 'node:crypto';

import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError } from 'graphql';
import type { GraphQLFormattedError } from 'graphql';

import { ManagementError } from '../management/types';
import { isErrorCode } from './error-codes';

/** Told about errors that are the gateway's own fault. */
export type FailureLog = (id: string, error: unknown) => void;

/**
 * Errors of the middle keep their code and details; those of the GraphQL server keep theirs; anything else is
 * INTERNAL with an id and nothing of its text, which goes to the log under the same id.
 */
export function formatError(formatted: GraphQLFormattedError, thrown: unknown, log: FailureLog): GraphQLFormattedError {
  const original = unwrapResolverError(thrown);
  const { message, locations, path } = formatted;
  const place = { ...(locations ? { locations } : {}), ...(path ? { path } : {}) };
  if (original instanceof ManagementError) {
    return { message: original.message, ...place, extensions: { ...original.details, code: original.code } };
  }
  const code = codeOf(formatted, thrown);
  if (isErrorCode(code) && code !== 'INTERNAL' && (original instanceof GraphQLError || original === thrown)) {
    return { message, ...place, extensions: { ...detailsOf(code, formatted), code } };
  }
  const id = randomUUID();
  log(id, original);
  return { message: `The gateway failed (${id}).`, ...place, extensions: { code: 'INTERNAL', id } };
}

/** What limits tell beside their code: numbers. */
function detailsOf(code: string, { extensions }: GraphQLFormattedError): Record<string, unknown> {
  if (!code.startsWith('LIMIT_')) return {};
  return Object.fromEntries(Object.entries(extensions ?? {}).filter(([, value]) => typeof value === 'number'));
}

/** Rules of ours name a code, which the GraphQL server covers with its own for all rules. */
function codeOf(formatted: GraphQLFormattedError, thrown: unknown): unknown {
  const inner = thrown instanceof GraphQLError ? thrown.originalError : undefined;
  const own = inner instanceof GraphQLError ? inner.extensions['code'] : undefined;
  return isErrorCode(own) ? own : formatted.extensions?.['code'];
}
