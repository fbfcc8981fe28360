import type { FormattedExecutionResult } from 'graphql';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';

/** A subscription as a test reads it: one result after the other. */
export interface Subscriber {
  /** The next result; an end instead of it fails the test. */
  next<T = Record<string, never>>(): Promise<T>;
  /** The next result with its errors. */
  raw(): Promise<FormattedExecutionResult>;
  /** Resolves when it ended, and gives what came before. */
  rest(): Promise<readonly FormattedExecutionResult[]>;
  stop(): Promise<void>;
}

export interface Reached {
  readonly url: string;
  readonly key: string | null;
}

export type Subscribe = (
  to: Reached,
  query: string,
  variables?: Record<string, unknown>,
  extensions?: Record<string, unknown>,
) => Promise<Subscriber>;

/** `graphql-transport-ws`, the key in the payload of connection_init. */
export const byWebSocket: Subscribe = (to, query, variables = {}, extensions) => {
  const client = clientOf(to);
  return Promise.resolve(reading(client.iterate({ query, variables, extensions }), () => client.dispose()));
};

export function clientOf({ url, key }: Reached, more: object = {}): Client {
  return createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(key === null ? {} : { connectionParams: { Authorization: `Bearer ${key}` } }),
    ...more,
  });
}

/** Server-sent events, read off the wire. Resolves when the stream is open. */
export const byEvents: Subscribe = async ({ url, key }, query, variables = {}, extensions) => {
  const abort = new AbortController();
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ query, variables, extensions }),
    signal: abort.signal,
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return reading(eventsOf(answer), () => abort.abort());
};

async function* eventsOf(answer: Response): AsyncGenerator<FormattedExecutionResult, void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const octets of answer.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(octets, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const message = text.slice(0, end);
      text = text.slice(end + 2);
      const [, event] = /^event: (\w+)$/m.exec(message) ?? [];
      if (event === 'complete') return;
      const [, data] = /^data: (.*)$/m.exec(message) ?? [];
      if (event === 'next' && data !== undefined) yield JSON.parse(data) as FormattedExecutionResult;
    }
  }
  throw new Error('the stream broke off');
}

function reading(results: AsyncIterator<unknown>, stop: () => unknown): Subscriber {
  const raw = async (): Promise<FormattedExecutionResult> => {
    const { done, value } = await results.next();
    if (done === true) throw new Error('the subscription ended');
    return value as FormattedExecutionResult;
  };
  return {
    raw,
    next: async <T>() => {
      const { data, errors } = await raw();
      if (errors) throw new Error(JSON.stringify(errors));
      return data as T;
    },
    rest: async () => {
      const found: FormattedExecutionResult[] = [];
      for (;;) {
        const { done, value } = await results.next();
        if (done === true) return found;
        found.push(value as FormattedExecutionResult);
      }
    },
    stop: async () => {
      await stop();
      await results.return?.()?.then(
        () => undefined,
        () => undefined,
      );
    },
  };
}
