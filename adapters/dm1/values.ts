import type { BlobRef, Bytes, DmFormat, Json, Value } from '../adapter';
import { elementToXml, fitsXml } from './codec/xml-encode';
import type { Data, Element, Encoding, Item, Meta } from './message';

/**
 * Values of nodes as they travel in an Item: Meta/Format, Meta/Type and Data.
 * Source: OMA-TS-DM_TND, "Format"; OMA-TS-DM_RepPro, "Data".
 */

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

/** Default Type; others are named, this one too, since some clients expect it. */
const TEXT_PLAIN = 'text/plain';
const WITH_TEXT_TYPE: ReadonlySet<DmFormat> = new Set(['chr', 'int', 'bool', 'float', 'date', 'time']);
/** 400 digits are no number of a device; a longer text stays text. */
const INTEGER = /^[+-]?\d{1,400}$/;
const FLOAT = /^[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?$/;

/** Format as Meta names it, compared without case; absent or unknown is `chr`. */
export function readFormat(text: string | undefined): DmFormat {
  const name = text?.trim().toLowerCase() ?? '';
  return FORMATS.has(name) ? (name as DmFormat) : 'chr';
}

/** Meta of an Item over the Meta of its command, element by element. */
export function mergeMeta(command: Meta | undefined, item: Meta | undefined): Meta {
  return { ...command, ...item };
}

/**
 * A leaf's value by its Format. What is not of the format is kept as `chr` text, and `misfit` says so: a device's
 * odd value must not be lost.
 */
export function readValue(meta: Meta, data: Data | undefined): { readonly value: Value; readonly misfit?: string } {
  const format = readFormat(meta.format);
  const mime = meta.type?.trim();
  const named = mime ? { mime } : {};
  const as = (value: Value['data']): { value: Value } => ({ value: { format, ...named, data: value } });
  const text = textOf(data);
  const bare = text.trim();
  switch (format) {
    case 'null':
      return as(null);
    case 'bin':
      return as(data?.kind === 'octets' ? data.octets : new Uint8Array(Buffer.from(text, 'utf8')));
    case 'b64':
      return as(data?.kind === 'octets' ? Buffer.from(data.octets).toString('base64') : bare);
    case 'int':
      if (INTEGER.test(bare)) return as(integer(bare));
      break;
    case 'float':
      if (FLOAT.test(bare)) return as(Number(bare));
      break;
    case 'bool':
      if (/^(?:true|1)$/i.test(bare)) return as(true);
      if (/^(?:false|0)$/i.test(bare)) return as(false);
      break;
    case 'date':
    case 'time':
      return as(bare);
    default:
      return as(text);
  }
  return { value: { format: 'chr', ...named, data: text }, misfit: `a value of format ${format} is none` };
}

/** Data as text; octets that are no text show as Base64. */
export function textOf(data: Data | undefined): string {
  if (data === undefined) return '';
  switch (data.kind) {
    case 'text':
      return data.text;
    case 'octets':
      return Buffer.from(data.octets).toString('utf8');
    case 'element':
      return documentText(data.element);
  }
}

/** An embedded document as XML text. An element named Data is Data itself: several elements without a root. */
function documentText(element: Element): string {
  return element.name === 'Data' ? element.children.map(elementToXml).join('') : elementToXml(element);
}

/** Octets that the Data stands for before any Base64 is undone: the unit in which large objects are counted. */
export function octetsOf(data: Data | undefined): Bytes {
  return data?.kind === 'octets' ? data.octets : Buffer.from(textOf(data), 'utf8');
}

/** Octets in the store that become the Data of an Item: as they are, as text, or as the Base64 of them. */
export interface StoredData {
  readonly of: BlobRef;
  readonly as: 'text' | 'octets' | 'base64';
  /** Octets of Data altogether. */
  readonly size: number;
}

/** An Item, or why the value cannot be written. Of a value that was not loaded the Item has no Data, and `stored` tells it. */
export type WrittenItem =
  | { readonly item: Item; readonly stored?: StoredData }
  | { readonly refused: 'TOO_LARGE' | 'BAD_VALUE'; readonly message: string };

/**
 * Item that gives a node a value, or makes an interior node where there is none. Meta/Format and Data always stand in
 * it, Data empty where there is nothing to say: one client crashes when either is missing. Octets travel as they are
 * in WBXML and as Base64 (Format `b64`) in XML.
 *
 * Errors: BAD_VALUE for text that XML would change.
 */
export function valueItem(uri: string, value: Value | undefined, encoding: Encoding, moid?: string): WrittenItem {
  const target = { locUri: uri };
  if (value === undefined || value.format === 'node') {
    return {
      item: { target, meta: { format: 'node', ...(moid ? { type: moid } : {}) }, data: { kind: 'text', text: '' } },
    };
  }
  const written = writeData(value, encoding);
  const { stored } = written;
  const isPlain =
    stored === undefined
      ? written.data.kind !== 'text' || fitsXml(written.data.text)
      : stored.as !== 'text' || stored.of.isPlain === true;
  if (encoding.form === 'xml' && !isPlain) {
    return {
      refused: 'BAD_VALUE',
      message: 'the device speaks XML, which cannot carry a control character of the value',
    };
  }
  const type = value.mime ?? (WITH_TEXT_TYPE.has(value.format) ? TEXT_PLAIN : undefined);
  const item = { target, meta: { format: written.format, ...(type ? { type } : {}) }, data: written.data };
  return stored === undefined ? { item } : { item, stored };
}

interface WrittenData {
  readonly format: DmFormat;
  readonly data: Data;
  readonly stored?: StoredData;
}

function writeData(value: Value, encoding: Encoding): WrittenData {
  const { data, format } = value;
  const text = (content: string): { format: DmFormat; data: Data } => ({
    format,
    data: { kind: 'text', text: content },
  });
  if (data === null) return text('');
  if (typeof data === 'string') return text(data);
  if (typeof data === 'number' || typeof data === 'bigint' || typeof data === 'boolean') return text(String(data));
  if (!(data instanceof Uint8Array)) return { ...text(''), ...ofStore(data, format, encoding) };
  if (format === 'bin' && encoding.form === 'wbxml') return { format, data: { kind: 'octets', octets: data } };
  return { format: 'b64', data: { kind: 'text', text: Buffer.from(data).toString('base64') } };
}

function ofStore(of: BlobRef, format: DmFormat, encoding: Encoding): Pick<WrittenData, 'format' | 'stored'> {
  if (of.isText) return { format, stored: { of, as: 'text', size: of.length } };
  if (format === 'bin' && encoding.form === 'wbxml') return { format, stored: { of, as: 'octets', size: of.length } };
  return { format: 'b64', stored: { of, as: 'base64', size: Math.ceil(of.length / 3) * 4 } };
}

/** A value as the middle shows it in JSON: octets as Base64, integers beyond 2^53−1 as decimal text. */
export function valueJson(value: Value): Json {
  const { data } = value;
  if (typeof data === 'bigint') return data.toString();
  if (data instanceof Uint8Array) return Buffer.from(data).toString('base64');
  if (data !== null && typeof data === 'object') return null;
  return data;
}

/** A value inside the session's JSON, where octets and large integers have no form of their own. */
export function storeValue(value: Value): Json {
  const { data } = value;
  const kept: Json =
    typeof data === 'bigint'
      ? { int: data.toString() }
      : data instanceof Uint8Array
        ? { b64: Buffer.from(data).toString('base64') }
        : data !== null && typeof data === 'object'
          ? null
          : data;
  return { format: value.format, ...(value.mime === undefined ? {} : { mime: value.mime }), data: kept };
}

/** The way back from {@link storeValue}. */
export function restoreValue(stored: Json): Value {
  const { format, mime, data } = stored as { format: DmFormat; mime?: string; data: Json };
  return { format, ...(mime === undefined ? {} : { mime }), data: restoreData(data) };
}

function restoreData(data: Json): Value['data'] {
  if (data === null || typeof data !== 'object') return data;
  const special = data as { readonly int?: string; readonly b64?: string };
  if (special.int !== undefined) return BigInt(special.int);
  return new Uint8Array(Buffer.from(special.b64 ?? '', 'base64'));
}

function integer(text: string): number | bigint {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return Object.is(number, -0) ? 0 : number;
  return BigInt(text.startsWith('+') ? text.slice(1) : text);
}
