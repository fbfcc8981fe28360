/**
 * Code made of documents that come again and again. graphql-jit answers as graphql-js does for what is let through here; all
 * else is left to graphql-js:
 *
 * - mutations and subscriptions, which do not spend their time in the executor;
 * - questions about the schema;
 * - fields of an interface, whose types are found in ways that graphql-jit does not know;
 * - `@skip` and `@include`, where fragments that are spread at several places were answered wrongly;
 * - variables of input objects: code is made for the whole type, and filters know every management object;
 * - variables within literals, and variables that do not fit: their errors would read otherwise;
 * - documents of many fields, fragments counted where they are spread: compiling takes time that nobody else has.
 */
import type { DocumentNode, ExecutionResult, GraphQLSchema, TypeNode, ValueNode } from 'graphql';
import {
  BREAK,
  getNamedType,
  getVariableValues,
  isAbstractType,
  isLeafType,
  Kind,
  OperationTypeNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';

import type { RequestContext } from './context';
import type { KnownOperation } from './prepare/documents';
import type { Prepared } from './prepare/prepare';

export type Compiled = (
  context: RequestContext,
  variables: Readonly<Record<string, unknown>> | undefined,
) => ExecutionResult | Promise<ExecutionResult> | undefined;

export interface CompilingOptions {
  /** So often a document is executed before it is compiled. */
  readonly after?: number;
  /** Fields of what is compiled. */
  readonly mostFields?: number;
  /** Told how long it took, milliseconds. */
  readonly told?: (ms: number) => void;
}

export class Compiling {
  /** By operation: kept as long as the document is. `null`: not to be compiled. */
  readonly #known = new WeakMap<KnownOperation, { seen: number; compiled?: Compiled | null }>();

  constructor(private readonly options: CompilingOptions = {}) {}

  /** The code of an operation that was seen often enough and can be compiled. */
  find({ schema, document, operation }: Prepared): Compiled | undefined {
    let known = this.#known.get(operation);
    if (!known) this.#known.set(operation, (known = { seen: 0 }));
    const { after = 3, mostFields = 500 } = this.options;
    if (known.compiled === undefined && ++known.seen > after)
      known.compiled =
        operation.measure.fields <= mostFields && isSuitable(schema, document, operation)
          ? this.#compile(schema, document, operation)
          : null;
    return known.compiled ?? undefined;
  }

  #compile(schema: GraphQLSchema, document: DocumentNode, { node }: KnownOperation): Compiled | null {
    const began = performance.now();
    try {
      const made = compileQuery(schema, document, node.name?.value, { disablingCapturingStackErrors: true });
      if (!isCompiledQuery(made)) return null;
      const definitions = node.variableDefinitions ?? [];
      return (context, given = {}) => {
        if (definitions.length > 0) {
          const { errors } = getVariableValues(schema, definitions, given, { maxErrors: 1 });
          if (errors) return undefined;
        }
        return made.query(undefined, context, given);
      };
    } catch {
      // It cannot be compiled; it can be executed.
      return null;
    } finally {
      this.options.told?.(performance.now() - began);
    }
  }
}

function isSuitable(schema: GraphQLSchema, document: DocumentNode, { node }: KnownOperation): boolean {
  if (node.operation !== OperationTypeNode.QUERY) return false;
  if ((node.variableDefinitions ?? []).some(({ type }) => !isLeafType(schema.getType(nameOf(type))))) return false;
  let isPlain = true;
  const stop = (): typeof BREAK => {
    isPlain = false;
    return BREAK;
  };
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Directive: stop,
      Field: ({ name }) =>
        name.value === '__schema' || name.value === '__type' || isAbstractType(getNamedType(types.getType()))
          ? stop()
          : undefined,
      Argument: ({ value }) => (value.kind !== Kind.VARIABLE && holdsVariable(value) ? stop() : undefined),
    }),
  );
  return isPlain;
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}

function holdsVariable(value: ValueNode): boolean {
  let found = false;
  visit(value, {
    Variable: () => {
      found = true;
      return BREAK;
    },
  });
  return found;
}
