import { ddf, documentOf, node } from './ddf-texts';

const MOID = 'urn:oma:mo:ext-acme-thing:1.0';
const leaf = (name: string): string => node(name, { format: 'chr' });

/** Codes of the warnings, sorted. */
function codes(source: string | Uint8Array): readonly string[] {
  return documentOf(source)
    .warnings.map(({ code }) => code)
    .sort();
}

describe('Frame of a DDF file', () => {
  test('a root with a MOID is known by it, its version apart', () => {
    const [mo] = documentOf(ddf(node('Thing', { moid: MOID, children: [leaf('A')] }))).mos;

    expect(mo).toMatchObject({ moid: MOID, family: 'urn:oma:mo:ext-acme-thing', version: '1.0' });
    expect(mo?.place).toBeUndefined();
  });

  test('a root without MOID is known by its canonical place', () => {
    const mos = documentOf(
      ddf(
        node('Thing', { path: './Device/Vendor/MSFT', children: [leaf('A')] }),
        node('Thing', { path: './User/Vendor/MSFT/', children: [leaf('A')] }),
      ),
    ).mos;

    expect(mos.map(({ moid, place }) => [moid, place])).toEqual([
      ['./Vendor/MSFT/Thing', './Vendor/MSFT/Thing'],
      ['./User/Vendor/MSFT/Thing', './User/Vendor/MSFT/Thing'],
    ]);
  });

  test('defaults are Occurrence One, Scope Dynamic and no access', () => {
    const text =
      '<MgmtTree><Node><NodeName>X</NodeName><DFProperties><DFFormat><int/></DFFormat></DFProperties></Node></MgmtTree>';

    expect(documentOf(text).mos[0]?.root).toMatchObject({
      format: 'int',
      access: [],
      occurrence: { min: 1, max: 1 },
      permanent: false,
      mimeTypes: [],
    });
  });

  test('a file whose root is the device itself describes one MO for each child', () => {
    const { mos } = documentOf(
      ddf(
        node('.', {
          path: '',
          children: [
            node('A', { path: '.', children: [node('B', { format: 'chr', path: './A' })] }),
            node('C', { path: '.' }),
          ],
        }),
      ),
    );

    expect(mos.map(({ moid }) => moid)).toEqual(['./A', './C']);
    expect(mos[0]?.root.children[0]?.name).toBe('B');
  });

  test('flat style: nodes with a Path hang below the nodes they name, in any order', () => {
    const nodes = [
      node('Tariff', { path: './Vendor/Acme/Meter' }),
      node('Meter', { path: './Vendor/Acme', moid: MOID }),
      node('', { path: './Vendor/Acme/Meter/Tariff' }),
      node('Rate', { path: './Vendor/Acme/Meter/Tariff/*', format: 'float' }),
    ];

    for (const order of [nodes, [...nodes].reverse()]) {
      const { mos } = documentOf(ddf(...order));
      expect(mos).toHaveLength(1);
      expect(mos[0]?.root.children[0]?.children[0]?.children[0]).toMatchObject({ name: 'Rate', format: 'float' });
    }
  });

  test('a relative Path of a nested node leads through nodes that it implies', () => {
    const { mos } = documentOf(ddf(node('A', { path: '.', children: [node('D', { format: 'chr', path: 'B/C' })] })));

    expect(mos[0]?.root.children[0]).toMatchObject({
      name: 'B',
      format: 'node',
      children: [{ name: 'C', children: [{ name: 'D' }] }],
    });
  });

  test('a root without Path stands where the whole Paths of the nodes below it say', () => {
    const inner = node('B', {
      path: './Vendor/Acme/A',
      children: [node('C', { format: 'chr', path: './Vendor/Acme/A/B' })],
    });
    const [named] = documentOf(ddf(node('A', { children: [inner] }))).mos;
    const [unnamed] = documentOf(ddf(node('', { moid: MOID, children: [inner] }))).mos;

    expect(named).toMatchObject({ moid: './Vendor/Acme/A', place: './Vendor/Acme/A' });
    expect(unnamed).toMatchObject({ moid: MOID, place: './Vendor/Acme' });
    for (const mo of [named, unnamed])
      expect(mo?.root.children).toMatchObject([{ name: 'B', children: [{ name: 'C', children: [] }] }]);
  });

  test('an empty NodeName and * are the same', () => {
    const { mos } = documentOf(ddf(node('A', { path: '.', children: [node('*', { occurrence: 'ZeroOrMore' })] })));

    expect(mos[0]?.root.children[0]).toMatchObject({ name: '', occurrence: { min: 0 } });
  });

  test('every place counts lines and columns from 1', () => {
    const text = `<MgmtTree>\n <Node><NodeName>A</NodeName>\n   <DFProperties><AccessType/><DFFormat><chr/></DFFormat></DFProperties></Node></MgmtTree>`;

    expect(documentOf(text).mos[0]?.root.at).toEqual({ line: 2, column: 2 });
  });
});

