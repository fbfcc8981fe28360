#!/usr/bin/env node
/** `moql`: finds the command and turns its end into an exit code. */
import { MigrationError } from '../store/migrate';
import { OwnerLockError } from '../store/owner-lock';
import { SqlError } from '../store/sql';
import { CommandError, UsageError, type Command, type ExitCode, type Io } from './command';
import { ddfCommand } from './ddf';
import { StartError } from './gateway';
import { demoCommand } from './demo';
import { exportCommand } from './export';
import { importCommand } from './import';
import { keyCommand } from './key';
import { migrateCommand } from './migrate';
import { serveCommand } from './serve';
import { simulateCommand } from './simulate';

/** In the order of the list that `moql --help` prints. */
const COMMANDS: Readonly<Record<string, Command>> = {
  serve: serveCommand,
  demo: demoCommand,
  simulate: simulateCommand,
  ddf: ddfCommand,
  key: keyCommand,
  import: importCommand,
  export: exportCommand,
  migrate: migrateCommand,
};

/** How long a process stays after its command has ended, when something holds it. */
const LINGER_MS = 1_000;

/** Runs one command line, without the interpreter and the program's name. Never rejects. */
export async function main(args: readonly string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h') {
    (name === undefined ? io.err : io.out)(overview());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    io.err(`moql: there is no command "${name}"\n\n${overview()}`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(command.help);
    return 0;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    return tell(name, error, io);
  }
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: moql COMMAND [OPTIONS]\n\n${lines.join('\n')}\n\nmoql COMMAND --help tells more. Settings are environment variables: docs/configuration.md.`;
}

function tell(name: string, error: unknown, io: Io): ExitCode {
  if (error instanceof UsageError) {
    io.err(`moql ${name}: ${error.message}\nmoql ${name} --help tells how it is used.`);
    return 2;
  }
  const isPlain =
    error instanceof CommandError ||
    error instanceof StartError ||
    error instanceof OwnerLockError ||
    error instanceof MigrationError ||
    error instanceof SqlError ||
    isSystemError(error);
  const text = !(error instanceof Error) ? String(error) : isPlain ? error.message : (error.stack ?? error.message);
  io.err(text.replace(/^/gm, `moql ${name}: `));
  return 1;
}

/** A port that is taken, an address that cannot be had, a connection that is refused. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function processIo(): Io {
  return {
    env: process.env,
    out: (line) => void process.stdout.write(`${line}\n`),
    drained: () =>
      new Promise((resolve) => {
        if (process.stdout.writableNeedDrain) process.stdout.once('drain', () => resolve());
        else resolve();
      }),
    err: (line) => void process.stderr.write(`${line}\n`),
    stopped: () =>
      new Promise((resolve) => {
        // A second signal ends the process at once, as if nobody had listened.
        process.once('SIGTERM', () => resolve());
        process.once('SIGINT', () => resolve());
      }),
  };
}

if (require.main === module) {
  void main(process.argv.slice(2), processIo()).then((code) => {
    process.exitCode = code;
    // Something may still wait for a time that no longer matters, such as a caller whose connection was cut.
    setTimeout(() => process.exit(), LINGER_MS).unref();
  });
}
