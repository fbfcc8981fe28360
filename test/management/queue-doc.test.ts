import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { COMMAND_TRANSITIONS } from '../../src/management/command-state';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'queue.md'), 'utf8');

const CODE = Object.entries(COMMAND_TRANSITIONS)
  .flatMap(([from, ways]) => (ways.length === 0 ? [`${from} [*]`] : ways.map((to) => `${from} ${to}`)))
  .concat('[*] QUEUED')
  .sort();

describe('docs/queue.md', () => {
  test('draws the moves of a command as the code has them', () => {
    const drawn = [...PAGE.matchAll(/^ {2}(\S+) --> (\S+)$/gm)].map(([, from = '', to = '']) => `${from} ${to}`);
    expect(drawn.sort()).toEqual(CODE);
  });

  test('says of each move when it happens', () => {
    const told = [...PAGE.matchAll(/^\| ([A-Z_]+) \| ([A-Z_]+) \| \S.*\|$/gm)].map(
      ([, from = '', to = '']) => `${from} ${to}`,
    );
    expect(told.sort()).toEqual(CODE.filter((move) => !move.includes('[*]')));
  });
});
