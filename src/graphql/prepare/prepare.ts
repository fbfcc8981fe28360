/** The one way from what came in, by whatever entrance, to an operation that may be executed. */
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { OperationTypeNode } from 'graphql';

import type { RequestLimits } from '../limits';
import { Documents, type KnownOperation } from './documents';
import { refusal, type Refusal } from './refusal';
import { sha256, type TrustedDocuments } from './trusted';
import type { Usage } from './usage';

/** As it came from outside. */
export interface Asked {
  readonly query?: unknown;
  /** `sha256:HEX` in place of the query. */
  readonly documentId?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
  readonly extensions?: unknown;
}

export interface Prepared {
  readonly ok: true;
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly text: string;
  readonly operation: KnownOperation;
  readonly operationName?: string;
  readonly variableValues?: Readonly<Record<string, unknown>>;
  readonly kind: OperationTypeNode;
  /** On whose account it goes. */
  readonly principal: string;
  /** How long it may wait for devices. */
  readonly waitMs: number;
  /** What HTTP tells of the caller's rate. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface PrepareDeps {
  readonly limits: RequestLimits;
  readonly usage: Usage;
  readonly trusted?: TrustedDocuments | undefined;
}

/** Characters that are read for a point. */
const READ = 4_096;

export class Preparing {
  readonly #documents: Documents;

  constructor(private readonly deps: PrepareDeps) {
    this.#documents = new Documents(deps.limits);
  }

  /** @param isSafe the request is one that changes nothing (GET) */
  prepare(schema: GraphQLSchema, asked: Asked, principal: string, isSafe = false): Prepared | Refusal {
    // Who has nothing left has nothing read.
    const reading = 1 + (typeof asked.query === 'string' ? Math.floor(asked.query.length / READ) : 0);
    const before = this.#spend(principal, reading);
    if (!before.ok) return before;
    const prepared = this.#prepare(schema, asked, isSafe);
    if (!prepared.ok) return { ...prepared, headers: { ...before.headers, ...prepared.headers } };
    const { operation, variableValues } = prepared;
    const { points, waitMs } = operation.cost(variableValues);
    const { queryCost, costBurst } = this.deps.limits;
    const limit = Math.min(queryCost, costBurst);
    if (points > limit)
      return refusal(
        'LIMIT_COST',
        `The operation may cost ${points} points; ${limit} are allowed. Ask for shorter lists (first) or less of each item.`,
        { limit, found: points },
        { headers: before.headers },
      );
    const spent = this.#spend(principal, Math.max(0, points - reading));
    if (!spent.ok) return spent;
    return { ...prepared, principal, waitMs, headers: { ...spent.headers, 'x-query-cost': String(points) } };
  }

  #prepare(
    schema: GraphQLSchema,
    asked: Asked,
    isSafe: boolean,
  ): Omit<Prepared, 'principal' | 'waitMs' | 'headers'> | Refusal {
    const { operationName, variables } = asked;
    if (operationName != null && typeof operationName !== 'string')
      return refusal('BAD_REQUEST', '`operationName` must be text.');
    if (!isObjectOrNothing(variables)) return refusal('BAD_REQUEST', '`variables` must be an object.');
    if (!isObjectOrNothing(asked.extensions)) return refusal('BAD_REQUEST', '`extensions` must be an object.');
    const source = textOf(asked, this.deps.trusted);
    if (!source.ok) return source;
    const known = this.#documents.get(schema, source.text);
    if (!known.ok) return known;
    const named = known.operations.filter(
      ({ node }) => operationName == null || operationName === '' || node.name?.value === operationName,
    );
    const [operation] = named;
    if (!operation || named.length > 1)
      return refusal('OPERATION_RESOLUTION_FAILURE', 'The document has no operation of this name, or it needs a name.');
    const kind = operation.node.operation;
    if (isSafe && kind === OperationTypeNode.MUTATION)
      return refusal('BAD_REQUEST', 'GET takes no mutation.', {}, { status: 405, headers: { allow: 'POST' } });
    return {
      ok: true,
      schema,
      document: known.document,
      text: source.text,
      operation,
      kind,
      ...(operationName == null || operationName === '' ? {} : { operationName }),
      ...(variables == null ? {} : { variableValues: variables }),
    };
  }

  #spend(principal: string, points: number): { readonly ok: true; readonly headers: Record<string, string> } | Refusal {
    const { limits, usage } = this.deps;
    const { remaining, resetMs, retryAfterMs } = usage.spend(principal, points);
    const headers = {
      'ratelimit-limit': String(limits.costBurst),
      'ratelimit-remaining': String(remaining),
      'ratelimit-reset': String(Math.ceil(resetMs / 1_000)),
    };
    if (retryAfterMs === undefined) return { ok: true, headers };
    return refusal(
      'LIMIT_RATE',
      `Too much was asked for lately: ${limits.costPerSecond} points a second are given. Try again in ${retryAfterMs} ms.`,
      { limit: limits.costPerSecond, retryAfterMs },
      { headers: { ...headers, 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) } },
    );
  }
}

function isObjectOrNothing(value: unknown): value is Readonly<Record<string, unknown>> | null | undefined {
  return value == null || (typeof value === 'object' && !Array.isArray(value));
}

/** The text that is asked for, itself or by its hash. */
function textOf(
  { query, documentId, extensions }: Asked,
  trusted: TrustedDocuments | undefined,
): { readonly ok: true; readonly text: string } | Refusal {
  const hash = hashOf(documentId, extensions);
  if (hash !== undefined && typeof hash !== 'string') return hash;
  const text = query == null || query === '' ? undefined : query;
  if (text !== undefined && typeof text !== 'string') return refusal('BAD_REQUEST', '`query` must be text.');
  if (hash !== undefined && trusted === undefined)
    return refusal('PERSISTED_QUERY_NOT_SUPPORTED', 'Queries are sent whole here, not by hash.');
  if (hash !== undefined && text !== undefined && sha256(text) !== hash)
    return refusal('BAD_REQUEST', 'The hash is not the SHA-256 of the query.');
  const found = text ?? (hash === undefined ? undefined : trusted?.find(hash));
  if (hash === undefined && found === undefined) return refusal('BAD_REQUEST', '`query` is missing.');
  if (found === undefined || (trusted?.required === true && !trusted.has(found)))
    return refusal('DOCUMENT_NOT_TRUSTED', 'This document is not on the list of those that are taken.');
  return { ok: true, text: found };
}

/** The hash in hexadecimal digits; undefined where none is given. */
function hashOf(documentId: unknown, extensions: unknown): string | Refusal | undefined {
  if (documentId != null) {
    const [, hash] = (typeof documentId === 'string' && /^(?:sha256:)?([0-9a-f]{64})$/i.exec(documentId)) || [];
    return hash?.toLowerCase() ?? refusal('BAD_REQUEST', '`documentId` must be sha256: and 64 hexadecimal digits.');
  }
  const persisted = (extensions as { readonly persistedQuery?: unknown } | null | undefined)?.persistedQuery;
  if (persisted == null) return undefined;
  const hash = (persisted as { readonly sha256Hash?: unknown }).sha256Hash;
  return typeof hash === 'string'
    ? hash.toLowerCase()
    : refusal('BAD_REQUEST', '`extensions.persistedQuery.sha256Hash` must be text.');
}
