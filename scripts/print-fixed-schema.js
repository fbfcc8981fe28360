'use strict';

/**
 * `npm run schema` writes the fixed part of the schema, which no DDF changes, to `schema/fixed.graphql`; a test holds the file
 * against the code. A change that breaks callers is written only where `schema/breaking-changes.json` gives its reason, as
 * `{ "change, as this script tells it": "reason" }`.
 */
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');
require(join(ROOT, 'test', 'support', 'typescript-hook.js'));
const { breakingChanges, fixedSdl, unexplained } = require(join(ROOT, 'src', 'graphql', 'fixed-sdl.ts'));

const path = join(ROOT, 'schema', 'fixed.graphql');
const sdl = fixedSdl();
const allowed = JSON.parse(readFileSync(join(ROOT, 'schema', 'breaking-changes.json'), 'utf8'));
const refused = unexplained(breakingChanges(readFileSync(path, 'utf8'), sdl), allowed);
if (refused.length > 0) {
  process.stderr.write(`These break callers; give their reasons in schema/breaking-changes.json:\n`);
  for (const change of refused) process.stderr.write(`  ${JSON.stringify(change)}\n`);
  process.exitCode = 1;
} else {
  writeFileSync(path, sdl);
}
