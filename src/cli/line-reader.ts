/** Lines of a stream, one after the other, however long the whole is. */

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end; undefined: longer than it may be. */
  readonly text: string | undefined;
}

/** Octets of the longest line. */
export const LONGEST_LINE = 1024 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Lines of UTF-8 that end with LF or CR LF; the last may end with nothing. Of a line that is too long nothing is kept. */
export async function* linesOf(octets: AsyncIterable<Uint8Array>, longest = LONGEST_LINE): AsyncGenerator<Line> {
  let number = 1;
  let pieces: Uint8Array[] = [];
  let length = 0;
  const keep = (piece: Uint8Array): void => {
    length += piece.length;
    if (length > longest + 1) pieces = [];
    else if (piece.length > 0) pieces.push(piece);
  };
  const take = (): Line => {
    let text: string | undefined;
    const whole = length > longest + 1 ? undefined : Buffer.concat(pieces);
    if (whole !== undefined) {
      const end = whole.at(-1) === CARRIAGE_RETURN ? whole.length - 1 : whole.length;
      if (end <= longest) text = whole.toString('utf8', 0, end);
    }
    pieces = [];
    length = 0;
    return { number: number++, text };
  };
  for await (const chunk of octets) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      keep(chunk.subarray(from, at));
      from = at + 1;
      yield take();
    }
    keep(chunk.subarray(from));
  }
  if (length > 0) yield take();
}
