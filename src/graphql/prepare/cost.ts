/**
 * What an operation may cost, before it is executed, in points: one for each object that it may give, lists as long as `first` or
 * the schema allows; scalars come with their object. See docs/api.md, "Limits".
 */
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLCompositeType,
  GraphQLField,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
  ValueNode,
} from 'graphql';
import {
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  Kind,
  OperationTypeNode,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  valueFromASTUntyped,
} from 'graphql';

import { parseDuration } from '../duration';
import { amountOf, combine, larger, plus, times, type Amount, type Variables } from './amount';

/** Every operation. */
const BASE = 1;
const MUTATION = 10;
/** A list in pages has statements of its own, for each object that it hangs on. */
const PAGED = 2;
/** `maxAge`: a device may be asked. */
const DEVICE_READ = 50;
/** Items of a page when `first` is left out; of a list that has no bound of its own. */
const PAGE = 50;
const LIST = 10;
/** Longer ones are refused anyway. */
const LONGEST_PAGE = 1_000_000;
/** Lists that are usually longer, or shorter. */
const LISTS: Readonly<Record<string, number>> = {
  'Device.managementObjects': 20,
  'Device.bearers': 2,
  'Device.profiles': 3,
  'Query.webhooks': 5,
};
/** What the schema tells of itself is made once and kept. */
const INTROSPECTION = 0.01;
/** Types that count at most: how many DDFs the gateway has is not the caller's doing, and tools ask for all of them at once. */
const TYPES = 2_000;
const WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 600_000;
const MOST = 1e12;

export interface Cost {
  /** Points. */
  readonly points: number;
  /** How long it may wait for devices. */
  readonly waitMs: number;
}

/** `own` + items of the page × `paged`: what stands in `nodes` and `edges` is there once for each item. */
interface Part {
  readonly own: Amount;
  readonly paged: Amount;
  readonly waitMs: Amount;
}

const NOTHING: Part = { own: 0, paged: 0, waitMs: 0 };

/** Looks through an operation once. @param operation valid for the schema @returns its cost with variables as they came */
export function costing(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Variables | undefined) => Cost {
  const { own, paged, waitMs } = new Look(schema, document, operation).whole();
  const points = plus(own, times(PAGE, paged));
  if (typeof points === 'number' && typeof waitMs === 'number') {
    const cost = { points: Math.ceil(Math.min(MOST, points)), waitMs };
    return () => cost;
  }
  return (given = {}) => {
    const variables = withDefaults(operation, given);
    return {
      points: Math.ceil(Math.min(MOST, amountOf(points, variables))),
      waitMs: amountOf(waitMs, variables),
    };
  };
}

class Look {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #known = new Map<string, Part>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly operation: OperationDefinitionNode,
  ) {
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
  }

  whole(): Part {
    const { operation } = this;
    const part = this.#ofSet(operation.selectionSet, this.schema.getRootType(operation.operation));
    return { ...part, own: plus(BASE, part.own) };
  }

  #ofSet(set: SelectionSetNode | undefined, type: GraphQLCompositeType | null | undefined): Part {
    let { own, paged, waitMs } = NOTHING;
    // Mutations follow one another; everything else waits side by side.
    const inTurn = this.operation.operation === OperationTypeNode.MUTATION && set === this.operation.selectionSet;
    for (const selection of set?.selections ?? []) {
      let part: Part;
      switch (selection.kind) {
        case Kind.FIELD:
          part = this.#ofField(selection, type);
          break;
        case Kind.FRAGMENT_SPREAD:
          part = this.#ofFragment(selection.name.value);
          break;
        case Kind.INLINE_FRAGMENT:
          part = this.#ofSet(selection.selectionSet, this.#typeOf(selection.typeCondition?.name.value) ?? type);
      }
      own = plus(own, part.own);
      paged = plus(paged, part.paged);
      waitMs = inTurn ? plus(waitMs, part.waitMs) : larger(waitMs, part.waitMs);
    }
    return { own, paged, waitMs };
  }

  #ofFragment(name: string): Part {
    const known = this.#known.get(name);
    if (known) return known;
    this.#known.set(name, NOTHING);
    const fragment = this.#fragments.get(name);
    const part = this.#ofSet(fragment?.selectionSet, this.#typeOf(fragment?.typeCondition.name.value));
    this.#known.set(name, part);
    return part;
  }

  #typeOf(name: string | undefined): GraphQLCompositeType | undefined {
    const type = name === undefined ? undefined : this.schema.getType(name);
    return isCompositeType(type) ? type : undefined;
  }

  #ofField(node: FieldNode, parent: GraphQLCompositeType | null | undefined): Part {
    const name = node.name.value;
    const field = this.#definition(name, parent);
    if (!field || !parent) return NOTHING;
    const ownType = getNamedType(field.type);
    const isObject = isCompositeType(ownType);
    const below = isObject ? this.#ofSet(node.selectionSet, ownType) : NOTHING;
    const isIntrospection = field === SchemaMetaFieldDef || field === TypeMetaFieldDef;
    const page = sizeOfPage(node, field);
    const isList = isListType(getNullableType(field.type));
    // Of one of them: itself, and what is below it.
    const one = plus(isObject ? 1 : 0, plus(below.own, times(isList ? LIST : (page ?? PAGE), below.paged)));
    const mutation = parent === this.schema.getMutationType() ? MUTATION : 0;
    const read = readOf(node);
    const extra = plus(mutation + (page === undefined ? 0 : PAGED), read.points);
    const waitMs = larger(below.waitMs, read.waitMs);
    if (isIntrospection) return { own: times(INTROSPECTION, one), paged: 0, waitMs };
    if (!isList || !isObject) return { own: plus(one, extra), paged: 0, waitMs };
    // A list of a connection is as long as its page.
    if (page === undefined && (name === 'nodes' || name === 'edges') && parent.name.endsWith('Connection'))
      return { own: extra, paged: one, waitMs };
    const length = page ?? (mutation === 0 ? undefined : recordsOf(node)) ?? this.#lengthOf(parent, name);
    return { own: plus(extra, times(length, one)), paged: 0, waitMs };
  }

  #lengthOf(parent: GraphQLCompositeType, name: string): number {
    if (parent.name === '__Schema' && name === 'types')
      return Math.min(TYPES, Object.keys(this.schema.getTypeMap()).length);
    return LISTS[`${parent.name}.${name}`] ?? LIST;
  }

  #definition(
    name: string,
    parent: GraphQLCompositeType | null | undefined,
  ): GraphQLField<unknown, unknown> | undefined {
    if (name === '__schema') return SchemaMetaFieldDef;
    if (name === '__type') return TypeMetaFieldDef;
    return parent && 'getFields' in parent ? parent.getFields()[name] : undefined;
  }
}

