/** Documents that were parsed, measured and validated, kept for each schema. */
import type { DocumentNode, GraphQLFormattedError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { GraphQLError, Kind, Lexer, parse, Source, specifiedRules, TokenKind, validate } from 'graphql';

import type { AnyErrorCode } from '../error-codes';
import { REQUEST_LIMITS, type LimitName, type RequestLimits } from '../limits';
import { isNestedDeeper } from '../nesting';
import type { Variables } from './amount';
import { costing, type Cost } from './cost';
import { measuring, type Measure } from './measure';
import { refusal, type Refusal } from './refusal';

/** Brackets within brackets, and fragments: more than any query of the allowed depth needs. */
const MAX_NESTING = 400;
/** Documents of one schema, and characters of one, that are kept. */
const KEPT = 1_000;
const KEPT_LENGTH = 64 * 1024;

/** One operation of a document that fits the schema and the limits. */
export interface KnownOperation {
  readonly node: OperationDefinitionNode;
  readonly measure: Measure;
  cost(variables: Variables | undefined): Cost;
}

export interface KnownDocument {
  readonly ok: true;
  readonly document: DocumentNode;
  readonly operations: readonly KnownOperation[];
}

export class Documents {
  readonly #kept = new WeakMap<GraphQLSchema, Map<string, KnownDocument>>();

  constructor(private readonly limits: RequestLimits) {}

  /** The document of a text; errors have the codes of docs/errors.md. */
  get(schema: GraphQLSchema, text: string): KnownDocument | Refusal {
    let kept = this.#kept.get(schema);
    if (!kept) this.#kept.set(schema, (kept = new Map()));
    const known = kept.get(text);
    if (known) {
      // The one that was asked for last is the last to go.
      kept.delete(text);
      kept.set(text, known);
      return known;
    }
    const made = this.#make(schema, text);
    if (made.ok && text.length <= KEPT_LENGTH) {
      kept.set(text, made);
      const [oldest] = kept.keys();
      if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    }
    return made;
  }

  #make(schema: GraphQLSchema, text: string): KnownDocument | Refusal {
    if (isNestedDeeper(text, MAX_NESTING))
      return refusal('LIMIT_DEPTH', `The query has more than ${MAX_NESTING} brackets or fragments within one another.`);
    let document: DocumentNode;
    try {
      document = parse(text, { maxTokens: this.limits.queryTokens });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      if (hasMoreTokens(text, this.limits.queryTokens)) return this.#beyond('queryTokens', 'tokens');
      return { ok: false, errors: [withCode(error, 'GRAPHQL_PARSE_FAILED')] };
    }
    const measureOf = measuring(document);
    const found = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    const measured = (found as readonly OperationDefinitionNode[]).map((node) => ({ node, measure: measureOf(node) }));
    // Before validation, whose time grows faster than a document does.
    for (const { measure } of measured) {
      const large = this.#largeness(measure);
      if (large) return large;
    }
    const errors = validate(schema, document, specifiedRules);
    if (errors.length > 0)
      return { ok: false, errors: errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')) };
    const operations = measured.map((one) => ({ ...one, cost: costing(schema, document, one.node) }));
    return { ok: true, document, operations };
  }

  #largeness({ depth, aliases, rootFields, breadth }: Measure): Refusal | undefined {
    const { queryDepth, queryAliases, queryRootFields, queryFields } = this.limits;
    if (depth > queryDepth) return this.#beyond('queryDepth', `levels of fields`, depth);
    if (aliases > queryAliases) return this.#beyond('queryAliases', 'aliases', aliases);
    if (rootFields > queryRootFields) return this.#beyond('queryRootFields', 'outermost fields', rootFields);
    if (breadth > queryFields) return this.#beyond('queryFields', 'fields side by side', breadth);
    return undefined;
  }

  #beyond(name: LimitName, what: string, found?: number): Refusal {
    const limit = this.limits[name];
    const { code } = REQUEST_LIMITS[name];
    return refusal(code, `The query has ${found ?? 'more'} ${what}; ${limit} are allowed.`, {
      limit,
      ...(found === undefined ? {} : { found }),
    });
  }
}

/** Whether so many tokens can be read, which then is why the document could not be. */
function hasMoreTokens(text: string, most: number): boolean {
  const lexer = new Lexer(new Source(text));
  try {
    for (let count = 0; count <= most; count++) if (lexer.advance().kind === TokenKind.EOF) return false;
    return true;
  } catch {
    return false;
  }
}

function withCode(error: GraphQLError, code: AnyErrorCode): GraphQLFormattedError {
  const { extensions, ...rest } = error.toJSON();
  return { ...rest, extensions: { code, ...extensions } };
}
