/** Executes what was prepared: by graphql-js, and what comes again and again by code that graphql-jit made of it. */
import type { ExecutionResult } from 'graphql';
import { execute, GraphQLError } from 'graphql';

import { Compiling } from './compiled';
import type { RequestContext } from './context';
import type { Introspection } from './introspection';
import type { RequestLimits } from './limits';
import type { Prepared } from './prepare/prepare';
import type { Usage } from './prepare/usage';

export interface ExecutorDeps {
  readonly introspection: Introspection;
  readonly limits: Pick<RequestLimits, 'executionMs' | 'concurrentOperations'>;
  readonly usage: Usage;
  readonly compiling?: Compiling;
}

/** Waits of devices are bounded by themselves; the answer then still has to be made. */
type Result = ExecutionResult | PromiseLike<ExecutionResult>;

export class Executor {
  readonly #compiling: Compiling;

  constructor(private readonly deps: ExecutorDeps) {
    this.#compiling = deps.compiling ?? new Compiling();
  }

  /** A query or mutation. Never rejects for what the operation does; errors are as they were thrown. */
  async execute(prepared: Prepared, context: RequestContext): Promise<ExecutionResult> {
    const { usage, limits } = this.deps;
    const release = usage.begin(prepared.principal);
    if (release === undefined)
      return refused(
        'LIMIT_CONCURRENCY',
        `One caller has at most ${limits.concurrentOperations} operations at a time.`,
        {
          limit: limits.concurrentOperations,
          http: { status: 429, headers: new Map([['retry-after', '1']]) },
        },
      );
    try {
      const result = this.#run(prepared, context);
      if (!isPromise(result)) return result;
      return await this.#within(limits.executionMs + prepared.waitMs, result, context);
    } finally {
      release();
    }
  }

  #run(prepared: Prepared, context: RequestContext): Result {
    const { schema, document, operationName, variableValues, text } = prepared;
    const asked = { schema, document, operationName, variableValues, text };
    const kept = this.deps.introspection.answer(asked);
    if (kept) return kept;
    return this.#compiling.find(prepared)?.(context, variableValues) ?? execute({ ...asked, contextValue: context });
  }

  /** What is under way after that asks the store for nothing more, and is told to nobody. */
  #within(ms: number, result: PromiseLike<ExecutionResult>, context: RequestContext): Promise<ExecutionResult> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        context.giveUp();
        resolve(
          refused('LIMIT_TIME', `The operation took more than ${ms} ms.`, {
            limit: ms,
            http: { status: 504, headers: new Map() },
          }),
        );
      }, ms);
      result.then(
        (value) => {
          clearTimeout(late);
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(late);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }
}

function refused(code: string, message: string, details: Readonly<Record<string, unknown>>): ExecutionResult {
  return { errors: [new GraphQLError(message, { extensions: { ...details, code } })] };
}

function isPromise(value: Result): value is PromiseLike<ExecutionResult> {
  return 'then' in value && typeof value.then === 'function';
}
