/** What stands in a session's `state` column, as the database can hold it. */
import type { SessionState } from '../../adapters/adapter';
import type { Happening } from './rules/match';

/** The adapter's state, and what the middle keeps beside it while discovery runs. */
export interface KeptState {
  readonly a: SessionState;
  /** Keys of MOs announced since the session began. */
  readonly n: readonly string[];
  /** Keys of MOs that discovery found. */
  readonly f?: readonly string[];
  /** The device is still to be compared to the profiles. */
  readonly p?: true;
  /** Rules that were triggered and whose device is still to be looked at, with what triggered them. */
  readonly r?: readonly (readonly [string, Happening])[];
}

/** U+0000 and lone surrogates, as JSON text has them; also those that an escaped backslash only seems to begin. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/;

/**
 * The state as JSON text. What a device says may stand in it as it came, also text that PostgreSQL's JSON cannot hold: such a
 * state is stored as the Base64 of its JSON.
 */
export function writeState(state: KeptState): string {
  const text = JSON.stringify(state);
  return UNSTORABLE.test(text) ? JSON.stringify({ z: Buffer.from(text, 'utf8').toString('base64') }) : text;
}

/** The way back from {@link writeState}, once the column was parsed. */
export function readState(stored: unknown): KeptState | undefined {
  if (stored === null || typeof stored !== 'object') return undefined;
  const { z } = stored as { readonly z?: string };
  return (z === undefined ? stored : JSON.parse(Buffer.from(z, 'base64').toString('utf8'))) as KeptState;
}
