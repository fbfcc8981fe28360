/** Where something stands in a text. */
import type { Place } from './model';

/** The place of what follows a text. Columns count UTF-16 code units, as editors do. */
export function placeAfter(text: string): Place {
  const lines = text.split(/\r\n?|\n/);
  return { line: lines.length, column: (lines[lines.length - 1] ?? '').length + 1 };
}
