/** Steps that make two messages comparable where forms and codecs legitimately differ. */
import { decodeMessage } from '../../../../adapters/dm1/codec';
import type { Data, Encoding, Item, Message } from '../../../../adapters/dm1/message';

/** The message, or a failed test that says why there is none. */
export function messageOf(octets: Uint8Array, form: 'xml' | 'wbxml'): Message {
  const decoded = decodeMessage(octets, `application/vnd.syncml.dm+${form}`);
  if (!decoded.ok) throw new Error(`${decoded.code} at ${decoded.at}: ${decoded.message}`);
  expect(decoded.value.encoding.form).toBe(form);
  return decoded.value.message;
}

/** Applies a change to every object of a message, inner ones first. */
function mapObjects(value: unknown, change: (object: Record<string, unknown>) => unknown): unknown {
  if (Array.isArray(value)) return value.map((part) => mapObjects(part, change));
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, mapObjects(part, change)] as const);
  return change(Object.fromEntries(entries));
}

/** Type without the ending that names the form of an embedded document. */
export function withoutTypeEndings(message: Message): Message {
  const change = (object: Record<string, unknown>): unknown =>
    typeof object['type'] === 'string' ? { ...object, type: object['type'].replace(/\+(wb)?xml$/, '') } : object;
  return mapObjects(message, change) as Message;
}

/** Items with an inline document labelled as a WBXML sender labels them. */
export function withEmbeddedLabelled(message: Message): Message {
  const change = (object: Record<string, unknown>): unknown => {
    const { data, meta } = object as unknown as Item;
    if (data?.kind !== 'element' || !meta?.type) return object;
    return { ...object, meta: { ...meta, type: meta.type.replace(/\+xml$/, '+wbxml') } };
  };
  return mapObjects(message, change) as Message;
}

/** Text of Data without any white space at the ends of it or of the markup in it. */
export function withTrimmedData(message: Message): Message {
  const change = (object: Record<string, unknown>): unknown =>
    object['kind'] === 'text'
      ? {
          ...object,
          text: String(object['text'])
            .trim()
            .replace(/\s*(<mid\/>)\s*/, '$1'),
        }
      : object;
  return mapObjects(message, change) as Message;
}

export function withoutNamespaces(message: Message): Message {
  return mapObjects(message, (object) => ({ ...object, namespace: undefined })) as Message;
}

/** What a form cannot tell apart: in XML octets are base64 text; in WBXML a missing namespace follows from the version. */
export function comparable(message: Message, encoding: Encoding): Message {
  const base64 = (object: Record<string, unknown>): unknown => {
    const data = object as unknown as Data;
    return data.kind === 'octets' ? { kind: 'text', text: Buffer.from(data.octets).toString('base64') } : object;
  };
  if (encoding.form === 'xml') return mapObjects(message, base64) as Message;
  return { ...message, namespace: message.namespace ?? 'SYNCML:SYNCML1.2' };
}
