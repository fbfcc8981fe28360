/** The bounds of documents, and the one way to prepare those that do not come through Apollo Server. */
import type { DocumentNode, GraphQLFormattedError, GraphQLSchema, OperationTypeNode } from 'graphql';
import { GraphQLError, getOperationAST, parse, specifiedRules, validate } from 'graphql';

import { depthLimit } from './depth-limit';
import type { AnyErrorCode } from './error-codes';
import { isNestedDeeper } from './nesting';

export const MAX_DEPTH = 25;
/** Tokens of a document; the introspection query that GraphiQL sends has about 500. */
export const MAX_TOKENS = 20_000;
/** Brackets within brackets, and fragments: more than any query of the allowed depth needs. */
export const MAX_NESTING = 400;
export const TOO_NESTED = `The query has more than ${MAX_NESTING} brackets or fragments within one another.`;

/** Rules beside those of the specification. */
export const OWN_RULES = [depthLimit(MAX_DEPTH)];

/** As it came from outside. */
export interface Asked {
  readonly query?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
}

export interface Prepared {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string;
  readonly variableValues?: Readonly<Record<string, unknown>>;
  readonly kind: OperationTypeNode;
}

export type Preparation =
  | { readonly ok: true; readonly prepared: Prepared }
  | { readonly ok: false; readonly errors: readonly GraphQLFormattedError[] };

/** Parses and validates. Errors carry the codes that a POST gives. */
export function prepare(schema: GraphQLSchema, { query, operationName, variables }: Asked): Preparation {
  if (typeof query !== 'string') return refused('BAD_REQUEST', '`query` must be text.');
  if (operationName != null && typeof operationName !== 'string')
    return refused('BAD_REQUEST', '`operationName` must be text.');
  if (variables != null && (typeof variables !== 'object' || Array.isArray(variables)))
    return refused('BAD_REQUEST', '`variables` must be an object.');
  if (isNestedDeeper(query, MAX_NESTING)) return refused('LIMIT_DEPTH', TOO_NESTED);
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: MAX_TOKENS });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { ok: false, errors: [withCode(error, 'GRAPHQL_PARSE_FAILED')] };
  }
  const errors = validate(schema, document, [...specifiedRules, ...OWN_RULES]);
  if (errors.length > 0)
    return { ok: false, errors: errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')) };
  const operation = getOperationAST(document, operationName);
  if (!operation)
    return refused('OPERATION_RESOLUTION_FAILURE', 'The document has no operation of this name, or it needs a name.');
  return {
    ok: true,
    prepared: {
      schema,
      document,
      kind: operation.operation,
      ...(operationName == null ? {} : { operationName }),
      ...(variables == null ? {} : { variableValues: variables as Readonly<Record<string, unknown>> }),
    },
  };
}

function refused(code: AnyErrorCode, message: string): Preparation {
  return { ok: false, errors: [{ message, extensions: { code } }] };
}

/** With the code that our own rules gave, else with this one. */
function withCode(error: GraphQLError, code: AnyErrorCode): GraphQLFormattedError {
  const { extensions, ...rest } = error.toJSON();
  return { ...rest, extensions: { code, ...extensions } };
}
