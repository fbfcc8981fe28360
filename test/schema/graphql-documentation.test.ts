/** What people read of a node: given a DDF that says X, its field says Y. */
import { buildSchema, isInputObjectType, isObjectType, type GraphQLSchema } from 'graphql';

import { printAnnotatedSchema } from '../../schema/graphql/print';
import { compiled, ddf, libraryOf, node } from './ddf-texts';

const MOID = 'urn:oma:mo:ext-acme-thing:1.0';

function schemaOf(...children: readonly string[]): GraphQLSchema {
  return compiled(libraryOf(ddf(node('Thing', { moid: MOID, children })))).schema;
}

/** Description of a field, given as `Type.field`. */
function textOf(schema: GraphQLSchema, place: string): string | null | undefined {
  const [typeName = '', fieldName = ''] = place.split('.');
  const type = schema.getType(typeName);
  if (!isObjectType(type) && !isInputObjectType(type)) throw new Error(`${typeName} is no type with fields`);
  const field = type.getFields()[fieldName];
  if (!field) throw new Error(`there is no ${place}`);
  return field.description;
}

function leafText(format: string, more: string): string | null | undefined {
  return textOf(schemaOf(node('A', { format, access: 'Get Replace', more })), 'AcmeThing.a');
}

const allowed = (type: string, inner: string): string =>
  `<MSFT:AllowedValues ValueType="${type}">${inner}</MSFT:AllowedValues>`;
const value = (text: string): string => `<MSFT:Value>${text}</MSFT:Value>`;
const entry = (text: string): string => `<MSFT:Enum>${value(text)}</MSFT:Enum>`;
const list = (delimiter: string): string => `<MSFT:List Delimiter="${delimiter}"/>`;

describe('Descriptions tell which values a leaf takes', () => {
  test.each([
    ['one of a few', 'int', allowed('ENUM', entry('1') + entry('2')), 'One of:\n- `1`\n- `2`'],
    [
      'a list of them',
      'chr',
      allowed('ENUM', list(';') + entry('a') + entry('b')),
      'A list, separated by `;`, of these:\n- `a`\n- `b`',
    ],
    ['a sum', 'int', allowed('Flag', entry('0x1') + entry('2')), 'Sum of:\n- `0x1`\n- `2`'],
    ['a range', 'int', allowed('Range', value('[(-1)-5]')), 'Range: `[(-1)-5]`'],
    ['a pattern', 'chr', allowed('RegEx', value('^a`b$')), 'Pattern: `` ^a`b$ ``'],
    [
      'a list of texts of a pattern, with a delimiter that no screen shows',
      'chr',
      allowed('RegEx', list('0xF000') + value('^a$')),
      'A list, separated by `U+F000`, of the pattern: `^a$`',
    ],
    ['a long pattern', 'chr', allowed('RegEx', value('a'.repeat(301))), `Pattern: \`${'a'.repeat(300)} …\``],
    [
      'a group policy',
      'chr',
      allowed('ADMX', '<MSFT:AdmxBacked Area="Bits~AT" Name="BITS_Peer" File="Bits.admx"/>'),
      'ADMX policy: `Area=Bits~AT Name=BITS_Peer File=Bits.admx`',
    ],
    ['a schema', 'chr', allowed('XSD', value('<![CDATA[<xs:schema/>]]>')), 'Values: by the XSD in its DDF.'],
  ])('%s', (_what, format, more, text) => {
    expect(leafText(format, more)).toBe(text);
  });

  test('and directives tell the same in one line', () => {
    const sdl = printAnnotatedSchema(
      schemaOf(
        node('A', { format: 'chr', more: allowed('ADMX', '<MSFT:AdmxBacked Name="N" File="F"/>') }),
        node('B', { format: 'chr', more: allowed('RegEx', list('0xF000') + value('a'.repeat(301))) }),
        node('C', { format: 'chr', more: allowed('JSON', value('{}')) }),
      ),
    );

    expect(sdl).toContain('@nodeInfo(allowed: "a policy of ADMX: Name=N File=F")');
    expect(sdl).toContain(
      `@nodeInfo(allowed: "a list, separated by \\"U+F000\\", of a text like ${'a'.repeat(300)} …")`,
    );
    expect(sdl).toContain('@nodeInfo(allowed: "by the JSON in its DDF")');
  });

  test('defaults of Booleans are as GraphQL writes them, others as they are', () => {
    expect(leafText('bool', '<DefaultValue>0</DefaultValue>')).toBe('Default: `false`');
    expect(leafText('bool', '<DefaultValue>TRUE</DefaultValue>')).toBe('Default: `true`');
    expect(leafText('bool', '<DefaultValue>maybe</DefaultValue>')).toBe('Default: `maybe`');
    expect(leafText('int', '<DefaultValue>0x1F</DefaultValue>')).toBe('Default: `0x1F`');
  });
});

