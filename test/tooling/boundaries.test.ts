import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..', '..');

/** A text that pretends to lie at `path`. */
interface Sample {
  readonly path: string;
  readonly text: string;
}

type Case = readonly [path: string, text: string];

const FORBIDDEN: readonly Case[] = [
  ['adapters/adapter.ts', "import { x } from './dm1/message';"],
  ['adapters/adapter.ts', "import type { x } from '../src/store/sql';"],
  ['adapters/dm1/session/step.ts', "import type { x } from '../../dm2/package';"],
  ['adapters/http/auth.ts', "import type { x } from '../dm1/message';"],
  ['adapters/http/auth.ts', "import { createServer } from 'node:http';"],
  ['adapters/dm1/session/step.ts', "import type { x } from '../../../schema/ddf/model';"],
  ['adapters/dm1/codec/xml.ts', "import { x } from '../../../src/management/services';"],
  ['adapters/dm1/codec/xml.ts', "import { createServer } from 'node:http';"],
  ['adapters/dm1/codec/xml.ts', "import { parse } from 'graphql';"],
  ['adapters/dm2/package2.ts', "import { x } from '../dm1/message';"],
  ['adapters/dm2/package2.ts', "export { x } from '../../schema/ddf/model';"],
  ['adapters/dm2/package2.ts', "import { Pool } from 'pg';"],
  ['schema/ddf/read.ts', "import { x } from '../graphql/names';"],
  ['schema/ddf/read.ts', "import { GraphQLObjectType } from 'graphql';"],
  ['schema/ddf/read.ts', "import type { x } from '../../adapters/adapter';"],
  ['schema/graphql/types.ts', "import { x } from '../../src/graphql/server';"],
  ['schema/graphql/types.ts', "import { ObjectType } from 'type-graphql';"],
  ['schema/graphql/types.ts', "import { x } from '../../adapters/adapter';"],
  ['src/config/config.ts', "import { x } from '../store/sql';"],
  ['src/store/sql.ts', "import { x } from '../management/services';"],
  ['src/store/sql.ts', "import { x } from '../../adapters/adapter';"],
  ['src/access/grant.ts', "import { x } from '../management/services';"],
  ['src/management/queue.ts', "import { x } from '../graphql/server';"],
  ['src/management/queue.ts', "import { x } from '../../adapters/dm1/message';"],
  ['src/management/queue.ts', "import { x } from '../../schema/graphql/names';"],
  ['src/management/queue.ts', "import { x } from '../bearers/bearer';"],
  ['src/management/queue.ts', "import type { x } from '../bearers/smpp';"],
  ['src/bearers/smpp.ts', "import { x } from '../store/sql';"],
  ['src/repository/item.ts', "import { x } from '../management/services';"],
  ['src/graphql/device.ts', "import type { x } from '../../adapters/dm1/message';"],
  ['src/graphql/device.ts', "import { x } from '../../adapters/adapter';"],
  ['src/graphql/device.ts', "const x = import('../http/app');"],
  ['src/graphql/device.ts', "import { Pool } from 'pg';"],
  ['src/portal/page.ts', "import { x } from '../graphql/server';"],
  ['src/simulator/dm1.ts', "import { x } from '../management/services';"],
  ['src/simulator/dm1.ts', "import { x } from '../../adapters/dm1/session/step';"],
  ['src/simulator/dm2.ts', "import { x } from '../../adapters/dm2/session/step';"],
  ['src/simulator/dm2.ts', "import { x } from '../../schema/ddf/model';"],
  ['src/http/app.ts', "import { x } from '../cli/main';"],
  ['src/cli/main.ts', "import { x } from '../../test/support/shared';"],
  ['src/cli/main.ts', "import { x } from '../../bench/main';"],
  ['src/attic/old.ts', "import { x } from '../store/sql';"],
];

const ALLOWED: readonly Case[] = [
  ['src/management/queue.ts', "import type { x } from '../bearers/bearer';"],
  ['adapters/dm1/session/step.ts', "import type { x } from '../message'; import type { y } from '../../adapter';"],
  ['adapters/dm1/codec/xml.ts', "import { SaxesParser } from 'saxes';"],
  ['adapters/dm1/session/step.ts', "import { x } from '../../http/auth';"],
  ['adapters/dm2/session/step.ts', "import { x } from '../../http/auth';"],
  ['adapters/dm1/credential.ts', "import { createHash } from 'node:crypto';"],
  ['schema/graphql/types.ts', "import { GraphQLObjectType } from 'graphql'; import type { x } from '../ddf/model';"],
  ['src/store/sql.ts', "import { Pool } from 'pg'; import type { x } from '../../adapters/adapter';"],
  ['src/management/queue.ts', "import { x } from '../store/sql'; import { y } from '../../adapters/adapter';"],
  [
    'src/graphql/device.ts',
    "import { type x } from '../../adapters/adapter'; import { y } from '../management/services';",
  ],
  [
    'src/simulator/dm1.ts',
    "import { x } from '../../adapters/dm1/codec/wbxml'; import { y } from '../../adapters/dm2/package';",
  ],
  ['src/http/app.ts', "import { x } from '../../adapters/dm1/session/step'; import { y } from '../graphql/server';"],
  ['src/cli/main.ts', "import { x } from '../simulator/dm1'; import { y } from '../http/app';"],
  ['test/tooling/any.test.ts', "import { x } from '../../src/cli/main';"],
];

/**
 * What the rule `moql/rooms` of the project's own configuration says to each sample. ESLint runs once, in a process of
 * its own, and without types: the samples lie in no TypeScript project.
 */
function objections(samples: readonly Sample[]): readonly (readonly string[])[] {
  const done = spawnSync(process.execPath, [join(__dirname, 'lint-samples.js')], {
    cwd: ROOT,
    encoding: 'utf8',
    input: JSON.stringify(samples),
    maxBuffer: 16 * 1024 * 1024,
  });
  if (done.status !== 0) throw new Error(`ESLint did not run: ${done.stderr}`);
  return JSON.parse(done.stdout) as readonly (readonly string[])[];
}

describe('Import boundaries between the rooms', () => {
  const toSample = ([path, text]: Case): Sample => ({ path, text: `${text}\n` });
  let answers: readonly (readonly string[])[] = [];

  beforeAll(() => {
    answers = objections([...FORBIDDEN, ...ALLOWED].map(toSample));
  });

  test.each(FORBIDDEN.map(([path, text], index) => ({ path, text, index })))('$path is refused $text', ({ index }) => {
    expect(answers[index]).toEqual([expect.stringContaining('ARCHITECTURE.md')]);
  });

  test.each(ALLOWED.map(([path, text], index) => ({ path, text, index: FORBIDDEN.length + index })))(
    '$path may say $text',
    ({ index }) => {
      expect(answers[index]).toEqual([]);
    },
  );
});
