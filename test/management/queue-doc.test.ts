import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { COMMAND_TRANSITIONS, OPERATION_TRANSITIONS } from '../../src/management/command-state';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'queue.md'), 'utf8');

const [, COMMAND = '', OPERATION = ''] = PAGE.split(/^## An? (?:command|operation)$/m);

/** `FROM TO` of each move that a table in code allows; a state without any is an end. */
function movesOf(table: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(table)
    .flatMap(([from, ways]) => (ways.length === 0 ? [`${from} [*]`] : ways.map((to) => `${from} ${to}`)))
    .concat('[*] QUEUED')
    .sort();
}

function drawnIn(section: string): string[] {
  return [...section.matchAll(/^ {2}(\S+) --> (\S+)$/gm)].map(([, from = '', to = '']) => `${from} ${to}`).sort();
}

describe('docs/queue.md', () => {
  test('draws the moves of a command, and those of an operation, as the code has them', () => {
    expect(drawnIn(COMMAND)).toEqual(movesOf(COMMAND_TRANSITIONS));
    expect(drawnIn(OPERATION)).toEqual(movesOf(OPERATION_TRANSITIONS));
  });

  test('says of each move of a command when it happens', () => {
    const told = [...PAGE.matchAll(/^\| ([A-Z_]+) \| ([A-Z_]+) \| \S.*\|$/gm)].map(
      ([, from = '', to = '']) => `${from} ${to}`,
    );
    expect(told.sort()).toEqual(movesOf(COMMAND_TRANSITIONS).filter((move) => !move.includes('[*]')));
  });

  test('says of each state of an operation when it has it', () => {
    const told = [...OPERATION.matchAll(/^\| ([A-Z_]+) \| [^|]+\|$/gm)].map(([, state = '']) => state);
    expect(told.sort()).toEqual(Object.keys(OPERATION_TRANSITIONS).sort());
  });
});