/** Undefined for a field that has no pages. */
function sizeOfPage(node: FieldNode, field: GraphQLField<unknown, unknown>): Amount | undefined {
  if (!field.args.some(({ name }) => name === 'first')) return undefined;
  const given = node.arguments?.find(({ name }) => name.value === 'first')?.value;
  if (given === undefined) return PAGE;
  return valueOf(given, (value) =>
    typeof value === 'number' && value >= 0 ? Math.min(LONGEST_PAGE, value) : value == null ? PAGE : 0,
  );
}

/** Records that a mutation is given as `input`, for each of which it gives something; undefined where `input` is no list. */
function recordsOf(node: FieldNode): Amount | undefined {
  const input = node.arguments?.find(({ name }) => name.value === 'input')?.value;
  return input && valueOf(input, (records) => (Array.isArray(records) ? records.length : 1));
}

/** Points and time of what asks devices: `maxAge` and `wait`, the field's own or within its `input`. */
function readOf(node: FieldNode): { readonly points: Amount; readonly waitMs: Amount } {
  let maxAge: Amount = 0;
  let wait: Amount = -1;
  for (const { name, value } of node.arguments ?? []) {
    if (name.value === 'maxAge') maxAge = valueOf(value, (age) => (age == null ? 0 : 1));
    else if (name.value === 'wait') wait = valueOf(value, waitOf);
    else if (name.value === 'input')
      wait = valueOf(value, (input) => waitOf((input as { readonly wait?: unknown } | null | undefined)?.wait));
  }
  return {
    points: times(DEVICE_READ, maxAge),
    waitMs: combine(maxAge, wait, (asks, ms) => (ms >= 0 ? ms : asks > 0 ? WAIT_MS : 0)),
  };
}

/** Milliseconds, at most as long as anything may wait; -1 for none. */
function waitOf(value: unknown): number {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  return ms === undefined ? -1 : Math.min(LONGEST_WAIT_MS, ms);
}

/** A value that is read now where no variable is in it, and with each request's variables where there is. */
function valueOf(node: ValueNode, read: (value: unknown) => number): Amount {
  if (!hasVariable(node)) return read(valueFromASTUntyped(node));
  return (variables) => read(valueFromASTUntyped(node, variables));
}

function hasVariable(node: ValueNode): boolean {
  switch (node.kind) {
    case Kind.VARIABLE:
      return true;
    case Kind.LIST:
      return node.values.some(hasVariable);
    case Kind.OBJECT:
      return node.fields.some(({ value }) => hasVariable(value));
    default:
      return false;
  }
}

function withDefaults({ variableDefinitions }: OperationDefinitionNode, given: Variables): Variables {
  const defaults = (variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue !== undefined && given[variable.name.value] === undefined
      ? [[variable.name.value, valueFromASTUntyped(defaultValue)] as const]
      : [],
  );
  return defaults.length === 0 ? given : { ...given, ...Object.fromEntries(defaults) };
}
