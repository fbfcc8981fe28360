/** Closed lists of values as GraphQL enums, where every value of a list can be named well. */
import { integerOf, isSame } from '../ddf/check-value';
import type { AllowedValues } from '../ddf/model';
import type { EnumValue, NodeRule } from './types';

/** A name of more words is a sentence, and no good name. */
const MAX_WORDS = 6;
const MAX_LENGTH = 48;
const MAX_VALUES = 200;
/** How far the first sentence of a description goes: the shorter first; all values of a list are cut alike. */
const CUTS: readonly RegExp[] = [/[.:;(\n]|\s-\s|$/, /[.:;\n]|\s-\s|$/];

type Listed = Extract<AllowedValues, { readonly kind: 'enum' }>['values'];

/**
 * Names for a closed list; absent when the list is not closed in each version, has fewer than two values, or one of them
 * cannot be named.
 *
 * A text that reads as a name is its value's name (`SHA196`, `Force-Allow` → `FORCE_ALLOW`); for numbers the beginning of the
 * description is (`Not allowed.` → `NOT_ALLOWED`). Definitions of one version speak together, and one that says
 * nothing is no contradiction; a version that says nothing at all allows everything, so the list is open.
 *
 * @param rules  what each definition says, the newest first
 */
export function enumValuesOf(rules: readonly NodeRule[], isText: boolean): readonly EnumValue[] | undefined {
  const listed = closedList(rules);
  if (!listed || listed.length < 2 || listed.length > MAX_VALUES) return undefined;
  if (isText) {
    const named = nameAll(listed, (entry) => nameOfText(entry.value));
    if (named) return named;
  }
  for (const cut of CUTS) {
    const named = nameAll(listed, (entry) => nameOfDescription(entry.description ?? '', cut));
    if (named) return named;
  }
  return undefined;
}

function closedList(rules: readonly NodeRule[]): Listed | undefined {
  const spoken = rules.flatMap(({ allowed }) => (allowed ? [allowed] : []));
  const listed: { value: string; description?: string }[] = [];
  for (const allowed of spoken) {
    if (allowed.kind !== 'enum') continue;
    if (allowed.delimiter !== undefined) return undefined;
    for (const { value, description } of allowed.values) {
      const known = listed.find((entry) => isEntry(entry.value, value));
      if (!known) listed.push(description === undefined ? { value } : { value, description });
      else if (known.description === undefined && description !== undefined) known.description = description;
      if (listed.length > MAX_VALUES) return undefined;
    }
  }
  const isClosed = spoken.every((allowed) => allowed.kind === 'enum' || isWithin(allowed, listed));
  return isClosed && everyVersionSpeaks(rules) ? listed : undefined;
}

function isEntry(entry: string, value: string): boolean {
  const integer = integerOf(value);
  return isSame(entry, integer ?? value);
}

/** Older releases tell the range of what newer ones list. */
function isWithin(allowed: AllowedValues, listed: Listed): boolean {
  if (allowed.kind !== 'range') return false;
  return allowed.ranges.every(({ min, max }) => {
    if (min === undefined || max === undefined || max - min > BigInt(listed.length)) return false;
    for (let value = min; value <= max; value++) if (!listed.some((entry) => isSame(entry.value, value))) return false;
    return true;
  });
}

/** A definition without version speaks for every one. */
function everyVersionSpeaks(rules: readonly NodeRule[]): boolean {
  if (rules.some(({ version, allowed }) => version === '' && allowed)) return true;
  const versions = new Set(rules.map(({ version }) => version).filter((version) => version !== ''));
  return [...versions].every((version) => rules.some((rule) => rule.version === version && rule.allowed));
}

function nameAll(
  listed: Listed,
  nameOf: (entry: Listed[number]) => string | undefined,
): readonly EnumValue[] | undefined {
  const names = new Set<string>();
  const values: EnumValue[] = [];
  for (const entry of listed) {
    const name = nameOf(entry);
    if (name === undefined || names.has(name)) return undefined;
    names.add(name);
    values.push({ name, raw: entry.value, ...(entry.description ? { description: entry.description } : {}) });
  }
  return values;
}

function nameOfText(value: string): string | undefined {
  return /^[A-Za-z][A-Za-z0-9]*(?:[ _.-][A-Za-z0-9]+)*$/.test(value) ? upperSnake(value) : undefined;
}

function nameOfDescription(description: string, cut: RegExp): string | undefined {
  const text = description.slice(0, 200).replace(/^\s*\([^)]*\)\s*/, '');
  return upperSnake(text.slice(0, text.search(cut)));
}

/** `Not allowed` → NOT_ALLOWED, `Off/None` → OFF_NONE; absent where no good name comes of it. */
function upperSnake(text: string): string | undefined {
  if (/[^\x20-\x7e]/.test(text)) return undefined;
  const words =
    text
      .replace(/['"]/g, '')
      .replace(/([a-z])([A-Z][a-z])/g, '$1 $2')
      .match(/[A-Za-z0-9]+/g) ?? [];
  const name = words.join('_').toUpperCase();
  const isGood = words.length > 0 && words.length <= MAX_WORDS && name.length <= MAX_LENGTH && /^[A-Z]/.test(name);
  return isGood ? name : undefined;
}