describe('Descriptions tell what a vendor says of changing a node', () => {
  test('who restarts the device, and what belongs together', () => {
    const reboot = (kind: string): string => `<MSFT:RebootBehavior>${kind}</MSFT:RebootBehavior>`;

    expect(leafText('chr', reboot('Automatic'))).toBe('The device restarts by itself when this is changed.');
    expect(leafText('chr', reboot('ServerInitiated'))).toBe(
      'A change takes effect once the device is told to restart.',
    );
    expect(leafText('chr', reboot('None'))).toBeUndefined();
    expect(leafText('chr', '<MSFT:AtomicRequired/>')).toBe(
      'To be changed together with its siblings, in one atomic operation.',
    );
  });

  test.each([
    ['', 'Name of the node on the device.'],
    [
      '<MSFT:ServerGeneratedUniqueIdentifier/>',
      'Name of the node on the device: a unique one that the server makes up.',
    ],
    ['<MSFT:ClientInventory/>', 'Name of the node on the device, which tells what it has.'],
    [
      '<MSFT:UniqueName>A GUID: ^\\{[0-9]*\\}$</MSFT:UniqueName>',
      'Name of the node on the device.\n\nA GUID: ^\\\\{[0-9]\\*\\\\}$',
    ],
  ])('how entries get their names: %s', (naming, text) => {
    const more = naming === '' ? '' : `<MSFT:DynamicNodeNaming>${naming}</MSFT:DynamicNodeNaming>`;
    const entries = node('', { access: 'Add Delete Get', more, children: [node('A', { format: 'chr' })] });
    const schema = schemaOf(node('List', { children: [entries] }));

    expect(textOf(schema, 'AcmeThingListItem.nodeName')).toBe(text);
    expect(textOf(schema, 'AddAcmeThingListItemInput.nodeName')).toBe(text);
    expect(textOf(schema, 'DeleteAcmeThingListItemInput.nodeName')).toBe(text);
  });
});

test('an object that its DDF deprecates is deprecated wherever it is asked for', () => {
  const more = '<MSFT:Deprecated OsBuildDeprecated="10.0.1"/>';
  const text = ddf(
    node('Thing', { moid: MOID, access: 'Get', more, children: [node('A', { format: 'chr', access: 'Get Replace' })] }),
  );
  const { part, schema } = compiled(libraryOf(text));
  const reason = 'Deprecated since 10.0.1.';

  expect(part.deviceFields).toMatchObject({
    acmeThing: { deprecationReason: reason },
    acmeThingInstances: { deprecationReason: reason },
  });
  expect(part.mutationFields).toMatchObject({ replaceAcmeThing: { deprecationReason: reason } });
  expect(part.filterFields).toMatchObject({ acmeThing: { deprecationReason: reason } });
  expect(buildSchema(printAnnotatedSchema(schema)).getMutationType()?.getFields()['replaceAcmeThing']).toMatchObject({
    deprecationReason: reason,
  });
});
