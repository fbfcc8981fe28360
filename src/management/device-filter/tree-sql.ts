/** A predicate over values documents as a condition of a statement. Each is TRUE or FALSE, never NULL, so that `not` can be trusted. */
import type { FilterOperator, FilterTree, FilterValue } from '../../../schema/ddf/predicate';
import { decodeName } from '../../../schema/ddf/library';
import { isStorable } from '../tree';
import {
  INDEXED_CHARACTERS,
  indexedValue,
  NO_INDEXES,
  numberOf,
  type IndexedNode,
  type IndexedNodes,
} from './indexed-nodes';
import type { Places } from './parameters';
import { anyOf, seesNode, type Sight, type Step } from './visible-sql';

/** Where a tree is tested: in a document, or in an entry of one. */
interface Place {
  /** Expression of the document, or of the entry's value. */
  readonly value: string;
  /** Expression of the entry's name. */
  readonly name?: string;
  /** From the MO's root to `value`. */
  readonly path: readonly Step[];
}

type Test = Extract<FilterTree, { readonly kind: 'test' }>;
type Entries = Extract<FilterTree, { readonly kind: 'entries' }>;

/**
 * @param document expression of an instance's values
 * @param sight    what of it counts; absent: all
 * @param indexes  nodes whose ranges are told by an index
 */
export function treeSql(
  tree: FilterTree,
  family: string,
  document: string,
  parameters: Places,
  sight?: Sight,
  indexes: IndexedNodes = NO_INDEXES,
): string {
  return new Writer(family, parameters, sight, indexes).tree(tree, { value: document, path: [] });
}

/**
 * What holds at least wherever the tree does, and can be found by an index: equality by that on documents, ranges by those of
 * nodes. Undefined where nothing can.
 */
export function findableSql(
  tree: FilterTree,
  family: string,
  document: string,
  parameters: Places,
  indexes: IndexedNodes,
): string | undefined {
  return new Writer(family, parameters, undefined, indexes).findable(tree, document);
}

class Writer {
  private entries = 0;

  constructor(
    private readonly family: string,
    private readonly parameters: Places,
    private readonly sight: Sight | undefined,
    private readonly indexes: IndexedNodes,
  ) {}

  findable(tree: FilterTree, document: string): string | undefined {
    switch (tree.kind) {
      case 'all': {
        const parts = tree.of.flatMap((part) => this.findable(part, document) ?? []);
        return parts.length === 0 ? undefined : `(${parts.join(' AND ')})`;
      }
      case 'any':
        return allOf(tree.of.map((part) => this.findable(part, document)));
      case 'test':
        return this.findableTest(tree, document);
      default:
        return undefined;
    }
  }

  private findableTest({ paths, operator: told, value: wanted }: Test, document: string): string | undefined {
    const possible = possibleTest(told, wanted);
    if (possible === undefined) return 'FALSE';
    const { operator, value } = possible;
    if (paths.includes('')) return undefined;
    const contained = (path: string, one: FilterValue): string =>
      `(${document} @> ${this.json(nested(namesOf(path), stored(one)))})`;
    if (operator === 'eq') return anyOf(paths.map((path) => contained(path, value)));
    if (operator === 'in') {
      const list = value as readonly FilterValue[];
      if (list.length > MOST_FOUND_BY_LIST) return undefined;
      return anyOf(paths.flatMap((path) => list.map((one) => contained(path, one))));
    }
    return allOf(
      paths.map((path) => {
        const node = this.indexes.find(this.family, path);
        // NULL finds nothing, as FALSE does.
        return node && this.onIndex(node, indexedValue(node, document), operator, value);
      }),
    );
  }

  /** Holds at least where the test does, never NULL; undefined where the index does not help. */
  private indexedTest(
    node: IndexedNode,
    document: string,
    operator: FilterOperator,
    value: FilterValue,
  ): string | undefined {
    const held = indexedValue(node, document);
    const test = this.onIndex(node, held, operator, value);
    return test && `(${test} AND ${held} IS NOT NULL)`;
  }

