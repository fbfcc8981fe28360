/** Any octets give a schema or a typed refusal, in bounded time and memory. `FUZZ_SEED` repeats a run. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { validateSchema } from 'graphql';

import { loadCatalogue, loadDemoCatalogue } from '../../schema/catalogue/load';
import { DdfLibrary } from '../../schema/ddf/library';
import { readDdf } from '../../schema/ddf/read';
import { REFUSALS } from '../../schema/ddf/refusals';
import { startChild } from '../support/child';
import { hold, holdOneOf } from '../support/hold';
import { hasShared, sharedPath } from '../support/shared';
import { compiled } from './ddf-texts';

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 0x7fffffff);
process.stdout.write(`FUZZ_SEED=${seed}\n`);

/** Larger files are left to the tests of the corpus: small ones reach the same code more often. */
const MAX_OCTETS = 12_000;
/** Of one case; a case takes about a millisecond where nothing else runs. */
const MAX_MILLISECONDS = 5_000;

let accepted = 0;

/** Everything that happens to a file: read, and when it is a DDF, compiled and validated. */
function take(octets: Uint8Array): void {
  const started = performance.now();
  const result = readDdf(octets);
  if (result.ok) {
    accepted++;
    const { schema, part } = compiled(new DdfLibrary(result.document.mos));
    // Validation costs more than all else.
    if (accepted % 5 === 0) expect(validateSchema(schema)).toEqual([]);
    for (const { code } of part.refusals) holdOneOf(['NAME_CLASH', 'BAD_NAME'], code);
  } else {
    const { code, line, column, message } = result.refusal;
    hold(Object.hasOwn(REFUSALS, code), 'a code of REFUSALS', code);
    hold(line >= 1 && column >= 1, 'a line and a column, from 1', [line, column]);
    hold(message.length < 1_000, 'a message of less than 1,000 characters', message);
  }
  const ms = performance.now() - started;
  hold(ms < MAX_MILLISECONDS, `less than ${MAX_MILLISECONDS} ms`, ms);
}

function check<T>(cases: number, arbitrary: fc.Arbitrary<T>, make: (value: T) => Uint8Array): void {
  fc.assert(
    fc.property(arbitrary, (value) => take(make(value))),
    { numRuns: cases, seed, endOnFailure: true },
  );
}

/** Pieces that mean something to the reader, whole and broken. */
const PIECES = [
  '<Node>',
  '</Node>',
  '<Node><NodeName/>',
  '<NodeName>*</NodeName>',
  '<NodeName>.</NodeName>',
  '<NodeName>&lt;X&gt;</NodeName>',
  '<Path>.</Path>',
  '<Path>./Vendor/MSFT</Path>',
  '<Path>a/b/c</Path>',
  '<Path>..</Path>',
  '<DFProperties>',
  '</DFProperties>',
  '<DFProperties/>',
  '<AccessType><Add/><Exec/><Get/><Replace/><Delete/></AccessType>',
  '<DFFormat><node/></DFFormat>',
  '<DFFormat><int/></DFFormat>',
  '<DFFormat><null/></DFFormat>',
  '<Occurrence><OneOrN>99999999999</OneOrN></Occurrence>',
  '<DefaultValue>99999999999999999999</DefaultValue>',
  '<DFType><DDFName>urn:oma:mo:ext-x-y:1.0</DDFName></DFType>',
  '<DFType><DDFName>./User/x</DDFName></DFType>',
  '<AllowedValues ValueType="ENUM"><Enum><Value>true</Value></Enum><Enum><Value/></Enum></AllowedValues>',
  '<AllowedValues ValueType="RegEx"><Value>(a+)+$</Value><List Delimiter="0xFFFFFF"/></AllowedValues>',
  '<AllowedValues ValueType="Range"><Value>[(-9)-99999999999999999999]</Value></AllowedValues>',
  '<AllowedValues ValueType="Flag"><Enum><Value>0xffffffff</Value></Enum></AllowedValues>',
  '<SupportedValues low="" high="1"/>',
  '<Deprecated OsBuildDeprecated="&quot;"/>',
  '<Description>"""\\ ${x} `</Description>',
  '<RTProperties><Type/></RTProperties>',
  '<Value>1</Value>',
  '<!-- No Get -->',
  '<!DOCTYPE MgmtTree [<!ENTITY a "b">]>',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '&#0;',
  '&#xD800;',
  '&lt;',
  '<?xml version="1.1" encoding="utf-16"?>',
  ' xmlns="urn:x"',
  ' xmlns:MSFT=""',
  '__typename',
  'nodeName',
  '\ud83d\ude00',
  '\u0000',
];

const PROPERTIES = PIECES.filter((piece) => /^<[A-Z][^]*>$/.test(piece) && !/Node|Path|DFProperties/.test(piece));
const NAMES = [
  'A',
  'a',
  'B',
  '',
  '*',
  '1',
  'nodeName',
  'items',
  'mo',
  'wait',
  '__x',
  'C',
  'D',
  'E',
  'F',
  'é',
  'E-Mail',
  'x%2Fy',
  'State',
  ' ',
  '{}',
];
const FORMATS = ['node', 'chr', 'int', 'bool', 'b64', 'bin', 'null', 'xml', 'date', 'time', 'float', 'odd'];

const ROOT =
  '<Node><NodeName>Root</NodeName><DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat></DFProperties>';

