/** Data of an Item, or a Value in TNDS, ⇄ a leaf's value. */
import type { DmFormat, Value } from '../../adapter';
import type { Data } from '../message';
import { bufferOf, isBase64 } from './markup';
import { elementToXml } from './xml-encode';

const FORMATS: ReadonlySet<string> = new Set<DmFormat>([
  'b64',
  'bin',
  'bool',
  'chr',
  'int',
  'node',
  'null',
  'xml',
  'date',
  'time',
  'float',
]);
const INTEGER = /^[+-]?\d{1,40}$/;
const FLOAT = /^[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?$/;

/** A Format as it stands in Meta, in any case (`Chr` is seen). Absent or unknown: `chr`, the default. */
export function formatOf(text: string | undefined): DmFormat {
  const format = text?.trim().toLowerCase() ?? 'chr';
  return FORMATS.has(format) ? (format as DmFormat) : 'chr';
}

/** Data as text: octets that came where text was due are read as UTF-8, a document is its XML. */
export function dataText(data: Data): string {
  if (data.kind === 'text') return data.text;
  return data.kind === 'octets' ? bufferOf(data.octets).toString('utf8') : elementToXml(data.element);
}

/**
 * Reads a value. Text that its format cannot hold stays what it is, as `chr`: what a device says is never lost.
 *
 * - int: decimal, leading `+` and zeros taken; a bigint beyond 2^53−1.
 * - bool: `true` `false` in any case, `1`, `0`. date, time: text without white space round it.
 * - bin: octets; text that is base64 is decoded, other text is its octets. b64: base64 text without white space; octets
 *   (a client sent them raw) are encoded.
 * - null and node: null.
 *
 * Source: OMA-TS-DM_TND, "Format"; OMA-TS-DM_RepPro, "Data".
 */
export function readValue(format: string | undefined, mime: string | undefined, data: Data): Value {
  const known = formatOf(format);
  const made = convert(known, data);
  const value = made === undefined ? { format: 'chr' as const, data: dataText(data) } : { format: known, data: made };
  return mime ? { ...value, mime } : value;
}

function convert(format: DmFormat, data: Data): Exclude<Value['data'], { blob: string }> | undefined {
  switch (format) {
    case 'chr':
    case 'xml':
      return dataText(data);
    case 'date':
    case 'time':
      return dataText(data).trim();
    case 'int':
      return integer(dataText(data).trim());
    case 'float':
      return float(dataText(data).trim());
    case 'bool':
      return boolean(dataText(data).trim().toLowerCase());
    case 'null':
    case 'node':
      return null;
    case 'bin':
      return binary(data);
    case 'b64':
      return base64(data);
  }
}

function integer(text: string): number | bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const number = Number(text);
  // −0 is no integer of its own.
  return Number.isSafeInteger(number) ? number + 0 : BigInt(text.replace('+', ''));
}

function float(text: string): number | undefined {
  if (!FLOAT.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

function boolean(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : undefined;
}

function binary(data: Data): Uint8Array {
  if (data.kind === 'octets') return data.octets;
  const text = dataText(data);
  return new Uint8Array(Buffer.from(text, isBase64(text) ? 'base64' : 'utf8'));
}

function base64(data: Data): string | undefined {
  if (data.kind === 'octets') return bufferOf(data.octets).toString('base64');
  const text = dataText(data);
  return isBase64(text) ? text.replace(/\s+/g, '') : undefined;
}

/** A value as the text of Data in XML: octets as base64, null as empty text. A value that stands in the store has to be loaded before. */
export function valueText(value: Value): string {
  const { data } = value;
  if (data === null) return '';
  if (data instanceof Uint8Array) return bufferOf(data).toString('base64');
  if (typeof data === 'object') throw new Error(`the value ${data.blob} is not loaded`);
  return String(data);
}
