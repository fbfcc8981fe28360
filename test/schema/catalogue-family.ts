import { loadCatalogue, loadDemoCatalogue } from '../../schema/catalogue/load';
import { DdfLibrary } from '../../schema/ddf/library';
import type { MoFamily } from '../../schema/graphql/types';
import { compiled, definitionsOf } from './ddf-texts';

/** The catalogue with the demonstration's objects. */
export function catalogueLibrary(): DdfLibrary {
  return new DdfLibrary(definitionsOf(...[...loadCatalogue(), ...loadDemoCatalogue()].map(({ text }) => text)));
}

export function readCatalogueFamily(family: string): MoFamily {
  const found = compiled(catalogueLibrary()).part.families.find((known) => known.family === family);
  if (!found) throw new Error(`${family} is not in the catalogue`);
  return found;
}
