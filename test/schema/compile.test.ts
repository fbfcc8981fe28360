import {
  buildSchema,
  isInputObjectType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
  validateSchema,
  type GraphQLSchema,
} from 'graphql';

import { familyOf } from '../../schema/ddf/identity';
import { moqlOf } from '../../schema/graphql/describe';
import { printAnnotatedSchema } from '../../schema/graphql/print';
import { compiled, ddf, libraryOf, node } from './ddf-texts';

const MOID = 'urn:oma:mo:ext-acme-thing';
const thing = (version: string, ...children: readonly string[]): string =>
  ddf(node('Thing', { moid: `${MOID}:${version}`, children }));
const leaf = (name: string, format = 'chr', access = 'Get', more = ''): string => node(name, { format, access, more });

function fields(schema: GraphQLSchema, name: string): Readonly<Record<string, string>> {
  const type = schema.getType(name);
  if (!isObjectType(type) && !isInputObjectType(type)) throw new Error(`no type ${name}`);
  return Object.fromEntries(Object.values(type.getFields()).map((field) => [field.name, field.type.toString()]));
}

describe('Object types', () => {
  test('each format has its scalar, and what a device may lack is nullable', () => {
    const { schema } = compiled(
      libraryOf(
        thing(
          '1.0',
          leaf('A', 'chr'),
          leaf('B', 'int'),
          leaf('C', 'bool'),
          leaf('D', 'float'),
          leaf('E', 'bin'),
          leaf('F', 'b64'),
          leaf('G', 'date'),
          leaf('H', 'time'),
          leaf('I', 'null'),
          leaf('J', 'xml'),
        ),
      ),
    );

    expect(fields(schema, 'AcmeThing')).toEqual({
      mo: 'MoInfo!',
      a: 'String',
      b: 'Int',
      c: 'Boolean',
      d: 'Float',
      e: 'Base64',
      f: 'Base64',
      g: 'Date',
      h: 'Time',
      i: 'Boolean!',
      j: 'String',
    });
  });

  test('an int whose values pass 32 bits is a BigInt', () => {
    const wide = '<MSFT:AllowedValues ValueType="Range"><MSFT:Value>[0-4294967295]</MSFT:Value></MSFT:AllowedValues>';
    const { schema } = compiled(
      libraryOf(thing('1.0', leaf('A', 'int', 'Get', wide), leaf('B', 'int', 'Get', wide.replace('4294967295', '9')))),
    );

    expect(fields(schema, 'AcmeThing')).toMatchObject({ a: 'BigInt', b: 'Int' });
    const hex = compiled(libraryOf(thing('1.0', leaf('A', 'int', 'Get', '<DefaultValue>0xFFFFFFFF</DefaultValue>'))));
    expect(fields(hex.schema, 'AcmeThing')).toMatchObject({ a: 'BigInt' });
  });

  test('an unnamed node is a list whose elements have their name; a leaf among them has a value', () => {
    const { schema } = compiled(
      libraryOf(
        thing(
          '1.0',
          node('Tariff', { children: [node('', { children: [leaf('Rate', 'float')] }), leaf('Items')] }),
          node('Blocks', { children: [node('', { format: 'b64' })] }),
        ),
      ),
    );

    expect(fields(schema, 'AcmeThingTariff')).toEqual({ items_e3b0c442: '[AcmeThingTariffItem!]!', items: 'String' });
    expect(fields(schema, 'AcmeThingTariffItem')).toEqual({ nodeName: 'String!', rate: 'Float' });
    expect(fields(schema, 'AcmeThingBlocksItem')).toEqual({ nodeName: 'String!', value: 'Base64' });
  });

  test('what cannot be read is in no object type, and an extension point tells the names of its children', () => {
    const { schema } = compiled(
      libraryOf(
        thing(
          '1.0',
          leaf('Secret', 'chr', 'Replace'),
          node('Ext'),
          node('Ops', { children: [leaf('Go', 'null', 'Exec')] }),
          node('Hidden', { access: '', children: [leaf('X', 'chr', '')] }),
        ),
      ),
    );

    expect(fields(schema, 'AcmeThing')).toEqual({ mo: 'MoInfo!', ext: 'AcmeThingExt', ops: 'AcmeThingOps' });
    expect(fields(schema, 'AcmeThingExt')).toEqual({ nodeNames: '[String!]!' });
    expect(fields(schema, 'AcmeThingOps')).toEqual({ nodeNames: '[String!]!' });
  });

  test('title, description, default, allowed values and deprecation are documentation', () => {
    const { schema } = compiled(
      libraryOf(
        thing(
          '1.0',
          leaf(
            'A',
            'int',
            'Get',
            '<DefaultValue>1</DefaultValue><Description>Long &quot;""" text.</Description><DFTitle>Short</DFTitle>' +
              '<MSFT:AllowedValues ValueType="ENUM"><MSFT:Enum><MSFT:Value>1</MSFT:Value><MSFT:ValueDescription>On</MSFT:ValueDescription></MSFT:Enum></MSFT:AllowedValues>' +
              '<MSFT:Deprecated OsBuildDeprecated="10.0.1"/>',
          ),
        ),
      ),
    );
    const type = schema.getType('AcmeThing');
    const field = isObjectType(type) ? type.getFields()['a'] : undefined;

    expect(field?.description).toBe('Short\n\nLong """" text.\n\nDefault: `1`\n\nOne of:\n- `1`: On');
    expect(field?.deprecationReason).toBe('Deprecated since 10.0.1.');
    expect(printSchema(lexicographicSortSchema(buildSchema(printAnnotatedSchema(schema))))).toBe(
      printSchema(lexicographicSortSchema(schema)),
    );
  });
});

