/**
 * Puts the drafts of a client package into messages that the server can receive.
 * Source: dm1 2.3 (Final), 3 (MaxMsgSize), 8 (Results in chunks).
 */
import { encodedSize, measure } from '../../../adapters/dm1/codec';
import type { BodyCommand, Data, Encoding, Item, Message, Results, SyncHdr } from '../../../adapters/dm1/message';
import { dataLength } from './data';
import type { Draft } from './drafts';

export interface Packed {
  readonly message: Message;
  /** Drafts for the following messages. */
  readonly rest: readonly Draft[];
}

export interface Envelope {
  readonly namespace: string;
  readonly header: SyncHdr;
  readonly encoding: Encoding;
  /** Largest message that the server takes, octets. */
  readonly limit: number;
  /** Whether Final may stand in the message that empties the queue. */
  readonly mayEnd: boolean;
  /** CmdID of the first command; default 1. */
  readonly firstCmdId?: number;
}

/** A message without body needs a little more when it gets Final and the next command a CmdID of its own. */
const SLACK = 24;
const SMALLEST_CHUNK = 16;

/**
 * Takes as many drafts as fit; at least one, cut into chunks if it must be.
 *
 * @param head    Status elements that this message must carry
 * @param drafts  the rest of the package
 */
export function packMessage(envelope: Envelope, head: readonly Draft[], drafts: readonly Draft[]): Packed {
  const { encoding, namespace, header, firstCmdId: first = 1 } = envelope;
  let room = envelope.limit - measure({ namespace, header, body: [], final: true }, encoding) - SLACK;
  const body: BodyCommand[] = head.map((draft, at) => ({ ...draft, cmdId: String(at + first) }));
  for (const command of body) room -= encodedSize(command, encoding);
  let taken = 0;
  let remainder: Draft | undefined;
  for (const draft of drafts) {
    const command: BodyCommand = { ...draft, cmdId: String(body.length + first) };
    const size = encodedSize(command, encoding);
    if (size > room) {
      const parts = body.some(({ kind }) => kind !== 'Status') ? undefined : cut(command, room, encoding);
      if (parts !== undefined) {
        body.push(parts.first);
        remainder = parts.rest;
        taken += 1;
      } else if (taken === 0) {
        // What cannot be cut goes as it is: the server says what it thinks of it.
        body.push(command);
        taken += 1;
      }
      break;
    }
    body.push(command);
    room -= size;
    taken += 1;
  }
  const rest = [...(remainder === undefined ? [] : [remainder]), ...drafts.slice(taken)];
  return { message: { namespace, header, body, final: rest.length === 0 && envelope.mayEnd }, rest };
}

function cut(
  command: BodyCommand,
  room: number,
  encoding: Encoding,
): { readonly first: Results; readonly rest: Results } | undefined {
  const [item, ...others] = command.kind === 'Results' ? command.items : [];
  if (command.kind !== 'Results' || item?.data === undefined || item.data.kind === 'element' || others.length > 0)
    return undefined;
  const meta = continuing(item) ? item.meta : { ...item.meta, size: String(dataLength(item.data)) };
  const whole = item.data.kind === 'text' ? item.data.text.length : item.data.octets.length;
  let length = Math.min(whole - 1, room);
  while (length >= SMALLEST_CHUNK) {
    const [head, tail] = split(item.data, length);
    const first: Results = {
      ...command,
      items: [{ ...item, ...(meta === undefined ? {} : { meta }), data: head, moreData: true }],
    };
    if (encodedSize(first, encoding) <= room)
      return { first, rest: { ...command, items: [{ ...laterChunk(item), data: tail }] } };
    length = Math.floor(length * 0.8);
  }
  return undefined;
}

const LATER = Symbol('a chunk after the first');
type Chunk = Item & { readonly [LATER]?: true };

function continuing(item: Chunk): boolean {
  return item[LATER] === true;
}

/** Later chunks have no Size (dm1 8). */
function laterChunk(item: Chunk): Chunk {
  return { ...item, [LATER]: true };
}

function split(data: Exclude<Data, { readonly kind: 'element' }>, length: number): readonly [Data, Data] {
  if (data.kind === 'octets')
    return [
      { kind: 'octets', octets: data.octets.slice(0, length) },
      { kind: 'octets', octets: data.octets.slice(length) },
    ];
  const code = data.text.charCodeAt(length - 1);
  const at = code >= 0xd800 && code < 0xdc00 ? length - 1 : length;
  return [
    { kind: 'text', text: data.text.slice(0, at) },
    { kind: 'text', text: data.text.slice(at) },
  ];
}
