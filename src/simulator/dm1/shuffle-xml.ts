/** The children of SyncML elements in another order, as clients send them. Source: dm1 4.1, 21.1. */
import { SaxesParser } from 'saxes';

/** An element in the making; text stands escaped. */
interface Branch {
  readonly open: string;
  readonly close: string;
  readonly name: string;
  readonly parts: (Branch | string)[];
}

/** Elements whose children are told apart by name alone. */
const FREE = new Set(['SyncHdr', 'Item', 'Status', 'Results', 'Alert', 'Replace', 'Meta', 'Cred', 'Target', 'Source']);

/** Undefined when the octets are no XML. */
export function shuffleXml(
  body: Uint8Array,
  shuffled: <T>(list: readonly T[]) => readonly T[],
): Uint8Array | undefined {
  const root: Branch = { open: '', close: '', name: '', parts: [] };
  const stack: Branch[] = [root];
  let failed = false;
  const text = Buffer.from(body).toString('utf8');
  const parser = new SaxesParser({ xmlns: false, fragment: false });
  parser.on('error', () => (failed = true));
  parser.on('opentag', (tag) => {
    const attributes = Object.entries(tag.attributes).map(([name, value]) => ` ${name}="${escaped(String(value))}"`);
    const branch: Branch = {
      name: tag.name,
      open: `<${tag.name}${attributes.join('')}>`,
      close: `</${tag.name}>`,
      parts: [],
    };
    stack.at(-1)?.parts.push(branch);
    stack.push(branch);
  });
  parser.on('closetag', () => void stack.pop());
  parser.on('text', (piece) => void stack.at(-1)?.parts.push(escaped(piece)));
  parser.on('cdata', (piece) => void stack.at(-1)?.parts.push(escaped(piece)));
  parser.write(text).close();
  if (failed) return undefined;
  const write = (branch: Branch): string => {
    const onlyElements = branch.parts.every((part) => typeof part !== 'string' || part.trim() === '');
    const parts = FREE.has(branch.name) && onlyElements ? shuffled(branch.parts) : branch.parts;
    const inner = parts.map((part) => (typeof part === 'string' ? part : write(part))).join('');
    return `${branch.open}${inner}${branch.close}`;
  };
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${write(root)}`, 'utf8');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
