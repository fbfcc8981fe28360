import type { BlobRef, Bytes, Context, Effect } from '../../adapter';
import type { BodyCommand, Data, Item } from '../message';
import { STATUS } from '../status-codes';
import type { StoredData } from '../values';
import { FEATURE_LARGE_OBJECTS, FEATURE_TRUNCATES } from './large-object-features';
import type { Machine, OpenCommand, OutgoingObject } from './machine';
import { isGood, isRefusal } from './settle';

/**
 * Large objects that are sent to the client in chunks: one object at a time, its chunks in consecutive messages, each
 * the last command of its message. The value itself stays in the store; a turn loads the part that it sends.
 * Source: OMA-TS-DM_Protocol, "Large Object Handling"; dm1 sections 2.3 and 8.
 */

/** Whether chunks may go to the device: not to one that says it takes none, nor to one that truncated a value. */
export function takesChunks(machine: Machine, context: Context): boolean {
  const features = context.device?.features ?? {};
  return (
    machine.truncates !== true && features[FEATURE_TRUNCATES] !== true && features[FEATURE_LARGE_OBJECTS] !== false
  );
}

/** Where the sending of an object stands after a message of the client. */
export type Sending =
  /** None is being sent, or its last chunk is a command like any other. */
  | 'none'
  /** The client has not told yet what became of the chunk. */
  | 'waits'
  /** The next chunk is due; the client's Final counts for nothing, for our package is not finished. */
  | 'goesOn'
  /** It is over before its end, and with it our package. */
  | 'ended';

/**
 * Judges the answer to the chunk that is under way, before anything is settled.
 *
 * @param isFinal    the client's message has Final
 * @param isDropped  the client told that it misses the object's end (Alert 1225)
 */
export function judgeSending(
  machine: Machine,
  isFinal: boolean,
  isDropped: boolean,
): { readonly sending: Sending; readonly effects: readonly Effect[] } {
  const { outgoing } = machine;
  const is = (sending: Sending, effects: readonly Effect[] = []): ReturnType<typeof judgeSending> => ({
    sending,
    effects,
  });
  if (outgoing === undefined) return is('none');
  const open = machine.open.find((sent) => sent.chunk !== undefined);
  if (open === undefined) return is(outgoing.sent === 0 ? 'none' : 'goesOn');
  const isLast = open.chunk === 'last';
  if (isRefusal(machine.headerCode)) {
    // It goes back into the queue, and begins anew with our credential.
    delete machine.outgoing;
    return is(isLast ? 'none' : 'ended');
  }
  const code =
    isDropped && (open.code ?? STATUS.CHUNK_ACCEPTED) === STATUS.CHUNK_ACCEPTED ? STATUS.SIZE_MISMATCH : open.code;
  if (code === undefined) {
    if (isFinal) delete machine.outgoing;
    return is(isLast ? 'none' : isFinal ? 'ended' : 'waits');
  }
  if (code === STATUS.SIZE_MISMATCH && outgoing.restarted !== true) {
    forget(machine, open);
    machine.outgoing = { ...outgoing, sent: 0, restarted: true };
    return is(isLast ? 'none' : 'goesOn', [{ kind: 'noted', what: `${outgoing.uri} is sent anew: the sums differed` }]);
  }
  if (!isLast && code === STATUS.CHUNK_ACCEPTED) {
    forget(machine, open);
    return is('goesOn');
  }
  open.code = code;
  delete machine.outgoing;
  if (isLast) return is('none');
  return is('ended', isGood(code) ? truncated(machine, open, code) : []);
}

/** A client that answers a chunk like a whole value has stored the chunk as the value: no more chunks for it (our ruling). */
function truncated(machine: Machine, open: OpenCommand, code: number): readonly Effect[] {
  const job = machine.jobs[open.job];
  forget(machine, open);
  delete machine.jobs[open.job];
  machine.truncates = true;
  const evidence = `${open.carrier} ${open.uri} with MoreData was answered ${code}`;
  const learned: Effect = { kind: 'featureLearned', feature: FEATURE_TRUNCATES, value: true, evidence };
  if (job === undefined) return [learned];
  const message = 'the device took the first chunk for the whole value: the value on it is truncated';
  return [learned, { kind: 'commandAnswered', command: job.command, outcome: 'DEVICE_ERROR', code, message }];
}