describe('Encodings', () => {
  const text = `<?xml version="1.0"?>${ddf(node('A', { path: '.', more: '<DFTitle>é – ü</DFTitle>' }))}`;
  const title = (source: Uint8Array): string | undefined => documentOf(source).mos[0]?.root.title;

  test('UTF-8 with and without mark, UTF-16 in both orders', () => {
    const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
    const swapped = Buffer.from(utf16).swap16();

    for (const octets of [Buffer.from(text), Buffer.from(`\ufeff${text}`), utf16, swapped])
      expect(title(octets)).toBe('é – ü');
  });

  test('an octet that is no UTF-8 is read as Windows-1252 and the rest as UTF-8, with a warning', () => {
    const octets = Buffer.from(text.replace('–', '\u0000'));
    octets[octets.indexOf(0)] = 0x92;

    expect(title(octets)).toBe('é ’ ü');
    expect(codes(octets)).toEqual(['ENCODING']);
  });
});

describe('Oddities of real files are taken with a warning, one for each kind', () => {
  test('order, repeated properties, unknown verbs and elements', () => {
    const odd =
      '<Node><NodeName> A </NodeName><DFProperties><Scope><Permanent/></Scope><DFFormat><chr/></DFFormat><AccessType><Get/><Set/></AccessType>' +
      '<DFFormat><int/></DFFormat><Wrong/></DFProperties><Type>text/plain</Type></Node>';
    const { mos, warnings } = documentOf(ddf(odd));

    expect(mos[0]?.root).toMatchObject({ name: 'A', format: 'chr', permanent: true, access: ['Get'] });
    expect(warnings.map(({ code }) => code).sort()).toEqual([
      'ELEMENT_UNKNOWN',
      'NAME_TRIMMED',
      'PROPERTY_ORDER',
      'PROPERTY_TWICE',
      'VERB_UNKNOWN',
    ]);
    expect(mos[0]?.root.extensions.map(({ name }) => name)).toEqual(['Wrong', 'Type']);
  });

  test('siblings of one name are merged, the first one holds', () => {
    const text = ddf(
      node('A', { path: '.', children: [node('B', { children: [leaf('C')] }), node('B', { children: [leaf('D')] })] }),
    );

    expect(documentOf(text).mos[0]?.root.children.map(({ children }) => children.map(({ name }) => name))).toEqual([
      ['C', 'D'],
    ]);
    expect(codes(text)).toEqual(['DUPLICATE_SIBLING']);
  });

  test('a leaf format with children, a repeated named node, N without a number', () => {
    const text = ddf(
      node('A', {
        path: '.',
        format: 'chr',
        children: [node('B', { format: 'chr', occurrence: 'ZeroOrMore' }), node('', { occurrence: 'OneOrN' })],
      }),
    );

    expect(codes(text)).toEqual(['LEAF_WITH_CHILDREN', 'OCCURRENCE_NAMED', 'OCCURRENCE_NUMBER']);
    expect(documentOf(text).mos[0]?.root).toMatchObject({
      format: 'node',
      children: [{ occurrence: { min: 0, max: 1 } }, { occurrence: { min: 1 } }],
    });
  });

  test('a MOID as bare text in DFType, and an odd version', () => {
    const text = `<MgmtTree><VerDTD>9</VerDTD>${node('A', { more: `<DFType><DDFName/>${MOID}<DDFName/></DFType>` })}</MgmtTree>`;

    expect(documentOf(text).mos[0]?.moid).toBe(MOID);
    expect(codes(text)).toEqual(['TYPE_TEXT', 'VERSION']);
  });
});

