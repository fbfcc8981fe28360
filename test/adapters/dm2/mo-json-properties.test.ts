/** What is written as MO JSON is read as the same values, whatever formats, names and shapes: and as DM 1.x would give them. */
import fc from 'fast-check';

import type { DmFormat, Tree, Value } from '../../../adapters/adapter';
import { pathOfNames } from '../../../adapters/dm2/client-uri';
import { decodeBareValue, encodeBareValue } from '../../../adapters/dm2/leaf-value';
import { decodeMoJson, encodeMoJson, type FormatLookup } from '../../../adapters/dm2/mo-json';
import { NOWHERE } from '../../../schema/ddf/library';
import { readTree } from '../../../src/management/tree-reading';

const jsonOf = (tree: Tree): unknown => readTree(tree, NOWHERE).json;

const MOID = 'urn:example:mo:all:1.0';
/** Text that a document can hold: neither U+0000 nor half a surrogate pair. */
const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((one) => !one.includes('\0'));
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'abcXYZ019-._~ /%:()?é*'.split('')), minLength: 1, maxLength: 8 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '0', '1'),
);

const VALUES: Readonly<Record<Exclude<DmFormat, 'node'>, fc.Arbitrary<Value['data']>>> = {
  chr: text,
  xml: text.map((inner) => `<a>${inner}</a>`),
  b64: fc.uint8Array({ maxLength: 12 }).map((octets) => Buffer.from(octets).toString('base64')),
  date: fc.constantFrom('20260131', '2026-01-31'),
  time: fc.constantFrom('064500Z', '06:45:00'),
  bin: fc.uint8Array({ maxLength: 40 }),
  bool: fc.boolean(),
  int: fc.integer(),
  float: fc.oneof(fc.double(), fc.constantFrom(Infinity, -Infinity, NaN)).map((one) => (one === 0 ? 0 : one)),
  null: fc.constant(null),
};
const value: fc.Arbitrary<Value> = fc
  .constantFrom(...(Object.keys(VALUES) as (keyof typeof VALUES)[]))
  .chain((format) => VALUES[format].map((data) => ({ format, data })));

const { node } = fc.letrec<{ node: Omit<Tree, 'name'> }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    value.map((one) => ({ value: one })),
    fc.uniqueArray(fc.tuple(name, tie('node')), { maxLength: 5, selector: ([key]) => key }).map((children) => ({
      children: children.map(([key, below]) => ({ ...below, name: key })),
      childrenComplete: true,
    })),
  ),
}));

/** Formats as a DDF would tell them. */
function lookOf(tree: Tree): FormatLookup {
  const formats = new Map<string, DmFormat>();
  const visit = (at: Tree, names: readonly string[]): void => {
    formats.set(pathOfNames(names), at.value?.format ?? 'node');
    for (const child of at.children ?? []) visit(child, [...names, child.name]);
  };
  visit(tree, []);
  return (_, path) => {
    const format = formats.get(path);
    return format === undefined ? undefined : { format };
  };
}

const at = { moid: MOID, miid: 'i', path: [] };

test('a tree of any formats and names is read as it was written', () => {
  fc.assert(
    fc.property(node, fc.option(text, { nil: undefined }), (below, validator) => {
      const tree: Tree = { name: 'X', ...below };
      const written = encodeMoJson([{ at, tree, ...(validator === undefined ? {} : { validator }) }]);
      if (!written.ok) throw new Error(written.message);
      const read = decodeMoJson(written.value, { look: lookOf(tree) });
      if (!read.ok) throw new Error(read.message);
      const [entry] = read.value;
      expect(entry?.bad).toEqual([]);
      expect(entry?.validator).toBe(validator);
      // Members that look like numbers come first in any JavaScript object: order is none of a tree's matters.
      expect(jsonOf(entry?.tree ?? { name: '' })).toEqual(jsonOf(tree));
      expect(formatsOf(entry?.tree)).toEqual(formatsOf(tree));
    }),
    { numRuns: 400 },
  );
});

function formatsOf(tree: Tree | undefined): unknown {
  if (tree === undefined) return undefined;
  if (tree.value !== undefined) return tree.value.format;
  return new Map((tree.children ?? []).map((child) => [child.name, formatsOf(child)]));
}

test('a leaf alone is the same as MO data and as a bare value', () => {
  fc.assert(
    fc.property(value, name, (one, leaf) => {
      const tree: Tree = { name: leaf, value: one };
      const look: FormatLookup = () => ({ format: one.format });
      const document = encodeMoJson([{ at: { ...at, path: [leaf] }, tree }]);
      const bare = encodeBareValue(one);
      if (!document.ok || bare === undefined) throw new Error('it was not written');
      const read = decodeMoJson(document.value, { look });
      const asData = read.ok ? read.value[0]?.tree.value : undefined;
      const asBare = decodeBareValue(bare.mediaType, bare.body, one.format);
      expect(asData).toBeDefined();
      expect(jsonOf({ name: leaf, value: asBare ?? one })).toEqual(jsonOf({ name: leaf, value: asData ?? one }));
      expect(asBare?.format).toBe(one.format);
    }),
    { numRuns: 400 },
  );
});

test('several entries stay apart, in their order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: fc.constantFrom('a', 'b', ':', '/'), minLength: 1 }), value), {
        minLength: 1,
        maxLength: 4,
      }),
      (list) => {
        const entries = list.map(([miid, one]) => ({
          at: { moid: MOID, miid, path: ['leaf'] },
          tree: { name: 'leaf', value: one },
        }));
        const written = encodeMoJson(entries);
        if (!written.ok) throw new Error(written.message);
        const read = decodeMoJson(written.value, { look: () => undefined });
        expect(read.ok && read.value.map((entry) => entry.at.miid)).toEqual(list.map(([miid]) => miid));
      },
    ),
  );
});
