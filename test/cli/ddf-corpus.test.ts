import { readdirSync } from 'node:fs';

import { describeShared, sharedPath } from '../support/shared';
import { moql } from './moql';

interface Summary {
  readonly file: string;
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly line: number; readonly column: number };
  readonly mos?: readonly { readonly nodes: number }[];
  readonly warnings?: readonly {
    readonly code: string;
    readonly line: number;
    readonly column: number;
    readonly count: number;
  }[];
}

/** Codes, counts and places: nothing of what a file says. */
function lineOf({ file, error, mos = [], warnings = [] }: Summary): string {
  const name = file.slice(sharedPath('ddf').length + 1);
  if (error) return `${name}: refused ${error.code} at ${error.line}:${error.column}`;
  const found = warnings.map(({ code, count, line, column }) => `, ${code} ×${count} at ${line}:${column}`);
  return `${name}: ${mos.map(({ nodes }) => nodes).join(' + ')} nodes${found.join('')}`;
}

describeShared('moql ddf check over every DDF of the shared corpus', () => {
  const files = readdirSync(sharedPath('ddf'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:xml|ddf)$/i.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort();

  test('accepts all but the one that is a dump of an instance, and says the same as ever of each', async () => {
    const { code, out } = await moql(['ddf', 'check', '--json', ...files]);
    const summaries = out.split('\n').map((line) => JSON.parse(line) as Summary);

    expect(summaries).toHaveLength(325);
    expect(summaries.flatMap(({ ok, error }) => (ok ? [] : [error?.code]))).toEqual(['INSTANCE_DUMP']);
    expect(code).toBe(1);
    expect(summaries.map(lineOf)).toMatchSnapshot();
  });
});
