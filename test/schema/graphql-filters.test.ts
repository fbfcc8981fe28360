import { coerceInputValue, isInputObjectType, validateSchema, type GraphQLInputObjectType } from 'graphql';

import { readFilter } from '../../schema/graphql/filter-tree';
import type { FilterTree, Json, MoFamily } from '../../schema/graphql/types';
import { compiled, ddf, libraryOf, node } from './ddf-texts';

const MOID = 'urn:oma:mo:ext-acme-thing';
const leaf = (name: string, format: string, access = 'Get'): string => node(name, { format, access });
const onOff =
  '<MSFT:AllowedValues ValueType="ENUM"><MSFT:Enum><MSFT:Value>0</MSFT:Value><MSFT:ValueDescription>Off</MSFT:ValueDescription></MSFT:Enum>' +
  '<MSFT:Enum><MSFT:Value>1</MSFT:Value><MSFT:ValueDescription>On</MSFT:ValueDescription></MSFT:Enum></MSFT:AllowedValues>';

const library = libraryOf(
  ddf(
    node('Thing', {
      moid: `${MOID}:1.0`,
      children: [
        leaf('DevId', 'chr'),
        leaf('Level', 'int'),
        leaf('Hot', 'bool'),
        leaf('Rate', 'float'),
        leaf('Blob', 'bin'),
        leaf('Day', 'date'),
        leaf('At', 'time'),
        leaf('Flag', 'null'),
        node('State', { format: 'int', more: onOff }),
        leaf('Secret', 'chr', 'Replace'),
        leaf('And', 'chr'),
        node('Ext'),
        node('Box', {
          children: [
            leaf('Exists', 'int'),
            leaf('Fixed', 'chr'),
            node('', { children: [leaf('Cost', 'float'), node('Sub', { children: [leaf('', 'chr')] })] }),
          ],
        }),
      ],
    }),
  ),
  ddf(node('Thing', { moid: `${MOID}:1.1`, children: [leaf('DevID', 'chr')] })),
);
const { schema, part } = compiled(library);
const family = part.families[0] as MoFamily;

function fields(name: string): Readonly<Record<string, string>> {
  const type = schema.getType(name);
  if (!isInputObjectType(type)) throw new Error(`no input ${name}`);
  return Object.fromEntries(Object.values(type.getFields()).map((field) => [field.name, field.type.toString()]));
}

/** As graphql-js hands a filter to a resolver. */
function treeOf(input: unknown): FilterTree {
  const read = readFilter(
    family,
    coerceInputValue(input, schema.getType('AcmeThingFilter') as GraphQLInputObjectType) as Readonly<
      Record<string, unknown>
    >,
  );
  if (!read.ok) throw new Error(`${read.code}: ${read.message}`);
  return read.tree;
}

/** What a tree means, as plainly as possible. */
function holds(tree: FilterTree, values: Json | undefined, entryName = ''): boolean {
  switch (tree.kind) {
    case 'all':
      return tree.of.every((part) => holds(part, values, entryName));
    case 'any':
      return tree.of.some((part) => holds(part, values, entryName));
    case 'not':
      return !holds(tree.of, values, entryName);
    case 'name':
      return compare(tree.operator, entryName, tree.value);
    case 'test': {
      const found = tree.paths.map((path) => valueAt(values, path)).find((value) => value !== undefined);
      return tree.operator === 'exists'
        ? (found !== undefined) === tree.value
        : found !== undefined && compare(tree.operator, found, tree.value);
    }
    case 'entries': {
      const parent = tree.paths.map((path) => valueAt(values, path)).find((value) => value !== undefined) ?? {};
      const entries = Object.entries(parent as Readonly<Record<string, Json>>).filter(
        ([name]) => !tree.except.includes(name),
      );
      const fits = ([name, value]: readonly [string, Json]): boolean => holds(tree.of, value, name);
      if (tree.quantifier === 'some') return entries.some(fits);
      return tree.quantifier === 'every' ? entries.every(fits) : !entries.some(fits);
    }
  }
}

