import fc from 'fast-check';

import type { Tree, Value } from '../../adapters/adapter';
import { restoreTree, restoreValue, storeTree, storeValue } from '../../src/management/stored-value';
import { isStorable, scalarOf, storable, storableText } from '../../src/management/tree';

const leaf = (name: string, data: Value['data'], format: Value['format'] = 'chr', mime?: string): Tree => ({
  name,
  value: { format, data, mime },
});

describe("a leaf's scalar", () => {
  test.each<[Value['data'], unknown]>([
    [Uint8Array.of(0, 255), 'AP8='],
    [2n ** 53n - 1n, 9007199254740991],
    [2n ** 53n, '9007199254740992'],
    [-(2n ** 63n), '-9223372036854775808'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [null, null],
    [true, true],
    ['a\u0000', undefined],
    [{ blob: '1', length: 9 }, undefined],
  ])('%p is %p', (data, json) => {
    expect(scalarOf({ format: 'chr', data })).toBe(json);
  });
});

describe('text that the store cannot hold', () => {
  test('is told apart, cleaned, or left out of JSON', () => {
    expect([isStorable('ä😀'), isStorable('\0'), isStorable('\ud83d'), isStorable('\ude00x')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(storableText('a\0b\ud83d😀')).toBe('a\ufffdb\ufffd😀');
    expect(storable({ ok: [1, 'x\0'], 'bad\0': 1, deep: { text: '\ud800' } })).toEqual({
      ok: [1, null],
      deep: { text: null },
    });
  });

  test('never reaches it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '\0', '\ud83d', '\ude00', '😀') }), (text) => {
        expect(isStorable(storableText(text))).toBe(true);
        expect(storableText(storableText(text))).toBe(storableText(text));
      }),
    );
  });
});

describe('a value on its way to a device', () => {
  test.each<Value>([
    { format: 'chr', data: 'x', mime: 'text/plain' },
    { format: 'int', data: 1 },
    { format: 'int', data: 2n ** 60n },
    { format: 'float', data: Number.NEGATIVE_INFINITY },
    { format: 'float', data: Number.NaN },
    { format: 'bool', data: false },
    { format: 'bin', data: Buffer.from([1, 2]) },
    { format: 'null', data: null },
  ])('%p is the same after it was stored', (value) => {
    expect(restoreValue(JSON.parse(JSON.stringify(storeValue(value))) as ReturnType<typeof storeValue>)).toEqual(value);
  });

  test('a tree too, and all of its children are known then', () => {
    const tree: Tree = { name: 'r', children: [leaf('a', 'x'), { name: 'b', children: [] }], childrenComplete: true };
    expect(restoreTree(storeTree(tree))).toEqual({
      ...tree,
      children: [leaf('a', 'x'), { name: 'b', children: [], childrenComplete: true }],
    });
  });
});
