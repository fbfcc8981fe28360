/** UTF-8 octets as text; `undefined` when they are not UTF-8. A byte order mark is dropped. */
export function textOf(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    return undefined;
  }
}