describe('Directives', () => {
  test('keep what else a DDF says: title, default, MIME types, allowed values, deprecation, applicability', () => {
    const { schema } = compiled(
      libraryOf(
        thing(
          '1.0',
          leaf(
            'A',
            'int',
            'Get',
            '<DFTitle>Short</DFTitle><DefaultValue>1</DefaultValue><DFType><MIME>text/plain</MIME></DFType>' +
              '<MSFT:Applicability><MSFT:OsBuildVersion>10.0.1</MSFT:OsBuildVersion><MSFT:CspVersion>1.0</MSFT:CspVersion>' +
              '<MSFT:EditionAllowList>0x4;0x1B;</MSFT:EditionAllowList></MSFT:Applicability>' +
              '<MSFT:AllowedValues ValueType="Range"><MSFT:Value>[0-9]</MSFT:Value></MSFT:AllowedValues>' +
              '<MSFT:Deprecated OsBuildDeprecated="10.0.2"/>',
          ),
        ),
      ),
    );

    expect(printAnnotatedSchema(schema)).toContain(
      '@nodeInfo(title: "Short", default: "1", mime: ["text/plain"], allowed: "0..9", deprecatedSince: "10.0.2", ' +
        'osBuild: "10.0.1", csp: "1.0", editions: ["0x4", "0x1B"])',
    );
  });

  test('tell the identifiers of a family as its DDFs write them', () => {
    const { schema } = compiled(libraryOf(ddf(node('A', { moid: 'com.acme/1.0/Thing', children: [leaf('A')] }))));

    expect(printAnnotatedSchema(schema)).toContain(
      'type AcmeThing @mo(moid: "com.acme/Thing", versions: ["1.0"], moids: ["com.acme/1.0/Thing"]) {',
    );
  });
});

