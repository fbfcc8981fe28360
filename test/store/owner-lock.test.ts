import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { acquireOwnership, OwnerLockError } from '../../src/store/owner-lock';
import { startChild } from '../support/child';
import type { Child } from '../support/child';

let directory: string;
const children: Child[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'moql-owner-'));
});

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  rmSync(directory, { recursive: true, force: true });
});

function startOwner(): Child {
  const child = startChild(join(__dirname, 'owner-child.ts'), [directory]);
  children.push(child);
  return child;
}

async function refusal(): Promise<OwnerLockError> {
  const ownership = await acquireOwnership(directory).catch((error: unknown) => error);
  if (ownership instanceof OwnerLockError) return ownership;
  throw new Error('the ownership was given');
}

describe('one process owns a data directory', () => {
  test('a second process is refused, and told the pid of the first', async () => {
    const owner = startOwner();
    expect(await owner.line()).toBe('owner');
    expect(await startOwner().line()).toBe(`DATA_DIR_IN_USE ${owner.pid}`);
    const error = await refusal();
    expect(error.ownerPid).toBe(owner.pid);
    expect(error.message).toContain(String(owner.pid));
  });

  test('what a killed process owned is taken over at once', async () => {
    const owner = startOwner();
    expect(await owner.line()).toBe('owner');
    await owner.kill();
    const ownership = await acquireOwnership(directory);
    await ownership.release();
    expect(readdirSync(join(directory, 'owner'))).toEqual([]);
  });

  test('what a killed process left counts for nothing, even when its pid lives again', async () => {
    // Not a socket that anybody listens on, but the name carries the pid of a living process: this one.
    mkdirSync(join(directory, 'owner'));
    writeFileSync(join(directory, 'owner', `000000000000001-0123456789abcdef.${process.pid}.sock`), '');
    await (await acquireOwnership(directory)).release();
  });

  test('the same process cannot own it twice, and can again after it let go', async () => {
    const first = await acquireOwnership(directory);
    expect((await refusal()).ownerPid).toBe(process.pid);
    await first.release();
    await first.release();
    await (await acquireOwnership(directory)).release();
  });

  test('of many that start together exactly one wins', async () => {
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.allSettled(Array.from({ length: 12 }, () => acquireOwnership(directory)));
      const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(won).toHaveLength(1);
      await won[0]?.release();
    }
  });

  test('of several processes that start together exactly one wins, also over a dead owner', async () => {
    const dead = startOwner();
    expect(await dead.line()).toBe('owner');
    await dead.kill();
    const lines = await Promise.all([startOwner(), startOwner(), startOwner()].map((child) => child.line()));
    expect(lines.filter((line) => line === 'owner')).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('DATA_DIR_IN_USE'))).toHaveLength(2);
  });

  test('a path too long for the address of a socket will do', async () => {
    directory = join(directory, 'x'.repeat(120));
    const ownership = await acquireOwnership(directory);
    expect((await refusal()).code).toBe('DATA_DIR_IN_USE');
    await ownership.release();
  });

  test('a directory that cannot be made is told as such', async () => {
    writeFileSync(join(directory, 'file'), '');
    directory = join(directory, 'file');
    expect((await refusal()).code).toBe('DATA_DIR_UNUSABLE');
  });
});
