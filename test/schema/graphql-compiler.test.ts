import { isObjectType, type GraphQLNamedType } from 'graphql';

import { DdfLibrary } from '../../schema/ddf/library';
import { FamilyCompiler, compileFamilies } from '../../schema/graphql/compile';
import { moqlOf } from '../../schema/graphql/describe';
import { markdownOf } from '../../schema/graphql/markdown';
import { fieldOfPath, nodeOfFields } from '../../schema/graphql/name-map';
import { ddf, definitionsOf, familyOfTexts, node, outsideTypes } from './ddf-texts';

const object = (name: string, ...leaves: readonly string[]): string =>
  ddf(
    node(name, {
      moid: `urn:oma:mo:ext-acme-${name.toLowerCase()}:1.0`,
      children: leaves.map((leaf) => node(leaf, { format: 'chr', access: 'Get Replace' })),
    }),
  );
/** Read anew, so that nothing but the content is the same. */
const libraryOf = (...sources: readonly string[]): DdfLibrary => new DdfLibrary(definitionsOf(...sources));
const named = (types: readonly GraphQLNamedType[], name: string): GraphQLNamedType | undefined =>
  types.find((type) => type.name === name);

describe('A compiler', () => {
  test('uses the types of families again that say the same, and makes only the others', () => {
    const compiler = new FamilyCompiler(outsideTypes());
    const first = compiler.compile(libraryOf(object('A', 'X'), object('B', 'X')));
    const second = compiler.compile(libraryOf(`\n\n${object('B', 'X')}`, object('A', 'X', 'Y'), object('C', 'X')));

    expect(first.fresh.map(({ name }) => name).sort()).toEqual([
      'AcmeA',
      'AcmeAFilter',
      'AcmeB',
      'AcmeBFilter',
      'ReplaceAcmeAInput',
      'ReplaceAcmeBInput',
    ]);
    expect(named(second.types, 'AcmeB')).toBe(named(first.types, 'AcmeB'));
    expect(named(second.types, 'AcmeA')).not.toBe(named(first.types, 'AcmeA'));
    expect(second.fresh.map(({ name }) => name)).not.toContain('AcmeB');
    expect(second.fresh.map(({ name }) => name)).toContain('AcmeC');
    expect(Object.keys(second.deviceFields)).toEqual([
      'acmeA',
      'acmeAInstances',
      'acmeB',
      'acmeBInstances',
      'acmeC',
      'acmeCInstances',
    ]);
  });

  test('remembers across a trial run, and forgets what two runs did not use', () => {
    const compiler = new FamilyCompiler(outsideTypes());
    const before = compiler.compile(libraryOf(object('A', 'X')));
    compiler.compile(libraryOf(object('A', 'X', 'Trial')));

    expect(named(compiler.compile(libraryOf(object('A', 'X'))).types, 'AcmeA')).toBe(named(before.types, 'AcmeA'));
    compiler.compile(libraryOf());
    compiler.compile(libraryOf());
    expect(named(compiler.compile(libraryOf(object('A', 'X'))).types, 'AcmeA')).not.toBe(named(before.types, 'AcmeA'));
  });

  test('gives what a new compiler gives, whatever it compiled before', () => {
    const compiler = new FamilyCompiler(outsideTypes());
    compiler.compile(libraryOf(object('A', 'Z'), object('B', 'X')));
    const library = libraryOf(object('A', 'X'), object('B', 'X'));
    const again = compiler.compile(library);
    const anew = compileFamilies(library, outsideTypes());

    expect(again.families).toEqual(anew.families);
    expect(Object.keys(again.mutationFields)).toEqual(Object.keys(anew.mutationFields));
  });

  test('a name asked for makes a family’s types anew', () => {
    const compiler = new FamilyCompiler(outsideTypes());
    const library = libraryOf(object('A', 'X'));
    compiler.compile(library);
    const renamed = compiler.compile(library, { names: new Map([['urn:oma:mo:ext-acme-a', 'Meter']]) });

    expect(renamed.types.map(({ name }) => name)).toEqual(['Meter', 'MeterFilter']);
  });

  test('hands every type out once when it is made, and works in steps between which others may run', () => {
    const made: string[] = [];
    const compiler = new FamilyCompiler(outsideTypes(), (types) => {
      made.push(...types.map(({ name }) => name));
      for (const type of types)
        if (isObjectType(type)) expect(Object.values(type.getFields()).some((field) => moqlOf(field))).toBe(true);
    });
    const library = libraryOf(object('A', 'X'), object('B', 'X'));
    const steps = compiler.steps(library);

    const madeBefore: number[] = [];
    for (let step = steps.next(); !step.done; step = steps.next()) madeBefore.push(made.length);
    expect(madeBefore).toEqual([0, 3, 3, 6]);
    compiler.compile(library);
    expect(made).toHaveLength(6);
  });

  test('families cannot take the names of the filters’ own types', () => {
    const library = libraryOf(
      ddf(node('X', { moid: 'urn:oma:mo:string-filter', children: [node('A', { format: 'chr' })] })),
    );

    expect(compileFamilies(library, outsideTypes()).refusals).toMatchObject([{ code: 'NAME_CLASH' }]);
  });
});

