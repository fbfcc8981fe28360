/** Values of leaves between devices and GraphQL, by scalar. What does not fit is a misfit, never an error. */
import { integerOf, isSame } from '../ddf/check-value';
import type { DdfFormat } from '../ddf/model';
import type { InputValue, Json, LeafScalar, MoNode } from './types';

export type Conversion = { readonly ok: true; readonly value: unknown } | { readonly ok: false };
export type InputConversion =
  { readonly ok: true; readonly data: InputValue['data'] } | { readonly ok: false; readonly message: string };

const MISFIT: Conversion = { ok: false };
const MAX_INT = 2_147_483_647;
const DECIMAL = /^[+-]?[0-9]{1,40}$/;
const FLOAT = /^[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,4})?$/;
/** ISO 8601, basic and extended; DM's `time` may be a time, or a date and a time. */
const DATE = /^[0-9]{4}-?[0-9]{2}-?[0-9]{2}$/;
const TIME =
  /^(?:[0-9]{4}-?[0-9]{2}-?[0-9]{2}T)?[0-9]{2}:?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]{1,12})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?$/;

/**
 * A leaf's value of a values document as its scalar takes it: Int number, BigInt bigint or number as the document had it (text
 * becomes bigint), Base64, Date and Time text. A null value of another format than null is the empty value of a device:
 * GraphQL null.
 */
export function toGraphql(scalar: LeafScalar, value: Json): Conversion {
  if (scalar === 'Presence') return { ok: true, value: true };
  if (value === null) return { ok: true, value: null };
  if (typeof value === 'object') return MISFIT;
  switch (scalar) {
    case 'String':
      return { ok: true, value: String(value) };
    case 'Int': {
      const number = typeof value === 'string' && DECIMAL.test(value.trim()) ? Number(value) : value;
      return typeof number === 'number' && Number.isInteger(number) && number <= MAX_INT && number >= -MAX_INT - 1
        ? { ok: true, value: number }
        : MISFIT;
    }
    case 'BigInt': {
      if (typeof value === 'number') return Number.isSafeInteger(value) ? { ok: true, value } : MISFIT;
      return typeof value === 'string' && DECIMAL.test(value.trim())
        ? { ok: true, value: BigInt(value.trim().replace(/^\+/, '')) }
        : MISFIT;
    }
    case 'Float': {
      const number = typeof value === 'string' && FLOAT.test(value.trim()) ? Number(value) : value;
      return typeof number === 'number' && Number.isFinite(number) ? { ok: true, value: number } : MISFIT;
    }
    case 'Boolean':
      return toBoolean(value);
    case 'Base64':
      return typeof value === 'string' && isBase64(value) ? { ok: true, value } : MISFIT;
    case 'Date':
      return typeof value === 'string' && DATE.test(value) ? { ok: true, value } : MISFIT;
    case 'Time':
      return typeof value === 'string' && TIME.test(value) ? { ok: true, value } : MISFIT;
  }
}

/** The same for a leaf of a family: where its values have names, the raw value that a name stands for. */
export function leafToGraphql(leaf: MoNode, value: Json): Conversion {
  if (!leaf.enumeration || value === null) return toGraphql(leaf.scalar ?? 'String', value);
  if (typeof value === 'object') return MISFIT;
  const sought = leaf.scalar === 'String' ? value : (integerOf(value) ?? value);
  const known = leaf.enumeration.values.find(({ raw }) => isSame(raw, sought));
  return known ? { ok: true, value: known.raw } : MISFIT;
}

function toBoolean(value: string | number | boolean): Conversion {
  if (typeof value === 'boolean') return { ok: true, value };
  const text = String(value).trim().toLowerCase();
  if (text === 'true' || text === '1') return { ok: true, value: true };
  return text === 'false' || text === '0' ? { ok: true, value: false } : MISFIT;
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text);
}

/**
 * An input value (already coerced by its GraphQL scalar) in the adapters' words. Scalars may have made octets of Base64, a
 * bigint of BigInt, or a Date of dates: all are taken.
 */
export function toDevice(format: DdfFormat, value: unknown): InputConversion {
  switch (format) {
    case 'null':
    case 'node':
      return { ok: true, data: null };
    case 'bool':
      return typeof value === 'boolean' ? { ok: true, data: value } : bad('a Boolean', value);
    case 'int':
      return toInteger(value);
    case 'float':
      return typeof value === 'number' && Number.isFinite(value) ? { ok: true, data: value } : bad('a number', value);
    case 'bin': {
      if (value instanceof Uint8Array) return { ok: true, data: value };
      return typeof value === 'string' && isBase64(value)
        ? { ok: true, data: new Uint8Array(Buffer.from(value, 'base64')) }
        : bad('Base64', value);
    }
    case 'b64': {
      if (value instanceof Uint8Array) return { ok: true, data: Buffer.from(value).toString('base64') };
      return typeof value === 'string' && isBase64(value) ? { ok: true, data: value } : bad('Base64', value);
    }
    case 'chr':
    case 'xml':
    case 'date':
    case 'time': {
      if (value instanceof Date) return { ok: true, data: value.toISOString() };
      return typeof value === 'string' ? { ok: true, data: value } : bad('text', value);
    }
  }
}

function toInteger(value: unknown): InputConversion {
  const integer = typeof value === 'string' ? integerOf(value.replace(/^\+/, '')) : value;
  if (typeof integer === 'number' && Number.isSafeInteger(integer)) return { ok: true, data: integer };
  if (typeof integer !== 'bigint') return bad('an integer', value);
  const isSafe = integer >= BigInt(Number.MIN_SAFE_INTEGER) && integer <= BigInt(Number.MAX_SAFE_INTEGER);
  return { ok: true, data: isSafe ? Number(integer) : integer };
}

function bad(wanted: string, value: unknown): InputConversion {
  return { ok: false, message: `${wanted} is wanted, not ${value === null ? 'null' : typeof value}` };
}
