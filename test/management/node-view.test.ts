import { DdfLibrary } from '../../schema/ddf/library';
import { nodesOf } from '../../src/management/node-view';
import type { MoView } from '../../src/management/types';

/** Requirement: every node is visible without a DDF, with what the device told of it beside its value. */
function mo(more: Partial<MoView> = {}): MoView {
  return {
    device: '1',
    family: 'urn:odd',
    moid: 'urn:odd:1.0',
    miid: 'x',
    version: '1.0',
    place: './X',
    recognisedBy: 'TYPE',
    values: { B: { 'a/b': 'text', n: 7 }, A: true, Z: null, __proto__x: 1 },
    properties: {},
    meta: {},
    observedAt: null,
    completeAt: null,
    ...more,
  };
}
const LIBRARY = new DdfLibrary();
const paths = (view: MoView, wanted: Parameters<typeof nodesOf>[1] = {}): string[] =>
  nodesOf(view, wanted, LIBRARY).map((node) => node.path);

test('parents come before children, siblings by name, names as paths have them', () => {
  expect(paths(mo())).toEqual(['', 'A', 'B', 'B/a%2Fb', 'B/n', 'Z', '__proto__x']);
});

test('what nobody described is told by its value', () => {
  const nodes = nodesOf(mo(), {}, LIBRARY);
  expect(nodes.map(({ path, format, type }) => [path, format, type])).toEqual([
    ['', 'node', 'urn:odd:1.0'],
    ['A', 'bool', null],
    ['B', 'node', null],
    ['B/a%2Fb', 'chr', null],
    ['B/n', 'int', null],
    ['Z', 'null', null],
    ['__proto__x', 'int', null],
  ]);
});

test('what the device told counts: format, type, title, time stamp, version, size', () => {
  const view = mo({
    meta: { 'B/n': ['float', 'text/x'] },
    properties: {
      'B/n': { Title: 'N', TStamp: '20260101T000000Z', VerNo: '17', Size: '1' },
      B: { Type: 'urn:inner:1.0', VerNo: 'x' },
    },
  });
  const byPath = Object.fromEntries(nodesOf(view, {}, LIBRARY).map((node) => [node.path, node]));
  expect(byPath['B/n']).toMatchObject({
    format: 'float',
    type: 'text/x',
    title: 'N',
    tStamp: '20260101T000000Z',
    verNo: 17,
    size: 1,
    value: 7,
  });
  expect(byPath['B']).toMatchObject({ format: 'node', type: 'urn:inner:1.0', verNo: null, value: null });
});

test.each([
  [{ depth: 0 }, ['']],
  [{ depth: 1 }, ['', 'A', 'B', 'Z', '__proto__x']],
  [{ path: 'B' }, ['B', 'B/a%2Fb', 'B/n']],
  [{ path: 'B/a%2Fb' }, ['B/a%2Fb']],
  [{ path: 'toString' }, []],
  [{ path: 'A/deeper' }, []],
  [{ first: 2 }, ['', 'A']],
  [{ after: 'A' }, ['B', 'B/a%2Fb', 'B/n', 'Z', '__proto__x']],
  [{ after: 'B/a%2Fb', first: 2 }, ['B/n', 'Z']],
  [{ after: 'Gone' }, ['Z', '__proto__x']],
] as const)('%j', (wanted, expected) => {
  expect(paths(mo(), wanted)).toEqual(expected);
});

test.each([
  [{ path: '/A' }, 'BAD_USER_INPUT'],
  [{ after: 'A//B' }, 'BAD_USER_INPUT'],
  [{ depth: -1 }, 'BAD_USER_INPUT'],
  [{ first: 0 }, 'BAD_USER_INPUT'],
  [{ first: 5_001 }, 'LIMIT_PAGE_SIZE'],
] as const)('%j is refused', (wanted, code) => {
  expect(() => nodesOf(mo(), wanted, LIBRARY)).toThrow(expect.objectContaining({ code }) as Error);
});
