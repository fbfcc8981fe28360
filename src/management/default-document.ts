/**
 * DEFAULT: a document with values of an MO that stands ready for a DM 2.0 device, which fetches it whenever something on it
 * needs such an object and its tree has none. The device keeps one address for each MOID, a new one in place of the last.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.3.10. Pure.
 */
import type { CommandBody, Json, Outcome } from '../../adapters/adapter';
import { encodeName, familyOf, type DdfLibrary } from '../../schema/ddf/library';
import type { DefaultWrite, ItemWrite } from '../store/turn-write';
import { coerceValue, type ValueLimits } from './coerce';
import { checkName } from './names';
import { restoreTree, storeTree, type StoredTree } from './stored-value';
import { isStorable } from './tree';
import { ManagementError } from './types';

/** What a caller gives. */
export interface DefaultRequest {
  readonly moid: string;
  /** Name that is wished for the instance. */
  readonly miid?: string | null;
  /** An object keyed by raw node names. */
  readonly values: Json;
}

/** An address that the device may ask as long as it lives has no end. */
const NEVER = '9999-12-31T00:00:00.000Z';
const MAX_IDENTIFIER = 256;

/** Its MOID, family and the wish for its name. Errors: BAD_USER_INPUT. */
export function subjectOfDefault(
  { moid, miid }: DefaultRequest,
  where: string,
  library: DdfLibrary,
): { readonly moid: string; readonly family: string; readonly miid: string | null } {
  for (const [name, text] of [
    ['moid', moid],
    ['miid', miid ?? 'x'],
  ] as const) {
    if (text.length === 0 || text.length > MAX_IDENTIFIER || !isStorable(text))
      throw new ManagementError('BAD_USER_INPUT', `${where}.${name}: 1 to ${MAX_IDENTIFIER} characters`);
  }
  if (miid != null) checkName(encodeName(miid), `${where}.miid`);
  return { moid: library.definition(moid)?.moid ?? moid, family: familyOf(moid), miid: miid ?? null };
}

/** The document as it is stored with the command. Errors: BAD_FORMAT, NOT_IN_DDF, OUT_OF_RANGE, LIMIT_VALUE_SIZE. */
export function documentOfDefault(
  { values, miid }: DefaultRequest,
  moid: string,
  where: string,
  library: DdfLibrary,
  limits: ValueLimits,
): { readonly tree: StoredTree } {
  const within = library.isKnown(moid) ? { moid, path: '', library } : undefined;
  const written = coerceValue({ json: values, format: 'node' }, `${where}.values`, undefined, limits, within);
  if (written === undefined || !('tree' in written)) throw new Error('an interior node came to be no tree');
  return { tree: storeTree({ ...written.tree, name: miid ?? '' }) };
}

/** The command for the adapter. */
export function bodyOfDefault(command: {
  readonly moid: string | null;
  readonly request: Readonly<Record<string, unknown>>;
}): CommandBody {
  return {
    kind: 'default',
    moid: command.moid ?? '',
    tree: restoreTree(command.request['tree'] as StoredTree),
  };
}

/** The row of a document that is offered: it stays until the next one of its MO is taken, or its device goes. */
export function lasting(
  item: ItemWrite,
  command: { readonly kind: string; readonly moid: string | null } | undefined,
): ItemWrite {
  if (command?.kind !== 'default' || command.moid === null) return item;
  return { ...item, purpose: 'DEFAULT', moid: command.moid, expiresAt: NEVER };
}

/**
 * What an answer does to the documents: one that is taken takes the place of all others of its MOID, one that is refused
 * goes. One that was sent before without an answer may have been taken then.
 */
export function settledDefault(
  command: { readonly kind: string; readonly moid: string | null; readonly request: Readonly<Record<string, unknown>> },
  outcome: Outcome,
): DefaultWrite | undefined {
  const { kind, moid, request } = command;
  if (kind !== 'default' || moid === null || typeof request['token'] !== 'string') return undefined;
  const isTaken = outcome === 'OK';
  return isTaken || request['attempts'] === undefined ? { moid, token: request['token'], isTaken } : undefined;
}
