/** Each class of refusal: a file, where its cause stands, and the code. */
import { readDdf, type ReadOptions } from '../../schema/ddf/read';
import { REFUSALS, type RefusalCode } from '../../schema/ddf/refusals';

/** Files are written here as they would be, a line an element; `at` is line:column of the cause. */
interface Case {
  readonly what: string;
  readonly code: RefusalCode;
  readonly at: string;
  readonly lines: readonly string[];
  readonly options?: ReadOptions;
  readonly says?: RegExp;
}

const LEAF = '<DFProperties><AccessType><Get/></AccessType><DFFormat><chr/></DFFormat></DFProperties>';
const NODE = '<DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat></DFProperties>';
const named = (name: string): string => `  <Node><NodeName>${name}</NodeName>${LEAF}</Node>`;
const rootWithMoid = (moid: string): readonly string[] => [
  '<MgmtTree>',
  '  <Node>',
  '    <NodeName/>',
  `    ${NODE.replace('</DFProperties>', `<DFType><DDFName>${moid}</DDFName></DFType></DFProperties>`)}`,
  '  </Node>',
  '</MgmtTree>',
];

const CASES: readonly Case[] = [
  { what: 'nothing', code: 'NOT_XML', at: '1:1', lines: [''] },
  { what: 'text', code: 'NOT_XML', at: '1:7', lines: ['a DDF?'] },
  {
    what: 'an end that fits no beginning',
    code: 'NOT_XML',
    at: '3:11',
    lines: ['<MgmtTree>', '<Node>', '</MgmtTree>'],
  },
  { what: 'an end too early', code: 'NOT_XML', at: '2:5', lines: ['<MgmtTree>', '<Node'] },
  { what: 'an entity that nobody declared', code: 'NOT_XML', at: '2:3', lines: ['<MgmtTree>', '&a;', '</MgmtTree>'] },
  { what: 'a character that XML forbids', code: 'NOT_XML', at: '2:1', lines: ['<MgmtTree>', '\u0000</MgmtTree>'] },
  {
    what: 'half of a surrogate pair, which octets cannot hold but a text can',
    code: 'NOT_XML',
    at: '3:19',
    lines: ['<MgmtTree>', named('\ud83d\ude00'), '  <Node><NodeName>\ud800</NodeName></Node>', '</MgmtTree>'],
  },
  {
    what: 'an entity declaration',
    code: 'ENTITY_DECLARATION',
    at: '2:2',
    lines: ['<!DOCTYPE MgmtTree [', ' <!ENTITY a "b">', ']><MgmtTree/>'],
  },
  {
    what: 'a parameter entity that would be fetched',
    code: 'ENTITY_DECLARATION',
    at: '1:21',
    lines: ['<!DOCTYPE MgmtTree [<!ENTITY % a SYSTEM "http://dtd.example/x"> %a;]>', '<MgmtTree/>'],
  },
  { what: 'other XML', code: 'NOT_A_DDF', at: '2:1', lines: ['<?xml version="1.0"?>', '<SyncML><SyncHdr/></SyncML>'] },
  { what: 'no node', code: 'NOT_A_DDF', at: '1:1', lines: ['<MgmtTree><VerDTD>1.2</VerDTD></MgmtTree>'] },
  {
    what: 'nodes of a foreign vocabulary alone',
    code: 'NOT_A_DDF',
    at: '1:1',
    lines: ['<MgmtTree xmlns:x="urn:x">', '<x:Node/>', '</MgmtTree>'],
  },
  {
    what: 'a TNDS dump',
    code: 'INSTANCE_DUMP',
    at: '2:3',
    lines: [
      '<MgmtTree xmlns="syncml:dmddf1.2">',
      '  <Node><NodeName>A</NodeName><RTProperties><Format><chr/></Format></RTProperties><Value>1</Value></Node>',
      '</MgmtTree>',
    ],
  },
  { what: 'a "/" in a name', code: 'BAD_NAME', at: '2:9', lines: ['<MgmtTree>', named('A/B'), '</MgmtTree>'] },
  { what: 'a name that leads upwards', code: 'BAD_NAME', at: '2:9', lines: ['<MgmtTree>', named('..'), '</MgmtTree>'] },
  { what: 'a line break in a name', code: 'BAD_NAME', at: '2:9', lines: ['<MgmtTree>', named('A\nB'), '</MgmtTree>'] },
  {
    what: 'a name without end',
    code: 'BAD_NAME',
    at: '2:9',
    lines: ['<MgmtTree>', named('A'.repeat(513)), '</MgmtTree>'],
    says: /513 characters, more than 512/,
  },
  {
    what: 'the device’s root below another node',
    code: 'BAD_NAME',
    at: '3:3',
    lines: ['<MgmtTree>', `<Node><NodeName>A</NodeName>${NODE}`, named('.'), '</Node></MgmtTree>'],
  },
  {
    what: 'a Path upwards',
    code: 'BAD_PATH',
    at: '2:1',
    lines: ['<MgmtTree>', `<Node><NodeName>A</NodeName><Path>./../B</Path>${LEAF}</Node>`, '</MgmtTree>'],
  },
  {
    what: 'a Path without end',
    code: 'BAD_PATH',
    at: '2:1',
    lines: ['<MgmtTree>', `<Node><NodeName>A</NodeName><Path>${'x/'.repeat(600)}</Path>${LEAF}</Node>`, '</MgmtTree>'],
    says: /1200 characters, more than 1024/,
  },
  {
    what: 'a Path that contradicts the nesting',
    code: 'PATH_DISAGREES',
    at: '3:3',
    lines: [
      '<MgmtTree>',
      `<Node><NodeName>A</NodeName><Path>.</Path>${NODE}`,
      `  <Node><NodeName>B</NodeName><Path>./Elsewhere</Path>${LEAF}</Node>`,
      '</Node></MgmtTree>',
    ],
    says: /\.\/Elsewhere .* \.\/A/,
  },
  {
    what: 'whole Paths below a root without one that contradict each other',
    code: 'PATH_DISAGREES',
    at: '4:3',
    lines: [
      '<MgmtTree>',
      `<Node><NodeName>A</NodeName>${NODE}`,
      `  <Node><NodeName>B</NodeName><Path>./Here/A</Path>${LEAF}</Node>`,
      `  <Node><NodeName>C</NodeName><Path>./There/A</Path>${LEAF}</Node>`,
      '</Node></MgmtTree>',
    ],
    says: /\.\/There\/A .* \.\/Here\/A/,
  },
  {
    what: 'nodes that relative Paths imply without end',
    code: 'TOO_MANY_NODES',
    at: '3:1',
    lines: [
      '<MgmtTree>',
      `<Node><NodeName>A</NodeName>${NODE}${`<Node><NodeName>B</NodeName><Path>${'x/'.repeat(100)}</Path></Node>`.repeat(100)}`,
      `<Node><NodeName>B</NodeName><Path>${'x/'.repeat(100)}</Path></Node></Node></MgmtTree>`,
    ],
  },
  {
    what: 'a start tag without end',
    code: 'TOO_LARGE',
    at: '2:1',
    lines: ['<MgmtTree>', `<Node${Array.from({ length: 50_000 }, (_, i) => ` p${i}=""`).join('')}/>`, '</MgmtTree>'],
  },
  {
    what: 'a long way to the first element',
    code: 'TOO_LARGE',
    at: '4:62104',
    lines: ['<!DOCTYPE MgmtTree [', ...new Array<string>(5).fill(`<!-- ${'x'.repeat(100_000)} -->`), ']><MgmtTree/>'],
  },
  { what: 'a MOID without end', code: 'BAD_MOID', at: '2:3', lines: rootWithMoid(`urn:${'x'.repeat(300)}`) },
  { what: 'a line break in a MOID', code: 'BAD_MOID', at: '2:3', lines: rootWithMoid('urn:oma:\nmo:x:1.0') },
  { what: 'a MOID that means all', code: 'BAD_MOID', at: '2:3', lines: rootWithMoid('*') },
  {
    what: 'a root that nothing identifies',
    code: 'NO_IDENTITY',
    at: '2:1',
    lines: ['<MgmtTree>', `<Node><NodeName/>${NODE}</Node>`, '</MgmtTree>'],
  },
  {
    what: 'many octets',
    code: 'TOO_LARGE',
    at: '1:1',
    lines: ['<MgmtTree/>'],
    options: { maxSize: 10 },
    says: /11 .* 10/,
  },
  {
    what: 'deep nesting',
    code: 'TOO_DEEP',
    at: '5:1',
    lines: ['<MgmtTree>', '<Node>', '<Node>', '<Node>', '<Node>', '</Node></Node></Node></Node></MgmtTree>'],
    options: { maxDepth: 4 },
  },
  {
    what: 'a deep address',
    code: 'TOO_DEEP',
    at: '2:1',
    lines: ['<MgmtTree>', `<Node><NodeName>A</NodeName><Path>${'x/'.repeat(200)}</Path>${LEAF}</Node>`, '</MgmtTree>'],
  },
  {
    what: 'many elements',
    code: 'TOO_MANY_ELEMENTS',
    at: '3:1',
    lines: ['<MgmtTree>', `<Node>${'<x/>'.repeat(126)}`, '<y/></Node></MgmtTree>'],
    options: { maxNodes: 2 },
  },
  {
    what: 'many nodes',
    code: 'TOO_MANY_NODES',
    at: '4:3',
    lines: ['<MgmtTree>', named('A'), named('B'), named('C'), named('D'), '</MgmtTree>'],
    options: { maxNodes: 2 },
  },
];

