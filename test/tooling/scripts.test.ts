import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const SCRIPTS = resolve(__dirname, '..', '..', 'scripts');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
  const { DATABASE_URL: _url, TEST_REQUIRE: _require, ...rest } = process.env;
  return spawnSync(process.execPath, [join(SCRIPTS, script), ...args], {
    encoding: 'utf8',
    env: { ...rest, ...env },
  });
}

describe('The sum of the test runs', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'moql-sum-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function reportOf(name: string, passed: number, failed: number, broken = 0): string {
    const path = join(folder, name);
    const report = { numPassedTests: passed, numFailedTests: failed, numRuntimeErrorTestSuites: broken };
    writeFileSync(path, JSON.stringify(report));
    return path;
  }

  test('adds up all reports in one line and exits 0 when nothing failed', () => {
    const ended = run('sum-test-results.js', [reportOf('a.json', 3, 0), reportOf('b.json', 4, 0)]);
    expect(ended).toMatchObject({ status: 0, stdout: '7 passed, 0 failed\n' });
  });

  test('counts failed tests, files that did not load and failed steps, and exits 1', () => {
    const ended = run('sum-test-results.js', ['--failed-steps', '1', reportOf('a.json', 3, 2, 1)]);
    expect(ended).toMatchObject({ status: 1, stdout: '3 passed, 4 failed\n' });
  });

  test('counts a report that is missing as a failure', () => {
    const ended = run('sum-test-results.js', [reportOf('a.json', 3, 0), join(folder, 'none.json')]);
    expect(ended).toMatchObject({ status: 1, stdout: '3 passed, 1 failed\n' });
  });
});

describe('The test runner', () => {
  test('refuses to run only the tests on PostgreSQL when DATABASE_URL is not set', () => {
    expect(run('test.js', ['--postgres-only']).status).toBe(2);
  });

  test('fails when TEST_REQUIRE lists postgres and DATABASE_URL is not set', () => {
    expect(run('test.js', [], { TEST_REQUIRE: 'shared,postgres' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('DATABASE_URL is not set') as string,
    });
  });
});
