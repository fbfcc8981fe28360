'use strict';

// `node -r test/support/typescript-hook.js FILE.ts`: lets a process that a test starts load TypeScript as Jest does. What was
// translated once is kept in the temporary directory, for tests start such processes by the dozen.

const { createHash, randomBytes } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { version, transformSync } = require('@swc/core');

const OPTIONS = {
  swcrc: false,
  configFile: false,
  sourceMaps: 'inline',
  module: { type: 'commonjs' },
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
};

const KEPT = join(tmpdir(), 'moql-test', 'typescript');
mkdirSync(KEPT, { recursive: true });

function translate(filename) {
  const source = readFileSync(filename, 'utf8');
  const key = createHash('sha256')
    .update(`${version}\n${JSON.stringify(OPTIONS)}\n${filename}\n${source}`)
    .digest('hex');
  const path = join(KEPT, `${key}.js`);
  try {
    return readFileSync(path, 'utf8');
  } catch {
    const { code } = transformSync(source, { ...OPTIONS, filename });
    const draft = `${path}.${randomBytes(6).toString('hex')}`;
    writeFileSync(draft, code);
    renameSync(draft, path);
    return code;
  }
}

Module._extensions['.ts'] = (module, filename) => {
  module._compile(translate(filename), filename);
};
