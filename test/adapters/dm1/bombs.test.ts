import { join } from 'node:path';

import { startChild } from '../../support/child';

/** What the largest message takes, several times over. */
const MEGABYTES = 250;
/** Most take a few milliseconds where nothing else runs. */
const MILLISECONDS = 20_000;

test('documents that are small and mean much are refused, and take neither memory nor time', async () => {
  const child = startChild(join(__dirname, 'bombs-child.ts'), []);
  const lines: string[] = [];
  for (let line = await child.line(); line !== 'end'; line = await child.line()) lines.push(line);
  await child.kill();

  const found = lines.map((line) => JSON.parse(line) as { what: string; code: string; ms: number; megabytes: number });
  expect(Object.fromEntries(found.map(({ what, code }) => [what, code]))).toEqual({
    'XML: elements inside one another': 'LIMIT_DEPTH',
    'XML: elements side by side': 'LIMIT_ELEMENTS',
    'XML: attributes': 'XML_MALFORMED',
    'XML: entities': 'XML_SUBSET',
    'XML: references': 'ok',
    'XML: never ends': 'XML_MALFORMED',
    'WBXML: elements inside one another': 'LIMIT_DEPTH',
    'WBXML: elements side by side': 'LIMIT_ELEMENTS',
    'WBXML: one text named again and again': 'LIMIT_TEXT',
    'WBXML: a string table': 'LIMIT_STRING_TABLE',
    'WBXML: opaque data longer than all': 'WBXML_OPAQUE',
    'gzip: a GiB of zeros': '413',
    'deflate: a GiB of zeros': '413',
    'gzip: no larger than a message, from a few octets': '413',
  });
  for (const { ms, megabytes } of found) {
    expect(ms).toBeLessThan(MILLISECONDS);
    expect(megabytes).toBeLessThan(MEGABYTES);
  }
});
