/**
 * The lexical forms of leaf values: what a device accepts for a format, and how it writes it.
 * Source: dm1 5 ("Data per format"), dm2 10.3.
 */
import type { DmFormat } from '../../adapters/adapter';
import type { Stored } from './definition';

const DATE = /^\d{4}-?\d{2}-?\d{2}$/;
const TIME = /^\d{2}:?\d{2}:?\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?$/;
const DATE_TIME = /^\d{4}-?\d{2}-?\d{2}T\d{2}:?\d{2}:?\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?$/;
const FLOAT = /^[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,4})?$/;
const INT = /^[+-]?\d{1,20}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard base64, white space allowed, padding optional; undefined when it is none. */
export function octetsOfBase64(text: string): Uint8Array | undefined {
  const packed = text.replace(/\s+/g, '');
  if (!BASE64.test(packed) || packed.replace(/=+$/, '').length % 4 === 1) return undefined;
  return new Uint8Array(Buffer.from(packed, 'base64'));
}

/** The value in the form that the device keeps, or undefined when it does not fit the format. */
export function canonical(format: DmFormat, value: Stored): Stored | undefined {
  if (typeof value !== 'string')
    return format === 'bin' ? value : canonicalText(format, Buffer.from(value).toString('utf8'));
  return canonicalText(format, value);
}

function canonicalText(format: DmFormat, text: string): Stored | undefined {
  const trimmed = text.trim();
  switch (format) {
    case 'chr':
    case 'xml':
      return text;
    case 'null':
      return text === '' ? '' : undefined;
    case 'int': {
      if (!INT.test(trimmed)) return undefined;
      const number = Number(trimmed);
      return number >= -2147483648 && number <= 2147483647 ? String(number) : undefined;
    }
    case 'bool': {
      const word = trimmed.toLowerCase();
      if (word === 'true' || word === '1') return 'true';
      return word === 'false' || word === '0' ? 'false' : undefined;
    }
    case 'float':
      return FLOAT.test(trimmed) || /^(?:-?INF|NaN)$/.test(trimmed) ? trimmed : undefined;
    case 'date':
      return DATE.test(trimmed) || DATE_TIME.test(trimmed) ? trimmed : undefined;
    case 'time':
      return TIME.test(trimmed) ? trimmed : undefined;
    case 'b64':
      return octetsOfBase64(text) === undefined ? undefined : text;
    case 'bin':
      return octetsOfBase64(text);
    case 'node':
      return undefined;
  }
}

/** Octets that a value takes on the device. */
export function sizeOf(value: Stored | undefined): number {
  if (value === undefined) return 0;
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}
