import fc from 'fast-check';

import { changesOf } from '../../../src/management/events/values-changed';
import type { Json } from '../../../adapters/adapter';

/** Names that are easily taken for something else. */
const name = fc.constantFrom('a', 'b', 'a/b', '%', '__proto__', 'constructor');
const leaf = fc.oneof(fc.constantFrom<Json>(null, true, 0, 1, '', 'x'), fc.constant<Json>({}));
const { node } = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc
      .uniqueArray(fc.tuple(name, tie('node')), { maxLength: 4, selector: ([key]) => key })
      .map((entries): Json => Object.fromEntries(entries)),
  ),
}));
const document = fc
  .uniqueArray(fc.tuple(name, node), { maxLength: 5, selector: ([key]) => key })
  .map((entries): Json => Object.fromEntries(entries));

/** Each leaf, and each node that is empty, by its names. */
function leavesOf(value: Json, names: readonly string[] = []): ReadonlyMap<string, Json> {
  const isNode = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isNode ? Object.entries(value as Record<string, Json>) : [];
  if (entries.length === 0) return new Map([[JSON.stringify(names), value]]);
  return new Map(entries.flatMap(([key, below]) => [...leavesOf(below, [...names, key])]));
}

function namesOf(path: string): string {
  return JSON.stringify(path.split('/').map((part) => decodeURIComponent(part)));
}

test('what changed turns the leaves of the older document into those of the newer one', () => {
  fc.assert(
    fc.property(document, document, (older, newer) => {
      const leaves = new Map(leavesOf(older));
      const { changes, more } = changesOf(older, newer, true);
      expect(more).toBe(false);
      for (const change of changes) {
        const names = namesOf(change.path);
        if ('old' in change && JSON.stringify(change.old) !== '{}') expect(leaves.get(names)).toEqual(change.old);
        if ('new' in change) leaves.set(names, change.new as Json);
        else leaves.delete(names);
      }
      const after = new Map(leavesOf(newer));
      // An empty node that nodes went from, or came to, is told by those.
      for (const map of [leaves, after])
        for (const [key, value] of map) if (JSON.stringify(value) === '{}') map.delete(key);
      expect(leaves).toEqual(after);
    }),
  );
});

test('a document is not another than itself', () => {
  fc.assert(
    fc.property(document, (value) => {
      expect(changesOf(value, structuredClone(value), true)).toEqual({ changes: [], more: false });
    }),
  );
});

test('what was never read whole tells of no node that is new', () => {
  fc.assert(
    fc.property(document, document, (older, newer) => {
      const known = leavesOf(older);
      for (const change of changesOf(older, newer, false).changes)
        expect(
          [...known.keys()].some(
            (key) => JSON.stringify(JSON.parse(key).slice(0, namesLength(change.path))) === namesOf(change.path),
          ),
        ).toBe(true);
    }),
  );
});

function namesLength(path: string): number {
  return path.split('/').length;
}
