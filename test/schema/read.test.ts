import fc from 'fast-check';

import { readDdf } from '../../schema/ddf/read';
import { ddf, documentOf, node } from './ddf-texts';

const MOID = 'urn:oma:mo:ext-acme-thing:1.0';
const leaf = (name: string): string => node(name, { format: 'chr' });

/** Codes of the warnings, sorted. */
function codes(source: string | Uint8Array): readonly string[] {
  return documentOf(source)
    .warnings.map(({ code }) => code)
    .sort();
}

function refusal(
  source: string | Uint8Array,
  options = {},
): { readonly code: string; readonly line: number; readonly column: number } {
  const result = readDdf(source, options);
  if (result.ok) throw new Error('was read');
  return result.refusal;
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

describe('What is no description is refused with its place', () => {
  test.each([
    ['NOT_XML', '<MgmtTree><Node></MgmtTree>'],
    ['NOT_XML', ''],
    ['NOT_XML', 'garbage'],
    ['NOT_XML', '<MgmtTree>&unknown;</MgmtTree>'],
    ['NOT_A_DDF', '<SyncML><SyncHdr/></SyncML>'],
    ['NOT_A_DDF', '<MgmtTree><VerDTD>1.2</VerDTD></MgmtTree>'],
    ['ENTITY_DECLARATION', '<!DOCTYPE MgmtTree [<!ENTITY a "b">]><MgmtTree/>'],
    ['ENTITY_DECLARATION', '<!DOCTYPE MgmtTree [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><MgmtTree/>'],
    [
      'INSTANCE_DUMP',
      '<MgmtTree><Node><NodeName>A</NodeName><RTProperties><Type><MIME>text/plain</MIME></Type></RTProperties><Value>1</Value></Node></MgmtTree>',
    ],
    ['BAD_NAME', ddf(node('A/B', { path: '.' }))],
    ['BAD_NAME', ddf(node('A'.repeat(600), { path: '.' }))],
    ['BAD_PATH', ddf(node('A', { path: './../B' }))],
    ['PATH_DISAGREES', ddf(node('A', { path: '.', children: [node('B', { path: './Elsewhere' })] }))],
    ['BAD_PATH', ddf(node('A', { path: '.', children: [node('B', { path: 'x/'.repeat(600) })] }))],
    ['TOO_DEEP', ddf(node('A', { path: '.', children: [node('B', { path: 'x/'.repeat(200) })] }))],
    [
      'TOO_MANY_NODES',
      ddf(node('A', { path: '.', children: new Array<string>(200).fill(node('B', { path: 'x/'.repeat(100) })) })),
    ],
    ['NO_IDENTITY', ddf(node('', { children: [leaf('A')] }))],
  ])('%s %#', (code, text) => {
    expect(refusal(text)).toMatchObject({ code, line: 1 });
  });

  test('the place is that of the cause', () => {
    expect(refusal(`<MgmtTree>\n  <Node>\n    <NodeName>A/B</NodeName></Node></MgmtTree>`)).toMatchObject({
      code: 'BAD_NAME',
      line: 3,
      column: 5,
    });
    expect(refusal('<MgmtTree>\n<Node>\n</MgmtTree>')).toMatchObject({ code: 'NOT_XML', line: 3 });
  });

  test('size, depth and number of nodes have limits', () => {
    const deep = ddf(`${'<Node>'.repeat(5_000)}${'</Node>'.repeat(5_000)}`);

    expect(refusal(ddf(node('A')), { maxSize: 10 })).toMatchObject({ code: 'TOO_LARGE' });
    expect(refusal(deep)).toMatchObject({ code: 'TOO_DEEP' });
    expect(refusal(ddf(node('A', { children: ['B', 'C', 'D'].map(leaf) })), { maxNodes: 3 })).toMatchObject({
      code: 'TOO_MANY_NODES',
    });
    expect(refusal(ddf(`<Node>${'<x/>'.repeat(1_000)}</Node>`), { maxNodes: 3 })).toMatchObject({
      code: 'TOO_MANY_ELEMENTS',
    });
  });

  test('many siblings of one name, or many bad octets, take linear time', () => {
    const many = ddf(node('A', { path: '.', children: new Array<string>(50_000).fill(leaf('B')) }));
    const octets = Buffer.alloc(4_000_000, 0xff);
    const started = Date.now();

    expect(documentOf(many).mos[0]?.root.children).toHaveLength(1);
    expect(refusal(octets)).toMatchObject({ code: 'NOT_XML' });
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});

describe('Any input gives a document or a refusal', () => {
  const sample = ddf(
    node('Thing', { moid: MOID, children: [leaf('A'), node('', { children: [leaf('B')], path: './Thing' })] }),
  );

  test('arbitrary octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        expect(typeof readDdf(octets).ok).toBe('boolean');
      }),
      { numRuns: 1_000 },
    );
  });

  test('a DDF with pieces taken out, doubled and changed', () => {
    const edits = fc.array(
      fc.tuple(
        fc.nat(sample.length),
        fc.nat(40),
        fc.oneof(
          fc.string({ maxLength: 10 }),
          fc.constantFrom('<Node>', '</Node>', '<Path>..</Path>', '<![CDATA[', '<!--'),
        ),
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(edits, (changes) => {
        const text = changes.reduce(
          (known, [at, length, piece]) => known.slice(0, at) + piece + known.slice(at + length),
          sample,
        );
        expect(typeof readDdf(text).ok).toBe('boolean');
      }),
      { numRuns: 2_000 },
    );
  });

  test('a hundred thousand attributes and namespaces take linear time', () => {
    const attributes = Array.from({ length: 100_000 }, (_, i) => ` xmlns:p${i}="u"`).join('');
    const started = Date.now();

    expect(readDdf(`<MgmtTree${attributes}>${'<Node xmlns:a="b"/>'.repeat(20_000)}</MgmtTree>`).ok).toBe(false);
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});
