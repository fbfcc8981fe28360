/** Lists in pages, as in the "GraphQL Cursor Connections Specification". */
import type { ClassType } from 'type-graphql';
import { Field, ObjectType } from 'type-graphql';

import { ManagementError } from '../management/types';
import type { Page } from '../management/types';
import { keyCursors, type Cursors } from './cursors';
import type { IdType } from './global-id';
import { BigIntScalar } from './scalars';

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;

@ObjectType({ description: 'Where a page lies in its list.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more follows; `after: endCursor` gives it.' })
  readonly hasNextPage!: boolean;
  @Field(() => Boolean, { description: 'Whether something comes before this page.' })
  readonly hasPreviousPage!: boolean;
  @Field(() => String, { nullable: true, description: 'Cursor of the first item.' })
  readonly startCursor!: string | null;
  @Field(() => String, { nullable: true, description: 'Cursor of the last item.' })
  readonly endCursor!: string | null;
}

export interface Connection<T> {
  readonly edges: readonly { readonly node: T; readonly cursor: string }[];
  readonly nodes: readonly T[];
  readonly pageInfo: PageInfo;
  readonly totalCount?: Promise<Count> | undefined;
}

@ObjectType({ description: 'How many there are in the whole list, as far as the caller may know of them.' })
export class Count {
  @Field(() => BigIntScalar)
  readonly value!: bigint;
  @Field(() => Boolean, {
    description:
      'Whether it was counted. If not, there are more than 10,000: `value` is an estimate of the database, or 10,000 for a caller who may not read all devices.',
  })
  readonly exact!: boolean;
}

/** What of a list can be told: `counted` makes it have `totalCount`. */
export interface ConnectionOptions {
  readonly counted?: boolean;
}

/** `XEdge` and `XConnection` of an object type. */
export function connectionType(
  name: string,
  item: () => ClassType,
  { counted = false }: ConnectionOptions = {},
): ClassType {
  @ObjectType(`${name}Edge`, { description: `One ${name} of a list.` })
  class Edge {
    @Field(item)
    readonly node!: unknown;
    @Field(() => String, { description: 'For `after`.' })
    readonly cursor!: string;
  }
  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}.` })
  class ItemConnection {
    @Field(() => [Edge])
    readonly edges!: unknown;
    @Field(() => [item()], { description: 'The items without their cursors.' })
    readonly nodes!: unknown;
    @Field(() => PageInfo)
    readonly pageInfo!: unknown;
  }
  if (counted)
    Field(() => Count, { description: 'Counted only where it is asked for.' })(ItemConnection.prototype, 'totalCount');
  return ItemConnection;
}

/** What a caller asks of a list. */
export interface PageArgs {
  readonly first?: number | null;
  readonly after?: string | null;
}

/**
 * A page of a list whose items are told apart by `keyOf`.
 *
 * Errors: LIMIT_PAGE_SIZE beyond 500 items, BAD_USER_INPUT for less than 1 and for a cursor of another list.
 */
export async function paginate<T>(
  type: IdType,
  args: PageArgs,
  keyOf: (item: T) => string,
  load: (first: number, after?: string) => Promise<Page<T>>,
  count?: () => Promise<Count>,
): Promise<Connection<T>> {
  return paginateBy(keyCursors(type), args, keyOf, load, count);
}

/** As `paginate`, of a list with places of its own. */
export async function paginateBy<T, Place>(
  cursors: Cursors<Place>,
  { first, after }: PageArgs,
  placeOf: (item: T) => Place,
  load: (first: number, after?: Place) => Promise<Page<T>>,
  count?: () => Promise<Count>,
): Promise<Connection<T>> {
  const size = pageSize(first);
  const place = after == null ? undefined : cursors.read(after);
  if (after != null && place === undefined)
    throw new ManagementError('BAD_USER_INPUT', 'after is no cursor of this list.');
  const page = await load(size, place);
  const items = page.items.slice(0, size);
  const edges = items.map((node) => ({ node, cursor: cursors.write(placeOf(node)) }));
  return {
    edges,
    nodes: items,
    pageInfo: {
      hasNextPage: page.hasNext || page.items.length > size,
      hasPreviousPage: place !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    // Read where the field is asked for, and only there.
    get totalCount() {
      return count?.();
    },
  };
}

/** Items of a page. Errors: LIMIT_PAGE_SIZE, BAD_USER_INPUT. */
export function pageSize(first: number | null | undefined): number {
  const size = first ?? DEFAULT_PAGE;
  if (size < 1) throw new ManagementError('BAD_USER_INPUT', `first is ${size}; a page has at least one item.`);
  if (size > LARGEST_PAGE)
    throw new ManagementError('LIMIT_PAGE_SIZE', `first is ${size}; a page has at most ${LARGEST_PAGE} items.`, {
      limit: LARGEST_PAGE,
    });
  return size;
}

export function emptyConnection<T>(): Connection<T> {
  return {
    edges: [],
    nodes: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    totalCount: Promise.resolve({ value: 0n, exact: true }),
  };
}
