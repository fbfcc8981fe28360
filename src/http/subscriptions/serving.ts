/** What both ways of subscribing share: documents, contexts, and the end of those that may not be any more. */
import type { FormattedExecutionResult } from 'graphql';
import { OperationTypeNode } from 'graphql';

import { DeviceMemo, enter, type Entrance, type LiveContext } from '../../graphql/live-context';
import type { LiveSchema } from '../../graphql/live-schema';
import { formatError, type FailureLog } from '../../graphql/errors';
import type { Executor } from '../../graphql/executor';
import type { RequestLimits } from '../../graphql/limits';
import type { Asked, Prepared, Preparing } from '../../graphql/prepare/prepare';
import { refusal } from '../../graphql/prepare/refusal';
import type { Usage } from '../../graphql/prepare/usage';
import { formatted, subscribeTo, type Results } from '../../graphql/streams';
import type { Caller, Services } from '../../management/types';

export interface ServingDeps {
  readonly live: LiveSchema;
  readonly services: Services;
  readonly preparing: Preparing;
  readonly executor: Executor;
  readonly usage: Usage;
  readonly limits: RequestLimits;
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
    const { live, preparing, executor, logFailure } = this.deps;
    try {
      const context = await enter(entrance);
      const prepared = preparing.prepare(live.current.schema, asked, context.caller.principal, isSafe);
      if (!prepared.ok) return { errors: prepared.errors };
      if (prepared.kind === OperationTypeNode.SUBSCRIPTION) return await this.#subscribe(prepared, context);
      return formatted(await executor.execute(prepared, context), logFailure, context);
    } catch (error) {
      return { errors: [formatError({ message: '' }, error, logFailure)] };
    }
  }

  async #subscribe(prepared: Prepared, context: LiveContext): Promise<Results | FormattedExecutionResult> {
    const { logFailure, usage, limits } = this.deps;
    const ended = usage.subscribe(prepared.principal);
    if (ended === undefined)
      return {
        errors: refusal(
          'LIMIT_SUBSCRIPTIONS',
          `One caller has at most ${limits.subscriptions} subscriptions at a time.`,
          {
            limit: limits.subscriptions,
          },
        ).errors,
      };
    let results: Results | FormattedExecutionResult | undefined;
    try {
      results = await subscribeTo(prepared, context, { open: this.#open, logFailure, ended });
      return results;
    } finally {
      if (results === undefined || !(Symbol.asyncIterator in results)) ended();
    }
  }
}
