/** Each oddity that is tolerated: a file, where the first of its kind stands, and what the model says nevertheless. */
import type { DdfDocument, DdfNode } from '../../schema/ddf/model';
import { WARNINGS, type WarningCode } from '../../schema/ddf/warnings';
import { documentOf } from './ddf-texts';

interface Case {
  readonly what: string;
  readonly code: WarningCode;
  /** `¦` stands where the place is, and is not part of the file. Without one the place is the first character. */
  readonly source: string;
  readonly encode?: (text: string) => Uint8Array;
  /** Part of the first object's root. */
  readonly gives?: Partial<DdfNode>;
}

const ACCESS = '<AccessType><Get/></AccessType>';
const CHR = '<DFFormat><chr/></DFFormat>';
const NODE = '<DFFormat><node/></DFFormat>';
const MOID = 'urn:oma:mo:x:1.0';
const MSFT = ' xmlns:MSFT="http://schemas.microsoft.com/MobileDevice/DM"';
const RANGE = 'ValueType="Range"><MSFT:Value>some</MSFT:Value></MSFT:AllowedValues>';

/** A file of three lines: the second one is the node. */
const file = (node: string, root = ''): string => `<MgmtTree${root}><VerDTD>1.2</VerDTD>\n${node}\n</MgmtTree>`;
const node = (name: string, properties: string, more = ''): string =>
  `<Node>${name}<DFProperties>${properties}</DFProperties>${more}</Node>`;
const A = '<NodeName>A</NodeName>';
const props = (properties: string, root = ''): string => file(node(A, properties), root);
const UNNAMED = '<NodeName/><Path>./X</Path>';
const octets = (text: string, encoding: BufferEncoding = 'latin1'): Buffer => Buffer.from(text, encoding);

