/** Every value of `extensions.code`, with what it means. `docs/errors.md` has one row for each; a test holds them together. */
import type { ErrorCode } from '../management/types';

/** Codes of the GraphQL server, beside those of the middle. */
export type ServerErrorCode =
  | 'BAD_REQUEST'
  | 'DOCUMENT_NOT_TRUSTED'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'LIMIT_ALIASES'
  | 'LIMIT_BODY_SIZE'
  | 'LIMIT_BREADTH'
  | 'LIMIT_CONCURRENCY'
  | 'LIMIT_COST'
  | 'LIMIT_DEPTH'
  | 'LIMIT_RATE'
  | 'LIMIT_SUBSCRIPTIONS'
  | 'LIMIT_TIME'
  | 'LIMIT_TOKENS'
  | 'OPERATION_RESOLUTION_FAILURE'
  | 'PERSISTED_QUERY_NOT_SUPPORTED'
  | 'UNSUPPORTED_MEDIA_TYPE';

export type AnyErrorCode = ErrorCode | ServerErrorCode;

export const ERROR_CODES = {
  UNAUTHENTICATED: 'The request has no API key or token, or one that is unknown, expired or revoked.',
  FORBIDDEN: 'The caller may see this, but not change it.',
  NOT_FOUND: 'It does not exist, or the caller may not know whether it does.',
  BAD_USER_INPUT: 'An argument or variable has a value that makes no sense there.',
  NO_SUCH_MO: 'No DDF or device has this management object.',
  MO_AMBIGUOUS: 'The device has several instances of this management object; `miids` lists them.',
  NO_PLACE: 'Nothing tells where in the tree of the device a new instance belongs.',
  NOT_IN_DDF: 'The DDF of this management object has no such node.',
  ACCESS_TYPE: 'The DDF does not allow this command on the node.',
  BAD_FORMAT: 'The value does not fit the format of the node.',
  OUT_OF_RANGE: 'The value is not among those that the DDF allows.',
  NOT_SUPPORTED_BY_DEVICE: 'The device, or the protocol that it speaks, cannot do this.',
  ATOMIC_TOO_LARGE: 'The atomic operation is more than the protocol of the device can keep whole.',
  DEVICE_UNREACHABLE: 'A value that is not stored could not be read in the time given.',
  PEER_REFUSED: 'The other gateway could not be reached, or does not take what was to be delegated.',
  IDEMPOTENCY_CONFLICT: 'The idempotency key was used for another request.',
  EVENTS_GONE: '`after` names an event that is not kept (any more): what came since cannot be told without gaps.',
  LIMIT_BUFFER: 'The subscriber is too slow; it can go on `after` the last event that came.',
  LIMIT_COMMANDS: 'The operation has too many commands.',
  LIMIT_FILTER: 'The filter has too many tests or levels.',
  LIMIT_INDEXES: 'So many nodes are indexed already that no more can be.',
  LIMIT_VALUE_SIZE: 'A value is too large.',
  LIMIT_PAGE_SIZE: '`first` asks for more than a page can hold.',
  LIMIT_BODY_SIZE: 'The request is too large.',
  LIMIT_TOKENS: 'The document is too long.',
  LIMIT_DEPTH: 'The query is nested too deeply.',
  LIMIT_ALIASES: 'The query has too many aliases.',
  LIMIT_BREADTH: 'The query asks for too many fields side by side.',
  LIMIT_COST: 'The operation may cost too much; `found` and `limit` are points.',
  LIMIT_TIME: 'The operation took too long and was given up.',
  LIMIT_RATE: 'The caller asked for too much lately; `retryAfterMs` tells when to try again.',
  LIMIT_CONCURRENCY: 'The caller has too many operations under way.',
  LIMIT_SUBSCRIPTIONS: 'The caller, or the connection, has too many subscriptions.',
  NOT_INDEXED: 'Devices can be ordered by this node once it is indexed (`indexNode`).',
  SCHEMA_CHANGED: 'The DDF that the operation was checked against has changed.',
  BREAKING_CHANGE: 'The DDF would take away what callers may be using.',
  DDF_REFUSED: 'The file is no DDF that can be used; `line`, `column` and `reason` tell more.',
  ALREADY_EXISTS: 'Something with this identity exists.',
  IN_USE: 'Others refer to it.',
  ISSUER_AWAY: 'The issuer of the token does not give its keys, so the token cannot be checked now.',
  INTERNAL: 'The gateway failed; `id` names the entry of its log.',
  BAD_REQUEST: 'The HTTP request is no GraphQL request.',
  GRAPHQL_PARSE_FAILED: 'The query is no GraphQL.',
  GRAPHQL_VALIDATION_FAILED: 'The query does not fit the schema.',
  OPERATION_RESOLUTION_FAILURE: 'The document has no operation of this name, or it needs a name.',
  PERSISTED_QUERY_NOT_SUPPORTED: 'Queries are sent whole, not by hash.',
  DOCUMENT_NOT_TRUSTED: 'The document is not on the list of those that are taken.',
  UNSUPPORTED_MEDIA_TYPE: 'The body is in a media type or coding that is not understood here.',
} as const satisfies Record<AnyErrorCode, string>;

/** Statuses of HTTP that do not depend on the media type of the answer. */
const STATUSES: Partial<Record<AnyErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  BAD_REQUEST: 400,
  LIMIT_BODY_SIZE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  LIMIT_RATE: 429,
  LIMIT_CONCURRENCY: 429,
};

/** The status of a request that was not executed, for this reason. */
export function statusOf(code: unknown, isJson: boolean): number {
  const fixed = isErrorCode(code) ? STATUSES[code] : undefined;
  // GraphQL over HTTP: an answer in application/json has 200 whatever became of a well-formed request.
  return fixed ?? (isJson ? 200 : code === 'INTERNAL' ? 500 : 400);
}

export function isErrorCode(code: unknown): code is AnyErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}
