import { acquireOwnership, OwnerLockError } from '../../src/store/owner-lock';

/** Takes the ownership of the directory that it is given, says how that went, and keeps it until it is killed. */
async function main(): Promise<void> {
  try {
    await acquireOwnership(process.argv[2] ?? '');
    process.stdout.write('owner\n');
  } catch (error) {
    process.stdout.write(error instanceof OwnerLockError ? `${error.code} ${error.ownerPid}\n` : `${String(error)}\n`);
  }
  setInterval(() => undefined, 1_000);
}

void main();