/** Nodes that are mostly well formed: names that meet, formats, a few properties of any kind, and children. */
const odd = fc.oneof(fc.constant('.'), fc.string({ maxLength: 6 }));
const { tree } = fc.letrec<{ tree: string[]; node: string }>((tie) => ({
  tree: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
  node: fc
    .record({
      name: fc.oneof({ weight: 200, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: odd }),
      path: fc.oneof(
        { weight: 150, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: fc.constantFrom('.', './Vendor/MSFT', './User/X', 'b/c', './A', '…', './A/*') },
      ),
      format: fc.constantFrom(...FORMATS),
      verbs: fc.subarray(['Add', 'Delete', 'Exec', 'Get', 'Replace']),
      properties: fc.array(fc.constantFrom(...PROPERTIES), { maxLength: 3 }),
      children: fc.option(tie('tree'), { nil: [] as string[], depthSize: 'small', maxDepth: 3 }),
    })
    .map(({ name, path, format, verbs, properties, children }) => {
      const escaped = name.replace(/[&<]/g, (character) => `&#${character.charCodeAt(0)};`);
      const access = verbs.map((verb) => `<${verb}/>`).join('');
      return (
        `<Node><NodeName>${escaped}</NodeName>${path === null ? '' : `<Path>${path}</Path>`}<DFProperties><AccessType>${access}</AccessType>` +
        `<DFFormat><${format}/></DFFormat>${properties.join('')}</DFProperties>${children.join('')}</Node>`
      );
    }),
}));

const edit = fc.record({
  /** Where an element ends, taking nothing out: the file stays well formed when the piece is. */
  isKind: fc.nat(4).map((number) => number > 0),
  at: fc.noBias(fc.nat(1_000_000)).map((number) => number / 1_000_000),
  length: fc.oneof(fc.constant(0), fc.nat(8), fc.nat(400)),
  piece: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...PIECES).map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }).map((octets) => Buffer.from(octets)) },
    { weight: 1, arbitrary: fc.string({ maxLength: 8 }).map((text) => Buffer.from(text)) },
    { weight: 2, arbitrary: fc.constant(undefined) },
  ),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** Takes pieces out and puts others in; where there is none, the file's own piece is doubled. */
function mutate(octets: Buffer, edits: readonly Edit[]): Buffer {
  return edits.reduce((known, { isKind, at, length, piece }) => {
    const from = Math.floor(at * known.length);
    if (isKind) {
      const end = known.indexOf('>', from) + 1;
      return Buffer.concat([
        known.subarray(0, end),
        Buffer.from(PROPERTIES[length % PROPERTIES.length] ?? ''),
        known.subarray(end),
      ]);
    }
    const taken = known.subarray(from, from + length);
    return Buffer.concat([
      known.subarray(0, from),
      piece ?? Buffer.concat([taken, taken]),
      known.subarray(from + length),
    ]);
  }, octets);
}

function smallFiles(): readonly Buffer[] {
  const own = [...loadCatalogue(), ...loadDemoCatalogue()].map(({ text }) => Buffer.from(text));
  const shared = hasShared()
    ? ['oma', '3gpp', 'other', 'microsoft'].flatMap((folder) =>
        readdirSync(sharedPath('ddf', folder), { withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ name }) => readFileSync(join(sharedPath('ddf', folder), name))),
      )
    : [];
  return [...own, ...shared].filter(({ length }) => length <= MAX_OCTETS);
}

describe('Any octets give a schema or a typed refusal', () => {
  const files = smallFiles();

  test('5,000 cases of nothing but octets, and of text in UTF-16', () => {
    check(3_000, fc.uint8Array({ maxLength: 400 }), (octets) => octets);
    check(2_000, fc.tuple(fc.boolean(), fc.array(fc.constantFrom(...PIECES), { maxLength: 20 })), ([isBig, pieces]) => {
      const octets = Buffer.from(`\ufeff<MgmtTree>${pieces.join('')}</MgmtTree>`, 'utf16le');
      return isBig ? octets.swap16() : octets;
    });
  });

  test('6,000 cases of trees of nodes with anything in them', () => {
    check(6_000, tree, (nodes) =>
      Buffer.from(`<MgmtTree><VerDTD>1.2</VerDTD>${ROOT}${nodes.join('')}</Node></MgmtTree>`),
    );
  });

  test('9,000 cases of real DDFs with pieces taken out, doubled and put in', () => {
    const changes = fc.record({
      file: fc.nat(files.length - 1),
      edits: fc.array(edit, { minLength: 1, maxLength: 4 }),
    });
    check(9_000, changes, ({ file, edits }) => mutate(files[file] as Buffer, edits));
  });

  test('thousands of the cases were DDFs, so that the compiler had its share', () => {
    expect(accepted).toBeGreaterThan(4_000);
  });
});

describe('The largest files that are read at all', () => {
  test('take bounded time and memory, whatever is in them', async () => {
    const child = startChild(join(__dirname, 'fuzz-child.ts'), []);
    const lines: string[] = [];
    for (let line = await child.line(); line !== 'end'; line = await child.line()) lines.push(line);

    const found = lines.map(
      (line) => JSON.parse(line) as { what: string; code: string; ms: number; megabytes: number },
    );
    expect(Object.fromEntries(found.map(({ what, code }) => [what, code]))).toEqual({
      elements: 'TOO_MANY_ELEMENTS',
      attributes: 'TOO_LARGE',
      comments: 'NO_IDENTITY',
      references: 'BAD_NAME',
      prolog: 'TOO_LARGE',
      'octets of no encoding': 'NOT_A_DDF',
      'siblings of one name': 'ok',
      'Paths of one place': 'ok',
      'a default without end': 'ok',
    });
    for (const { ms, megabytes } of found) {
      expect(ms).toBeLessThan(30_000);
      expect(megabytes).toBeLessThan(600);
    }
    await child.kill();
  });
});
