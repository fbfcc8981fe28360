/** UTF-8 octets as text; `undefined` when they are not UTF-8. A byte order mark is dropped. */
export function textOf(octets: Uint8Array): string | undefined {
  return decoded(new TextDecoder('utf-8', { fatal: true }), octets);
}

/** The same for a part of a text, where U+FEFF is a character like others. */
export function partOf(octets: Uint8Array): string | undefined {
  return decoded(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }), octets);
}

function decoded(decoder: TextDecoder, octets: Uint8Array): string | undefined {
  try {
    return decoder.decode(octets);
  } catch {
    return undefined;
  }
}
