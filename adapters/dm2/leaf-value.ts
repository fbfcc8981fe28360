/**
 * One leaf's value in JSON and as a bare body, by the format that its DDF names.
 * Source: OMA-TS-DM_Protocol-V2_0, 7.2.1.4; formats: OMA-TS-DM_TND, "Format".
 */
import type { Bytes, DmFormat, Value } from '../adapter';
import { parseMediaType } from '../http/media-type';
import { textOf } from '../http/utf8';
import { isStorable } from './storable-text';

export const TEXT_TYPE = 'text/plain;charset=utf-8';
export const OCTETS_TYPE = 'application/octet-stream';

const INTEGER = /^[+-]?\d{1,20}$/;
const FLOAT = /^[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,5})?$/;
const BASE64 = /^[A-Za-z0-9+/\s]*(?:={1,2}\s*)?$/;
const MAX_INT = 2_147_483_647;
const MIN_INT = -2_147_483_648;

/** A JSON value as a leaf of the format; `undefined` when it does not fit. Without a format it is taken from the JSON type. */
export function valueFromJson(json: unknown, format: DmFormat | undefined): Value | undefined {
  if (typeof json === 'string' && !isStorable(json)) return undefined;
  switch (format) {
    case undefined:
      return inferred(json);
    case 'bool':
      return boolean(json);
    case 'int':
      return integer(json);
    case 'float':
      return float(json);
    case 'null':
      return json === null || json === '' ? { format, data: null } : undefined;
    case 'bin':
      return typeof json === 'string' ? octets(json) : undefined;
    case 'node':
      return undefined;
    default:
      return text(json, format);
  }
}

function inferred(json: unknown): Value | undefined {
  if (json === null) return { format: 'null', data: null };
  if (typeof json === 'string') return { format: 'chr', data: json };
  if (typeof json === 'boolean') return { format: 'bool', data: json };
  if (typeof json === 'number') return { format: Number.isSafeInteger(json) ? 'int' : 'float', data: json };
  return undefined;
}

function boolean(json: unknown): Value | undefined {
  if (typeof json === 'boolean') return { format: 'bool', data: json };
  const word = typeof json === 'string' ? json.trim().toLowerCase() : '';
  return word === 'true' || word === 'false' ? { format: 'bool', data: word === 'true' } : undefined;
}

function integer(json: unknown): Value | undefined {
  const number = typeof json === 'string' && INTEGER.test(json.trim()) ? Number(json) : json;
  if (typeof number !== 'number' || !Number.isInteger(number)) return undefined;
  return number >= MIN_INT && number <= MAX_INT ? { format: 'int', data: number + 0 } : undefined;
}

function float(json: unknown): Value | undefined {
  if (typeof json === 'number') return { format: 'float', data: json };
  if (typeof json !== 'string') return undefined;
  const word = json.trim();
  if (word === 'INF' || word === '+INF') return { format: 'float', data: Infinity };
  if (word === '-INF') return { format: 'float', data: -Infinity };
  if (word === 'NaN') return { format: 'float', data: NaN };
  return word.length <= 1024 && FLOAT.test(word) ? { format: 'float', data: Number(word) } : undefined;
}

function octets(json: string): Value | undefined {
  if (!BASE64.test(json)) return undefined;
  const digits = json.replace(/[=\s]/g, '').length;
  return digits % 4 === 1 ? undefined : { format: 'bin', data: Uint8Array.from(Buffer.from(json, 'base64')) };
}

function text(json: unknown, format: DmFormat): Value | undefined {
  if (typeof json === 'string') return { format, data: json };
  if (typeof json === 'number' || typeof json === 'boolean') return { format, data: String(json) };
  return undefined;
}

/** A leaf's value as the JSON to send. `undefined` for octets that stand elsewhere (a blob) and are not at hand. */
export function jsonFromValue(value: Value): string | number | boolean | null | undefined {
  const { data, format } = value;
  if (data === null || format === 'null') return null;
  if (data instanceof Uint8Array) return Buffer.from(data).toString('base64');
  if (typeof data === 'object') return undefined;
  // JSON has neither infinities nor integers beyond 2^53: their text stands in.
  if (typeof data === 'bigint') return Number.isSafeInteger(Number(data)) ? Number(data) : data.toString();
  if (typeof data === 'number') return Number.isFinite(data) ? data : floatText(data);
  return data;
}

function floatText(data: number): string {
  if (Number.isNaN(data)) return 'NaN';
  return data === Infinity ? 'INF' : data === -Infinity ? '-INF' : String(data);
}

/** A leaf as a bare body with its media type: the value's own, else `text/plain` or, for bin, raw octets. */
export function encodeBareValue(value: Value): { mediaType: string; body: Bytes } | undefined {
  const { data } = value;
  if (data instanceof Uint8Array) return { mediaType: value.mime ?? OCTETS_TYPE, body: data };
  if (typeof data === 'object' && data !== null) return undefined;
  const words = data === null ? '' : typeof data === 'number' ? floatText(data) : String(data);
  return { mediaType: value.mime ?? TEXT_TYPE, body: Buffer.from(words, 'utf8') };
}

/**
 * A bare body as a leaf of the format; `undefined` when it does not fit. Without a format, text types are chr and all
 * others bin. The media type is kept as the value's `mime` unless it is the one that bare values have by default.
 */
export function decodeBareValue(mediaType: string, body: Bytes, format: DmFormat | undefined): Value | undefined {
  const type = parseMediaType(mediaType).type;
  const textual = type === '' || type.startsWith('text/') || type.endsWith('+xml') || type.endsWith('json');
  const known = format ?? (textual || type.endsWith('/xml') ? 'chr' : 'bin');
  const value = known === 'bin' ? octetsOf(body) : bareText(body, known);
  const usual = type === '' || type === 'text/plain' || type === OCTETS_TYPE;
  return value === undefined || usual ? value : { ...value, mime: type };
}

function octetsOf(body: Bytes): Value {
  return { format: 'bin', data: Uint8Array.from(body) };
}

function bareText(body: Bytes, format: DmFormat): Value | undefined {
  const words = textOf(body);
  if (words === undefined) return undefined;
  const framed = format === 'bool' || format === 'int' || format === 'float' || format === 'null';
  return valueFromJson(framed ? words.trim() : words, format);
}
