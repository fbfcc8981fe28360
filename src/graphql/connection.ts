/** Lists in pages, as in the "GraphQL Cursor Connections Specification". */
import type { ClassType } from 'type-graphql';
import { Field, ObjectType } from 'type-graphql';

import { ManagementError } from '../management/types';
import type { Page } from '../management/types';
import { findKey, globalId } from './global-id';
import type { IdType } from './global-id';

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;
/** Numbers of the store: one, or two where order needs both. */
const CURSOR = /^\d{1,18}(?:[.:_-]\d{1,18})?$/;

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
}

/** `XEdge` and `XConnection` of an object type. */
export function connectionType(name: string, item: () => ClassType): ClassType {
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
  { first, after }: PageArgs,
  keyOf: (item: T) => string,
  load: (first: number, after?: string) => Promise<Page<T>>,
): Promise<Connection<T>> {
  const size = first ?? DEFAULT_PAGE;
  if (size < 1) throw new ManagementError('BAD_USER_INPUT', `first is ${size}; a page has at least one item.`);
  if (size > LARGEST_PAGE)
    throw new ManagementError('LIMIT_PAGE_SIZE', `first is ${size}; a page has at most ${LARGEST_PAGE} items.`, {
      limit: LARGEST_PAGE,
    });
  const key = after == null ? undefined : findKey(type, after);
  if (after != null && (key === undefined || !CURSOR.test(key)))
    throw new ManagementError('BAD_USER_INPUT', 'after is no cursor of this list.');
  const page = await load(size, key);
  const items = page.items.slice(0, size);
  const edges = items.map((node) => ({ node, cursor: globalId(type, keyOf(node)) }));
  return {
    edges,
    nodes: items,
    pageInfo: {
      hasNextPage: page.hasNext || page.items.length > size,
      hasPreviousPage: key !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

export function emptyConnection<T>(): Connection<T> {
  return {
    edges: [],
    nodes: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
  };
}