describe('Versions of one MO', () => {
  test('are one type, the union of their nodes, and spellings of one node are one field', () => {
    const { schema, part } = compiled(
      libraryOf(
        ddf(
          node('DevInfo', { path: '.', moid: 'urn:oma:mo:oma-dm-devinfo:1.0', children: [leaf('DevId'), leaf('Man')] }),
        ),
        ddf(node('', { moid: 'urn:oma:mo:oma-dm-devinfo:1.2', children: [leaf('DevID'), leaf('Man'), leaf('FwV')] })),
      ),
    );

    expect(fields(schema, 'DevInfo')).toEqual({ mo: 'MoInfo!', devId: 'String', man: 'String', fwV: 'String' });
    expect(part.families[0]).toMatchObject({ name: 'DevInfo', versions: ['1.0', '1.2'] });
    expect(printAnnotatedSchema(schema)).toContain(
      'type DevInfo @mo(moid: "urn:oma:mo:oma-dm-devinfo", versions: ["1.0", "1.2"]) {',
    );
    expect(printAnnotatedSchema(schema)).toContain(
      '  devId: String @node(path: "DevID", format: "chr", access: ["Get"], versions: ["1.2"]) ' +
        '@node(path: "DevId", format: "chr", access: ["Get"], versions: ["1.0"])',
    );
  });

  test('a node that changed its shape has a second field, named after the shape', () => {
    const { schema } = compiled(
      libraryOf(
        thing('1.1', leaf('State', 'int')),
        thing('1.0', leaf('State')),
        thing('1.2', node('State', { children: [leaf('X')] })),
      ),
    );

    expect(fields(schema, 'AcmeThing')).toEqual({
      mo: 'MoInfo!',
      stateAsNode: 'AcmeThingStateAsNode',
      stateAsInt: 'Int',
      state: 'String',
    });
  });

  test('siblings of one version that differ in case alone are two fields', () => {
    const { schema } = compiled(libraryOf(thing('1.0', leaf('Foo'), leaf('foo'), leaf('FOO'))));
    const names = Object.keys(fields(schema, 'AcmeThing'));

    expect(names).toHaveLength(4);
    expect(names).toEqual([
      'mo',
      expect.stringMatching(/^foo(_[0-9a-f]{8})?$/),
      expect.stringMatching(/^foo_[0-9a-f]{8}$/),
      expect.anything(),
    ]);
  });

  test('the order of the files changes nothing', () => {
    const texts = [
      thing('1.0', leaf('A'), leaf('B', 'int')),
      thing('1.1', leaf('b'), leaf('A', 'int')),
      ddf(node('Thing', { moid: MOID, children: [leaf('C')] })),
      ddf(node('Thing', { moid: MOID, children: [leaf('D'), leaf('C', 'bool')] })),
    ];
    const printed = (sources: readonly string[]): string =>
      printAnnotatedSchema(compiled(libraryOf(...sources)).schema);

    expect(printed([...texts].reverse())).toBe(printed(texts));
    expect(printed([texts[2], texts[0], texts[3], texts[1]] as string[])).toBe(printed(texts));
  });
});

