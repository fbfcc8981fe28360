/** Cursors: opaque places in lists. */
import { findKey, globalId, type IdType } from './global-id';

/** Numbers of the store: one, or two where order needs both. */
const CURSOR = /^\d{1,18}(?:[.:_-]\d{1,18})?$/;

/** How places in a list are written: as a cursor, and back; undefined for text that is none of this list. */
export interface Cursors<Place> {
  readonly write: (place: Place) => string;
  readonly read: (cursor: string) => Place | undefined;
}

/** Keys of the store, one or two numbers, as cursors of a type. */
export function keyCursors(type: IdType): Cursors<string> {
  return {
    write: (key) => globalId(type, key),
    read: (cursor) => {
      const key = findKey(type, cursor);
      return key !== undefined && CURSOR.test(key) ? key : undefined;
    },
  };
}
