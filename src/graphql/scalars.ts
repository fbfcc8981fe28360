/** Scalars of the API. Inside: DateTime is a Date, Duration milliseconds, Base64 and the DM date and time are text. */
import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql';
import type { ValueNode } from 'graphql';

import { formatDuration, parseDuration } from './duration';

/** RFC 3339 with a zone; seconds may have a fraction. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DATE = /^\d{4}(?:-\d{2}-\d{2}|\d{4})$/;
const TIME = /^(?:\d{4}-?\d{2}-?\d{2}T)?\d{2}:?\d{2}(?::?\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?$/i;
const INTEGER = /^-?\d{1,400}$/;

/** How deep a JSON value may be nested. */
const MAX_JSON_DEPTH = 64;

export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'A moment as ISO 8601 text with a zone: `2026-01-31T12:00:00Z`. Given out in UTC with milliseconds.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  serialize: (value) => {
    const date = value instanceof Date ? value : new Date(String(value));
    if (Number.isNaN(date.getTime())) throw new GraphQLError('The stored value is no moment.');
    return date.toISOString();
  },
  ...textInput('DateTime', 'such as "2026-01-31T12:00:00Z"', (text) => {
    if (!DATE_TIME.test(text)) return undefined;
    const date = new Date(text);
    return Number.isNaN(date.getTime()) ? undefined : date;
  }),
});

export const DurationScalar = new GraphQLScalarType<number, string>({
  name: 'Duration',
  description:
    'A length of time as ISO 8601 text of weeks, days, hours, minutes and seconds: `PT30S`, `P30D`, `P1DT12H`.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#appendix-A',
  serialize: (value) => formatDuration(Number(value)),
  ...textInput('Duration', 'such as "PT30S" or "P30D" (no years or months)', parseDuration),
});

export const Base64Scalar = new GraphQLScalarType<string, string>({
  name: 'Base64',
  description: 'Octets as Base64 text with padding.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc4648#section-4',
  serialize: (value) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value)),
  ...textInput('Base64', 'with padding', (text) => (text.length % 4 === 0 && BASE64.test(text) ? text : undefined)),
});

export const DateScalar = new GraphQLScalarType<string, string>({
  name: 'Date',
  description: 'A day as a device tells it, ISO 8601 basic or extended: `20260131` or `2026-01-31`.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#appendix-A',
  serialize: (value) => String(value),
  ...textInput('Date', 'such as "2026-01-31"', (text) => (DATE.test(text) && isDay(text) ? text : undefined)),
});

export const TimeScalar = new GraphQLScalarType<string, string>({
  name: 'Time',
  description: 'A time of day, or a day with a time, as a device tells it in ISO 8601: `12:30:00`, `20260131T123000Z`.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#appendix-A',
  serialize: (value) => String(value),
  ...textInput('Time', 'such as "12:30:00"', (text) => (TIME.test(text) ? text : undefined)),
});

/** Inside: a bigint where the value is given as text or beyond 2^53−1, else a number. */
export const BigIntScalar = new GraphQLScalarType<bigint | number, string | number>({
  name: 'BigInt',
  description: 'An integer of any size: a JSON number up to 2^53−1, decimal text beyond. Both are accepted.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259#section-6',
  serialize: (value) => {
    const integer = toInteger(value);
    if (integer === undefined) throw new GraphQLError('The stored value is no integer.');
    return integer >= Number.MIN_SAFE_INTEGER && integer <= Number.MAX_SAFE_INTEGER
      ? Number(integer)
      : integer.toString();
  },
  parseValue: (value) => parseInteger(value),
  parseLiteral: (node) =>
    parseInteger(node.kind === Kind.INT || node.kind === Kind.STRING ? node.value : undefined, node),
});

export const JsonScalar = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: 'Any JSON value.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  serialize: (value) => value,
  parseValue: (value) => {
    if (isDeeper(value, MAX_JSON_DEPTH))
      throw new GraphQLError(`A JSON value may be nested ${MAX_JSON_DEPTH} levels deep.`);
    return value;
  },
  parseLiteral: (node, variables) => {
    const value: unknown = valueFromASTUntyped(node, variables);
    if (isDeeper(value, MAX_JSON_DEPTH))
      throw new GraphQLError(`A JSON value may be nested ${MAX_JSON_DEPTH} levels deep.`, { nodes: node });
    return value;
  },
});

function textInput<T>(
  name: string,
  manner: string,
  parse: (text: string) => T | undefined,
): {
  readonly parseValue: (value: unknown) => T;
  readonly parseLiteral: (node: ValueNode) => T;
} {
  const read = (value: unknown, nodes?: ValueNode): T => {
    const parsed = typeof value === 'string' ? parse(value) : undefined;
    if (parsed === undefined) throw new GraphQLError(`A ${name} is text, ${manner}.`, { nodes });
    return parsed;
  };
  return {
    parseValue: (value) => read(value),
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : undefined, node),
  };
}

function parseInteger(value: unknown, nodes?: ValueNode): bigint | number {
  const integer = toInteger(value);
  if (integer === undefined) throw new GraphQLError('A BigInt is an integer, or one as decimal text.', { nodes });
  return integer >= Number.MIN_SAFE_INTEGER && integer <= Number.MAX_SAFE_INTEGER ? Number(integer) : integer;
}

function toInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && INTEGER.test(value) ? BigInt(value) : undefined;
}

function isDay(text: string): boolean {
  const digits = text.replace(/-/g, '');
  const extended = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`;
  const date = new Date(`${extended}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(extended);
}

/** Looks level by level, so that no depth of nesting exhausts the stack. */
function isDeeper(value: unknown, levels: number): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth <= levels; depth++) {
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
    if (level.length === 0) return false;
  }
  return true;
}
