/** A process that does nothing but read all DDFs and compile them into one schema: asked for what it takes. */
import 'reflect-metadata';

import { loadCatalogue } from '../schema/catalogue/load';
import { DdfLibrary } from '../schema/ddf/library';
import { SchemaBuilder } from '../src/graphql/schema';
import { answerParent } from './child';
import { definitionsOf, sharedFiles } from './ddf-files';

export interface Memory {
  readonly types: number;
  /** Resident after the last file, MB of 2^20 octets. */
  readonly resident: number;
  /** The most that was ever resident. */
  readonly peak: number;
}

/** Held, as a gateway holds them. */
const held: unknown[] = [];

function measure(isQuick: boolean): Memory {
  const texts = [...loadCatalogue(), ...(sharedFiles(isQuick) ?? [])].map(({ text }) => text);
  const library = new DdfLibrary(definitionsOf(texts));
  const builder = new SchemaBuilder();
  const { schema } = builder.build(library);
  held.push(library, builder, schema);
  return {
    types: Object.keys(schema.getTypeMap()).length,
    resident: process.memoryUsage.rss() / 2 ** 20,
    // Told in kilobytes.
    peak: process.resourceUsage().maxRSS / 2 ** 10,
  };
}

answerParent(
  (request: { readonly isQuick: boolean }) => Promise.resolve(measure(request.isQuick)),
  () => Promise.resolve(),
);