function valueAt(values: Json | undefined, path: string): Json | undefined {
  return path
    .split('/')
    .filter(Boolean)
    .reduce<Json | undefined>(
      (value, name) =>
        typeof value === 'object' && value !== null ? (value as Readonly<Record<string, Json>>)[name] : undefined,
      values,
    );
}

function compare(operator: string, value: Json, wanted: unknown): boolean {
  switch (operator) {
    case 'eq':
      return value === wanted;
    case 'ne':
      return value !== wanted;
    case 'in':
      return (wanted as readonly unknown[]).includes(value);
    case 'lt':
      return (value as number) < (wanted as number);
    case 'lte':
      return (value as number) <= (wanted as number);
    case 'gt':
      return (value as number) > (wanted as number);
    case 'gte':
      return (value as number) >= (wanted as number);
    case 'startsWith':
      return String(value).startsWith(String(wanted));
    default:
      return String(value).includes(String(wanted));
  }
}

describe('Filter inputs', () => {
  test('mirror what can be read, with tests by type', () => {
    expect(validateSchema(schema)).toEqual([]);
    expect(Object.keys(part.filterFields)).toEqual(['acmeThing']);
    expect(fields('AcmeThingFilter')).toEqual({
      and: '[AcmeThingFilter!]',
      or: '[AcmeThingFilter!]',
      not: 'AcmeThingFilter',
      exists: 'Boolean',
      devId: 'StringFilter',
      level: 'IntFilter',
      hot: 'BooleanFilter',
      rate: 'FloatFilter',
      blob: 'Base64Filter',
      day: 'DateFilter',
      at: 'TimeFilter',
      flag: 'PresenceFilter',
      state: 'AcmeThingStateFilter',
      andNode: 'StringFilter',
      ext: 'AcmeThingExtFilter',
      box: 'AcmeThingBoxFilter',
    });
    expect(fields('AcmeThingBoxFilter')).toMatchObject({
      existsNode: 'IntFilter',
      items: 'AcmeThingBoxItemListFilter',
    });
    expect(fields('AcmeThingBoxItemListFilter')).toEqual({
      some: 'AcmeThingBoxItemFilter',
      every: 'AcmeThingBoxItemFilter',
      none: 'AcmeThingBoxItemFilter',
    });
    expect(fields('AcmeThingBoxItemFilter')).toMatchObject({ nodeName: 'StringFilter', cost: 'FloatFilter' });
    expect(fields('AcmeThingBoxItemSubItemFilter')).toMatchObject({ nodeName: 'StringFilter', value: 'StringFilter' });
  });

  test('have the operators that make sense for a type', () => {
    const text = ['eq', 'ne', 'in', 'lt', 'lte', 'gt', 'gte', 'startsWith', 'contains', 'exists'];

    expect(Object.keys(fields('StringFilter'))).toEqual(text);
    expect(Object.keys(fields('IntFilter'))).toEqual(
      text.filter((name) => name !== 'startsWith' && name !== 'contains'),
    );
    expect(Object.keys(fields('BooleanFilter'))).toEqual(['eq', 'ne', 'exists']);
    expect(Object.keys(fields('AcmeThingStateFilter'))).toEqual(['eq', 'ne', 'in', 'exists']);
    expect(Object.keys(fields('PresenceFilter'))).toEqual(['exists']);
  });

  test('of nodes that are called Filter or List have names of their own', () => {
    const odd = compiled(
      libraryOf(
        ddf(
          node('Thing', {
            moid: MOID,
            children: [
              node('Filter', { children: [leaf('A', 'chr')] }),
              node('', { children: [node('List', { children: [leaf('B', 'chr')] })] }),
            ],
          }),
        ),
      ),
    );

    expect(odd.part.refusals).toEqual([]);
    expect(validateSchema(odd.schema)).toEqual([]);
    expect(odd.schema.getType('AcmeThingFilterNode')).toBeDefined();
    expect(odd.schema.getType('AcmeThingItemListNode')).toBeDefined();
  });
});

