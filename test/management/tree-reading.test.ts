/** What is made of a tree that a device told: the JSON that callers see, and formats and MIME types by path beside it. */
import fc from 'fast-check';

import type { DmFormat, Json, Tree, Value } from '../../adapters/adapter';
import { encodeName, NOWHERE } from '../../schema/ddf/library';
import { metaByPath, storeShape } from '../../src/management/meta-shape';
import { isStorable, scalarOf } from '../../src/management/tree';
import { isShown, readTree, type ReadingOptions, type TreeReading } from '../../src/management/tree-reading';
import { ddf, libraryOf, node } from '../schema/ddf-texts';

const leaf = (name: string, data: Value['data'], format: DmFormat = 'chr', mime?: string): Tree => ({
  name,
  value: { format, data, mime },
});

const MOID = 'urn:oma:mo:ext-acme-meter:1.0';
const library = libraryOf(
  ddf(
    node('Meter', {
      moid: MOID,
      children: [
        node('a', { format: 'chr' }),
        node('n', { format: 'null' }),
        node('list', {
          children: [node('', { children: [node('a', { format: 'chr' }), node('b', { format: 'int' })] })],
        }),
      ],
    }),
  ),
);
const root = library.at(MOID, '');

const TREE: Tree = {
  name: 'root',
  children: [
    leaf('Name', 'Hall', 'chr', 'text/plain'),
    { name: 'Colours', children: [{ name: 'a/b', children: [leaf('Red', 7, 'int')] }] },
    leaf('__proto__', 'kept'),
    leaf('bad\u0000name', 'gone'),
    leaf('Lone', '\ud800'),
  ],
};

/** Formats and types as they come out of the store. */
function metaOf({ shape, json }: TreeReading): unknown {
  return metaByPath(JSON.parse(JSON.stringify(storeShape(shape))), json);
}

describe('the JSON of a tree', () => {
  test('a leaf is its scalar, an interior node an object by raw names', () => {
    expect(readTree(leaf('x', 'text'), NOWHERE).json).toBe('text');
    const { json } = readTree(TREE, NOWHERE);
    expect(JSON.stringify(json)).toBe('{"Name":"Hall","Colours":{"a/b":{"Red":7}},"__proto__":"kept"}');
  });

  test('is cut off at a depth', () => {
    expect(readTree(TREE, NOWHERE, { depth: 1 }).json).toEqual({ Name: 'Hall', Colours: {}, ['__proto__']: 'kept' });
    expect(readTree(leaf('x', 1, 'int'), NOWHERE, { depth: 0 }).json).toBe(1);
  });

  test('of a node that was only named, it has what the DDF knows', () => {
    const named: Tree = { name: '', children: [{ name: 'a' }, { name: 'n' }, { name: 'list' }, { name: 'other' }] };
    expect(readTree(named, root, { describes: true }).json).toEqual({ n: null, list: {}, other: {} });
    // What is merged takes nothing away that is stored.
    expect(readTree(named, root, { merges: true }).json).toEqual({ n: null, list: {} });
    expect(readTree({ name: 'a' }, library.at(MOID, 'a'), { describes: true })).toMatchObject({
      json: undefined,
      shape: null,
    });
  });
});

test('nodes that the DDF lets nobody read are not shown, where the device only named them', () => {
  const hidden = libraryOf(
    ddf(
      node('Meter', {
        moid: MOID,
        access: 'Add',
        children: [
          node('Perm', { access: 'Add' }),
          node('Secret', { format: 'chr', access: 'Replace' }),
          node('Reset', { format: 'null', access: 'Exec' }),
          node('Open', { access: 'Get' }),
        ],
      }),
    ),
  );
  const named: Tree = {
    name: 'root',
    children: ['Perm', 'Secret', 'Reset', 'Open', 'Unheard'].map((name) => ({ name })),
  };
  const at = hidden.at(MOID, '');
  expect(readTree(named, at, { describes: true }).json).toEqual({ Reset: null, Open: {}, Unheard: {} });
  expect(named.children?.filter(({ name }) => isShown(at.below(name).node)).map(({ name }) => name)).toEqual([
    'Reset',
    'Open',
    'Unheard',
  ]);
  expect(readTree({ name: 'Inbox' }, at, { describes: true }).json).toEqual({});
});