function forget(machine: Machine, open: OpenCommand): void {
  machine.open = machine.open.filter((other) => other !== open);
}

/** Part of an object's value that the next chunk is cut from; undefined when no chunk is due. */
export function sliceWanted(
  machine: Machine,
): { readonly of: BlobRef; readonly offset: number; readonly length: number } | undefined {
  const { outgoing } = machine;
  if (outgoing === undefined || machine.open.some((open) => open.chunk !== undefined)) return undefined;
  // Data is never shorter than the octets that it stands for.
  const length = Math.min(outgoing.of.length - outgoing.sent, machine.maxMsgSize);
  return { of: outgoing.of, offset: outgoing.sent, length };
}

/** Octets of Data that stands in a message as it is. */
export function inlineSource(data: Data | undefined): (StoredData & { readonly octets: Bytes }) | undefined {
  if (data === undefined || data.kind === 'element') return undefined;
  const octets = data.kind === 'octets' ? data.octets : Buffer.from(data.text, 'utf8');
  if (octets.length === 0) return undefined;
  const of = { blob: '', length: octets.length };
  return { of, as: data.kind === 'octets' ? 'octets' : 'text', size: octets.length, octets };
}

export interface Cut {
  readonly body: BodyCommand;
  /** Octets of the slice that it carries. */
  readonly taken: number;
  readonly isLast: boolean;
}

/**
 * The largest chunk that has room: all that is left without MoreData, else as much as can be with it. Base64 is cut at
 * a multiple of four characters, text between two characters.
 *
 * @param slice  the object's octets from `sent` on, as many as a message could take
 * @param fits   whether a command has room where the message ends with it, or goes on behind it
 * @returns undefined when not even the smallest chunk has room
 */
export function cutChunk(
  object: OutgoingObject,
  slice: Bytes,
  fits: (body: BodyCommand, isLast: boolean) => boolean,
): Cut | undefined {
  if (object.sent + slice.length >= object.of.length) {
    const body = bodyOf(object, slice, true);
    if (fits(body, true)) return { body, taken: slice.length, isLast: true };
  }
  // Whether a chunk fits is asked a dozen times: the sizes are the codec's, to the octet.
  const unit = object.as === 'base64' ? 3 : object.as === 'text' && object.meta.format === 'b64' ? 4 : 1;
  let least = 0;
  let most = Math.floor((slice.length - (object.sent + slice.length >= object.of.length ? 1 : 0)) / unit);
  const at = (units: number): number => boundary(object, slice, units * unit);
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (fits(bodyOf(object, slice.subarray(0, at(middle)), false), false)) least = middle;
    else most = middle - 1;
  }
  const taken = at(least);
  return taken === 0 ? undefined : { body: bodyOf(object, slice.subarray(0, taken), false), taken, isLast: false };
}

/** A place at or before an offset where text can be cut. */
function boundary(object: OutgoingObject, slice: Bytes, offset: number): number {
  if (object.as !== 'text') return offset;
  let at = offset;
  // Octets 10xxxxxx continue a character.
  while (at > 0 && at < slice.length && ((slice[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  // At the end of a slice it cannot be seen whether a character goes on: the last one stays behind.
  if (at === slice.length && object.sent + slice.length < object.of.length) {
    do at -= 1;
    while (at > 0 && ((slice[at] ?? 0) & 0xc0) === 0x80);
  }
  return at;
}

function bodyOf(object: OutgoingObject, octets: Bytes, isLast: boolean): BodyCommand {
  const meta = object.sent === 0 ? { ...object.meta, size: String(object.size) } : object.meta;
  const item: Item = {
    target: { locUri: object.uri },
    meta,
    data: dataOf(object, octets),
    ...(isLast ? {} : { moreData: true }),
  };
  if (object.carrier !== 'Exec') return { kind: object.carrier, cmdId: '', items: [item] };
  const { correlator } = object;
  return { kind: 'Exec', cmdId: '', ...(correlator === undefined ? {} : { correlator }), items: [item] };
}

function dataOf(object: OutgoingObject, octets: Bytes): Data {
  if (object.as === 'octets') return { kind: 'octets', octets };
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  return { kind: 'text', text: buffer.toString(object.as === 'base64' ? 'base64' : 'utf8') };
}
