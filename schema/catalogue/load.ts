/** The DDFs that come with the gateway, as they lie in its package. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface CatalogueFile {
  /** Such as `fumo-1.0.ddf.xml`. */
  readonly name: string;
  readonly text: string;
}

const SUFFIX = '.ddf.xml';

/** The standard objects, sorted by name. Throws when the package is incomplete. */
export function loadCatalogue(): readonly CatalogueFile[] {
  return filesOf(catalogueFolder());
}

/** Objects of made-up vendors, for demonstrations and tests; not loaded by default. */
export function loadDemoCatalogue(): readonly CatalogueFile[] {
  return filesOf(join(catalogueFolder(), 'demo'));
}

function filesOf(folder: string): readonly CatalogueFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
}

/** Compiled code lies elsewhere than the files, so both are found from the package's root. */
function catalogueFolder(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    if (isPackageRoot(folder)) return join(folder, 'schema', 'catalogue');
    if (dirname(folder) === folder) throw new Error(`no package.json of moql above ${__dirname}`);
  }
}

function isPackageRoot(folder: string): boolean {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return false;
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof content === 'object' && content !== null && 'name' in content && content.name === 'moql';
}
