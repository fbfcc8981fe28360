/**
 * A client of moql's GraphQL API: TypeScript, typed by what codegen makes of the gateway's schema and operations.graphql;
 * Node.js 20 or later; `graphql` is the only package at run time.
 *
 *     MOQL_URL=http://127.0.0.1:4000 MOQL_KEY=... node client.js IMEI:490154203237518
 */
import { print, type GraphQLFormattedError } from 'graphql';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';

import { DevicesDocument, FirmwareDocument, FollowDocument, SetIntervalDocument, type DevicesQuery } from './generated';

const URL = `${process.env['MOQL_URL'] ?? 'http://127.0.0.1:4000'}/graphql`;
const KEY = process.env['MOQL_KEY'] ?? '';

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly GraphQLFormattedError[];
}

/** The first error of an answer; `code` is what to decide by, see docs/errors.md. */
export class ApiError extends Error {
  readonly code: unknown;

  constructor(readonly errors: readonly GraphQLFormattedError[]) {
    super(errors[0]?.message);
    this.code = errors[0]?.extensions?.['code'];
  }
}

function dataOf<Data>({ data, errors }: Answer<Data>): Data {
  if (errors !== undefined) throw new ApiError(errors);
  if (data == null) throw new Error('an answer without data');
  return data;
}

function send<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  accept: string,
): Promise<Response> {
  return fetch(URL, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', accept },
    body: JSON.stringify({ query: print(document), variables }),
  });
}

/** Throws ApiError when the answer has errors. */
export async function ask<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await send(document, variables, 'application/graphql-response+json');
  return dataOf((await response.json()) as Answer<Data>);
}

/** The results of a subscription, as they come. */
export async function* subscribe<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): AsyncGenerator<Data, void> {
  const response = await send(document, variables, 'text/event-stream');
  if (!response.ok || response.body === null)
    throw new ApiError(((await response.json()) as Answer<Data>).errors ?? []);
  const decoder = new TextDecoder();
  let text = '';
  for await (const octets of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(octets, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const message = text.slice(0, end);
      text = text.slice(end + 2);
      if (/^event: complete$/m.test(message)) return;
      const data = /^data: (.+)$/m.exec(message)?.[1];
      if (data !== undefined) yield dataOf(JSON.parse(data) as Answer<Data>);
    }
  }
  throw new Error('the stream broke off');
}

/** All devices, page after page. */
export async function* deviceIds(): AsyncGenerator<string, void> {
  let after: string | null = null;
  do {
    const { devices }: DevicesQuery = await ask(DevicesDocument, { after });
    for (const { deviceId } of devices.nodes) yield deviceId;
    after = devices.pageInfo.hasNextPage ? (devices.pageInfo.endCursor ?? null) : null;
  } while (after !== null);
}

export async function main(deviceId: string, tell: (line: string) => void): Promise<void> {
  for await (const id of deviceIds()) tell(`device: ${id}`);

  const { device } = await ask(FirmwareDocument, { deviceId });
  tell(`fumo: ${device?.fumo?.state}`);

  const written = await ask(SetIntervalDocument, { deviceId, interval: 60, wait: 'PT20S' });
  tell(`write: ${written.replaceAcmeMeter.state}`);

  // Without `wait` the answer comes at once, and a subscription follows the operation to its end.
  const accepted = await ask(SetIntervalDocument, { deviceId, interval: 30 });
  for await (const { operationChanged } of subscribe(FollowDocument, { id: accepted.replaceAcmeMeter.id })) {
    tell(`changed: ${operationChanged.state}`);
  }

  try {
    await ask(SetIntervalDocument, { deviceId: 'IMEI:0', interval: 60 });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    tell(`error: ${String(error.code)}`);
  }
}

if (require.main === module) {
  main(process.argv[2] ?? '', console.log).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
