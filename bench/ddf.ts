/** `ddf.read.*`: description files into the plain model. `schema.compile.*`: the model into a GraphQL schema. */
import { DOMParser } from '@xmldom/xmldom';
import { buildASTSchema, parse } from 'graphql';

import { loadCatalogue } from '../schema/catalogue/load';
import { DdfLibrary } from '../schema/ddf/library';
import type { DdfNode } from '../schema/ddf/model';
import { readDdf } from '../schema/ddf/read';
import { buildSchema } from '../src/graphql/schema';
import { definitionsOf, sharedFiles, type DdfText } from './ddf-files';
import { figure, ratios, type Bench } from './figure';
import { race } from './race';

const READ = 'ddf.read';
const COMPILE = 'schema.compile';
const ROUNDS = 5;

export function ddfFigures(bench: Bench): void {
  if (!bench.wants(READ) && !bench.wants(COMPILE)) return;
  const catalogue = loadCatalogue();
  const shared = sharedFiles(bench.quick);
  if (bench.wants(READ)) {
    if (shared === undefined) bench.note('../shared/ddf is not there: the catalogue alone is read');
    read(bench, shared ?? catalogue);
  }
  if (!bench.wants(COMPILE)) return;
  compile(bench, 'catalogue', catalogue);
  if (shared !== undefined) compile(bench, 'shared', [...catalogue, ...shared]);
}

function read(bench: Bench, files: readonly DdfText[]): void {
  const texts: string[] = [];
  let nodes = 0;
  for (const { name, text } of files) {
    const result = readDdf(text);
    if (!result.ok) bench.note(`${name} is left out: we refuse it as ${result.refusal.code}`);
    // A file that only we can read would give us octets that cost the other nothing.
    else if (!isReadByXmldom(text)) bench.note(`${name} is left out: xmldom cannot read it`);
    else {
      texts.push(text);
      for (const { root } of result.document.mos) nodes += countNodes(root);
    }
  }
  const octets = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  bench.note(`${texts.length} DDF files of ${files.length}, ${nodes} nodes, ${(octets / 1e6).toFixed(1)} MB`);
  const times = race(
    {
      ours: () => texts.forEach((text) => readDdf(text)),
      xmldom: () => texts.forEach((text) => new DOMParser(QUIET).parseFromString(text, 'text/xml')),
    },
    { rounds: ROUNDS, milliseconds: bench.quick ? 500 : 1500 },
  );
  const perSecond = (us: readonly number[]): readonly number[] => us.map((time) => octets / time);
  bench.tell(figure(`${READ}.ours`, 'MB/s', perSecond(times.ours)));
  bench.tell(figure(`${READ}.xmldom`, 'MB/s', perSecond(times.xmldom)));
  bench.tell(figure(`${READ}.time_to_xmldom`, 'ratio', ratios(times.ours, times.xmldom), '<= 1.3'));
}

function compile(bench: Bench, what: string, files: readonly DdfText[]): void {
  const library = new DdfLibrary(definitionsOf(files.map(({ text }) => text)));
  const { schema, sdl, refusals } = buildSchema(library);
  const text = sdl();
  const types = Object.keys(schema.getTypeMap()).length;
  bench.note(
    `${what}: ${library.families().length} families, ${refusals.length} left out, ${types} types, ${text.length} characters of SDL`,
  );
  const times = race(
    { ours: () => buildSchema(library), graphqlJs: () => buildASTSchema(parse(text)) },
    { rounds: ROUNDS, milliseconds: bench.quick ? 300 : 1000 },
  );
  bench.tell(figure(`${COMPILE}.${what}.ours`, 'us', times.ours));
  bench.tell(figure(`${COMPILE}.${what}.graphql_js`, 'us', times.graphqlJs));
  bench.tell(figure(`${COMPILE}.${what}.time_to_graphql_js`, 'ratio', ratios(times.ours, times.graphqlJs), '<= 1'));
}

function countNodes(node: DdfNode): number {
  return node.children.reduce((sum, child) => sum + countNodes(child), 1);
}

const QUIET = { onError: (): void => undefined } as const;

function isReadByXmldom(text: string): boolean {
  try {
    new DOMParser(QUIET).parseFromString(text, 'text/xml');
    return true;
  } catch {
    return false;
  }
}
