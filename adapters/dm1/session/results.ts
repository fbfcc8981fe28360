import type { Bytes } from '../../adapter';
import { absolute, canonical } from '../addressing';
import type { Item, Meta, Results } from '../message';
import { STATUS } from '../status-codes';
import { mergeMeta, octetsOf, readFormat, readValue, storeValue, textOf } from '../values';
import { keepRaw, listKindOf } from './lists';
import {
  type Chunk,
  type DueStatus,
  type Machine,
  octetsOf as octetsOfBase64,
  type OpenCommand,
  type StoredItem,
} from './machine';
import { WALK_LIMITS } from './walk';

/**
 * Results: which command they answer, the Items in them, and large objects that come in chunks.
 * Source: OMA-TS-DM_Protocol, "Large Object Handling"; dm1 sections 8 and 21.6.
 */

export interface ResultsSettled {
  /** Status that is due: 213 for a chunk, 416 and 424 for one that cannot be taken; none for Results that are fine. */
  readonly status?: DueStatus;
  /** LocURI of an object whose end never came: Alert 1225 is due. */
  readonly unfinished?: string;
  readonly notes: readonly string[];
}

/** Puts the Items of Results to the command they answer. A chunk with MoreData goes to `machine.chunk` instead. */
export function takeResults(machine: Machine, results: Results, maxObjSize: number): ResultsSettled {
  const open = findOpen(machine, results.msgRef ?? '1', results.cmdRef);
  if (open === undefined)
    return { notes: [`Results for no command that is open (CmdRef ${results.cmdRef ?? 'missing'})`] };
  const notes: string[] = [];
  let status: DueStatus | undefined;
  let unfinished: string | undefined;
  for (const item of results.items) {
    const uri = item.source?.locUri ?? item.target?.locUri ?? results.sourceRef ?? open.uri;
    const meta = mergeMeta(results.meta, item.meta);
    const { chunk } = machine;
    const continues =
      chunk !== undefined &&
      chunk.msgRef === open.msg &&
      chunk.cmdRef === open.cmd &&
      canonical(chunk.uri) === canonical(uri);
    if (chunk !== undefined && !continues) {
      unfinished = chunk.uri;
      delete machine.chunk;
      notes.push(`the large object ${chunk.uri} was not finished`);
    }
    if (item.moreData || continues) {
      const taken = takeChunk(machine, open, uri, meta, item, maxObjSize);
      if (taken.item !== undefined) addItem(open, taken.item);
      if (taken.code !== undefined) {
        status = { cmdRef: results.cmdId, cmd: 'Results', code: taken.code, sources: [uri] };
        if (taken.code !== STATUS.CHUNK_ACCEPTED) open.code = taken.code;
      }
      continue;
    }
    addItem(open, storedItem(uri, meta, item, open));
  }
  return { ...(status === undefined ? {} : { status }), ...(unfinished === undefined ? {} : { unfinished }), notes };
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

interface TakenChunk {
  readonly code?: number;
  readonly item?: StoredItem;
}

function takeChunk(
  machine: Machine,
  open: OpenCommand,
  uri: string,
  meta: Meta,
  item: Item,
  maxObjSize: number,
): TakenChunk {
  const octets = octetsOf(item.data);
  const chunk = addToChunk(machine.chunk ?? firstChunk(open, uri, meta), octets, maxObjSize);
  if (item.moreData) {
    machine.chunk = chunk;
    return { code: STATUS.CHUNK_ACCEPTED };
  }
  delete machine.chunk;
  if (chunk.spoilt) return { code: STATUS.TOO_BIG };
  if (chunk.size !== undefined && chunk.size !== chunk.octets) return { code: STATUS.SIZE_MISMATCH };
  const whole: Item =
    listKindOf(open.uri) === 'tnds'
      ? { ...item, data: { kind: 'octets', octets: octetsOfBase64(chunk.data) } }
      : { ...item, data: wholeData(octetsOfBase64(chunk.data), chunk.format) };
  return {
    item: storedItem(uri, { ...meta, format: chunk.format ?? meta.format, type: chunk.type ?? meta.type }, whole, open),
  };
}

function firstChunk(open: OpenCommand, uri: string, meta: Meta): Chunk {
  const size = meta.size?.trim() ?? '';
  return {
    msgRef: open.msg,
    cmdRef: open.cmd,
    uri,
    ...(meta.format === undefined ? {} : { format: meta.format }),
    ...(meta.type === undefined ? {} : { type: meta.type }),
    ...(/^\d{1,12}$/.test(size) ? { size: Number(size) } : {}),
    octets: 0,
    data: '',
  };
}

function addToChunk(chunk: Chunk, octets: Bytes, maxObjSize: number): Chunk {
  const sum = chunk.octets + octets.length;
  if (chunk.spoilt || sum > maxObjSize || (chunk.size ?? 0) > maxObjSize)
    return { ...chunk, octets: sum, data: '', spoilt: true };
  // Base64 of a sum is no sum of Base64 texts, unless cut at three octets: decode, join, encode.
  const data = Buffer.concat([Buffer.from(chunk.data, 'base64'), octets]).toString('base64');
  return { ...chunk, octets: sum, data };
}

/** Octets put together again, in the form in which one message would have brought them. */
function wholeData(octets: Bytes, format: string | undefined): Item['data'] {
  if (readFormat(format) === 'bin') return { kind: 'octets', octets };
  return { kind: 'text', text: Buffer.from(octets).toString('utf8') };
}
