import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { isPlace } from '../../schema/ddf/identity';
import { DdfLibrary } from '../../schema/ddf/library';
import type { DdfNode, MoDefinition } from '../../schema/ddf/model';
import { readDdf } from '../../schema/ddf/read';
import { type SeenChild, ShapeIndex } from '../../schema/ddf/shape';
import { describeShared, sharedPath } from '../support/shared';
import { catalogueLibrary } from './catalogue-family';

/** Requirement: most devices tell no MOID; a node whose children fit exactly one DDF well is recognised by its shape. */
const ROUNDS = 20;

function seen(node: DdfNode, hasFormats: boolean, take: (child: DdfNode) => boolean = () => true): SeenChild[] {
  return node.children
    .filter((child) => child.name !== '' && take(child))
    .map(({ name, format }) => (hasFormats ? { name, format } : { name }));
}

/** What a device may show of an MO: all its named nodes, those it must have, and any choice between the two. */
function* samples({ root }: MoDefinition, random: () => number): Generator<SeenChild[]> {
  for (const hasFormats of [false, true]) {
    yield seen(root, hasFormats);
    yield seen(root, hasFormats, (child) => child.occurrence.min > 0);
    for (let round = 0; round < ROUNDS; round += 1) {
      const share = random();
      yield seen(root, hasFormats, (child) => child.occurrence.min > 0 || random() < share);
    }
  }
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** Interior nodes below the root, with their paths. */
function* innerNodes(node: DdfNode, path = ''): Generator<readonly [string, DdfNode]> {
  for (const child of node.children) {
    if (child.format !== 'node') continue;
    yield [`${path}/${child.name}`, child];
    yield* innerNodes(child, `${path}/${child.name}`);
  }
}

function checkNoneIsTakenForAnother(library: DdfLibrary): void {
  const definitions = library.families().flatMap((family) => library.family(family));
  const index = new ShapeIndex(definitions);
  const random = randomOf(7);
  const wrong: string[] = [];
  for (const definition of definitions) {
    const own = new Set(library.family(definition.family).map(({ moid }) => moid));
    for (const children of samples(definition, random)) {
      const moid = index.recognise(children);
      if (moid !== undefined && !own.has(moid)) wrong.push(`${definition.moid} is taken for ${moid}`);
    }
  }
  expect(wrong).toEqual([]);
}

/** A device may have what no DDF describes. */
function checkStrangersAreNotTaken(library: DdfLibrary): void {
  const families = library.families();
  const definitions = families.flatMap((family) => library.family(family));
  const random = randomOf(11);
  const wrong: string[] = [];
  for (const family of families) {
    const others = new ShapeIndex(definitions.filter((definition) => definition.family !== family));
    for (const definition of library.family(family))
      for (const children of samples(definition, random)) {
        const moid = others.recognise(children);
        if (moid !== undefined) wrong.push(`${definition.moid} is taken for ${moid}`);
      }
  }
  expect(wrong).toEqual([]);
}

describe('Shapes of the catalogue', () => {
  const library = catalogueLibrary();
  const named = library.families().flatMap((family) => library.family(family).filter(({ moid }) => !isPlace(moid)));

  test('a whole instance of nearly every type is recognised as itself', () => {
    const recognised = named.filter(({ root, family }) => {
      const moid = library.shape(seen(root, false));
      return moid !== undefined && library.family(moid)[0]?.family === family;
    });
    expect(recognised.length / named.length).toBeGreaterThan(0.7);
  });

  test.each([
    ['FUMO', ['PkgName', 'PkgVersion', 'Download', 'Update', 'DownloadAndUpdate', 'State', 'Ext'], /oma-fumo/],
    ['FUMO without what is optional there', ['Download', 'DownloadAndUpdate', 'Update', 'State'], /oma-fumo/],
    ['SCOMO', ['Download', 'Inventory', 'Ext'], undefined],
    ['names that anything may have', ['Name', 'Status', 'Ext'], undefined],
    ['a little of FUMO', ['State', 'Update'], undefined],
    [
      'FUMO and as much again that it has not',
      ['PkgName', 'PkgVersion', 'Download', 'Update', 'State', 'A', 'B', 'C', 'D'],
      undefined,
    ],
    ['nothing', [], undefined],
  ] as const)('%s', (_name, names, moid) => {
    const shape = library.shape(names.map((name) => ({ name })));
    if (moid === undefined) expect(shape).toBeUndefined();
    else expect(shape).toMatch(moid);
  });

  test('a format that the DDF does not give speaks against it', () => {
    const names = ['PkgName', 'PkgVersion', 'Download', 'Update', 'DownloadAndUpdate', 'State'];
    expect(
      library.shape(names.map((name) => ({ name, ...(name === 'State' ? { format: 'int' as const } : {}) }))),
    ).toMatch(/fumo/);
    expect(
      library.shape(names.map((name) => ({ name, ...(name === 'State' ? { format: 'node' as const } : {}) }))),
    ).toBeUndefined();
  });

  test('no instance is taken for another type', () => {
    checkNoneIsTakenForAnother(library);
  });

  test('what no DDF describes is taken for nothing', () => {
    checkStrangersAreNotTaken(library);
  });
});

test('two types that are alike are none, and two versions of one are the one that fits', () => {
  const source = (moid: string, names: readonly string[]): string =>
    `<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName></NodeName><DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat>
    <DFType><DDFName>${moid}</DDFName></DFType></DFProperties>${names
      .map(
        (name) => `<Node><NodeName>${name}</NodeName><DFProperties><AccessType><Get/></AccessType>
    <DFFormat><chr/></DFFormat><Occurrence><One/></Occurrence><DFType><MIME>text/plain</MIME></DFType></DFProperties></Node>`,
      )
      .join('')}</Node></MgmtTree>`;
  const mos = (...ddfs: string[]): MoDefinition[] =>
    ddfs.flatMap((ddf) => {
      const read = readDdf(Buffer.from(ddf));
      return read.ok ? read.document.mos : [];
    });
  const [twin, other] = [source('urn:a:one:1.0', ['P', 'Q', 'R']), source('urn:a:two:1.0', ['P', 'Q', 'R'])];
  const later = source('urn:a:one:2.0', ['P', 'Q', 'R', 'S']);
  const show = (names: string): SeenChild[] => [...names].map((name) => ({ name }));

  expect(new ShapeIndex(mos(twin)).recognise(show('PQR'))).toBe('urn:a:one:1.0');
  expect(new ShapeIndex(mos(twin, other)).recognise(show('PQR'))).toBeUndefined();
  expect(new ShapeIndex(mos(twin, later)).recognise(show('PQRS'))).toBe('urn:a:one:2.0');
  expect(new ShapeIndex(mos(twin, later)).recognise(show('PQR'))).toBe('urn:a:one:1.0');
});

describeShared('Shapes of every DDF of the shared corpus', () => {
  const library = new DdfLibrary(
    ['oma', '3gpp', 'other', 'microsoft'].flatMap((folder) =>
      readdirSync(sharedPath('ddf', folder))
        .filter((file) => file !== 'schema')
        .flatMap((file) => {
          const read = readDdf(readFileSync(join(sharedPath('ddf', folder), file)));
          return read.ok ? read.document.mos : [];
        }),
    ),
  );

  test('no instance is taken for another type', () => {
    checkNoneIsTakenForAnother(library);
  });

  test('what no DDF describes is taken for nothing', () => {
    checkStrangersAreNotTaken(library);
  });

  test('no node inside an MO is taken for the root of one', () => {
    const wrong: string[] = [];
    for (const family of library.families())
      for (const definition of library.family(family))
        for (const [path, node] of innerNodes(definition.root)) {
          const moid = library.shape(seen(node, false));
          // The unnamed nodes of ./DMAcc are accounts.
          if (moid !== undefined && !(family === './DMAcc' && path === '/'))
            wrong.push(`${definition.moid} ${path} is taken for ${moid}`);
        }
    expect(wrong).toEqual([]);
  });
});
