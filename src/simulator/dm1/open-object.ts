/** An object that the server sends in chunks. Source: dm1 8. */
import type { BodyCommand, Data, ExecCommand, Item, SimpleCommand, Status } from '../../../adapters/dm1/message';
import { dataLength, octetsOf, textData, textOf } from './data';

export type ServerCommand = Exclude<BodyCommand, Status>;

const MAX_OBJECT = 1_048_576;

export interface OpenObject {
  readonly kind: 'Add' | 'Replace' | 'Exec';
  readonly target: string;
  /** Item of the first chunk. */
  readonly item: Item;
  /** Announced with the first chunk, octets. */
  readonly size: number;
  readonly pieces: readonly Data[];
  readonly length: number;
}

/** What a command is to an object that may be open. */
export type ChunkStep =
  /** No chunk at all. */
  | { readonly kind: 'command' }
  | { readonly kind: 'buffered'; readonly object: OpenObject }
  /** 416: larger than the device takes; 424: the chunks do not add up to the Size. Nothing is committed. */
  | { readonly kind: 'refused'; readonly code: 416 | 424 }
  | { readonly kind: 'complete'; readonly command: SimpleCommand | ExecCommand };

/** Whether a command is the next chunk of an object. */
export function continues(open: OpenObject, command: ServerCommand): boolean {
  if (command.kind !== open.kind || command.items.length !== 1) return false;
  return command.items[0]?.target?.locUri === open.target;
}

export function takeChunk(open: OpenObject | undefined, command: ServerCommand, maxObjSize = MAX_OBJECT): ChunkStep {
  if (command.kind !== 'Add' && command.kind !== 'Replace' && command.kind !== 'Exec') return { kind: 'command' };
  const [item] = command.items;
  if (item?.target === undefined || (open === undefined && item.moreData !== true)) return { kind: 'command' };
  const before = open ?? begin(command.kind, item.target.locUri, item);
  const object: OpenObject = {
    ...before,
    pieces: item.data === undefined ? before.pieces : [...before.pieces, item.data],
    length: before.length + dataLength(item.data),
  };
  if (object.length > maxObjSize) return { kind: 'refused', code: 416 };
  if (item.moreData === true) return { kind: 'buffered', object };
  if (object.length !== object.size) return { kind: 'refused', code: 424 };
  return { kind: 'complete', command: whole(command, item, object) };
}

function begin(kind: OpenObject['kind'], target: string, item: Item): OpenObject {
  return { kind, target, item, size: Number(item.meta?.size ?? Number.NaN), pieces: [], length: 0 };
}

/** What a client makes of a chunk that it takes for the whole. */
export function withoutMoreData(command: ServerCommand): ServerCommand {
  if (command.kind !== 'Add' && command.kind !== 'Replace') return command;
  return { ...command, items: command.items.map(({ moreData: _, ...item }) => item) };
}

/** The command as if the object had come at once. */
function whole(
  command: SimpleCommand | ExecCommand,
  last: Item,
  { item, pieces }: OpenObject,
): SimpleCommand | ExecCommand {
  const data: Data = pieces.some(({ kind }) => kind === 'octets')
    ? { kind: 'octets', octets: new Uint8Array(Buffer.concat(pieces.map(octetsOf))) }
    : textData(pieces.map(textOf).join(''));
  return { ...command, items: [{ ...last, meta: { ...item.meta, size: undefined }, data, moreData: undefined }] };
}
