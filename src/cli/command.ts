/** What the commands of `moql` share: their shape, their arguments, and what their ends mean. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

import { readEnvironment, type Configuration } from '../config/environment';

/** Where a command reads and writes; a parameter, so that commands can be run in a test. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line on standard output. */
  out(line: string): void;
  /** Resolves when standard output takes more; absent: it always does. */
  drained?(): Promise<void>;
  /** One line on standard error. */
  err(line: string): void;
  /** Resolves when the process is asked to end. */
  stopped(): Promise<void>;
}

/** 0: done, 1: failed, 2: bad usage. */
export type ExitCode = 0 | 1 | 2;

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  run(args: readonly string[], io: Io): Promise<ExitCode>;
}

/** The command was called in a way that it does not know: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something that the user can mend, told without a stack: exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** `parseArgs` whose complaints are UsageErrors. */
export function parse<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** A whole number of an option, or UsageError. */
export function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most))
    throw new UsageError(`--${name} is ${text}; it must be a whole number from ${least} to ${most}`);
  return value;
}

/** One of several words, or UsageError. */
export function oneOf<W extends string>(name: string, text: string, words: readonly W[]): W {
  const word = words.find((candidate) => candidate === text);
  if (word === undefined) throw new UsageError(`--${name} is ${text}; it must be ${words.join(' or ')}`);
  return word;
}

/** The configuration, or CommandError that names every variable that is wrong. */
export function configurationOf(io: Io): Configuration {
  const result = readEnvironment(io.env);
  if (result.ok) return result.configuration;
  throw new CommandError(result.problems.join('\n'));
}
