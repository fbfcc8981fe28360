/**
 * Text that a JSON document in the database can hold: no U+0000 and no lone surrogate. JSON can write both
 * (`\u0000`, `\ud800`), so what a device sends has to be looked at before it is passed on.
 */
import type { Json } from '../adapter';

/** Up to here it is quicker to look at each character than to begin two searches. */
const SHORT = 32;
const LONE_SURROGATE = /\p{Cs}/u;
const LONE_SURROGATES = /\p{Cs}/gu;

/** Nesting beyond this is no data of a device: it only costs stack. */
const MAX_DEPTH = 64;

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
export function storable(text: string): string {
  return isStorable(text) ? text : text.replaceAll('\0', '\ufffd').replace(LONE_SURROGATES, '\ufffd');
}

/** Any JSON value made storable; `undefined` when it is nested more than 64 levels deep. */
export function storableJson(value: unknown, depth = 0): Json | undefined {
  if (typeof value === 'string') return storable(value);
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return undefined;

  if (Array.isArray(value)) {
    const items: Json[] = [];
    for (const item of value) {
      const kept = storableJson(item, depth + 1);
      if (kept === undefined) return undefined;
      items.push(kept);
    }
    return items;
  }

  const members: [string, Json][] = [];
  for (const [name, member] of Object.entries(value)) {
    const kept = storableJson(member, depth + 1);
    if (kept === undefined) return undefined;
    members.push([storable(name), kept]);
  }
  return Object.fromEntries(members);
}
