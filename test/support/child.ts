import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A process that a test started from a TypeScript file. */
export interface Child {
  readonly pid: number;
  /** Its next line on standard output; rejects when it ended without one. */
  line(): Promise<string>;
  /** Writes a line to its standard input. */
  tell(line: string): void;
  /** Ends it by `kill -9`, and resolves when it is gone. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Starts `node FILE.ts …`. Whatever still runs when the test process exits is killed. */
export function startChild(file: string, parameters: readonly string[]): Child {
  const child = spawn(process.execPath, ['-r', join(__dirname, 'typescript-hook.js'), file, ...parameters], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    line: async () => {
      const next = await lines.next();
      if (next.done === true) throw new Error(`${file} ended (exit code ${child.exitCode}) without another line`);
      return next.value;
    },
    tell: (line) => void child.stdin.write(`${line}\n`),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
