/** Requests and answers of GraphQL over HTTP: where what is asked stands, and how the answer is marked. */
import type { FastifyReply, FastifyRequest } from 'fastify';

import { statusOf } from '../graphql/error-codes';
import type { Asked } from '../graphql/prepare/prepare';
import { refusal, type Refusal } from '../graphql/prepare/refusal';

export type AskedResult = { readonly ok: true; readonly asked: Asked } | Refusal;

/** What a POST or GET asks for, not looked at any closer. */
export function askedOf({ method, body, query }: Pick<FastifyRequest, 'method' | 'body' | 'query'>): AskedResult {
  if (method === 'POST')
    return isObject(body) ? { ok: true, asked: body } : refusal('BAD_REQUEST', 'The body must be a JSON object.');
  const given = query as Readonly<Record<string, unknown>>;
  for (const name of ['query', 'documentId', 'operationName', 'variables', 'extensions'])
    if (Array.isArray(given[name])) return refusal('BAD_REQUEST', `The parameter "${name}" is given more than once.`);
  try {
    const { variables, extensions, ...plain } = given;
    return {
      ok: true,
      asked: {
        ...plain,
        ...(variables === undefined ? {} : { variables: parsed(variables) }),
        ...(extensions === undefined ? {} : { extensions: parsed(extensions) }),
      },
    };
  } catch {
    return refusal('BAD_REQUEST', 'The parameters "variables" and "extensions" must be JSON.');
  }
}

function parsed(text: unknown): unknown {
  return text === '' ? undefined : JSON.parse(text as string);
}

function isObject(value: unknown): value is Asked {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const JSON_TYPE = 'application/json';
export const GRAPHQL_TYPE = 'application/graphql-response+json';
export type AnswerType = typeof JSON_TYPE | typeof GRAPHQL_TYPE;

/** The media type of the answer, by the header Accept; undefined where none can be given. JSON for who does not care. */
export function answerType(accept: string | undefined): AnswerType | undefined {
  if (accept === undefined || accept.trim() === '') return JSON_TYPE;
  const ranges = accept.split(',', 32).map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((part) => part.startsWith('q='));
    const isUtf8 = parameters.every((part) => !part.startsWith('charset=') || /^charset="?utf-?8"?$/.test(part));
    return { type, quality: isUtf8 ? (quality === undefined ? 1 : Number(quality.slice(2))) : 0 };
  });
  const qualityOf = (type: AnswerType): number =>
    [type, 'application/*', '*/*']
      .map((name) => ranges.find((range) => range.type === name)?.quality)
      .find((quality) => quality !== undefined) ?? 0;
  const [json, own] = [qualityOf(JSON_TYPE), qualityOf(GRAPHQL_TYPE)];
  if (!(json > 0) && !(own > 0)) return undefined;
  if (json !== own) return json > own ? JSON_TYPE : GRAPHQL_TYPE;
  // Named both, or neither: the one that is named first.
  const place = (type: AnswerType): number => ranges.findIndex((range) => range.type === type) >>> 0;
  return place(GRAPHQL_TYPE) < place(JSON_TYPE) ? GRAPHQL_TYPE : JSON_TYPE;
}

/** Sends why a request is not executed. */
export function sendRefusal(reply: FastifyReply, { errors, headers, status }: Refusal, type: AnswerType): FastifyReply {
  return reply
    .headers(headers ?? {})
    .code(status ?? statusOf(errors[0]?.extensions?.['code'], type === JSON_TYPE))
    .type(`${type}; charset=utf-8`)
    .send(JSON.stringify({ errors }));
}
