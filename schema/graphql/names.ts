/**
 * Node names and MO families as GraphQL names. A name follows from the node (or the family) alone; where two meet, a
 * suffix is added that follows from the node alone. The way back is by the family's nodes, not by the name.
 */
import { createHash } from 'node:crypto';

import { encodeName } from '../ddf/library';
import type { MutationKind } from './types';

/** Longer names are cut and get a suffix. */
const MAX_FIELD_NAME = 100;
const MAX_TYPE_NAME = 120;

/** Fields that every list element, or every MO, has of its own. */
const RESERVED_FIELDS: ReadonlySet<string> = new Set(['mo', 'nodeName']);

/** What a generated mutation's input has beside the tree. */
export const CONTROL_FIELDS: ReadonlySet<string> = new Set([
  'deviceId',
  'miid',
  'atomic',
  'onFailure',
  'priority',
  'expiresIn',
  'wait',
  'dryRun',
  'idempotencyKey',
  'withoutArgument',
]);

/** What every filter has beside the tree. */
export const FILTER_FIELDS: ReadonlySet<string> = new Set(['and', 'or', 'not', 'exists']);

/** Field of an unnamed node: the list of what its parent holds. */
export const LIST_FIELD = 'items';

/**
 * Words of a raw name: `AllowUSBConnection` → Allow USB Connection, `AppIDs` → App IDs, `3GPP_QoS` → 3GPP Qo S.
 * Characters beyond ASCII lose their accents or become `u` and their code.
 */
export function wordsOf(rawName: string): readonly string[] {
  const ascii = /^[\x20-\x7e]*$/.test(rawName) ? rawName : toAscii(rawName);
  // IPv4 and VPNv2 are one word each; an acronym in the plural keeps its s; digits stay with the small letters after them.
  return (
    ascii.match(
      /IPv(?![a-z])|[A-Z]{2,}v[0-9]+(?![a-z])|[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+[a-z]*/g,
    ) ?? []
  );
}

/** `DevID` → `devId`, `URI` → `uri`, `1xA` → `_1xA`, `mo` → `moNode`; '' → `items`. Always a legal GraphQL name. */
export function fieldNameOf(rawName: string): string {
  if (rawName === '') return LIST_FIELD;
  const name = camelCase(rawName);
  return RESERVED_FIELDS.has(name) ? `${name}Node` : name;
}

export function camelCase(rawName: string): string {
  const [first, ...rest] = wordsOf(rawName);
  if (first === undefined) return `node_${suffixOf(rawName)}`;
  const name = joined([first.toLowerCase(), ...rest.map(capital)]);
  return shorten(/^[0-9]/.test(name) ? `_${name}` : name, rawName, MAX_FIELD_NAME);
}

/** A part of a type's name; begins with a capital or a digit. */
export function pascalCase(rawName: string): string {
  const words = wordsOf(rawName);
  return words.length === 0
    ? `Node_${suffixOf(rawName)}`
    : shorten(joined(words.map(capital)), rawName, MAX_FIELD_NAME);
}

/** Keeps two nodes apart whose names meet: eight hexadecimal digits that follow from the raw text alone. */
export function suffixOf(raw: string): string {
  return createHash('sha256').update(raw).digest('hex').slice(0, 8);
}

/** The name of a type below an MO's root. One that ends as the names of filters do would meet its parent's. */
export function typeNameOf(name: string, path: string): string {
  const short = shorten(name, path);
  return /(?:Filter|ItemList)$/.test(short) ? `${short}Node` : short;
}

export function filterTypeName(typeName: string): string {
  return `${typeName}Filter`;
}

/** Of what tests the entries of an unnamed node. */
export function listFilterTypeName(typeName: string): string {
  return `${typeName}ListFilter`;
}

export function inputTypeName(kind: MutationKind, typeName: string): string {
  return `${capital(kind)}${typeName}Input`;
}

/** All names that a type of this name takes, whether or not each is made. */
export function namesAround(typeName: string): readonly string[] {
  const inputs = (['replace', 'add', 'delete', 'exec'] as const).map((kind) => inputTypeName(kind, typeName));
  return [typeName, filterTypeName(typeName), listFilterTypeName(typeName), ...inputs];
}

/** A name of at most `limit` characters; one that is cut ends in a suffix of its raw text. */
export function shorten(name: string, raw: string, limit: number = MAX_TYPE_NAME): string {
  return name.length <= limit ? name : `${name.slice(0, limit - 9)}_${suffixOf(raw)}`;
}

/** A raw name as a segment of a path; unnamed nodes stand as `*`. */
export function segmentOf(rawName: string): string {
  return rawName === '' ? '*' : encodeName(rawName);
}

/** Two numbers side by side would read as one: `Level1_2` is `level1_2`. */
function joined(words: readonly string[]): string {
  return words.reduce((name, word) => (/[0-9]$/.test(name) && /^[0-9]/.test(word) ? `${name}_${word}` : name + word));
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}

function toAscii(text: string): string {
  let ascii = '';
  for (const character of text.normalize('NFKD')) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) ascii += character;
    else if (!/\p{M}/u.test(character)) ascii += `U${code.toString(16)}`;
  }
  return ascii;
}
