/** Data of Items as values of the device, and back. Source: dm1 4.3, 5, 13.6. */
import type { Data, Item, Meta } from '../../../adapters/dm1/message';
import type { Stored } from '../definition';
import { octetsOfBase64 } from '../lexical';
import type { TreeNode } from '../tree';

export function textData(text: string): Data {
  return { kind: 'text', text };
}

/** Octets of Data as they are transferred. */
export function octetsOf(data: Data | undefined): Uint8Array {
  if (data === undefined || data.kind === 'element') return new Uint8Array();
  return data.kind === 'octets' ? data.octets : new Uint8Array(Buffer.from(data.text, 'utf8'));
}

export function dataLength(data: Data | undefined): number {
  if (data === undefined || data.kind === 'element') return 0;
  return data.kind === 'octets' ? data.octets.length : Buffer.byteLength(data.text);
}

export function textOf(data: Data | undefined): string {
  if (data === undefined) return '';
  if (data.kind === 'text') return data.text;
  return data.kind === 'octets' ? Buffer.from(data.octets).toString('utf8') : data.element.text;
}

/** The value that an Item brings for a node of a format, or undefined when its Data cannot be one. */
export function storedOf(item: Item, nodeFormat: string | undefined): Stored | undefined {
  const format = item.meta?.format?.trim().toLowerCase();
  if (nodeFormat !== 'bin') return item.data?.kind === 'element' ? undefined : textOf(item.data);
  if (format === 'bin' && item.data?.kind === 'octets') return item.data.octets;
  // b64: the text is decoded; octets that are no base64 are the value themselves (dm1 13.6).
  if (item.data?.kind === 'octets') return octetsOfBase64(textOf(item.data)) ?? item.data.octets;
  return octetsOfBase64(textOf(item.data));
}

/** Meta and Data of a leaf in Results. `wbxml`: octets go as they are, else as base64. */
export function itemContent(node: TreeNode, wbxml: boolean): { readonly meta?: Meta; readonly data: Data } {
  const { format, mime } = node.definition;
  const type = mime === undefined ? {} : { type: mime };
  if (node.value instanceof Uint8Array) {
    if (wbxml) return { meta: { format: 'bin', ...type }, data: { kind: 'octets', octets: node.value } };
    return { meta: { format: 'b64', ...type }, data: textData(Buffer.from(node.value).toString('base64')) };
  }
  return { meta: { format, type: mime ?? 'text/plain' }, data: textData(node.value ?? '') };
}
