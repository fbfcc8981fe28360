import fc from 'fast-check';

import type { DmFormat } from '../../../adapters/adapter';
import { parseClientUri, plainAddressOf, printClientUri, type PlainAddress } from '../../../adapters/dm2/client-uri';
import { decodeBareValue, encodeBareValue } from '../../../adapters/dm2/leaf-value';
import { decodeMoJson, encodeMoJson, type FormatLookup } from '../../../adapters/dm2/mo-json';
import { describeShared } from '../../support/shared';
import { dataOf, json, octets, treeOf, vectorTree, vectorValue } from './vectors';

interface EntryCase {
  readonly ClientURI: string;
  readonly root?: string;
  readonly value: unknown;
  readonly cv?: string;
  readonly ddf?: string;
  readonly not_in_ddf?: readonly string[];
}
interface Cases {
  readonly ddf: Record<string, { root: string; nodes: Record<string, DmFormat> }>;
  readonly read: readonly { name: string; body: string; asked?: string; entries?: EntryCase[]; error?: boolean }[];
  readonly write: readonly { name: string; entries: EntryCase[]; document: unknown }[];
  readonly bare: readonly { name: string; ClientURI: string; value: unknown; content_type: string; body_hex: string }[];
}

function addressOf(text: string): PlainAddress & { level?: number } {
  const uri = parseClientUri(text);
  const plain = uri.ok ? plainAddressOf(uri.value) : undefined;
  if (!uri.ok || plain === undefined) throw new Error(text);
  return { ...plain, ...(uri.value.level === undefined ? {} : { level: uri.value.level }) };
}

const noDdf: FormatLookup = () => undefined;

describeShared('mojson-cases.json', () => {
  const cases = json<Cases>('mojson-cases.json');
  const look: FormatLookup = (moid, path) => {
    const nodes = cases.ddf[moid]?.nodes;
    if (nodes === undefined) return undefined;
    if (path === '') return { format: 'node' };
    const fits = (pattern: string): boolean => {
      const want = pattern.split('/');
      const have = path.split('/');
      return want.length === have.length && want.every((step, at) => step === '<x>' || step === have[at]);
    };
    const format = Object.entries(nodes).find(([pattern]) => fits(pattern))?.[1];
    return format === undefined ? undefined : { format };
  };

  for (const entry of cases.read) {
    test(`reads ${entry.name}`, () => {
      const asked = entry.asked === undefined ? undefined : addressOf(entry.asked);
      const read = decodeMoJson(Buffer.from(entry.body), {
        look,
        ...(asked === undefined ? {} : { asked }),
        ...(asked?.level === undefined ? {} : { level: asked.level }),
      });
      expect(read.ok).toBe(entry.error !== true);
      if (!read.ok) return;
      const entries = read.value.map((found) => {
        const stated = entry.entries?.find((one) => one.ClientURI === printClientUri(found.at));
        const extra = stated?.not_in_ddf ?? [];
        const children = found.tree.children?.filter((child) => !extra.includes(child.name));
        const base = found.at.path.join('/');
        const bad = found.bad.map((path) => (base === '' ? path : path.slice(base.length + 1)));
        return {
          ClientURI: printClientUri(found.at),
          value: vectorTree(children === undefined ? found.tree : { ...found.tree, children }, bad),
          ...(stated?.root === undefined ? {} : { root: found.tree.name }),
          ...(found.validator === undefined ? {} : { cv: found.validator }),
          ...(found.ddf === undefined ? {} : { ddf: found.ddf }),
          ...(extra.length === 0 ? {} : { not_in_ddf: extra }),
        };
      });
      expect(entries).toEqual(entry.entries);
    });
  }

  for (const entry of cases.write) {
    test(`writes ${entry.name}`, () => {
      const written = encodeMoJson(
        entry.entries.map((one) => {
          const at = addressOf(one.ClientURI);
          const base = at.path.join('/');
          const format = (path: string): DmFormat | undefined =>
            look(at.moid, base === '' || path === '' ? `${base}${path}` : `${base}/${path}`)?.format;
          return { at, tree: treeOf(one.root ?? at.path.at(-1) ?? '', one.value, format) };
        }),
      );
      expect(written.ok && JSON.parse(Buffer.from(written.value).toString())).toEqual(entry.document);
    });
  }

  for (const entry of cases.bare) {
    test(`bare ${entry.name}, both ways`, () => {
      const { moid, path } = addressOf(entry.ClientURI);
      const format = look(moid, path.join('/'))?.format ?? 'chr';
      const written = encodeBareValue({ format, data: dataOf(entry.value) });
      expect(written?.mediaType).toBe(entry.content_type);
      expect(Buffer.from(written?.body ?? []).toString('hex')).toBe(entry.body_hex);
      const read = decodeBareValue(entry.content_type, Buffer.from(entry.body_hex, 'hex'), format);
      expect(read?.format).toBe(format);
      expect(read && vectorValue(read)).toEqual(entry.value);
    });
  }

  test.each(['70-mo-meter.json', '71-mo-bootstrap-account.json', '72-mo-access-control.json', '73-mo-hget-leaf.json'])(
    '%s reads, and writes the same document without a DDF',
    (file) => {
      const read = decodeMoJson(octets(file), { look: noDdf });
      if (!read.ok) throw new Error(read.message);
      const written = encodeMoJson(read.value);
      expect(written.ok && JSON.parse(Buffer.from(written.value).toString())).toEqual(json(file));
    },
  );

  test('74-mo-hget-create.json: an empty instance part asks for another instance', () => {
    const read = decodeMoJson(octets('74-mo-hget-create.json'), { look });
    expect(read.ok && read.value[0]).toMatchObject({
      at: { moid: 'urn:example:mo:meter:1.0', path: [] },
      tree: { name: 'attic' },
    });
  });
});

