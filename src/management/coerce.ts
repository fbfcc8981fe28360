/** A caller's value as a node's value, by the format that its DDF gives. Pure. */
import type { DmFormat, Json, Tree, Value } from '../../adapters/adapter';
import { encodeName, type DdfLibrary, type KnownNode } from '../../schema/ddf/library';
import { isStorable } from './tree';
import { ManagementError, type ValueInput } from './types';

const MEMBERS = ['text', 'int', 'float', 'bool', 'base64', 'json', 'repositoryItem'] as const;
const DATE = /^\d{4}-?\d{2}-?\d{2}$/;
const TIME = /^(\d{4}-?\d{2}-?\d{2}T)?\d{2}:?\d{2}(:?\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/;
const INTEGER = /^[+-]?\d{1,19}$/;
const FLOAT = /^([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?|-?INF|NaN)$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const MAX_DEPTH = 32;

export interface ValueLimits {
  /** Octets of one value. */
  readonly valueOctets: number;
}

/** What a caller wants written: a leaf's value, a tree, or (undefined) an interior node without children. */
export type Written = { readonly value: Value } | { readonly tree: Tree } | undefined;

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
  if (member === 'repositoryItem')
    throw new ManagementError(
      'BAD_USER_INPUT',
      `${where}: this gateway has no repository items to refer to; send the value itself`,
    );
  const format = input.format ?? node?.format ?? formatOf(member, input);
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
  return { value: { format, mime: input.type ?? node?.mime, data } };
}

function formatOf(member: (typeof MEMBERS)[number] | undefined, input: ValueInput): DmFormat {
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
    return { name: child, value: { format, mime: node?.mime, data: leafData(value, format, at, limits) } };
  });
  return { name, children, childrenComplete: true };
}

/** A scalar as data of a format. */
export function leafData(raw: unknown, format: DmFormat, where: string, limits: ValueLimits): Value['data'] {
  const wrong = (takes: string): never => {
    throw new ManagementError('BAD_FORMAT', `${where}: ${show(raw)} is not ${takes}; the node's format is ${format}`, {
      expected: format,
    });
  };
  const text =
    typeof raw === 'string'
      ? raw
      : typeof raw === 'number' || typeof raw === 'bigint' || typeof raw === 'boolean'
        ? String(raw)
        : undefined;
  if (text !== undefined && Buffer.byteLength(text) > limits.valueOctets) {
    throw new ManagementError(
      'LIMIT_VALUE_SIZE',
      `${where}: ${Buffer.byteLength(text)} octets; at most ${limits.valueOctets} can be sent in a command`,
    );
  }
  if (text !== undefined && !isStorable(text))
    throw new ManagementError('BAD_FORMAT', `${where}: text must not hold U+0000 or lone surrogates`, {
      expected: format,
    });
  switch (format) {
    case 'null':
      return raw === null || raw === undefined || raw === '' ? null : wrong('empty');
    case 'bool':
      if (typeof raw === 'boolean') return raw;
      return text !== undefined && /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : wrong('a boolean');
    case 'int':
      if (text === undefined || typeof raw === 'boolean' || !INTEGER.test(text)) return wrong('an integer');
      return integer(BigInt(text), where);
    case 'float':
      if (text === undefined || typeof raw === 'boolean' || !FLOAT.test(text)) return wrong('a number');
      return text === 'INF' ? Number.POSITIVE_INFINITY : text === '-INF' ? Number.NEGATIVE_INFINITY : Number(text);
    case 'bin':
      if (text === undefined || !BASE64.test(text) || text.length % 4 !== 0) return wrong('Base64 text');
      return Buffer.from(text, 'base64');
    case 'b64':
      return text !== undefined && BASE64.test(text) && text.length % 4 === 0 ? text : wrong('Base64 text');
    case 'date':
      return text !== undefined && DATE.test(text) ? text : wrong('a date (2026-01-31)');
    case 'time':
      return text !== undefined && TIME.test(text) ? text : wrong('a time (06:45:00Z)');
    case 'chr':
    case 'xml':
      return text ?? wrong('text');
    case 'node':
      return wrong('an object of child nodes');
  }
}

function integer(value: bigint, where: string): number | bigint {
  if (value < -(2n ** 63n) || value >= 2n ** 63n)
    throw new ManagementError('OUT_OF_RANGE', `${where}: ${value} does not fit 64 bits`);
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

function show(raw: unknown): string {
  const text = JSON.stringify(raw, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v)) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