  private onIndex(
    { kind }: IndexedNode,
    held: string,
    operator: FilterOperator,
    value: FilterValue,
  ): string | undefined {
    if (operator === 'startsWith' && kind === 'TEXT') return `starts_with(${held}, ${this.indexedText(value)})`;
    if (operator !== 'lt' && operator !== 'lte' && operator !== 'gt' && operator !== 'gte') return undefined;
    // A text is held by its beginning, which is at most as great.
    if (kind === 'TEXT' && typeof value === 'string')
      return `${held} ${operator === 'lt' || operator === 'lte' ? '<=' : '>='} ${this.indexedText(value)}`;
    if (kind === 'NUMBER' && (typeof value === 'number' || typeof value === 'bigint'))
      return `${held} ${SIGNS[operator]} ${this.parameters.add(String(value), 'numeric')}`;
    return undefined;
  }

  private indexedText(value: FilterValue): string {
    return `left(${this.parameters.add(String(value), 'text')}, ${INDEXED_CHARACTERS})`;
  }

  tree(tree: FilterTree, place: Place): string {
    switch (tree.kind) {
      case 'all':
        return tree.of.length === 0 ? 'TRUE' : `(${tree.of.map((part) => this.tree(part, place)).join(' AND ')})`;
      case 'any':
        return anyOf(tree.of.map((part) => this.tree(part, place)));
      case 'not':
        return `(NOT ${this.tree(tree.of, place)})`;
      case 'name':
        return place.name === undefined ? 'FALSE' : this.textTest(place.name, tree.operator, tree.value);
      case 'test':
        return this.test(tree, place);
      case 'entries':
        return this.someEntries(tree, place);
    }
  }

  private test(told: Test, place: Place): string {
    const { paths } = told;
    const possible = possibleTest(told.operator, told.value);
    if (possible === undefined) return 'FALSE';
    const { operator, value } = possible;
    const isThere = operator !== 'exists' || value === true;
    const found = anyOf(
      paths.map((path) => {
        const names = namesOf(path);
        const node = this.node(place, names);
        const visible = seesNode(this.sight, this.family, [...place.path, ...names], node, this.parameters);
        const exact = this.valueTest(place, names, node, operator, value);
        const index = place.path.length === 0 ? this.indexes.find(this.family, path) : undefined;
        const found = index && this.indexedTest(index, place.value, operator, value);
        const held = found === undefined ? exact : `(${found} AND ${exact})`;
        return visible === 'TRUE' ? held : `(${visible} AND ${held})`;
      }),
    );
    return isThere ? found : `(NOT ${found})`;
  }

  /** One operator on one node; `exists` tells here that it is there. */
  private valueTest(
    place: Place,
    names: readonly string[],
    node: string,
    operator: FilterOperator,
    value: FilterValue,
  ): string {
    switch (operator) {
      case 'exists':
        return `(${node} IS NOT NULL)`;
      case 'eq':
        return `(${place.value} @> ${this.json(nested(names, stored(value)))})`;
      case 'ne':
        return `COALESCE(${node} <> ${this.json(stored(value))}, FALSE)`;
      case 'in':
        // Of scalars: a list holds each of its elements.
        return `COALESCE(jsonb_typeof(${node}) <> 'object' AND ${this.json(stored(value))} @> ${node}, FALSE)`;
      case 'startsWith':
      case 'contains':
        return this.onText(node, operator, value);
      default:
        return typeof value === 'string' ? this.onText(node, operator, value) : this.onNumber(node, operator, value);
    }
  }

  private onText(node: string, operator: FilterOperator, value: FilterValue): string {
    const test = this.textTest(`(${node} #>> '{}')`, operator, value);
    return `COALESCE(jsonb_typeof(${node}) = 'string' AND ${test}, FALSE)`;
  }

  private onNumber(node: string, operator: FilterOperator, value: FilterValue): string {
    if (typeof value === 'boolean') return 'FALSE';
    return `COALESCE(${numberOf(node)} ${SIGNS[operator as keyof typeof SIGNS]} ${this.parameters.add(String(value), 'numeric')}, FALSE)`;
  }