describe('MO JSON', () => {
  const at = { moid: 'urn:example:mo:x:1.0', miid: 'i', path: [] };
  const document = (value: unknown): Buffer =>
    Buffer.from(JSON.stringify([{ ClientURI: 'urn:example:mo:x:1.0/i/', MOData: { X: value } }]));

  test('without a DDF the format is taken from the JSON type', () => {
    const read = decodeMoJson(document({ a: 'x', b: 1, c: 1.5, d: true, e: null, f: {} }), { look: noDdf });
    const children = read.ok ? read.value[0]?.tree.children : [];
    expect(children?.map((child) => child.value?.format)).toEqual(['chr', 'int', 'float', 'bool', 'null', undefined]);
  });

  test('a value that does not fit stays as the text it was, and is named', () => {
    const look: FormatLookup = (_, path) => (path === 'n' ? { format: 'int' } : undefined);
    const read = decodeMoJson(document({ n: 'many', z: [1] }), { look });
    expect(read.ok && read.value[0]).toMatchObject({
      bad: ['n', 'z'],
      tree: { children: [{ name: 'n', value: { format: 'chr', data: 'many' } }, { name: 'z' }] },
    });
  });

  test('text with U+0000 spoils its leaf alone', () => {
    const read = decodeMoJson(document({ n: 'a\u0000', m: 'b' }), { look: noDdf });
    expect(read.ok && read.value[0]).toMatchObject({ bad: ['n'] });
    expect(read.ok && read.value[0]?.tree.children?.[0]).toEqual({ name: 'n' });
  });

  test('an interior node at the asked level is not taken for an empty one', () => {
    const read = decodeMoJson(document({ a: {}, b: 1 }), { look: noDdf, level: 1 });
    expect(read.ok && read.value[0]?.tree).toMatchObject({ childrenComplete: true, children: [{ name: 'a' }, {}] });
    expect(read.ok && read.value[0]?.tree.children?.[0]?.childrenComplete).toBeUndefined();
  });

  test('nesting without end is refused', () => {
    const deep = `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`;
    const body = Buffer.from(`{"ClientURI":"m:1/i/","MOData":{"X":${deep}}}`);
    expect(decodeMoJson(body, { look: noDdf })).toMatchObject({ ok: false, code: 'TOO_DEEP' });
  });

  test('a name that is too long for any path is left out, whatever stands below it', () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`n${n}`, n]));
    const read = decodeMoJson(document({ ['x'.repeat(500_000)]: many, b: 1 }), { look: noDdf });
    expect(read.ok && read.value[0]?.tree.children).toMatchObject([{ name: 'b' }]);
    expect(read.ok && read.value[0]?.bad).toEqual(['x'.repeat(2048)]);
  });

  test('a long text that is not Base64 is refused as fast as it is read', () => {
    const look: FormatLookup = (_, path) => (path === 'n' ? { format: 'bin' } : undefined);
    const read = decodeMoJson(document({ n: `${' '.repeat(1_000_000)}*` }), { look });
    expect(read.ok && read.value[0]?.bad).toEqual(['n']);
  });

  test('octets that stand elsewhere cannot be written', () => {
    const tree = { name: 'X', value: { format: 'bin' as const, data: { blob: '1', length: 9 } } };
    expect(encodeMoJson([{ at, tree }])).toMatchObject({ ok: false, code: 'NO_DATA' });
  });

  test('any JSON either reads or gives a coded error; what reads without bad values is written the same', () => {
    const leaf = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 5 }, leaf, fc.dictionary(fc.string({ minLength: 1 }), tie('tree'))),
    }));
    fc.assert(
      fc.property(fc.oneof(tree, fc.jsonValue()), (value) => {
        const read = decodeMoJson(document(value), { look: noDdf });
        if (!read.ok || read.value.some((entry) => entry.bad.length > 0)) return;
        const written = encodeMoJson(read.value);
        expect(written.ok && JSON.parse(Buffer.from(written.value).toString())).toEqual(
          JSON.parse(document(value).toString()),
        );
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (some) => void decodeMoJson(some, { look: noDdf })));
  });
});
