/** Files of DDFs that a gateway takes at its start. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Logger } from 'pino';

import { decodeXml } from '../../schema/ddf/encoding';
import type { DdfFile } from '../management/ddfs';
import { StartError } from './start-error';

/** The files `*.xml` and `*.ddf` of MOQL_DDF_DIR, in order of name. */
export function readDdfDirectory(directory: string, log: Logger): readonly DdfFile[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && /\.(?:xml|ddf)$/i.test(entry.name))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    throw new StartError(`MOQL_DDF_DIR: ${reasonOf(error)}`);
  }
  return names.flatMap((name) => {
    try {
      return [{ name, text: decodeXml(readFileSync(join(directory, name))).text }];
    } catch (error) {
      log.warn({ file: name, reason: reasonOf(error) }, 'a DDF could not be read');
      return [];
    }
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
