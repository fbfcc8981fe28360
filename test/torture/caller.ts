/** Who asks the gateways for operations, and keeps asking by the same key until one of them answers. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { GraphqlAnswer } from '../support/gateway';
import { MOID } from './object';
import type { PlannedCommand, PlannedOperation } from './schedule';

const KEY = 'administrator-of-the-processes';
const MOST_TRIES = 600;
const WAIT_MS = 100;

export interface Accepted extends PlannedOperation {
  readonly deviceId: string;
  readonly id: string;
}

export class Caller {
  readonly accepted: Accepted[] = [];
  /** How often a request was made again. */
  repeats = 0;

  constructor(private readonly url: string) {}

  /** One try. */
  async graphql(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<GraphqlAnswer> {
    const answer = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ query, variables }),
    });
    return { status: answer.status, ...((await answer.json()) as Omit<GraphqlAnswer, 'status'>) };
  }

  /** Gives `data`, after as many tries as it takes. Errors: what is the caller's own fault. */
  async ask<T>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<T> {
    let last: unknown;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const answer = await this.graphql(query, variables).catch((error: unknown) => {
        last = error;
        return undefined;
      });
      if (answer !== undefined && answer.errors === undefined && answer.data != null) return answer.data as T;
      const refused = answer?.errors?.find(({ extensions }) => !isPassing(extensions['code']));
      if (refused !== undefined) throw new Error(JSON.stringify(answer?.errors));
      last = answer ?? last;
      this.repeats += 1;
      await sleep(WAIT_MS);
    }
    throw new Error(`no answer after ${MOST_TRIES} tries: ${String((last as Error)?.message ?? JSON.stringify(last))}`);
  }

  async submit(deviceId: string, operation: PlannedOperation): Promise<Accepted> {
    const input = {
      deviceId,
      idempotencyKey: operation.key,
      commands: operation.commands.map(commandInput),
      ...operation.more,
    };
    const once = async (): Promise<string> => {
      const { submitOperation } = await this.ask<{ submitOperation: { id: string } }>(
        'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }',
        { input },
      );
      return submitOperation.id;
    };
    const id = await once();
    const again = operation.isAskedTwice ? await once() : id;
    if (again !== id) throw new Error(`the key ${operation.key} gave two operations, ${id} and ${again}`);
    const accepted = { ...operation, deviceId, id };
    this.accepted.push(accepted);
    return accepted;
  }

  async cancel(id: string): Promise<void> {
    await this.ask('mutation ($id: ID!) { cancelOperation(id: $id) { id state } }', { id });
  }
}

/** Trouble of the gateway's own, which goes by. */
function isPassing(code: unknown): boolean {
  return code === 'INTERNAL' || code === 'INTERNAL_SERVER_ERROR' || code === 'UNAVAILABLE';
}

function commandInput({ kind, path, value, repeatable }: PlannedCommand): object {
  const body = {
    address: { moid: MOID, path },
    ...(value === undefined ? {} : { value: { text: value } }),
    ...(repeatable === undefined ? {} : { repeatable }),
  };
  return { [kind]: body };
}
