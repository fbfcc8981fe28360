/** From what the middle tells to what a subscriber gets: judged by his rights at each delivery, and one result each. */
import type { ExecutionResult, FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { createSourceEventStream, execute, GraphQLError } from 'graphql';

import type { FailureLog } from './errors';
import { formatError } from './errors';
import type { LiveContext } from './live-context';
import type { Prepared } from './prepare/prepare';

/** A stream that others can end, too. */
export interface Source<T> {
  next(): Promise<IteratorResult<T, undefined>>;
  return(): Promise<IteratorResult<T, undefined>>;
  fail(error?: Error): void;
}

/** A value, and the context in which it is told. */
export interface Told<T> {
  readonly value: T;
  readonly context: LiveContext;
}

const DONE = { done: true, value: undefined } as const;

/** What a caller may have of a source. */
export class Delivery<A, B> implements AsyncIterableIterator<Told<B>> {
  /** @param judge what is told of it; undefined: nothing, for this caller */
  constructor(
    readonly source: Source<A>,
    private readonly context: LiveContext,
    private readonly judge: (value: A, context: LiveContext) => Promise<B | undefined>,
  ) {}

  async next(): Promise<IteratorResult<Told<B>, undefined>> {
    for (;;) {
      const { done, value: found } = await this.source.next();
      if (done === true) return DONE;
      const context = await this.context.renewed();
      const value = await this.judge(found, context);
      if (value !== undefined) return { done: false, value: { value, context } };
    }
  }

  /** Ends it where the caller's key has ended. */
  async check(): Promise<void> {
    try {
      await this.context.renewed();
    } catch (error) {
      this.source.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async return(): Promise<IteratorResult<Told<B>, undefined>> {
    await this.source.return();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export interface Subscribers {
  /** Those that are being served. */
  readonly open: Set<Results>;
  readonly logFailure: FailureLog;
  /** Called once, when it ended. */
  readonly ended?: () => void;
}

/** Results of a subscription, ready to be sent. An error ends it, as the last result. */
export class Results implements AsyncIterableIterator<FormattedExecutionResult> {
  #isOver = false;

  constructor(
    private readonly delivery: Delivery<unknown, unknown>,
    private readonly prepared: Prepared,
    private readonly subscribers: Subscribers,
  ) {
    subscribers.open.add(this);
  }

  async next(): Promise<IteratorResult<FormattedExecutionResult, undefined>> {
    if (this.#isOver) return DONE;
    try {
      const { done, value: told } = await this.delivery.next();
      if (done === true) return await this.return();
      const { schema, document, operationName, variableValues } = this.prepared;
      const result = await execute({
        schema,
        document,
        operationName,
        variableValues,
        rootValue: told.value,
        contextValue: told.context,
      });
      return { done: false, value: formatted(result, this.subscribers.logFailure, told.context) };
    } catch (error) {
      await this.return();
      const errors = [formattedError(error, this.subscribers.logFailure)];
      return { done: false, value: { errors } };
    }
  }

  /** Ends it where the caller's key has ended. */
  check(): Promise<void> {
    return this.delivery.check();
  }

  /** The gateway is about to stop. */
  end(): void {
    this.delivery.source.fail();
  }

  async return(): Promise<IteratorResult<FormattedExecutionResult, undefined>> {
    this.#isOver = true;
    if (this.subscribers.open.delete(this)) this.subscribers.ended?.();
    await this.delivery.return();
    return DONE;
  }

  async throw(): Promise<IteratorResult<FormattedExecutionResult, undefined>> {
    return this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Begins a subscription; a result where it cannot. */
export async function subscribeTo(
  prepared: Prepared,
  context: LiveContext,
  subscribers: Subscribers,
): Promise<Results | FormattedExecutionResult> {
  const { schema, document, operationName, variableValues } = prepared;
  const source = await createSourceEventStream({
    schema,
    document,
    operationName,
    variableValues,
    contextValue: context,
  });
  if (source instanceof Delivery) return new Results(source as Delivery<unknown, unknown>, prepared, subscribers);
  return formatted(source as ExecutionResult, subscribers.logFailure);
}

/** A result as it is sent: its errors masked as those of a POST are. */
export function formatted(
  { data, errors, extensions }: ExecutionResult,
  log: FailureLog,
  context?: Pick<LiveContext, 'warnings' | 'warningsLeftOut'>,
): FormattedExecutionResult {
  const warnings = context?.warnings ?? [];
  const leftOut = context?.warningsLeftOut ?? 0;
  const more = {
    ...extensions,
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(leftOut > 0 ? { warningsLeftOut: leftOut } : {}),
  };
  return {
    ...(errors ? { errors: errors.map((error) => formattedError(error, log)) } : {}),
    ...(data === undefined ? {} : { data }),
    ...(Object.keys(more).length > 0 ? { extensions: more } : {}),
  };
}

function formattedError(error: unknown, log: FailureLog): GraphQLFormattedError {
  const own = error instanceof GraphQLError ? error : undefined;
  // Without a place in the answer it is the variables that were wrong.
  const isOfInput = own !== undefined && own.originalError === undefined && own.path === undefined;
  const { extensions, ...plain } = own?.toJSON() ?? { message: '' };
  const code = isOfInput ? { code: 'BAD_USER_INPUT' } : {};
  return formatError({ ...plain, extensions: { ...code, ...extensions } }, error, log);
}
