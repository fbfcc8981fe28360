import type { Effect } from '../../adapter';
import { absolute, canonical } from '../addressing';
import type { Item, Meta, Results } from '../message';
import { STATUS } from '../status-codes';
import { mergeMeta, readFormat, readValue, storeValue, textOf } from '../values';
import { largeObjectsTold } from './large-object-features';
import type { IncomingObjects } from './large-object-in';
import { keepRaw, listKindOf } from './lists';
import type { DueStatus, Machine, OpenCommand, StoredItem } from './machine';
import { WALK_LIMITS } from './walk';

/**
 * Results: which command they answer, and the Items in them. Source: dm1 sections 2.4, 8 and 21.6.
 */

export interface ResultsSettled {
  /** Status that is due: 213 for a chunk, 416 and 424 for one that cannot be taken; none for Results that are fine. */
  readonly status?: DueStatus;
  readonly effects: readonly Effect[];
}

/** Puts the Items of Results to the command they answer. Chunks with MoreData go to `objects` instead. */
export function takeResults(machine: Machine, results: Results, objects: IncomingObjects): ResultsSettled {
  const open = findOpen(machine, results.msgRef ?? '1', results.cmdRef);
  if (open === undefined && isRefused(machine, results)) {
    // The Get that it answers has failed already; the client sends on what was refused.
    const code = machine.incoming?.refused ?? STATUS.TOO_BIG;
    const sources = [machine.incoming?.uri ?? ''];
    objects.hears(results.items.some((item) => item.moreData));
    return { status: { cmdRef: results.cmdId, cmd: 'Results', code, sources }, effects: [] };
  }
  if (open === undefined) {
    const what = `Results for no command that is open (CmdRef ${results.cmdRef ?? 'missing'})`;
    return { effects: [{ kind: 'noted', what }] };
  }
  const effects: Effect[] = [];
  let status: DueStatus | undefined;
  for (const item of results.items) {
    const uri = item.source?.locUri ?? item.target?.locUri ?? results.sourceRef ?? open.uri;
    const meta = mergeMeta(results.meta, item.meta);
    const taken = objects.take({ key: objectKey(open.msg, open.cmd), uri }, meta, item);
    if (taken.kind === 'chunk') {
      status = { cmdRef: results.cmdId, cmd: 'Results', code: taken.code, sources: [uri] };
      if (taken.code !== STATUS.CHUNK_ACCEPTED) open.code = taken.code;
      continue;
    }
    const stored =
      taken.kind === 'whole' ? storedItem(uri, taken.meta, taken.item, open) : storedItem(uri, meta, item, open);
    addItem(open, stored);
    effects.push(...largeObjectsTold(stored));
  }
  return { ...(status === undefined ? {} : { status }), effects };
}

function isRefused({ incoming }: Machine, results: Results): boolean {
  const key = objectKey(results.msgRef ?? '1', results.cmdRef ?? '');
  return incoming?.refused !== undefined && incoming.key === key;
}

function objectKey(msg: string, cmd: string): string {
  return `Results ${msg} ${cmd}`;
}

/**
 * The command that an answer refers to. Where MsgRef fits no open command it is taken for our last message: some
 * clients leave it out, and by the representation protocol that means 1.
 */
export function findOpen(
  machine: Machine,
  msgRef: string | undefined,
  cmdRef: string | undefined,
): OpenCommand | undefined {
  if (cmdRef === undefined) return undefined;
  const refersTo = (msg: string): OpenCommand | undefined =>
    machine.open.find((open) => open.cmd === cmdRef && open.msg === msg);
  return (msgRef === undefined ? undefined : refersTo(msgRef)) ?? refersTo(machine.serverMsg);
}

/** The Item that answers a Get of a node: the one with its LocURI, or the only one. */
export function itemFor(open: OpenCommand): StoredItem | undefined {
  const items = open.items ?? [];
  const wanted = canonical(open.uri);
  return items.find((item) => canonical(item.uri) === wanted) ?? (items.length === 1 ? items[0] : undefined);
}

/** Keeps an Item until the command settles. What is beyond a walk's limits is left out, and the list then counts as cut. */
function addItem(open: OpenCommand, item: StoredItem): void {
  const items = (open.items ??= []);
  if (items.length < WALK_LIMITS.nodes) items.push(item);
}

function storedItem(uri: string, meta: Meta, item: Item, open: OpenCommand): StoredItem {
  // A document's octets must not be taken for text: its Data is kept as it came.
  if (listKindOf(open.uri) === 'tnds' && item.data !== undefined) {
    const value = storeValue({ format: 'null', data: null });
    return { uri: absolute(uri), format: 'xml', value, text: '', raw: keepRaw(item.data) };
  }
  const { value, misfit } = readValue(meta, item.data);
  return {
    uri: absolute(uri),
    format: readFormat(meta.format),
    value: storeValue(value),
    // Text serves names of children, properties and texts: octets and documents have it in their value already.
    text: item.data?.kind === 'text' ? item.data.text : textOf(item.data),
    ...(misfit === undefined ? {} : { misfit }),
  };
}