describe('A filter as a predicate', () => {
  test('names the family, the paths of all spellings, the operator and the value as it is stored', () => {
    expect(treeOf({ devId: { startsWith: 'IMEI' } })).toEqual({
      kind: 'test',
      family: MOID,
      paths: ['DevID', 'DevId'],
      operator: 'startsWith',
      value: 'IMEI',
    });
    expect(treeOf({ state: { in: ['ON', 'OFF'] } })).toMatchObject({ paths: ['State'], operator: 'in', value: [1, 0] });
    expect(treeOf({ exists: true })).toMatchObject({ kind: 'test', paths: [''], operator: 'exists', value: true });
  });

  test('has paths below the entry within some, every and none', () => {
    expect(
      treeOf({ box: { items: { some: { nodeName: { eq: 'a' }, sub: { items: { none: { value: { eq: 'x' } } } } } } } }),
    ).toEqual({
      kind: 'entries',
      quantifier: 'some',
      family: MOID,
      paths: ['Box'],
      except: ['Exists', 'Fixed'],
      areLeaves: false,
      of: {
        kind: 'all',
        of: [
          { kind: 'name', operator: 'eq', value: 'a' },
          {
            kind: 'entries',
            quantifier: 'none',
            family: MOID,
            paths: ['Sub'],
            except: [],
            areLeaves: true,
            of: { kind: 'test', family: MOID, paths: [''], operator: 'eq', value: 'x' },
          },
        ],
      },
    });
  });

  const values: Json = {
    DevId: 'IMEI:1',
    Level: 5,
    State: 1,
    And: 'x',
    Box: { Fixed: 'f', day: { Cost: 2 }, night: { Cost: 1, Sub: { a: 'x' } } },
  };

  test.each<[unknown, boolean]>([
    [{}, true],
    [{ level: { gt: 4, lte: 5 } }, true],
    [{ level: { lt: 5 } }, false],
    [{ level: { in: [1, 5] }, devId: { contains: 'EI:' } }, true],
    [{ state: { eq: 'ON' }, andNode: { ne: 'y' } }, true],
    [{ rate: { ne: 1 } }, false],
    [{ not: { rate: { eq: 1 } } }, true],
    [{ rate: { exists: false }, box: { exists: true } }, true],
    [{ or: [{ level: { eq: 1 } }, { level: { eq: 5 } }] }, true],
    [{ or: [] }, false],
    [{ and: [] }, true],
    [{ and: [{ level: { eq: 5 } }, { not: { level: { eq: 5 } } }] }, false],
    [{ box: { items: { some: { cost: { eq: 2 } } } } }, true],
    [{ box: { items: { every: { cost: { gte: 1 } } } } }, true],
    [{ box: { items: { every: { nodeName: { startsWith: 'd' } } } } }, false],
    [{ box: { items: { none: { nodeName: { eq: 'Fixed' } } } } }, true],
    [{ box: { items: { some: { sub: { items: { some: { nodeName: { eq: 'a' }, value: { eq: 'x' } } } } } } } }, true],
    [{ box: null, level: null }, true],
  ])('%j: %p', (input, expected) => {
    expect(holds(treeOf(input), values)).toBe(expected);
  });

  test('is refused where it would mean everything, or is too large', () => {
    const deep = Array.from({ length: 50 }).reduce<unknown>((inner) => ({ not: inner }), {});
    const many = { and: Array.from({ length: 201 }, (_, i) => ({ level: { eq: i } })) };

    expect(readFilter(family, { level: { eq: null } })).toMatchObject({ ok: false, code: 'BAD_USER_INPUT' });
    expect(readFilter(family, { nothing: {} })).toMatchObject({ ok: false, code: 'BAD_USER_INPUT' });
    expect(readFilter(family, { secret: { eq: 'x' } })).toMatchObject({ ok: false, code: 'BAD_USER_INPUT' });
    expect(readFilter(family, deep as Readonly<Record<string, unknown>>)).toMatchObject({
      ok: false,
      code: 'LIMIT_FILTER',
    });
    expect(readFilter(family, many)).toMatchObject({ ok: false, code: 'LIMIT_FILTER' });
    expect(readFilter(family, { level: { in: Array.from({ length: 1_001 }, (_, i) => i) } })).toMatchObject({
      ok: false,
      code: 'LIMIT_FILTER',
    });
  });
});