const CASES: readonly Case[] = [
  {
    what: 'octets of an old editor in UTF-8',
    code: 'ENCODING',
    source: props(`${ACCESS}${CHR}<DFTitle>Ã© ¦\x92</DFTitle>`),
    encode: octets,
    gives: { title: 'é ’' },
  },
  {
    what: 'half a surrogate in UTF-16',
    code: 'ENCODING',
    source: props(`${ACCESS}${CHR}<DFTitle>¦\ud800</DFTitle>`),
    encode: (text) => octets(`\ufeff${text}`, 'utf16le'),
    gives: { title: '\ufffd' },
  },
  {
    what: 'UTF-8 that calls itself UTF-16',
    code: 'ENCODING_DECLARED',
    source: `<?xml version="1.0" encoding="utf-16"?>${props(ACCESS + CHR)}`,
    encode: octets,
  },
  {
    what: 'UTF-16 that calls itself UTF-8',
    code: 'ENCODING_DECLARED',
    source: `<?xml version="1.0" encoding="utf-8"?>${props(ACCESS + CHR)}`,
    encode: (text) => octets(`\ufeff${text}`, 'utf16le'),
  },
  { what: 'an unknown version', code: 'VERSION', source: props(ACCESS + CHR).replace('1.2', '2.0') },
  {
    what: 'needless parts of a Path',
    code: 'PATH_SPELLING',
    source: file(`¦${node(`${A}<Path>./Vendor//X/</Path>`, ACCESS + CHR)}`),
  },
  {
    what: 'no NodeName',
    code: 'NAME_MISSING',
    source: file(`¦${node('<Path>./X</Path>', ACCESS + CHR)}`),
    gives: { name: '' },
  },
  {
    what: 'white space around a name',
    code: 'NAME_TRIMMED',
    source: file(node('¦<NodeName> A\n</NodeName>', ACCESS + CHR)),
    gives: { name: 'A' },
  },
  {
    what: 'a placeholder as name',
    code: 'NAME_PLACEHOLDER',
    source: file(node('¦<NodeName>&lt;X></NodeName><Path>./X</Path>', ACCESS + CHR)),
    gives: { name: '' },
  },
  {
    what: 'no properties',
    code: 'PROPERTIES_MISSING',
    source: file(`¦<Node>${A}</Node>`),
    gives: { format: 'node', access: [] },
  },
  {
    what: 'properties out of order',
    code: 'PROPERTY_ORDER',
    source: props(`${CHR}¦${ACCESS}`),
    gives: { format: 'chr', access: ['Get'] },
  },
  {
    what: 'a property twice',
    code: 'PROPERTY_TWICE',
    source: props(`${ACCESS}${CHR}¦<DFFormat><int/></DFFormat>`),
    gives: { format: 'chr' },
  },
  {
    what: 'properties twice',
    code: 'PROPERTY_TWICE',
    source: file(node(A, ACCESS + CHR, '¦<DFProperties/>')),
    gives: { format: 'chr' },
  },
  {
    what: 'no AccessType',
    code: 'ACCESS_MISSING',
    source: file(`<Node>${A}¦<DFProperties>${CHR}</DFProperties></Node>`),
    gives: { access: [] },
  },
  {
    what: 'a verb that does not exist',
    code: 'VERB_UNKNOWN',
    source: props(`<AccessType><Get/>¦<Set/></AccessType>${CHR}`),
    gives: { access: ['Get'] },
  },
  {
    what: 'a verb that a comment forbids',
    code: 'VERB_FORBIDDEN',
    source: props(`¦<AccessType><Get/><!-- No Get --></AccessType>${CHR}`),
    gives: { access: [], forbidden: ['Get'] },
  },
  {
    what: 'two choices for one',
    code: 'CHOICE_TWICE',
    source: props(`${ACCESS}<DFFormat><int/>¦<chr/></DFFormat>`),
    gives: { format: 'int' },
  },
  {
    what: 'a choice as text',
    code: 'CHOICE_TEXT',
    source: props(`${ACCESS}¦<DFFormat> int </DFFormat>`),
    gives: { format: 'int' },
  },
  {
    what: 'an unknown Scope',
    code: 'SCOPE_UNKNOWN',
    source: props(`${ACCESS}${CHR}¦<Scope><Fixed/></Scope>`),
    gives: { permanent: false },
  },
  { what: 'an unknown CaseSense', code: 'CASE_UNKNOWN', source: props(`${ACCESS}${CHR}¦<CaseSense/>`) },
  {
    what: 'a default that its format does not write so',
    code: 'DEFAULT_VALUE',
    source: props(`${ACCESS}¦<DefaultValue>0x10</DefaultValue><DFFormat><int/></DFFormat>`),
    gives: { defaultValue: '0x10' },
  },
  {
    what: 'an unknown format',
    code: 'FORMAT_MISSING',
    source: props(`${ACCESS}¦<DFFormat><str/></DFFormat>`),
    gives: { format: 'chr' },
  },
  { what: 'no format', code: 'FORMAT_MISSING', source: file(`¦${node(A, ACCESS)}`), gives: { format: 'chr' } },
  {
    what: 'a leaf with children',
    code: 'LEAF_WITH_CHILDREN',
    source: file(`¦${node(A, ACCESS + CHR, node(A, ACCESS + CHR))}`),
    gives: { format: 'node' },
  },
  {
    what: 'an unknown Occurrence',
    code: 'OCCURRENCE_UNKNOWN',
    source: props(`${ACCESS}${CHR}¦<Occurrence><Twice/></Occurrence>`),
    gives: { occurrence: { min: 1, max: 1 } },
  },
  {
    what: 'N without a number',
    code: 'OCCURRENCE_NUMBER',
    source: file(node(UNNAMED, `${ACCESS}${CHR}¦<Occurrence><OneOrN/></Occurrence>`)),
    gives: { occurrence: { min: 1, max: undefined } },
  },
  {
    what: 'N that is 1',
    code: 'OCCURRENCE_NUMBER',
    source: file(node(UNNAMED, `${ACCESS}${CHR}¦<Occurrence><ZeroOrN>1</ZeroOrN></Occurrence>`)),
    gives: { occurrence: { min: 0, max: 1 } },
  },
  {
    what: 'a name that may occur often',
    code: 'OCCURRENCE_NAMED',
    source: props(`${ACCESS}${CHR}¦<Occurrence><OneOrMore/></Occurrence>`),
    gives: { occurrence: { min: 1, max: 1 } },
  },
  {
    what: 'MIME beside a MOID',
    code: 'TYPE_MIXED',
    source: props(`${ACCESS}${NODE}¦<DFType><MIME>text/plain</MIME><DDFName>${MOID}</DDFName></DFType>`),
    gives: { ddfName: MOID, mimeTypes: ['text/plain'] },
  },
  {
    what: 'a MOID as bare text',
    code: 'TYPE_TEXT',
    source: props(`${ACCESS}${NODE}¦<DFType><DDFName/>${MOID}<DDFName/></DFType>`),
    gives: { ddfName: MOID },
  },
  {
    what: 'an element of a client of 2003',
    code: 'ELEMENT_UNKNOWN',
    source: file(node(A, ACCESS + CHR, '¦<Type>text/plain</Type>')),
    gives: { extensions: [{ name: 'Type', attributes: {}, text: 'text/plain', children: [] }] },
  },
  {
    what: 'siblings of one name',
    code: 'DUPLICATE_SIBLING',
    source: file(`${node(A, ACCESS + CHR)}\n¦${node(A, ACCESS + NODE)}`),
    gives: { format: 'chr' },
  },
  {
    what: 'a range that is none',
    code: 'ALLOWED_VALUES',
    source: props(`${ACCESS}${CHR}¦<MSFT:AllowedValues ${RANGE}`, MSFT),
    gives: { allowed: { kind: 'other', type: 'Range', text: 'some' } },
  },
];

function placeOf(source: string): string {
  const lines = source.slice(0, Math.max(0, source.indexOf('¦'))).split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}

function found(document: DdfDocument): readonly string[] {
  return document.warnings.map(({ code, line, column }) => `${code} at ${line}:${column}`);
}

describe('What is odd is tolerated, and told with its place', () => {
  test.each(CASES)('$what: $code', ({ code, source, encode = (text) => octets(text, 'utf8'), gives }) => {
    const text = source.replace('¦', '');
    // ENCODING is told of octets; all others of text, too.
    const document = documentOf(encode(text));

    // What is Latin 1 here is shorter by an octet a character when it is read as the UTF-8 that it is.
    const place = code === 'ENCODING' ? placeOf(source.replace('Ã©', 'é')) : placeOf(source);
    expect(found(document)).toContain(`${code} at ${place}`);
    if (gives) expect(document.mos[0]?.root).toMatchObject(gives);
  });

  test('there is no kind without a case', () => {
    expect(Object.keys(WARNINGS).filter((code) => !CASES.some((known) => known.code === code))).toEqual([]);
  });

  test('a kind is told once, with the place of the first and how often it occurs', () => {
    const odd = node('<NodeName/>', `${ACCESS}${CHR}<Occurrence><Often/></Occurrence>`);
    const { warnings } = documentOf(file(node(A, ACCESS + NODE, `\n${odd}\n${odd}`)));

    expect(warnings).toEqual([
      { code: 'DUPLICATE_SIBLING', count: 1, line: 4, column: 1, message: expect.any(String) },
      {
        code: 'OCCURRENCE_UNKNOWN',
        count: 1,
        line: 3,
        column: odd.indexOf('<Occurrence>') + 1,
        message: expect.stringContaining('Often'),
      },
    ]);
  });
});

describe('What other encodings say is read', () => {
  const titled = (title: string, encoding?: string): string =>
    `${encoding ? `<?xml version="1.0" encoding="${encoding}"?>` : ''}${props(`${ACCESS}${CHR}<DFTitle>${title}</DFTitle>`)}`;
  const title = (source: Uint8Array): unknown => {
    const { mos, warnings } = documentOf(source);
    return [mos[0]?.root.title, warnings.map(({ code }) => code)];
  };

  test.each<[string, Uint8Array]>([
    ['UTF-8', octets(titled('Größe'), 'utf8')],
    ['UTF-8 with a mark', octets(`\ufeff${titled('Größe', 'utf-8')}`, 'utf8')],
    ['UTF-16, little end first', octets(`\ufeff${titled('Größe', 'utf-16')}`, 'utf16le')],
    ['UTF-16, big end first', octets(`\ufeff${titled('Größe', 'UTF-16')}`, 'utf16le').swap16()],
    ['UTF-16 without a mark', octets(titled('Größe'), 'utf16le')],
    ['ISO 8859-1', octets(titled('Größe', 'ISO-8859-1'))],
  ])('%s', (_encoding, source) => {
    expect(title(source)).toEqual(['Größe', []]);
  });

  test('an encoding of another part of the world, by its declaration', () => {
    const [before = '', after = ''] = titled('¦', 'windows-1251').split('¦');

    expect(title(Buffer.concat([octets(before), Buffer.from([0xd0, 0xe0, 0xe7]), octets(after)]))).toEqual(['Раз', []]);
  });
});
