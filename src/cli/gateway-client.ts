/** A running gateway, asked through its API. */
import { setTimeout as sleep } from 'node:timers/promises';

import { CommandError, configurationOf, UsageError, type Io } from './command';

const ANSWER_WITHIN_MS = 60_000;
/** When the gateway says nothing of when to ask again. */
const AGAIN_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

export interface AnswerError {
  readonly code: string;
  readonly message: string;
}

export interface Answer {
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly AnswerError[];
}

export interface GatewayClient {
  readonly url: string;
  /**
   * Asks; waits where the gateway says that too much was asked for lately. Throws CommandError when there is no answer, or the key is
   * not known.
   */
  ask(query: string, variables: Readonly<Record<string, unknown>>): Promise<Answer>;
}

export interface GatewayOptions {
  readonly url?: string | undefined;
  readonly 'key-from-env'?: string | undefined;
}

/** The gateway of `--url`, else of HOST and PORT, with the key of MOQL_ADMIN_KEY or `--key-from-env`. */
export function gatewayClient(options: GatewayOptions, io: Io): GatewayClient {
  const url = endpointOf(options.url, io);
  const variable = options['key-from-env'] ?? 'MOQL_ADMIN_KEY';
  const key = io.env[variable];
  if (!key)
    throw new CommandError(
      `set ${variable} to a key of the gateway at ${url}, or name another variable by --key-from-env`,
    );
  return { url, ask: (query, variables) => ask(url, key, { query, variables }) };
}

function endpointOf(given: string | undefined, io: Io): string {
  if (given === undefined) {
    const { port, host, tls } = configurationOf(io);
    return `${tls === undefined ? 'http' : 'https'}://${hostToAsk(host)}:${port}/graphql`;
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new UsageError(`--url is ${given}; it must be an address such as https://dm.example`);
  if (url.pathname === '/') url.pathname = '/graphql';
  return url.href;
}

/** A host to listen on, as one to ask. */
export function hostToAsk(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

async function ask(url: string, key: string, body: object): Promise<Answer> {
  for (;;) {
    const { response, answer } = await post(url, key, body);
    if (answer.errors.some(({ code }) => code === 'UNAUTHENTICATED'))
      throw new CommandError(`${url} does not know the key`);
    if (!answer.errors.some(({ code }) => code === 'LIMIT_RATE' || code === 'LIMIT_CONCURRENCY')) return answer;
    await sleep(waitOf(response.headers.get('retry-after')));
  }
}

async function post(
  url: string,
  key: string,
  body: object,
): Promise<{ readonly response: Response; readonly answer: Answer }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    });
    return { response, answer: answerOf(await response.json()) };
  } catch (error) {
    throw new CommandError(`${url} gave no answer: ${reasonOf(error)}`);
  }
}

/** Milliseconds; a date, which the gateway never gives, counts as nothing. */
function waitOf(retryAfter: string | null): number {
  const seconds = retryAfter === null || !/^\d{1,6}$/.test(retryAfter) ? NaN : Number(retryAfter);
  return Number.isNaN(seconds) ? AGAIN_MS : Math.min(LONGEST_WAIT_MS, Math.max(100, seconds * 1_000));
}

function answerOf(body: unknown): Answer {
  const { data = null, errors = [] } = body as {
    readonly data?: Answer['data'];
    readonly errors?: readonly { readonly message?: string; readonly extensions?: { readonly code?: string } }[];
  };
  return {
    data,
    errors: errors.map(({ message = '', extensions }) => ({ message, code: extensions?.code ?? 'INTERNAL' })),
  };
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
