/** XML as a client writes it: quotes, line ends, declaration, attributes, places of children. Source: client-quirks 16; dm1 20. */
import type { XmlTraits } from './traits';

/** @param body  what the codec wrote: no white space between elements, a declaration on a line of its own */
export function spellXml(body: Uint8Array, xml: XmlTraits): Uint8Array {
  let text = Buffer.from(body).toString('utf8');
  if (xml.noDeclaration === true) text = text.replace(/^<\?xml[^>]*\?>\s*/, '');
  const { lastInStatus } = xml;
  if (lastInStatus !== undefined) {
    const moved = new RegExp(`((?:<${lastInStatus}>[^<]*</${lastInStatus}>)+)(.*?)</Status>`, 'gs');
    text = text.replace(moved, '$2$1</Status>');
  }
  for (const [name, attribute] of Object.entries(xml.attributes ?? {}))
    text = text.replace(new RegExp(`<${name}(?=[ />])`, 'g'), `<${name} ${attribute}`);
  if (xml.singleQuotes === true) text = text.replace(/ xmlns="([^"']*)"/g, " xmlns='$1'");
  // Between two tags only: text of a value keeps its line ends.
  if (xml.crlf === true) text = text.replace(/(<\/[A-Za-z]+>|<[A-Za-z]+\/>)(?=<)/g, '$1\r\n');
  return Buffer.from(text, 'utf8');
}

/** Puts the NUL octets back that the codec, which writes legal XML alone, had replaced. */
export function withNuls(body: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(body).toString('utf8').replaceAll('\ufffd', '\0'), 'utf8');
}
