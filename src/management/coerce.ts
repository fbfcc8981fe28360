/** A caller's value as a node's value, by the format that its DDF gives. Pure. */
import type { DmFormat, Json, Tree, Value } from '../../adapters/adapter';
import { encodeName, type DdfLibrary, type KnownNode } from '../../schema/ddf/library';
import { itemValue, type UsableItem } from './item-value';
import { checkName } from './names';
import type { StoredValue } from './stored-value';
import { isStorable } from './tree';
import { ManagementError, type ValueInput } from './types';
import { checkAllowed } from './allowed-values';

const MEMBERS = ['text', 'int', 'float', 'bool', 'base64', 'json', 'repositoryItem'] as const;
const DATE = /^(\d{4})-?(\d{2})-?(\d{2})$/;
const TIME = /^(\d{4}-?\d{2}-?\d{2}T)?\d{2}:?\d{2}(:?\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/;
const INTEGER = /^[+-]?\d{1,19}$/;
const FLOAT = /^([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?|-?INF|NaN)$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const MAX_DEPTH = 32;

export interface ValueLimits {
  /** Octets of one value. */
  readonly valueOctets: number;
  /** Files of the repository that the caller may send, by their keys. */
  readonly items?: ReadonlyMap<string, UsableItem>;
}

/** What a caller wants written: a leaf's value, a tree, or (undefined) an interior node without children. */
export type Written = { readonly value: Value } | { readonly tree: Tree } | { readonly item: StoredValue } | undefined;

/**
 * @param where how messages name the place, such as `commands[2].replace.value`
 * @param node  the node as its DDF describes it; undefined where no DDF does
 *
 * Errors: BAD_USER_INPUT, BAD_FORMAT (with what the node takes), OUT_OF_RANGE, LIMIT_VALUE_SIZE.
 */
export function coerceValue(
  input: ValueInput | null | undefined,
  where: string,
  node: KnownNode | undefined,
  limits: ValueLimits,
  within: { readonly moid: string; readonly path: string; readonly library: DdfLibrary } | undefined,
): Written {
  if (input == null) return undefined;
  const given = MEMBERS.filter((m) => input[m] !== undefined && input[m] !== null);
  if (given.length > 1)
    throw new ManagementError(
      'BAD_USER_INPUT',
      `${where}: give one of ${MEMBERS.join(', ')}, not ${given.join(' and ')}`,
    );
  const [member] = given;
  const known = input.format ?? node?.format;
  if (
    node !== undefined &&
    input.format != null &&
    input.format !== node.format &&
    !(node.format === 'bin' && input.format === 'b64')
  ) {
    throw new ManagementError('BAD_FORMAT', `${where}: the node is ${node.format} by its DDF, not ${input.format}`, {
      expected: node.format,
    });
  }
  if (member === 'repositoryItem') return { item: itemValue(input.repositoryItem ?? '', limits.items, known, where) };
  const format = known ?? formatOf(member, input);
  if (format === 'node') {
    if (member !== 'json')
      throw new ManagementError(
        'BAD_FORMAT',
        `${where}: an interior node takes \`json\` (an object of its children) or no value`,
        { expected: 'node' },
      );
    return { tree: treeOf(input.json ?? null, where, limits, within, within?.path.split('/').at(-1) ?? '', 0) };
  }
  const raw: unknown = member === undefined ? null : input[member];
  const data = leafData(raw, format, where, limits);
  if (node !== undefined) checkAllowed(data, node, where);
  return { value: { format, mime: input.type ?? node?.mime, data } };
}

function formatOf(
  member: Exclude<(typeof MEMBERS)[number], 'repositoryItem'> | undefined,
  input: ValueInput,
): DmFormat {
  switch (member) {
    case undefined:
      return 'null';
    case 'int':
      return 'int';
    case 'float':
      return 'float';
    case 'bool':
      return 'bool';
    case 'base64':
      return 'bin';
    case 'json':
      return input.json !== null && typeof input.json === 'object' ? 'node' : formatOfJson(input.json ?? null);
    default:
      return 'chr';
  }
}

function formatOfJson(json: Json): DmFormat {
  if (typeof json === 'number') return Number.isInteger(json) ? 'int' : 'float';
  if (typeof json === 'boolean') return 'bool';
  return json === null ? 'null' : 'chr';
}

function treeOf(
  json: Json,
  where: string,
  limits: ValueLimits,
  within: { readonly moid: string; readonly path: string; readonly library: DdfLibrary } | undefined,
  name: string,
  depth: number,
): Tree {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new ManagementError('BAD_FORMAT', `${where}: expected an object of child nodes`, { expected: 'node' });
  }
  if (depth > MAX_DEPTH)
    throw new ManagementError('BAD_USER_INPUT', `${where}: nested deeper than ${MAX_DEPTH} levels`);
  const children = Object.entries(json as { readonly [key: string]: Json }).map(([child, value]): Tree => {
    if (child === '' || !isStorable(child))
      throw new ManagementError('BAD_USER_INPUT', `${where}: a node needs a name`);
    // Names become segments of addresses on the wire; a slash within one is no separator.
    checkName(child.replaceAll('/', '%2F'), `${where}.${child}`);
    const path =
      within === undefined ? '' : within.path === '' ? encodeName(child) : `${within.path}/${encodeName(child)}`;
    const node = within?.library.node(within.moid, path);
    const at = `${where}.${child}`;
    if (within !== undefined && node === undefined && within.library.isKnown(within.moid)) {
      throw new ManagementError('NOT_IN_DDF', `${at}: ${within.moid} has no node ${path}`, { path });
    }
    const isInterior =
      node === undefined
        ? value !== null && typeof value === 'object' && !Array.isArray(value)
        : node.format === 'node';
    if (isInterior) return treeOf(value, at, limits, within && { ...within, path }, child, depth + 1);
    const format = node?.format ?? formatOfJson(value);
    const data = leafData(value, format, at, limits);
    if (node !== undefined) checkAllowed(data, node, at);
    return { name: child, value: { format, mime: node?.mime, data } };
  });
  return { name, children, childrenComplete: true };
}

/** What a format takes, as messages say it. */
const TAKES: Readonly<Record<DmFormat, string>> = {
  null: 'empty',
  bool: 'a boolean',
  int: 'an integer',
  float: 'a number',
  bin: 'Base64 text',
  b64: 'Base64 text',
  date: 'a date (2026-01-31)',
  time: 'a time (06:45:00Z)',
  chr: 'text',
  xml: 'text',
  node: 'an object of child nodes',
};

/** A scalar as data of a format. Throws ManagementError and nothing else. */
export function leafData(raw: unknown, format: DmFormat, where: string, limits: ValueLimits): Value['data'] {
  const text = textOf(raw);
  const octets = text === undefined ? 0 : Buffer.byteLength(text);
  if (octets > limits.valueOctets) {
    throw new ManagementError(
      'LIMIT_VALUE_SIZE',
      `${where}: ${octets} octets; at most ${limits.valueOctets} can be sent in a command`,
    );
  }
  if (text !== undefined && !isStorable(text)) {
    throw new ManagementError('BAD_FORMAT', `${where}: text must not hold U+0000 or lone surrogates`, {
      expected: format,
    });
  }
  const data = typeof raw === 'boolean' ? dataOfBoolean(raw, format) : dataOfText(raw, text, format, where);
  if (data === undefined) {
    const message = `${where}: ${show(raw)} is not ${TAKES[format]}; the node's format is ${format}`;
    throw new ManagementError('BAD_FORMAT', message, { expected: format });
  }
  return data;
}

function textOf(raw: unknown): string | undefined {
  if (typeof raw === 'string') return raw;
  return typeof raw === 'number' || typeof raw === 'bigint' || typeof raw === 'boolean' ? String(raw) : undefined;
}

function dataOfBoolean(raw: boolean, format: DmFormat): Value['data'] | undefined {
  if (format === 'bool') return raw;
  return format === 'chr' || format === 'xml' ? String(raw) : undefined;
}

/** Undefined when it is nothing that the format takes. */
function dataOfText(
  raw: unknown,
  text: string | undefined,
  format: DmFormat,
  where: string,
): Value['data'] | undefined {
  if (format === 'null') return raw === null || raw === undefined || raw === '' ? null : undefined;
  if (text === undefined) return undefined;
  switch (format) {
    case 'bool':
      return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined;
    case 'int':
      return INTEGER.test(text) ? integer(BigInt(text), where) : undefined;
    case 'float':
      return FLOAT.test(text) ? Number(text.replace('INF', 'Infinity')) : undefined;
    case 'bin':
      return isBase64(text) ? Buffer.from(text, 'base64') : undefined;
    case 'b64':
      return isBase64(text) ? text : undefined;
    case 'date':
      return isDate(text) ? text : undefined;
    case 'time':
      return TIME.test(text) ? text : undefined;
    case 'chr':
    case 'xml':
      return text;
    case 'node':
      return undefined;
  }
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && BASE64.test(text);
}

/** A day that the calendar has. */
function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = DATE.exec(text) ?? [];
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day);
}

function integer(value: bigint, where: string): number | bigint {
  if (value < -(2n ** 63n) || value >= 2n ** 63n)
    throw new ManagementError('OUT_OF_RANGE', `${where}: ${value} does not fit 64 bits`);
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/** A value in a message, cut short. */
function show(raw: unknown): string {
  if (raw === undefined) return 'nothing';
  if (typeof raw === 'object' && raw !== null) return Array.isArray(raw) ? 'a list' : 'an object';
  const text = typeof raw === 'string' ? JSON.stringify(raw) : String(raw);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
