import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What a test may need beside a fresh clone. `TEST_REQUIRE` (comma-separated) makes it compulsory. */
export type Requirement = 'shared' | Tool;

/** Programs that judge us from outside. */
export type Tool = 'chromium' | 'libwbxml' | 'postgres' | 'kannel';

/** Where Debian's kannel-extras has them. */
const KANNEL_TESTS = '/usr/lib/kannel/test';
const SHARED_ROOT = resolve(__dirname, '..', '..', '..', 'shared');

/** Path of a file or folder of the shared reference material, which lies beside the checkout. */
export function sharedPath(...parts: readonly string[]): string {
  return join(SHARED_ROOT, ...parts);
}

/** Whether the shared reference material lies beside this checkout. */
export function hasShared(): boolean {
  return existsSync(SHARED_ROOT);
}

/**
 * `describe` for tests that read the shared reference material. Without it the group is skipped by name,
 * or fails when `TEST_REQUIRE` lists `shared`. The body runs only when the material is there, so it may read files.
 */
export function describeShared(name: string, body: () => void): void {
  describeIf('shared', hasShared(), name, body);
}

/** Same for a program: skipped by name when it is missing, failed when `TEST_REQUIRE` lists it. */
export function describeWith(tool: Tool, name: string, body: () => void): void {
  describeIf(tool, findTool(tool) !== undefined, name, body);
}

/**
 * Where the tool is: the absolute path of chromium or of `wbxml2xml`; for postgres the `DATABASE_URL`.
 * For kannel the folder of its test programs, beside which its daemons must be there. Undefined when it is missing.
 */
export function findTool(tool: Tool): string | undefined {
  switch (tool) {
    case 'chromium':
      return findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome');
    case 'libwbxml':
      return findProgram('wbxml2xml');
    case 'postgres':
      return process.env['DATABASE_URL'] || undefined;
    case 'kannel': {
      const isThere = findProgram('bearerbox') !== undefined && findProgram('wapbox') !== undefined;
      return isThere && existsSync(KANNEL_TESTS) ? KANNEL_TESTS : undefined;
    }
  }
}

/** Like `findTool`, for the body of a `describeWith`, where the tool is known to be there. */
export function requireTool(tool: Tool): string {
  const found = findTool(tool);
  if (found === undefined) throw new Error(`${tool} is not on this machine`);
  return found;
}

function describeIf(requirement: Requirement, isPresent: boolean, name: string, body: () => void): void {
  if (isPresent) {
    describe(name, body);
    return;
  }
  if (isRequired(requirement)) {
    describe(name, () => {
      test(`needs ${requirement}, which TEST_REQUIRE lists`, () => {
        throw new Error(`${requirement} is missing and TEST_REQUIRE lists it`);
      });
    });
    return;
  }
  describe(name, () => {
    test.skip(`skipped: ${requirement} is missing`, () => undefined);
  });
}

function isRequired(requirement: Requirement): boolean {
  const listed = (process.env['TEST_REQUIRE'] ?? '').split(',').map((word) => word.trim());
  return listed.includes(requirement);
}

function findProgram(name: string): string | undefined {
  // Daemons stand where only administrators look.
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
  const found = spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8', env });
  const path = found.status === 0 ? found.stdout.trim() : '';
  return path === '' ? undefined : path;
}
