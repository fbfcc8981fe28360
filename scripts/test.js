'use strict';

/**
 * Runs the tests: all of them on the embedded database and then, when DATABASE_URL is set, those that use a database
 * (`*.db.test.ts`) once more on that PostgreSQL. Arguments go to Jest.
 *
 *   node scripts/test.js [--postgres-only] [JEST ARGUMENTS]
 *
 * Exit status: 0 passed, 1 a test failed or a tool that TEST_REQUIRE lists is missing, 2 bad usage.
 */

const { spawnSync } = require('node:child_process');
const { join, resolve } = require('node:path');

const ROOT = resolve(__dirname, '..');

/** With more room for young objects than by default: a tenth of all time is spent on collecting them. */
const NODE_OPTIONS = ['--max-semi-space-size=64'];

function jest(args, env) {
  const bin = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const done = spawnSync(process.execPath, [...NODE_OPTIONS, bin, ...args], {
    cwd: ROOT,
    env,
    stdio: 'inherit',
  });
  return done.status ?? 1;
}

/** The environment of the first run: nothing there may reach PostgreSQL, so nothing may ask for it. */
function withoutPostgres(env) {
  const { DATABASE_URL: _, TEST_REQUIRE: required = '', ...rest } = env;
  const others = required.split(',').filter((word) => word.trim() !== 'postgres');
  return { ...rest, TEST_REQUIRE: others.join(',') };
}

function main(argv, env) {
  const postgresOnly = argv.includes('--postgres-only');
  const args = argv.filter((word) => word !== '--postgres-only');
  const hasPostgres = (env.DATABASE_URL ?? '') !== '';
  const needsPostgres = (env.TEST_REQUIRE ?? '').split(',').some((word) => word.trim() === 'postgres');

  if (!hasPostgres && (postgresOnly || needsPostgres)) {
    process.stderr.write('DATABASE_URL is not set, and the tests on PostgreSQL were asked for\n');
    return postgresOnly ? 2 : 1;
  }

  const embedded = postgresOnly ? 0 : jest(args, withoutPostgres(env));
  // A file or pattern given by the caller may name no database test at all, hence passWithNoTests.
  const onPostgres = hasPostgres ? jest(['--passWithNoTests', ...onlyDatabaseTests(), ...args], env) : 0;
  return embedded === 0 && onPostgres === 0 ? 0 : 1;
}

function onlyDatabaseTests() {
  return ['--testMatch', join(ROOT, 'test', '**', '*.db.test.ts')];
}

process.exitCode = main(process.argv.slice(2), process.env);
