import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';

import type { Io } from '../../src/cli/command';
import { main } from '../../src/cli/main';

const ROOT = resolve(__dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. */
export async function moql(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    env,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    stopped: () => Promise.resolve(),
  };
  const code = await main(args, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves with the first match on standard output; rejects when the process ends without one. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `moql` as a process of its own, with nothing but `env` in its environment. */
export function startMoql(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(
    process.execPath,
    ['-r', join(ROOT, 'test/support/typescript-hook.js'), join(ROOT, 'src/cli/main.ts'), ...args],
    {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  running.add(child);
  let out = '';
  let err = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<Ended>((done) => {
    child.once('close', (code) => {
      running.delete(child);
      done({ code, out, err });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    says: (pattern) =>
      new Promise((found, lost) => {
        const look = (): void => {
          const match = pattern.exec(out);
          if (match === null) return;
          listeners.delete(look);
          found(match);
        };
        listeners.add(look);
        void ended.then(() => lost(new Error(`moql ended without saying ${pattern}: ${out}${err}`)));
        look();
      }),
    signal: (name) => void child.kill(name),
  };
}