describe('Mutations', () => {
  const { schema, part } = compiled(
    libraryOf(
      thing(
        '1.0',
        leaf('A', 'int', 'Get Replace'),
        leaf('Secret', 'bin', 'Replace'),
        leaf('Note', 'chr', 'Add Delete Get Replace'),
        leaf('Wait', 'chr', 'Get Replace'),
        leaf('Call', 'chr', 'Exec'),
        node('Ops', { children: [leaf('Go', 'null', 'Exec')] }),
        node('Update', { access: 'Exec Get', children: [leaf('Url', 'chr', 'Get Replace')] }),
        node('Tariff', {
          children: [node('', { access: 'Add Delete Get', children: [leaf('Rate', 'float', 'Add Get Replace')] })],
        }),
      ),
    ),
  );

  test('exist for the commands that some node takes, and point to the operation', () => {
    expect(Object.keys(part.mutationFields)).toEqual([
      'replaceAcmeThing',
      'addAcmeThing',
      'deleteAcmeThing',
      'execAcmeThing',
    ]);
    expect(part.mutationFields['execAcmeThing']?.type.toString()).toBe('Operation!');
    expect(Object.keys(compiled(libraryOf(thing('1.0', leaf('A')))).part.mutationFields)).toEqual([]);
  });

  test('have inputs that mirror what the command can reach', () => {
    expect(fields(schema, 'ReplaceAcmeThingInput')).toEqual({
      deviceId: 'ID!',
      miid: 'String',
      a: 'Int',
      secret: 'Base64',
      note: 'String',
      waitNode: 'String',
      update: 'ReplaceAcmeThingUpdateInput',
      tariff: 'ReplaceAcmeThingTariffInput',
      atomic: 'Boolean',
      onFailure: 'OnFailure',
      priority: 'Int',
      expiresIn: 'Duration',
      wait: 'Duration',
      dryRun: 'Boolean',
      idempotencyKey: 'String',
    });
    expect(fields(schema, 'AddAcmeThingTariffItemInput')).toEqual({
      nodeName: 'String!',
      _self: 'Boolean',
      rate: 'Float',
    });
    expect(fields(schema, 'DeleteAcmeThingInput')).toMatchObject({
      note: 'Boolean',
      tariff: 'DeleteAcmeThingTariffInput',
    });
    expect(fields(schema, 'DeleteAcmeThingTariffItemInput')).toEqual({ nodeName: 'String!' });
    expect(fields(schema, 'ExecAcmeThingInput')).toMatchObject({
      call: 'String',
      ops: 'ExecAcmeThingOpsInput',
      update: 'Boolean',
    });
  });

  test('have the defaults of every operation', () => {
    const sdl = printAnnotatedSchema(schema);

    expect(sdl).toContain('atomic: Boolean = false');
    expect(sdl).toContain('onFailure: OnFailure = STOP');
    expect(sdl).toContain('expiresIn: Duration = "P30D"');
    expect(sdl).toContain(
      'secret: Base64 @node(path: "Secret", format: "bin", access: ["Replace"], versions: ["1.0"])',
    );
  });
});

describe('Families', () => {
  test('have an instance field and a list field on Device, with what they stand for', () => {
    const { schema, part } = compiled(libraryOf(thing('1.0', leaf('A'))));
    const device = schema.getType('Device');
    const field = isObjectType(device) ? device.getFields()['acmeThing'] : undefined;

    expect(fields(schema, 'Device')).toEqual({
      deviceId: 'String',
      acmeThing: 'AcmeThing',
      acmeThingInstances: '[AcmeThing!]!',
    });
    expect(field && moqlOf(field)).toMatchObject({
      kind: 'instance',
      family: { family: familyOf(MOID) },
      versions: ['1.0'],
    });
    expect(validateSchema(schema)).toEqual([]);
    expect(part.refusals).toEqual([]);
  });

  test('that need one name are refused until one of them is given another', () => {
    const library = libraryOf(
      ddf(node('A', { moid: 'com.acme/1.0/Thing', children: [leaf('A')] })),
      thing('1.0', leaf('A')),
    );
    const { part } = compiled(library);

    expect(part.families.map(({ family }) => family)).toEqual(['com.acme/Thing']);
    expect(part.refusals).toEqual([
      { code: 'NAME_CLASH', message: expect.stringContaining('AcmeThing'), families: ['com.acme/Thing', MOID] },
    ]);

    const named = compiled(library, { names: new Map([[MOID, 'AcmeOther']]) });
    expect(named.part.refusals).toEqual([]);
    expect(fields(named.schema, 'Device')).toMatchObject({ acmeThing: 'AcmeThing', acmeOther: 'AcmeOther' });
  });

  test('cannot take a name of the gateway’s own, and no bad one', () => {
    const library = libraryOf(thing('1.0', leaf('A')));

    expect(compiled(library, { taken: { types: ['AcmeThing'] } }).part.refusals).toMatchObject([
      { code: 'NAME_CLASH' },
    ]);
    expect(compiled(library, { taken: { deviceFields: ['acmeThing'] } }).part.families).toEqual([]);
    expect(compiled(library, { names: new Map([[MOID, 'bad name']]) }).part.refusals).toMatchObject([
      { code: 'BAD_NAME' },
    ]);
  });
});