describe('formats and MIME types', () => {
  test('stand by path, with those of the DDF or the format where the device told none', () => {
    expect(metaOf(readTree(TREE, NOWHERE))).toMatchObject({
      Name: { format: 'chr', type: 'text/plain' },
      'Colours/a%2Fb/Red': { format: 'int' },
      Lone: { format: 'chr' },
    });
    const told: Tree = {
      name: '',
      children: [leaf('a', 'x', 'chr', 'text/html'), { name: 'n' }, leaf('z', 'x', 'bin')],
    };
    expect(metaOf(readTree(told, root, { describes: true }))).toEqual({
      a: { format: 'chr', type: 'text/html' },
      n: { format: 'null' },
      z: { format: 'bin', type: 'application/octet-stream' },
    });
  });

  test('of a list are stored once, however long it is', () => {
    const element = (name: string): Tree => ({ name, children: [leaf('a', name), leaf('b', 1, 'int')] });
    const list: Tree = { name: 'list', children: Array.from({ length: 500 }, (_, index) => element(`e${index}`)) };
    const reading = readTree(list, library.at(MOID, 'list'), { describes: true, path: 'list' });
    expect(storeShape(reading.shape)).toEqual([{ others: { others: 'chr text/plain', own: { b: 'int text/plain' } } }]);
    expect(Object.keys(metaOf(reading) as object)).toHaveLength(1000);
    expect(reading.undescribed).toEqual([]);
  });

  test('stored by path, as they were once, are told as they are', () => {
    const meta = { 'a/b': { format: 'int', type: 'text/plain', properties: { Title: 'b' } } };
    expect(metaByPath(meta, { a: { b: 1 } })).toEqual(meta);
    expect(metaByPath(null, null)).toBeNull();
  });

  test('that no DDF tells are noted with their paths', () => {
    const told: Tree = { name: 'e', children: [leaf('a', 'x'), leaf('b', 'x', 'chr', 'text/x'), leaf('c', 1, 'int')] };
    expect(readTree(told, library.at(MOID, 'list/e'), { path: 'list/e' }).undescribed).toEqual([
      { path: 'list/e/b', format: 'chr', mime: 'text/x' },
      { path: 'list/e/c', format: 'int', mime: undefined },
    ]);
  });
});

/** The same, said as plainly as can be: node by node, with its path. */
function plainly(tree: Tree, path: string, { depth = 99, describes }: ReadingOptions): { json?: Json; meta: object } {
  const known = describes === true ? library.node(MOID, path) : undefined;
  const { value, children } = tree;
  if (value !== undefined) {
    const usual =
      value.format === 'null' ? undefined : value.format === 'bin' ? 'application/octet-stream' : 'text/plain';
    const type = value.mime ?? (describes === true ? (known?.mime ?? usual) : undefined);
    return { json: scalarOf(value), meta: { '': { format: value.format, ...(type === undefined ? {} : { type }) } } };
  }
  if (children === undefined) {
    if (known?.format === 'null') return { json: null, meta: { '': { format: 'null' } } };
    const isShown = path === '' || known?.access.includes('Get') !== false;
    return known === undefined || (known.format === 'node' && isShown) ? { json: {}, meta: {} } : { meta: {} };
  }
  const json: [string, Json][] = [];
  const meta: [string, unknown][] = [];
  for (const child of depth <= 0 ? [] : children.filter(({ name }) => isStorable(name))) {
    const name = encodeName(child.name);
    const below = plainly(child, path === '' ? name : `${path}/${name}`, { depth: depth - 1, describes });
    if (below.json !== undefined) json.push([child.name, below.json]);
    for (const [at, told] of Object.entries(below.meta)) meta.push([at === '' ? name : `${name}/${at}`, told]);
  }
  return { json: Object.fromEntries(json), meta: Object.fromEntries(meta) };
}

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Value>({ format: 'chr', data: 'x' }) },
  fc.constantFrom<Value>(
    { format: 'int', data: 1 },
    { format: 'int', data: 1, mime: 'text/html' },
    { format: 'bin', data: Uint8Array.of(1) },
    { format: 'null', data: null },
    { format: 'chr', data: '\0' },
  ),
);
const name = fc.constantFrom('a', 'b', 'c', 'n', 'list', '__proto__', 'x/y', '%', 'bad\0');
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: 'large' },
    fc.record({ name, value }),
    fc.record({ name }),
    fc.record({
      name,
      children: fc.uniqueArray(tie('tree'), { maxLength: 6, selector: (child) => child.name }),
    }),
  ),
}));

test('any tree, to any depth, is read as if each node had been looked at by itself', () => {
  fc.assert(
    fc.property(tree, fc.option(fc.nat(4), { nil: undefined }), fc.boolean(), (told, depth, describes) => {
      const reading = readTree(told, describes ? root : NOWHERE, { depth, describes });
      const expected = plainly(told, '', { depth, describes });
      expect(reading.json).toEqual(expected.json);
      expect(metaOf(reading)).toEqual(expected.meta);
    }),
    { numRuns: 1_000 },
  );
});
