/** Values and names as JSON that the store can keep. */
import type { Json, Value } from '../../adapters/adapter';

/** Up to here it is quicker to look at each character than to begin two searches. */
const SHORT = 32;
const LONE_SURROGATE = /\p{Cs}/u;
const LONE_SURROGATES = /\p{Cs}/gu;

/** Whether text can stand in a document: PostgreSQL's JSON cannot hold U+0000 and lone surrogates. */
export function isStorable(text: string): boolean {
  return isShortAndPlain(text) || (!text.includes('\0') && !LONE_SURROGATE.test(text));
}

/** Most names and values are short, without any surrogate. */
function isShortAndPlain(text: string): boolean {
  if (text.length > SHORT) return false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0 || code >= 0xd800) return false;
  }
  return true;
}

/** The text with U+FFFD in place of what cannot be stored. */
export function storableText(text: string): string {
  return isStorable(text) ? text : text.replaceAll('\0', '\ufffd').replace(LONE_SURROGATES, '\ufffd');
}

/** JSON without what cannot be stored: text with U+0000 or lone surrogates becomes null, members of such names go. */
export function storable(json: Json): Json {
  if (typeof json === 'string') return isStorable(json) ? json : null;
  if (json === null || typeof json !== 'object') return json;
  if (Array.isArray(json)) return (json as readonly Json[]).map(storable);
  return Object.fromEntries(
    Object.entries(json as { readonly [key: string]: Json })
      .filter(([name]) => isStorable(name))
      .map(([name, value]) => [name, storable(value)]),
  );
}

/**
 * A leaf's value as a scalar: octets as Base64 text, integers beyond 2^53−1 as decimal text, a null-format leaf null.
 * Undefined when it cannot be stored.
 */
export function scalarOf(value: Value): Json | undefined {
  const { data } = value;
  if (data === null || typeof data === 'boolean') return data;
  if (typeof data === 'string') return isStorable(data) ? data : undefined;
  if (typeof data === 'bigint')
    return data >= -9007199254740991n && data <= 9007199254740991n ? Number(data) : data.toString();
  if (typeof data === 'number') return Number.isFinite(data) ? data : String(data);
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  return undefined;
}

/** Sets a member even where its name is `__proto__`. */
export function setOwn<T>(object: Record<string, T>, name: string, value: T): void {
  // The plain way is many times as fast.
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}
