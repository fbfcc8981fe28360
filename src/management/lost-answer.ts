/**
 * What settles an add or a copy whose answer was lost: the device is asked for what should be there then. Equal: it is done.
 * Anything else leaves the command in doubt, for it may have been executed and changed since. Pure.
 */
import type { Effect, Tree, Value } from '../../adapters/adapter';
import type { DdfLibrary } from '../../schema/ddf/library';
import type { LiveCommand, LiveOperation } from './command-state';
import { isContent } from './item-value';
import { restoreTree, restoreValue, storeTree, type StoredTree, type StoredValue } from './stored-value';

type Answered = Extract<Effect, { kind: 'commandAnswered' }>;

/** What the device is asked for next: SOURCE, of a copy on DM 1.x what was to be copied; TARGET, what should have come of it. */
export type CheckStep = 'SOURCE' | 'TARGET';

/** The step of a command that is being settled; undefined: it is what it says. */
export function checkStepOf({ request }: Pick<LiveCommand, 'request'>): CheckStep | undefined {
  const step = request['check'];
  return step === 'SOURCE' || step === 'TARGET' ? step : undefined;
}

/**
 * The request of a command whose answer was lost, as the read that settles it; undefined where no read can: its sending did
 * not say so (`settle`), or it may simply be sent again.
 */
export function asCheck({ kind, request, repeatable }: LiveCommand): Record<string, unknown> | undefined {
  if (repeatable || request['settle'] !== true || request['step'] === 'READ') return undefined;
  if (checkStepOf({ request }) !== undefined) return request;
  return { ...request, check: kind === 'copy' && request['content'] === undefined ? 'SOURCE' : 'TARGET' };
}

/**
 * Takes the answer to the read that settles a command: done, in doubt, or of a copy's source the next read.
 *
 * @returns as the answer to the command itself, where it is done
 */
export function settleCheck(operation: LiveOperation, command: LiveCommand, told: Answered): Answered | undefined {
  const { tree, ...answer } = told;
  const { outcome, code } = answer;
  const found = outcome === 'OK' ? tree : undefined;
  if (found !== undefined && checkStepOf(command) === 'SOURCE') {
    command.request = { ...command.request, content: storeTree(found), check: 'TARGET' };
    operation.requeue(command);
    return undefined;
  }
  if (found !== undefined && isThere(command, found))
    return operation.answered(command, { outcome, code }) ? answer : undefined;
  const what = found === undefined ? `a get is answered ${code ?? outcome}` : 'a get finds something else there';
  operation.doubt(command, `its answer was lost, and ${what}`);
  return undefined;
}

/**
 * Whether what an add writes can be read back: the DDF lets its nodes be read, and its values stand in the command itself.
 * Nodes of no DDF are tried.
 */
export function isReadBack(
  { moid, path, request }: Pick<LiveCommand, 'moid' | 'path' | 'request'>,
  library: DdfLibrary,
): boolean {
  const value = request['value'] as StoredValue | undefined;
  if (value !== undefined && (value.k === 'r' || isContent(value))) return false;
  const tree = request['tree'] as StoredTree | undefined;
  if (moid === null) return true;
  return isReadable(moid, path, library) && (tree?.c ?? []).every((node) => isTreeReadable(moid, path, node, library));
}

/** Whether the DDF lets a node be read. */
export function isReadable(moid: string, path: string, library: DdfLibrary): boolean {
  return library.node(moid, path)?.access.includes('Get') ?? true;
}

function isTreeReadable(moid: string, parent: string, node: StoredTree, library: DdfLibrary): boolean {
  const path = parent === '' ? node.n : `${parent}/${node.n}`;
  return isReadable(moid, path, library) && (node.c ?? []).every((child) => isTreeReadable(moid, path, child, library));
}

/** Whether all that a command was to write is there. What the device added by itself does not count. */
export function isThere({ kind, request }: Pick<LiveCommand, 'kind' | 'request'>, found: Tree): boolean {
  const tree = (kind === 'copy' ? request['content'] : request['tree']) as StoredTree | undefined;
  if (tree !== undefined) return holds(found, restoreTree(tree));
  const value = request['value'] as StoredValue | undefined;
  return value === undefined ? found.value === undefined : holds(found, { name: '', value: restoreValue(value) });
}

function holds(found: Tree, written: Tree): boolean {
  if (written.value !== undefined) return found.value !== undefined && isSameValue(found.value, written.value);
  if (found.value !== undefined) return false;
  return (written.children ?? []).every((child) => {
    const there = found.children?.find(({ name }) => name === child.name);
    return there !== undefined && holds(there, child);
  });
}

/** Devices tell a value in the format that they keep it in, and many tell no format: what counts is what it says. */
function isSameValue(found: Value, written: Value): boolean {
  const isOctets = [found, written].some(({ format, data }) => format === 'b64' || data instanceof Uint8Array);
  const [a, b] = [found, written].map((value) => (isOctets ? octetsOf(value) : textOf(value, written.format)));
  return a !== undefined && a === b;
}

function textOf({ data }: Value, format: Value['format']): string | undefined {
  if (data === null) return '';
  if (typeof data === 'object') return undefined;
  if (format === 'float' || (format === 'int' && data !== '' && Number.isSafeInteger(Number(data))))
    return String(Number(data));
  return format === 'bool' ? String(data).toLowerCase() : String(data);
}

/** As Base64; text that is told for octets is Base64 already. */
function octetsOf({ data }: Value): string | undefined {
  if (data instanceof Uint8Array) return Buffer.from(data).toString('base64');
  return typeof data === 'string' ? data.replace(/\s+/g, '') : undefined;
}
