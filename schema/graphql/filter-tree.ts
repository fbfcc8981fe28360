/** From a `…Filter` input to a plain predicate over MO values documents, which a store turns into its own language. */
import { integerOf } from '../ddf/check-value';
import { isReadable } from './object-types';
import { namedSiblings } from './read-field';
import type { FilterOperator, FilterResult, FilterTree, FilterValue, Json, MoFamily, MoNode } from './types';

/** Caps on one filter. */
const MAX_TESTS = 200;
const MAX_DEPTH = 40;
const MAX_LISTED = 1_000;

const OPERATORS: ReadonlySet<string> = new Set<FilterOperator>([
  'eq',
  'ne',
  'in',
  'lt',
  'lte',
  'gt',
  'gte',
  'startsWith',
  'contains',
  'exists',
]);

type Input = Readonly<Record<string, unknown>>;
type Refusal = Extract<FilterResult, { readonly ok: false }>;

/** Thrown inside, never out of this file. */
class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

function refuse(code: Refusal['code'], message: string): never {
  throw new Refused({ ok: false, code, message });
}

/**
 * The predicate that an instance of a family must fulfil.
 *
 * What is null or absent in an object tests nothing; a null operator is refused, for it would fit everything. `exists`
 * tests the node; every other test fails where the node is absent (also `ne`; use `not` for the other reading).
 *
 * @param input  a family's filter as graphql-js coerced it
 *
 * Errors: BAD_USER_INPUT (a null operator, an unknown field), LIMIT_FILTER (more than 200 tests, 40 levels, 1,000 values of one `in`).
 */
export function readFilter(family: MoFamily, input: Input): FilterResult {
  const reader = new Reader(family.family);
  try {
    return { ok: true, tree: reader.object(family.root, 0, input, 0) };
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}

class Reader {
  private tests = 0;

  constructor(private readonly family: string) {}

  /** @param start  how many segments of the node's paths stand before the root or the entry that is tested */
  object(node: MoNode, start: number, input: Input, depth: number): FilterTree {
    if (depth > MAX_DEPTH) refuse('LIMIT_FILTER', `the filter has more than ${MAX_DEPTH} levels`);
    const parts: FilterTree[] = [];
    const children = new Map(node.children.filter(isReadable).map((child) => [child.filterName, child]));
    for (const [name, value] of Object.entries(input)) {
      if (value === undefined || value === null) continue;
      if (name === 'and' || name === 'or') {
        const of = listOf(value).map((one) => this.object(node, start, recordOf(one), depth + 1));
        parts.push({ kind: name === 'and' ? 'all' : 'any', of });
      } else if (name === 'not') {
        parts.push({ kind: 'not', of: this.object(node, start, recordOf(value), depth + 1) });
      } else if (name === 'exists' && !node.isList) {
        parts.push(this.test(node, start, 'exists', value));
      } else if (name === 'nodeName' && node.isList) {
        parts.push(...this.leaf(undefined, start, recordOf(value)));
      } else if (name === 'value' && node.kind === 'leaf') {
        parts.push(...this.leaf(node, start, recordOf(value)));
      } else {
        const child = children.get(name);
        if (!child) return refuse('BAD_USER_INPUT', `${name} is no field of this filter`);
        parts.push(...this.child(node, child, start, recordOf(value), depth));
      }
    }
    return all(parts);
  }

  private child(parent: MoNode, child: MoNode, start: number, input: Input, depth: number): readonly FilterTree[] {
    if (child.isList) return this.entries(parent, child, start, input, depth);
    return child.kind === 'leaf' ? this.leaf(child, start, input) : [this.object(child, start, input, depth + 1)];
  }

  private entries(parent: MoNode, node: MoNode, start: number, input: Input, depth: number): readonly FilterTree[] {
    const parts: FilterTree[] = [];
    for (const quantifier of ['some', 'every', 'none'] as const) {
      const value = input[quantifier];
      if (value === undefined || value === null) continue;
      const inner = segmentsOf(node.variants[0]?.path ?? '').length;
      parts.push({
        kind: 'entries',
        quantifier,
        family: this.family,
        paths: pathsOf(parent, start),
        except: [...namedSiblings(parent)].sort(),
        areLeaves: node.kind === 'leaf',
        of: this.object(node, inner, recordOf(value), depth + 1),
      });
    }
    return parts;
  }

  /** `leaf` absent: the name of the entry. */
  private leaf(leaf: MoNode | undefined, start: number, input: Input): readonly FilterTree[] {
    const parts: FilterTree[] = [];
    for (const [operator, value] of Object.entries(input)) {
      if (value === undefined) continue;
      if (!OPERATORS.has(operator)) refuse('BAD_USER_INPUT', `${operator} is no operator`);
      if (value === null) refuse('BAD_USER_INPUT', `${operator} is null; use exists to test whether a node is there`);
      parts.push(this.test(leaf, start, operator as FilterOperator, value));
    }
    return parts;
  }

  private test(node: MoNode | undefined, start: number, operator: FilterOperator, value: unknown): FilterTree {
    if (++this.tests > MAX_TESTS) refuse('LIMIT_FILTER', `the filter has more than ${MAX_TESTS} tests`);
    const listed = operator === 'in' ? listOf(value) : undefined;
    if (listed && listed.length > MAX_LISTED) refuse('LIMIT_FILTER', `more than ${MAX_LISTED} values in one list`);
    const stored = listed ? listed.map((one) => storedValue(node, one)) : storedValue(node, value);
    if (!node) return { kind: 'name', operator, value: stored };
    return { kind: 'test', family: this.family, paths: pathsOf(node, start), operator, value: stored };
  }
}

function all(parts: readonly FilterTree[]): FilterTree {
  const [only] = parts;
  return parts.length === 1 && only ? only : { kind: 'all', of: parts };
}

/** All spellings, below the root or the entry. */
function pathsOf(node: MoNode, start: number): readonly string[] {
  return [...new Set(node.variants.map(({ path }) => segmentsOf(path).slice(start).join('/')))];
}

function segmentsOf(path: string): readonly string[] {
  return path === '' ? [] : path.split('/');
}

/** As values documents hold it: integers as number, or bigint beyond 2^53−1; octets as Base64. */
function storedValue(node: MoNode | undefined, value: unknown): FilterValue {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Date) return value.toISOString();
  const isInteger = node?.scalar === 'Int' || node?.scalar === 'BigInt';
  if (isInteger && (typeof value === 'string' || typeof value === 'bigint')) {
    const integer = integerOf(value);
    if (integer === undefined) return refuse('BAD_USER_INPUT', 'an integer is wanted');
    const isSafe = integer >= BigInt(Number.MIN_SAFE_INTEGER) && integer <= BigInt(Number.MAX_SAFE_INTEGER);
    return isSafe ? Number(integer) : integer;
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return value;
  return refuse('BAD_USER_INPUT', 'a single value is wanted');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

function recordOf(value: unknown): Input {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, Json>>;
  return refuse('BAD_USER_INPUT', 'an object is wanted');
}