describe('What is no description is refused with file, place, code and reason', () => {
  test.each(CASES)('$what: $code at $at', ({ code, at, lines, options, says }) => {
    const result = readDdf(lines.join('\n'), options);
    const refusal = result.ok ? undefined : result.refusal;

    expect(refusal && `${refusal.code} at ${refusal.line}:${refusal.column}`).toBe(`${code} at ${at}`);
    expect(refusal?.message).toMatch(says ?? /\w{3}/);
    expect(refusal?.message.length).toBeLessThan(500);
  });

  test('the place is the same in octets of each encoding, and with other line ends', () => {
    const { lines } = CASES.find(({ what }) => what === 'a "/" in a name') as Case;
    const unix = lines.join('\n');
    const windows = lines.join('\r\n');
    const sources = [
      Buffer.from(windows),
      Buffer.from(`\ufeff${unix}`),
      Buffer.from(`\ufeff${windows}`, 'utf16le'),
      Buffer.from(`\ufeff${unix}`, 'utf16le').swap16(),
    ];
    for (const source of sources) {
      const result = readDdf(source);
      expect(result).toMatchObject({ ok: false, refusal: { code: 'BAD_NAME', line: 2, column: 9 } });
    }
  });

  test('there is no class without a case', () => {
    expect(Object.keys(REFUSALS).filter((code) => !CASES.some((known) => known.code === code))).toEqual([]);
  });

  test('a file that is bad in several ways is refused for the first in reading order', () => {
    const result = readDdf(['<MgmtTree>', named('A/B'), '<Node>', '</MgmtTree>'].join('\n'));
    expect(result).toMatchObject({ ok: false, refusal: { code: 'NOT_XML', line: 4 } });
  });
});
