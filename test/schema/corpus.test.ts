import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { buildSchema, isObjectType, lexicographicSortSchema, printSchema, validateSchema } from 'graphql';

import { DdfLibrary } from '../../schema/ddf/library';
import type { DdfNode, MoDefinition } from '../../schema/ddf/model';
import { readDdf, type ReadResult } from '../../schema/ddf/read';
import { printAnnotatedSchema } from '../../schema/graphql/print';
import type { MoNode } from '../../schema/graphql/types';
import { describeShared, sharedPath } from '../support/shared';
import { catalogueLibrary } from './catalogue-family';
import { compiled } from './ddf-texts';

function readFolder(folder: string): readonly { readonly file: string; readonly result: ReadResult }[] {
  return readdirSync(sharedPath('ddf', folder))
    .filter((file) => file !== 'schema')
    .map((file) => ({
      file: `${folder}/${file}`,
      result: readDdf(readFileSync(join(sharedPath('ddf', folder), file))),
    }));
}

function mosOf(results: readonly { readonly result: ReadResult }[]): readonly MoDefinition[] {
  return results.flatMap(({ result }) => (result.ok ? result.document.mos : []));
}

function countNodes(nodes: readonly DdfNode[]): number {
  return nodes.reduce((sum, node) => sum + 1 + countNodes(node.children), 0);
}

describeShared('Every DDF of the shared corpus', () => {
  const files = ['oma', '3gpp', 'other', 'microsoft'].flatMap(readFolder);
  const definitions = mosOf(files);
  const library = new DdfLibrary(definitions);
  const { schema, part } = compiled(library);

  test('is read, but for the one instance dump', () => {
    const refused = files.flatMap(({ file, result }) => (result.ok ? [] : [[file, result.refusal.code]]));

    expect(files).toHaveLength(325);
    expect(refused).toEqual([['other/libwbxml-ddf-001.ddf', 'INSTANCE_DUMP']]);
  });

  test('gives all its nodes: 14,539 but for the dump’s 5 and 2 that are the device’s root', () => {
    expect(countNodes(definitions.map(({ root }) => root))).toBe(14_539 - 5 - 2);
  });

  test('is mostly clean: kinds of oddities, by number of files', () => {
    const counts: Record<string, number> = {};
    for (const { result } of files)
      if (result.ok) for (const { code } of result.document.warnings) counts[code] = (counts[code] ?? 0) + 1;

    expect(counts).toEqual({
      ALLOWED_VALUES: 1,
      DEFAULT_VALUE: 18,
      ENCODING: 2,
      TYPE_TEXT: 1,
      ELEMENT_UNKNOWN: 3,
      PROPERTY_ORDER: 100,
      OCCURRENCE_NUMBER: 3,
      PROPERTY_TWICE: 1,
      OCCURRENCE_NAMED: 2,
      VERB_UNKNOWN: 1,
      LEAF_WITH_CHILDREN: 1,
    });
  });

  test('compiles, all together, into one valid schema that reads back from its SDL', () => {
    const sdl = printAnnotatedSchema(schema);

    expect(part.refusals).toEqual([]);
    expect(validateSchema(schema)).toEqual([]);
    expect(printSchema(lexicographicSortSchema(buildSchema(sdl)))).toBe(printSchema(lexicographicSortSchema(schema)));
    expect(printAnnotatedSchema(compiled(new DdfLibrary([...definitions].reverse())).schema) === sdl).toBe(true);
  });

  test('has a field for every node, whose directive gives the node back, and names that are unique', () => {
    for (const family of part.families) {
      const paths = new Set<string>();
      const visit = (node: MoNode): void => {
        for (const variant of node.variants) paths.add(`${variant.path}\n${variant.format}`);
        if (new Set(node.children.map(({ fieldName }) => fieldName)).size < node.children.length)
          throw new Error(`names meet in ${node.typeName}`);
        node.children.forEach(visit);
      };
      visit(family.root);
      for (const { root } of library.family(family.family)) expectAll(root, '', paths);
    }
  });

  test('answers look-ups by raw paths', () => {
    for (const { moid, root } of definitions) {
      for (const child of root.children) {
        const access = library.node(moid, child.name === '' ? 'anything' : child.name)?.access ?? [];
        if (!child.access.every((verb) => access.includes(verb))) throw new Error(`${moid} ${child.name}`);
      }
    }
  });
});

function expectAll(node: DdfNode, path: string, paths: ReadonlySet<string>): void {
  if (!paths.has(`${path}\n${node.format}`)) throw new Error(`${path} (${node.format}) has no field`);
  for (const child of node.children) {
    const segment = child.name === '' ? '*' : child.name.replace(/%/g, '%25');
    expectAll(child, path === '' ? segment : `${path}/${segment}`, paths);
  }
}

describeShared('The catalogue with the files of OMA and three of Microsoft', () => {
  test('is one valid schema, in which OMA’s own files and the catalogue are one', () => {
    const chosen = ['feb2025-Defender.xml', 'feb2025-DeviceLock_AreaDDF.xml', '20h2-accounts_ddf.xml'];
    const extra = mosOf([
      ...readFolder('oma'),
      ...readFolder('microsoft').filter(({ file }) => chosen.includes(file.slice('microsoft/'.length))),
    ]);
    const base = catalogueLibrary();
    const library = new DdfLibrary([...base.families().flatMap((family) => base.family(family)), ...extra]);
    const { schema, part } = compiled(library);
    const devInfo = schema.getType('DevInfo');

    expect(part.refusals).toEqual([]);
    expect(validateSchema(schema)).toEqual([]);
    expect(part.families.map(({ name }) => name).filter((name) => !name.startsWith('Msft'))).toEqual(
      compiled(base).part.families.map(({ name }) => name),
    );
    expect(isObjectType(devInfo) && Object.keys(devInfo.getFields())).toEqual(
      expect.arrayContaining(['mo', 'devId', 'man', 'mod', 'dmV', 'lang', 'fwV']),
    );
  });
});