describe('Names of types within a family', () => {
  test('where two meet, the one nearer to the root keeps the plain name, whatever the order of the file', () => {
    const deep = node('A', { children: [node('Bc', { children: [node('X', { format: 'chr' })] })] });
    const flat = node('A_Bc', { children: [node('Y', { format: 'chr' })] });
    const names = (...children: readonly string[]): readonly (string | undefined)[] => {
      const family = familyOfTexts(ddf(node('Thing', { moid: 'urn:oma:mo:ext-acme-thing', children })));
      return ['A_Bc', 'A/Bc'].map((path) => fieldOfPath(family, path)?.node.typeName);
    };

    expect(names(deep, flat)).toEqual(['AcmeThingABc', expect.stringMatching(/^AcmeThingABc_[0-9a-f]{8}$/)]);
    expect(names(flat, deep)).toEqual(names(deep, flat));
  });
});

describe('Names and paths', () => {
  const family = familyOfTexts(
    ddf(
      node('Thing', {
        moid: 'urn:oma:mo:ext-acme-thing:1.0',
        children: [
          node('Odd%Name', { children: [node('', { children: [node('URI', { format: 'chr' })] })] }),
          node('S', { format: 'chr' }),
        ],
      }),
    ),
    ddf(node('Thing', { moid: 'urn:oma:mo:ext-acme-thing:1.1', children: [node('S', { format: 'int' })] })),
  );

  test('lead to each other', () => {
    expect(fieldOfPath(family, 'Odd%25Name/*/URI')?.fields).toEqual(['oddName', 'items', 'uri']);
    expect(nodeOfFields(family, ['oddName', 'items', 'uri'])?.variants[0]).toMatchObject({
      path: 'Odd%25Name/*/URI',
      name: 'URI',
    });
    expect(fieldOfPath(family, '')?.node).toBe(family.root);
    expect(fieldOfPath(family, 'Nothing')).toBeUndefined();
    expect(nodeOfFields(family, ['nothing'])).toBeUndefined();
  });

  test('a node of two shapes has two fields', () => {
    expect(fieldOfPath(family, 'S', 'int')?.fields).toEqual(['sAsInt']);
    expect(fieldOfPath(family, 'S', 'chr')?.fields).toEqual(['s']);
  });
});

describe('Texts of DDFs', () => {
  test.each([
    ['plain text, with (brackets) - and 3 * 4 < 13', 'plain text, with (brackets) - and 3 * 4 < 13'],
    ['<X> and </X>', '\\<X> and \\</X>'],
    ['*bold* _it_ snake_case `code`', '\\*bold\\* \\_it\\_ snake_case \\`code\\`'],
    ['C:\\Windows\\*', 'C:\\Windows\\\\\\*'],
    ['[text](link)', '\\[text\\](link)'],
    ['# no heading\n    no code\n---', '\\# no heading\nno code\n\\---'],
    ['&lt; &', '\\&lt; &'],
    [' a\r\nb\u0007c ', 'a\nb c'],
  ])('%j is shown as it stands', (text, markdown) => {
    expect(markdownOf(text)).toBe(markdown);
  });
});
