/** `schema.add.*`, `schema.rss_mb`, `schema.restart.*`: what a DDF costs that comes at run time, and a restart. */
import { loadCatalogue } from '../schema/catalogue/load';
import { DdfLibrary } from '../schema/ddf/library';
import { readDdf } from '../schema/ddf/read';
import { changesBetween } from '../src/graphql/schema-changes';
import { SchemaBuilder } from '../src/graphql/schema';
import { readModel, writeModel } from '../src/management/ddf-model';
import { startChild } from './child';
import { definitionsOf, sharedFiles, syntheticDdf } from './ddf-files';
import { figure, ratios, type Bench } from './figure';
import { race } from './race';
import type { Memory } from './schema-memory';

const ADD = 'schema.add.time_to_full';
const MEMORY = 'schema.rss_mb';
const MODELS = 'schema.restart.models_to_sources';
const ROUNDS = 5;
/** A builder remembers two builds, so with three editions in turn none is ever used again. */
const EDITIONS = [1, 2, 3];

export async function schemaFigures(bench: Bench): Promise<void> {
  if (![ADD, MEMORY, MODELS].some((name) => bench.wants(name))) return;
  const shared = sharedFiles(bench.quick);
  if (shared === undefined) {
    bench.note('../shared/ddf is not there: the figures of its schema are left out');
    return;
  }
  const texts = [...loadCatalogue(), ...shared].map(({ text }) => text);
  if (bench.wants(ADD)) add(bench, texts);
  if (bench.wants(MODELS)) models(bench, texts);
  if (bench.wants(MEMORY)) await memory(bench);
}

/** From the models of all DDFs, those that were there and the new one, to a schema that could go live and its report. */
function add(bench: Bench, texts: readonly string[]): void {
  const definitions = definitionsOf(texts);
  const editions = EDITIONS.map((edition) => [...definitions, ...definitionsOf([syntheticDdf(edition)])]);
  const builder = new SchemaBuilder();
  const { schema: before } = builder.build(new DdfLibrary(definitions));
  const known = before.getTypeMap();
  let turn = 0;
  const buildWithOneMore = (): ReturnType<SchemaBuilder['build']> =>
    builder.build(new DdfLibrary(editions[turn++ % editions.length]));
  const names = Object.keys(buildWithOneMore().schema.getTypeMap());
  bench.note(
    `${names.filter((name) => !known[name]).length} types are added to ${Object.keys(known).length} of ${texts.length} DDFs`,
  );
  const times = race(
    {
      full: () => new SchemaBuilder().build(new DdfLibrary(definitions)),
      added: () => changesBetween(before, buildWithOneMore().schema),
    },
    { rounds: ROUNDS, milliseconds: bench.quick ? 300 : 1500 },
  );
  bench.tell(figure('schema.add.full', 'us', times.full));
  bench.tell(figure('schema.add.added', 'us', times.added));
  bench.tell(figure(ADD, 'ratio', ratios(times.added, times.full), '<= 0.33'));
}

/** What a start does with DDFs that it has compiled before, and with those that it has not. */
function models(bench: Bench, texts: readonly string[]): void {
  const sources = texts.filter((text) => readDdf(text).ok);
  const written = sources.map((text) => {
    const result = readDdf(text);
    return result.ok ? writeModel(result.document) : '';
  });
  const times = race(
    {
      models: () => written.forEach((text) => readModel(text)),
      sources: () => sources.forEach((text) => readDdf(text)),
    },
    { rounds: ROUNDS, milliseconds: bench.quick ? 300 : 1500 },
  );
  bench.tell(figure('schema.restart.models', 'us', times.models));
  bench.tell(figure('schema.restart.sources', 'us', times.sources));
  bench.tell(figure(MODELS, 'ratio', ratios(times.models, times.sources)));
}

async function memory(bench: Bench): Promise<void> {
  const resident: number[] = [];
  const peak: number[] = [];
  for (let round = 0; round < (bench.quick ? 1 : ROUNDS); round++) {
    const child = startChild('schema-memory');
    const taken = await child.ask<Memory>({ isQuick: bench.quick });
    await child.stop();
    resident.push(taken.resident);
    peak.push(taken.peak);
  }
  bench.tell(figure(MEMORY, 'MB', resident, '<= 512'));
  bench.tell(figure('schema.rss_mb_peak', 'MB', peak, '<= 512'));
}
