/**
 * What one request and one caller may take of the gateway: the one place for each default. The settings are `limits.*` of
 * MOQL_CONFIG; `docs/configuration.md` has one row for each, and `docs/errors.md` one for each code.
 */

interface Limit {
  readonly fallback: number;
  /** Bounds of the setting. */
  readonly least: number;
  readonly most: number;
  readonly meaning: string;
  /** What who goes beyond it is told. */
  readonly code: string;
}

const MIB = 1024 * 1024;

export const REQUEST_LIMITS = {
  requestOctets: {
    fallback: 8 * MIB,
    least: 1024,
    most: 64 * MIB,
    meaning: 'octets of one request, or of one message of a WebSocket',
    code: 'LIMIT_BODY_SIZE',
  },
  queryTokens: {
    fallback: 20_000,
    least: 100,
    most: 1_000_000,
    meaning: 'tokens of a GraphQL document',
    code: 'LIMIT_TOKENS',
  },
  queryDepth: {
    fallback: 25,
    least: 3,
    most: 100,
    meaning: 'fields inside one another, those of fragments counted where they are spread',
    code: 'LIMIT_DEPTH',
  },
  queryAliases: {
    fallback: 500,
    least: 0,
    most: 100_000,
    meaning: 'aliases of an operation, likewise',
    code: 'LIMIT_ALIASES',
  },
  queryFields: {
    fallback: 1_000,
    least: 10,
    most: 100_000,
    meaning: 'fields side by side within one pair of braces, likewise',
    code: 'LIMIT_BREADTH',
  },
  queryRootFields: {
    fallback: 100,
    least: 1,
    most: 100_000,
    meaning: 'the same of the outermost braces',
    code: 'LIMIT_BREADTH',
  },
  queryCost: {
    fallback: 50_000,
    least: 10,
    most: 1_000_000_000,
    meaning: 'cost of an operation, in points: about one for each object that it may give',
    code: 'LIMIT_COST',
  },
  executionMs: {
    fallback: 30_000,
    least: 10,
    most: 3_600_000,
    meaning: 'how long an operation may be executed, not counting what it waits for devices (`wait`)',
    code: 'LIMIT_TIME',
  },
  concurrentOperations: {
    fallback: 1_000,
    least: 1,
    most: 1_000_000,
    meaning: 'queries and mutations of one caller that one process executes at a time',
    code: 'LIMIT_CONCURRENCY',
  },
  subscriptions: {
    fallback: 1_000,
    least: 1,
    most: 1_000_000,
    meaning: 'subscriptions of one caller that one process serves at a time, over all connections',
    code: 'LIMIT_SUBSCRIPTIONS',
  },
  connectionOperations: {
    fallback: 100,
    least: 1,
    most: 100_000,
    meaning: 'operations of one WebSocket at a time',
    code: 'LIMIT_SUBSCRIPTIONS',
  },
  costPerSecond: {
    fallback: 50_000,
    least: 1,
    most: 1_000_000_000,
    meaning: 'points that one caller may spend a second in one process, in the long run',
    code: 'LIMIT_RATE',
  },
  costBurst: {
    fallback: 500_000,
    least: 10,
    most: 1_000_000_000,
    meaning: 'points that he may spend at once; no operation that costs more is ever executed',
    code: 'LIMIT_RATE',
  },
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitName = keyof typeof REQUEST_LIMITS;
export type RequestLimits = Readonly<Record<LimitName, number>>;

export const DEFAULT_LIMITS: RequestLimits = Object.fromEntries(
  Object.entries(REQUEST_LIMITS).map(([name, { fallback }]) => [name, fallback]),
) as Record<LimitName, number>;