  /** Letter by letter, whatever the language of the database. */
  private textTest(text: string, told: FilterOperator, wanted: FilterValue): string {
    const { parameters } = this;
    const possible = possibleTest(told, wanted);
    if (possible === undefined) return 'FALSE';
    const { operator, value } = possible;
    switch (operator) {
      case 'exists':
        return value === true ? 'TRUE' : 'FALSE';
      case 'in':
        return `(${text} = ANY(${parameters.add((value as readonly FilterValue[]).map(String), 'text[]')}))`;
      case 'startsWith':
        return `starts_with(${text}, ${parameters.add(String(value), 'text')})`;
      case 'contains':
        return `(position(${parameters.add(String(value), 'text')} IN ${text}) > 0)`;
      default:
        return `(${text} COLLATE "C" ${SIGNS[operator]} ${parameters.add(String(value), 'text')} COLLATE "C")`;
    }
  }

  private someEntries({ paths, quantifier, except, areLeaves, of }: Entries, place: Place): string {
    const alias = `e${++this.entries}`;
    const name = `${alias}.key`;
    const value = `${alias}.value`;
    const fits = paths.map((path) => {
      const names = namesOf(path);
      const parent = this.node(place, names);
      const way = [...place.path, ...names, { sql: name }];
      const shape = areLeaves ? `<> 'object'` : `IN ('object', 'null')`;
      const inner = this.tree(of, { value, name, path: way });
      const conditions = [
        `jsonb_typeof(${value}) ${shape}`,
        ...(except.length === 0 ? [] : [`${name} <> ALL(${this.parameters.add([...except], 'text[]')})`]),
        seesNode(this.sight, this.family, way, value, this.parameters),
        quantifier === 'every' ? `NOT ${inner}` : inner,
      ].filter((condition) => condition !== 'TRUE');
      const members = `jsonb_each(CASE WHEN jsonb_typeof(${parent}) = 'object' THEN ${parent} ELSE '{}' END) AS ${alias}(key, value)`;
      return `EXISTS (SELECT FROM ${members} WHERE ${conditions.join(' AND ')})`;
    });
    return quantifier === 'some' ? anyOf(fits) : `(NOT ${anyOf(fits)})`;
  }

  private node({ value }: Place, names: readonly string[]): string {
    return names.length === 0 ? value : `(${value} #> ${this.parameters.add(names.map(decodeName), 'text[]')})`;
  }

  private json(value: unknown): string {
    return this.parameters.add(JSON.stringify(value), 'jsonb');
  }
}

/** Values of one `in` that are looked up one by one. */
const MOST_FOUND_BY_LIST = 50;

/** All of the alternatives must be findable for one of them to be. */
function allOf(parts: readonly (string | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : anyOf(parts.filter((part) => part !== undefined));
}

const SIGNS = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

function namesOf(path: string): readonly string[] {
  return path === '' ? [] : path.split('/');
}

function nested(names: readonly string[], value: unknown): unknown {
  return names.reduceRight<unknown>((inner, name) => ({ [decodeName(name)]: inner }), value);
}

/** As documents hold it. */
function stored(value: FilterValue): unknown {
  if (Array.isArray(value)) return value.map((one: FilterValue) => stored(one));
  return typeof value === 'bigint' ? value.toString() : value;
}

/** What is left of a test when no document holds what the store cannot; undefined where nothing can fit. */
function possibleTest(
  operator: FilterOperator,
  value: FilterValue,
): { readonly operator: FilterOperator; readonly value: FilterValue } | undefined {
  if (Array.isArray(value)) {
    const list = (value as readonly FilterValue[]).filter((one) => typeof one !== 'string' || isStorable(one));
    return { operator, value: list };
  }
  if (typeof value !== 'string' || isStorable(value)) return { operator, value };
  return operator === 'ne' ? { operator: 'exists', value: true } : undefined;
}
