/** Media types: which content a client takes, and which a body may have. Source: RFC 9110, 12.5.1 and 15.5.16. */

export interface Content {
  readonly mime: string;
  readonly base64: string;
}

/** Types that a body brought by a device may always have, beside those that its address names: MO data, and bare values. */
const USUAL = ['application/dmmo+json', 'text/*', 'application/octet-stream'];

/** The first content that the client takes; without Accept the first of all. Quality 0 excludes. */
export function choose<T extends { readonly mime: string }>(
  contents: readonly T[],
  accept: string | undefined,
): T | undefined {
  if (accept === undefined || accept.trim() === '') return contents[0];
  const ranges = accept.split(',', 32).map(parseRange);
  const quality = (mime: string): number => {
    const type = typeOf(mime);
    let best = { specificity: -1, q: 0 };
    for (const range of ranges) {
      const specificity = specificityOf(range.type, type);
      if (specificity > best.specificity) best = { specificity, q: range.q };
    }
    return best.specificity < 0 ? 0 : best.q;
  };
  let chosen: { content: T; q: number } | undefined;
  for (const content of contents) {
    const q = quality(content.mime);
    if (q > 0 && (chosen === undefined || q > chosen.q)) chosen = { content, q };
  }
  return chosen?.content;
}

/** What a 415 tells in OMADM-Accept. */
export function takenTypes(named: readonly string[]): readonly string[] {
  return [...new Set([...USUAL, ...named.map(typeOf)])];
}

/** Whether a body of this Content-Type is taken. One that has none is not. */
export function isTaken(contentType: string | undefined, named: readonly string[]): boolean {
  const type = typeOf(contentType ?? '');
  return /^[^\s/]+\/[^\s/]+$/.test(type) && takenTypes(named).some((range) => specificityOf(range, type) >= 0);
}

function typeOf(mime: string): string {
  return (mime.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** 2: the type, 1: its family, 0: all, -1: another. */
function specificityOf(range: string, type: string): number {
  if (range === type) return 2;
  if (range === '*/*') return 0;
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1)) ? 1 : -1;
}

function parseRange(text: string): { type: string; q: number } {
  const [type = '', ...parameters] = text.split(';');
  const given = parameters
    .map((p) => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(p)?.[1])
    .find((q) => q !== undefined);
  return { type: type.trim().toLowerCase(), q: given === undefined ? 1 : Number(given) };
}
