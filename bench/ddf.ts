/** `ddf.read.*`: description files into the plain model. `schema.compile.*`: the model into a GraphQL schema. */
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { DOMParser } from '@xmldom/xmldom';
import { buildASTSchema, parse } from 'graphql';

import { loadCatalogue } from '../schema/catalogue/load';
import { decodeXml } from '../schema/ddf/encoding';
import { DdfLibrary } from '../schema/ddf/library';
import type { MoDefinition } from '../schema/ddf/model';
import { readDdf } from '../schema/ddf/read';
import { buildSchema } from '../src/graphql/schema';
import { figure, ratios, type Bench } from './figure';
import { race } from './race';

const READ = 'ddf.read';
const COMPILE = 'schema.compile';
const ROUNDS = 5;

export function ddfFigures(bench: Bench): void {
  if (!bench.wants(READ) && !bench.wants(COMPILE)) return;
  const catalogue = loadCatalogue().map(({ text }) => text);
  const shared = sharedFiles(bench.quick);
  if (bench.wants(READ)) {
    if (shared === undefined) bench.note('../shared/ddf is not there: the catalogue alone is read');
    read(bench, shared ?? catalogue);
  }
  if (!bench.wants(COMPILE)) return;
  compile(bench, 'catalogue', catalogue);
  if (shared !== undefined) compile(bench, 'shared', [...catalogue, ...shared]);
}

function read(bench: Bench, candidates: readonly string[]): void {
  const texts = candidates.filter((text) => readDdf(text).ok && isReadByXmldom(text));
  const octets = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  bench.note(`${texts.length} DDF files of ${candidates.length} are read by both, ${(octets / 1e6).toFixed(1)} MB`);
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
  bench.tell(figure(`${READ}.time_to_xmldom`, 'ratio', ratios(times.ours, times.xmldom)));
}

function compile(bench: Bench, what: string, texts: readonly string[]): void {
  const library = libraryOf(texts);
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
  bench.tell(figure(`${COMPILE}.${what}.time_to_graphql_js`, 'ratio', ratios(times.ours, times.graphqlJs)));
}

/** Families that meet under one name are left out by the compiler itself. */
function libraryOf(texts: readonly string[]): DdfLibrary {
  const definitions: MoDefinition[] = [];
  for (const text of texts) {
    const result = readDdf(text);
    if (result.ok) definitions.push(...result.document.mos);
  }
  return new DdfLibrary(definitions);
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

/** Files beside the checkout, every eighth when time is short; undefined when there are none. */
function sharedFiles(isQuick: boolean): readonly string[] | undefined {
  const folder = resolve(checkout(), '..', 'shared', 'ddf');
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:xml|ddf)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .filter((_, index) => !isQuick || index % 8 === 0)
    .map((path) => decodeXml(readFileSync(path)).text);
}

/** The folder above this one, compiled or not, that has the package's name card. */
function checkout(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
