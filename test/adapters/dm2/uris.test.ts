import fc from 'fast-check';

import {
  namesOfPath,
  parseClientUri,
  pathOfNames,
  plainAddressOf,
  printClientUri,
  resolveClientUri,
  type Forest,
} from '../../../adapters/dm2/client-uri';
import { expandServerUri } from '../../../adapters/dm2/server-uri';
import { describeShared } from '../../support/shared';
import { json } from './vectors';

interface UriCase {
  readonly name: string;
  readonly uri: string;
  readonly nodes?: readonly { ClientURI: string; MOData: Record<string, unknown> }[];
  readonly error?: string;
  readonly list?: boolean;
  readonly cv?: string;
}
interface PrintCase {
  readonly moid: string;
  readonly miid: string | null;
  readonly path: readonly string[];
  readonly level?: number;
  readonly validator?: string;
  readonly uri: string;
}
type PlainTree = Record<string, Record<string, { root: string; node: unknown }>>;

/** The vectors' tree is plain JSON: objects are interior nodes. */
function forestOf(tree: PlainTree): Forest<unknown> {
  const members = (node: unknown): [string, unknown][] =>
    typeof node === 'object' && node !== null ? Object.entries(node) : [];
  return {
    instances: (moid) => Object.entries(tree[moid] ?? {}).map(([miid, { node }]) => ({ miid, root: node })),
    children: (node) => members(node).map(([name, child]) => ({ name, node: child })),
    child: (node, name) => members(node).find(([known]) => known === name)?.[1],
    text: (node) => (typeof node === 'object' && node !== null ? undefined : String(node)),
  };
}

describeShared('clienturi-cases.json', () => {
  const cases = json<{ tree: PlainTree; resolve: UriCase[]; print: PrintCase[] }>('clienturi-cases.json');
  const forest = forestOf(cases.tree);

  for (const entry of cases.resolve) {
    test(`${entry.name}: ${entry.uri}`, () => {
      const uri = parseClientUri(entry.uri);
      if (!uri.ok) {
        expect(entry.error).toBe('syntax');
        return;
      }
      if (entry.cv !== undefined) expect(uri.value.validator).toBe(entry.cv);
      const found = resolveClientUri(uri.value, forest);
      if (!found.ok) {
        expect(found.code).toBe(entry.error?.toUpperCase());
        return;
      }
      expect(found.value.list).toBe(entry.list ?? false);
      const nodes = found.value.nodes.map(({ miid, path, node }) => {
        const label = path.at(-1) ?? cases.tree[uri.value.moid]?.[miid]?.root ?? '';
        return {
          ClientURI: printClientUri({ moid: uri.value.moid, miid, path }),
          MOData: { [label]: cut(node, uri.value.level) },
        };
      });
      expect(nodes).toEqual(entry.nodes);
    });
  }

  for (const entry of cases.print) {
    test(`prints ${entry.uri}`, () => {
      const { uri, miid, ...address } = entry;
      expect(printClientUri({ ...address, ...(miid === null ? {} : { miid }) })).toBe(uri);
    });
  }
});

function cut(node: unknown, level: number | undefined): unknown {
  if (level === undefined || typeof node !== 'object' || node === null) return node;
  if (level === 0) return {};
  return Object.fromEntries(Object.entries(node).map(([name, child]) => [name, cut(child, level - 1)]));
}

describe('ClientURIs', () => {
  test('a printed address is read as the same address, whatever its names hold', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(name, name, fc.array(name, { maxLength: 8 }), (moid, miid, path) => {
        const uri = parseClientUri(printClientUri({ moid, miid, path }));
        expect(uri.ok && plainAddressOf(uri.value)).toEqual({ moid, miid, path });
        expect(namesOfPath(pathOfNames(path))).toEqual(path);
      }),
    );
  });

  test('any text either reads or is a syntax error', () => {
    const piece = fc.constantFrom('/', 'm:1', '(a)', '*', '?', 'nv=', '(a)/x:1', '&', 'lv=1', '%', '%2F', 'é', 'cv=');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 20 }).map((words) => words.join('')),
        ),
        (text) => {
          const uri = parseClientUri(text);
          if (!uri.ok) expect(uri.code).toBe('SYNTAX');
        },
      ),
    );
    expect(parseClientUri(`m/${'a/'.repeat(100_000)}`).ok).toBe(false);
  });
});

describeShared('serveruri-cases.json', () => {
  interface ServerUriCase {
    readonly name: string;
    readonly template: string;
    readonly values: Record<string, string>;
    readonly results: readonly string[];
  }
  for (const entry of json<{ cases: ServerUriCase[] }>('serveruri-cases.json').cases) {
    test(entry.name, () => {
      expect(entry.results).toContain(expandServerUri(entry.template, entry.values));
    });
  }
});

test('U+FEFF at the beginning of a name or value is part of it, encoded or not', () => {
  for (const text of ['urn:oma:mo:x:1.0/m/%EF%BB%BFA?cv=%EF%BB%BFk', 'urn:oma:mo:x:1.0/m/%EF%BB%BFA?cv=\ufeffk']) {
    const read = parseClientUri(text);
    expect(read).toMatchObject({ ok: true, value: { validator: '\ufeffk' } });
    expect(JSON.stringify(read)).toContain('"\ufeffA"');
  }
});