describe('Microsoft’s elements', () => {
  const allowed = (xml: string): unknown =>
    documentOf(ddf(node('A', { path: '.', format: 'int', more: xml }))).mos[0]?.root.allowed;

  test('allowed values of the newer dialect', () => {
    expect(
      allowed(
        '<MSFT:AllowedValues ValueType="ENUM"><MSFT:Enum><MSFT:Value> 0 </MSFT:Value><MSFT:ValueDescription>Off</MSFT:ValueDescription></MSFT:Enum></MSFT:AllowedValues>',
      ),
    ).toEqual({ kind: 'enum', values: [{ value: '0', description: 'Off' }] });
    expect(
      allowed('<MSFT:AllowedValues ValueType="Range"><MSFT:Value>[(-1)-4294967295]</MSFT:Value></MSFT:AllowedValues>'),
    ).toEqual({ kind: 'range', ranges: [{ min: -1n, max: 4294967295n }], text: '[(-1)-4294967295]' });
    expect(
      allowed(
        '<MSFT:AllowedValues ValueType="XSD"><MSFT:Value><![CDATA[<xs:schema/>]]></MSFT:Value></MSFT:AllowedValues>',
      ),
    ).toEqual({ kind: 'other', type: 'XSD', text: '<xs:schema/>' });
    expect(allowed('<MSFT:AllowedValues ValueType="None"/>')).toBeUndefined();
  });

  test('lists of values by their delimiter, written as a character or by its number', () => {
    const list = (type: string, delimiter: string): unknown =>
      allowed(
        `<MSFT:AllowedValues ValueType="${type}"><MSFT:Value>[a-z]</MSFT:Value><MSFT:List Delimiter="${delimiter}"/></MSFT:AllowedValues>`,
      );

    expect(list('RegEx', ';')).toEqual({ kind: 'pattern', pattern: '[a-z]', delimiter: ';' });
    expect(list('RegEx', '0xF000')).toEqual({ kind: 'pattern', pattern: '[a-z]', delimiter: '\uf000' });
    expect(list('RegEx', '\\xF000')).toEqual({ kind: 'pattern', pattern: '[a-z]', delimiter: '\uf000' });
    expect(list('SDDL', '|')).toEqual({ kind: 'other', type: 'SDDL', text: '[a-z]' });
  });

  test('bounds of the oldest files, and no element of another vendor', () => {
    const bounds = '<MSFT:MinValue>0</MSFT:MinValue><MSFT:MaxValue>65535</MSFT:MaxValue>';
    expect(allowed(bounds)).toEqual({ kind: 'range', ranges: [{ min: 0n, max: 65535n }], text: '[0-65535]' });
    expect(allowed('<MSFT:MinValue/><MSFT:MaxValue/>')).toBeUndefined();
    expect(allowed('<v:MinValue xmlns:v="urn:vendor">1</v:MinValue>')).toBeUndefined();
  });

  test('allowed values of the older dialect', () => {
    expect(allowed('<MSFT:SupportedValues low="1" high="5"/>')).toEqual({
      kind: 'range',
      ranges: [{ min: 1n, max: 5n }],
      text: '[1-5]',
    });
    expect(allowed('<MSFT:SupportedValues AllowedValues="0,2"/>')).toEqual({
      kind: 'enum',
      values: [{ value: '0' }, { value: '2' }],
    });
  });

  test('all are kept whole, with attributes and namespace, and give no warning', () => {
    const text = ddf(node('A', { path: '.', format: 'int', more: '<MSFT:Deprecated OsBuildDeprecated="10.0.1"/>' }));

    expect(documentOf(text).mos[0]?.root).toMatchObject({
      deprecated: { since: '10.0.1' },
      extensions: [
        {
          name: 'Deprecated',
          namespace: 'http://schemas.microsoft.com/MobileDevice/DM',
          attributes: { OsBuildDeprecated: '10.0.1' },
        },
      ],
    });
    expect(codes(text)).toEqual([]);
  });
});

describe('What a file says beside its properties is kept', () => {
  test('run-time properties, an initial value and the comments that are conventions', () => {
    const text = ddf(
      '<Node><NodeName>A</NodeName><!-- Status: Optional --><Path>.</Path>' +
        '<RTProperties><ACL>Get=*</ACL><Format><chr/></Format><Type><MIME>text/plain</MIME></Type></RTProperties>' +
        '<DFProperties><AccessType><Replace/><!-- No Get --></AccessType><DFFormat><chr/></DFFormat></DFProperties>' +
        '<Value>first</Value></Node>',
    );

    expect(documentOf(text).warnings).toEqual([]);
    expect(documentOf(text).mos[0]?.root).toMatchObject({
      status: 'optional',
      access: ['Replace'],
      forbidden: ['Get'],
      initialValue: 'first',
      runtimeProperties: { ACL: 'Get=*', Format: 'chr', Type: 'text/plain' },
    });
  });

  test('elements below MgmtTree that the DTD does not have', () => {
    const text = ddf('<MSFT:Diagnostics></MSFT:Diagnostics>', '<Extra/>', leaf('A'));

    expect(documentOf(text).extensions.map(({ name }) => name)).toEqual(['Diagnostics', 'Extra']);
    expect(codes(text)).toEqual(['ELEMENT_UNKNOWN']);
  });

  test('unnamed nodes by each of their spellings, in Paths too', () => {
    const parts = [
      node('A', { path: '.' }),
      node('{}', { path: './A' }),
      node('B', { path: './A/&lt;X&gt;' }),
      node('C', { path: './A/*/B' }),
    ];

    expect(documentOf(ddf(...parts)).mos).toMatchObject([
      { root: { name: 'A', children: [{ name: '', children: [{ name: 'B', children: [{ name: 'C' }] }] }] } },
    ]);
  });
});
