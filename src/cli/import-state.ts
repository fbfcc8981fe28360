/** How far an import is, kept in a file so that a later call goes on there. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

import { CommandError } from './command';

interface State {
  /** The file that is imported, as it was named. */
  readonly file: string;
  /** The last line of which, and of all before it, the outcome is known. */
  readonly line: number;
}

/** The last line that is done; undefined where there is no such file. Throws CommandError for a state of something else. */
export function readState(path: string, file: string): number | undefined {
  if (!existsSync(path)) return undefined;
  let state: Partial<State> | null;
  try {
    state = JSON.parse(readFileSync(path, 'utf8')) as Partial<State> | null;
  } catch {
    throw new CommandError(`${path} is no state of an import`);
  }
  if (!Number.isSafeInteger(state?.line) || typeof state?.file !== 'string')
    throw new CommandError(`${path} is no state of an import`);
  if (state.file !== file) throw new CommandError(`${path} tells how far ${state.file} is, not ${file}`);
  return state.line;
}

/** Whoever looks meanwhile finds the state before, or this one. */
export function writeState(path: string, state: State): void {
  const next = `${path}.${process.pid}.tmp`;
  writeFileSync(next, `${JSON.stringify(state)}\n`);
  renameSync(next, path);
}
