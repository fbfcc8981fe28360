import fc from 'fast-check';
import { buildSchema, validateSchema } from 'graphql';

import { DdfLibrary } from '../../schema/ddf/library';
import type { AccessVerb, AllowedValues, DdfFormat, DdfNode, MoDefinition } from '../../schema/ddf/model';
import { fieldOfPath, nodeOfFields } from '../../schema/graphql/name-map';
import { segmentOf } from '../../schema/graphql/names';
import { printAnnotatedSchema } from '../../schema/graphql/print';
import type { MoFamily } from '../../schema/graphql/types';
import { compiled } from './ddf-texts';

/** Names that meet, that GraphQL or we keep for ourselves, or that are nothing but odd. */
const NAMES = (
  'A a A_ ABc A_Bc Ab_C Filter List Item ItemList Items items Value value And and andNode AndNode Or not exists mo moNode nodeName ' +
  'nodeNames deviceId wait waitNode _self AsInt aAsInt Input Replace __type 1 1x - é ü 名 %2F a/b true null DevId DevID ' +
  `${'Long'.repeat(40)}`
).split(' ');
const FORMATS: readonly DdfFormat[] = ['b64', 'bin', 'bool', 'chr', 'int', 'null', 'xml', 'date', 'time', 'float'];
const VERBS: readonly AccessVerb[] = ['Add', 'Delete', 'Exec', 'Get', 'Replace'];
const AT = { line: 1, column: 1 };

const text = fc.option(fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('"""', '\\', '*x*', '\n\n', '`')), {
  nil: undefined,
});
const allowed: fc.Arbitrary<AllowedValues | undefined> = fc.oneof(
  fc.constant(undefined),
  fc
    .uniqueArray(
      fc.tuple(fc.constantFrom('0', '1', '0x1', 'a', 'B c', ''), fc.constantFrom('On', 'Off', 'on', undefined)),
      {
        maxLength: 3,
        selector: ([value]) => value,
      },
    )
    .map((values) => ({
      kind: 'enum' as const,
      values: values.map(([value, description]) => (description === undefined ? { value } : { value, description })),
    })),
  fc.constant({ kind: 'range' as const, ranges: [{ min: 0n, max: 4_294_967_295n }], text: '[0-4294967295]' }),
);

const { tree } = fc.letrec<{ readonly tree: DdfNode; readonly children: readonly DdfNode[] }>((tie) => ({
  children: fc.uniqueArray(tie('tree'), { maxLength: 6, selector: ({ name }) => name }),
  tree: fc
    .record({
      name: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...NAMES) }, { weight: 2, arbitrary: fc.constant('') }),
      leafFormat: fc.constantFrom(...FORMATS),
      access: fc.subarray([...VERBS]),
      title: text,
      description: text,
      defaultValue: text,
      allowed,
      children: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant(undefined), tie('children')),
    })
    .map(({ leafFormat, children, ...node }): DdfNode => ({
      ...node,
      format: children ? 'node' : leafFormat,
      children: children ?? [],
      occurrence: { min: 0, max: 1 },
      permanent: false,
      mimeTypes: [],
      extensions: [],
      at: AT,
    })),
}));

const FAMILY = 'urn:oma:mo:ext-acme-thing';
const definitions: fc.Arbitrary<readonly MoDefinition[]> = fc.array(
  fc.tuple(fc.constantFrom('', '1.0', '1.1', '2.0'), tree).map(([version, root]): MoDefinition => ({
    moid: version === '' ? FAMILY : `${FAMILY}:${version}`,
    family: FAMILY,
    version,
    root,
  })),
  { minLength: 1, maxLength: 3 },
);

function expectIdentity(family: MoFamily, node: DdfNode, path: string, depth: number): void {
  const named = fieldOfPath(family, path, depth === 0 ? undefined : node.format);
  expect(named?.variant.path).toBe(path);
  expect(named && nodeOfFields(family, named.fields)).toBe(named?.node);
  if (depth === 0 && family.root.kind === 'leaf') return;
  for (const child of node.children)
    expectIdentity(family, child, path === '' ? segmentOf(child.name) : `${path}/${segmentOf(child.name)}`, depth + 1);
}

test('any definitions give a valid schema that reads back, whatever their order, and names that lead back to the nodes', () => {
  fc.assert(
    fc.property(definitions, (some) => {
      const { schema, part } = compiled(new DdfLibrary(some));
      const sdl = printAnnotatedSchema(schema);

      expect(part.refusals).toEqual([]);
      expect(validateSchema(schema)).toEqual([]);
      expect(validateSchema(buildSchema(sdl))).toEqual([]);
      expect(printAnnotatedSchema(compiled(new DdfLibrary([...some].reverse())).schema)).toBe(sdl);
      for (const { root } of some) expectIdentity(part.families[0] as MoFamily, root, '', 0);
    }),
    { numRuns: 100 },
  );
});
