/**
 * Media types with their parameters, and the choice by `Accept`.
 * Source: RFC 2616, 3.7 and 14.1; OMA-TS-DM_Protocol-V2_0, 5.5 (content negotiation).
 */

/** Longer header values are no media types; they are not looked into. */
const MAX_HEADER = 4096;

export interface MediaType {
  /** Type and subtype in lower case, such as `text/plain`. */
  readonly type: string;
  /** Parameters by their name in lower case, quotes removed. */
  readonly params: ReadonlyMap<string, string>;
}

/** Reads `type; name=value; name="value"`, also of a Content-Disposition. Never fails: what is unreadable is left out. */
export function parseMediaType(text: string | undefined): MediaType {
  const params = new Map<string, string>();
  if (text === undefined || text.length > MAX_HEADER) return { type: '', params };

  const pieces = splitOutsideQuotes(text, ';');
  for (const piece of pieces.slice(1)) {
    const equals = piece.indexOf('=');
    if (equals < 0) continue;
    const name = piece.slice(0, equals).trim().toLowerCase();
    if (name !== '' && !params.has(name)) params.set(name, unquote(piece.slice(equals + 1).trim()));
  }
  return { type: (pieces[0] ?? '').trim().toLowerCase(), params };
}

/**
 * Whether `Accept` allows a type. The most specific range decides (`a/b`, then `a/*`, then `*` + `/*`); `q=0` forbids.
 * A missing or empty header allows everything.
 */
export function accepts(header: string | undefined, type: string): boolean {
  if (header === undefined || header.trim() === '' || header.length > MAX_HEADER) return true;

  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  const ranks: readonly string[] = ['*/*', family, type];
  let best = -1;
  let quality = 0;
  for (const range of splitOutsideQuotes(header, ',')) {
    const media = parseMediaType(range);
    const rank = ranks.indexOf(media.type === '*' ? '*/*' : media.type);
    if (rank <= best && !(rank === best && rank >= 0)) continue;
    const q = qualityOf(media);
    quality = rank === best ? Math.max(quality, q) : q;
    best = rank;
  }
  return quality > 0;
}

function qualityOf(media: MediaType): number {
  const text = media.params.get('q');
  if (text === undefined) return 1;
  const q = Number(text);
  return Number.isFinite(q) ? q : 1;
}

/** Splits at a character that stands outside quoted strings; one pass. */
export function splitOutsideQuotes(text: string, separator: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === separator) {
      pieces.push(text.slice(start, at));
      start = at + 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces;
}

/** A quoted string without its quotes and escapes; any other text unchanged. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/gs, '$1');
}
