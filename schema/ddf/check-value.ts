/**
 * Whether a value is one of those that a node's DDF allows: the one set of rules for generated inputs and for commands
 * that come otherwise. Source: DDFv2Msft.xsd, AllowedValues; the older dialect's SupportedValues.
 */
import type { AllowedValues } from './model';
import { compilePattern, type PatternTest } from './pattern';

/** How many values a message lists. */
const LISTED = 20;
const MAX_QUOTED = 60;
const MAX_RULE = 300;

/**
 * Only what is plainly outside is refused: a rule that is not understood (a schema, a policy's definition, an odd pattern)
 * leaves the value to the device.
 *
 * @param value a leaf's value as adapters have it; octets and null are allowed by every rule
 */
export function isAllowedValue(allowed: AllowedValues | undefined, value: unknown): boolean {
  if (!isScalar(value) || allowed === undefined) return true;
  switch (allowed.kind) {
    case 'enum':
      return partsOf(value, allowed.delimiter).every((part) =>
        allowed.values.some((entry) => isSame(entry.value, part)),
      );
    case 'range': {
      const integer = integerOf(value);
      if (integer === undefined) return true;
      return allowed.ranges.some(
        ({ min, max }) => (min === undefined || integer >= min) && (max === undefined || integer <= max),
      );
    }
    case 'pattern':
      return partsOf(value, allowed.delimiter).every((part) => patternOf(allowed)?.(String(part)) ?? true);
    case 'flags':
      return isSumOf(allowed.values, value);
    case 'other':
      return true;
  }
}

/** What a rule takes, for people: `1, 2, 3`, `1..5`, `a text like ^[0-9]+$`, `a sum of 0x1, 0x2`. */
export function describeAllowed(allowed: AllowedValues | undefined): string {
  switch (allowed?.kind) {
    case 'enum':
      return listed(allowed.delimiter) + listOf(allowed.values);
    case 'range':
      return allowed.ranges.map(({ min, max }) => `${min ?? ''}..${max ?? ''}`).join(', ');
    case 'pattern':
      return `${listed(allowed.delimiter)}a text like ${shortened(allowed.pattern)}`;
    case 'flags':
      return `a sum of ${listOf(allowed.values)}`;
    case 'other':
      return allowed.type === 'ADMX'
        ? `a policy of ADMX: ${shortened(allowed.text)}`
        : `by the ${allowed.type} in its DDF`;
    case undefined:
      return 'anything';
  }
}

function shortened(text: string): string {
  return text.length > MAX_RULE ? `${text.slice(0, MAX_RULE)} …` : text;
}

/** A value as a message shows it. */
export function quoteValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_QUOTED));
  return isScalar(value) ? String(value) : typeof value;
}

/** Whether a value stands for an entry of a list: the same text, or the same integer or truth however written. */
export function isSame(entry: string, value: string | number | bigint | boolean): boolean {
  if (entry === String(value)) return true;
  if (typeof value === 'boolean') return isTruth(entry, value);
  if (typeof value === 'string') return entry.trim() === value.trim();
  const integer = integerOf(entry);
  return integer !== undefined && integer === integerOf(value);
}

/** DDFs write integers in decimal, or in hexadecimal after 0x. Absent where a value is none. */
export function integerOf(value: string | number | bigint | boolean): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  if (typeof value === 'boolean') return undefined;
  const bare = value.trim();
  return /^(?:-?[0-9]{1,40}|0x[0-9a-f]{1,32})$/i.test(bare) ? BigInt(bare) : undefined;
}

function isTruth(entry: string, value: boolean): boolean {
  const text = entry.trim().toLowerCase();
  return value ? text === 'true' || text === '1' : text === 'false' || text === '0';
}

function partsOf(
  value: string | number | bigint | boolean,
  delimiter: string | undefined,
): readonly (string | number | bigint | boolean)[] {
  if (delimiter === undefined || delimiter === '' || typeof value !== 'string') return [value];
  return value === '' ? [] : value.split(characterOf(delimiter));
}

/** Some files write a delimiter as a number: `0xF000`, `\xF000`. */
function characterOf(delimiter: string): string {
  const code = /^(?:0x|\\x)([0-9A-Fa-f]{2,4})$/.exec(delimiter)?.[1];
  return code === undefined ? delimiter : String.fromCharCode(Number.parseInt(code, 16));
}

function isSumOf(values: readonly { readonly value: string }[], value: string | number | bigint | boolean): boolean {
  const sum = integerOf(value);
  if (sum === undefined) return typeof value !== 'string' || values.some((entry) => entry.value === value);
  let mask = 0n;
  for (const { value: text } of values) {
    const flag = integerOf(text);
    // A flag that is no number says nothing that could be summed.
    if (flag === undefined) return true;
    if (flag === sum) return true;
    if (flag > 0n) mask |= flag;
  }
  return sum >= 0n && (sum & ~mask) === 0n;
}

const patterns = new WeakMap<AllowedValues, { readonly test?: PatternTest }>();

function patternOf(allowed: Extract<AllowedValues, { kind: 'pattern' }>): PatternTest | undefined {
  const known = patterns.get(allowed);
  if (known) return known.test;
  const test = compilePattern(allowed.pattern);
  patterns.set(allowed, test ? { test } : {});
  return test;
}

function listed(delimiter: string | undefined): string {
  return delimiter === undefined ? '' : `a list, separated by ${JSON.stringify(characterName(delimiter))}, of `;
}

/** A delimiter that no screen shows by its number: U+F000. */
export function characterName(delimiter: string): string {
  const code = characterOf(delimiter);
  if (/^[\x21-\x7e]+$/.test(code)) return code;
  return Array.from(code, (one) => `U+${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`).join(
    ' ',
  );
}

function listOf(values: readonly { readonly value: string }[]): string {
  return (
    values
      .slice(0, LISTED)
      .map(({ value }) => value)
      .join(', ') + (values.length > LISTED ? ', …' : '')
  );
}

function isScalar(value: unknown): value is string | number | bigint | boolean {
  return (
    typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
  );
}
