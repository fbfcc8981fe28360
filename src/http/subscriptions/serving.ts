/** What both ways of subscribing share: documents, contexts, and the end of those that may not be any more. */
import type { ExecutionArgs, FormattedExecutionResult } from 'graphql';
import { execute, OperationTypeNode } from 'graphql';

import { prepare, type Asked, type Prepared } from '../../graphql/documents';
import { DeviceMemo, enter, type Entrance, type LiveContext } from '../../graphql/live-context';
import type { LiveSchema } from '../../graphql/live-schema';
import { formatError, type FailureLog } from '../../graphql/errors';
import { formatted, subscribeTo, type Results } from '../../graphql/streams';
import type { Caller, Services } from '../../management/types';

export interface ServingDeps {
  readonly live: LiveSchema;
  readonly services: Services;
  readonly logFailure: FailureLog;
  readonly now?: () => number;
}

/** Keys end by the clock, too. */
const CHECK_EVERY_MS = 10_000;

export class Serving {
  readonly #open = new Set<Results>();
  readonly #devices = new DeviceMemo();
  readonly #stop: () => void;
  readonly #clock: NodeJS.Timeout;

  constructor(private readonly deps: ServingDeps) {
    const check = (): void => {
      for (const results of [...this.#open]) void results.check();
    };
    this.#stop = deps.services.keys.onChange(check);
    this.#clock = setInterval(check, CHECK_EVERY_MS);
    this.#clock.unref();
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#stop();
    clearInterval(this.#clock);
    for (const results of [...this.#open]) results.end();
  }

  /** Who shows a key, from then on; `authenticate` is asked again and again. */
  entrance(authenticate: () => Promise<Caller | null>, remote?: string): Entrance {
    const { services, now } = this.deps;
    return { services, authenticate, remote, devices: this.#devices, ...(now === undefined ? {} : { now }) };
  }

  /**
   * Answers a document: a stream for a subscription, else one result. Never throws.
   *
   * @param isSafe the request is one that changes nothing (GET)
   */
  async answer(asked: Asked, entrance: Entrance, isSafe = false): Promise<Results | FormattedExecutionResult> {
    const { live, logFailure } = this.deps;
    try {
      const context = await enter(entrance);
      const preparation = prepare(live.current.schema, asked);
      if (!preparation.ok) return { errors: preparation.errors };
      const { prepared } = preparation;
      if (isSafe && prepared.kind === OperationTypeNode.MUTATION)
        return { errors: [{ message: 'GET takes no mutation.', extensions: { code: 'BAD_REQUEST' } }] };
      if (prepared.kind !== OperationTypeNode.SUBSCRIPTION) return await this.#execute(prepared, context);
      return await subscribeTo(prepared, context, { open: this.#open, logFailure });
    } catch (error) {
      return { errors: [formatError({ message: '' }, error, logFailure)] };
    }
  }

  async #execute(prepared: Prepared, context: LiveContext): Promise<FormattedExecutionResult> {
    const { schema, document, operationName, variableValues } = prepared;
    const asked: ExecutionArgs = { schema, document, operationName, variableValues };
    const result = await (this.deps.live.introspection.answer(asked) ?? execute({ ...asked, contextValue: context }));
    return formatted(result, this.deps.logFailure, context);
  }
}
