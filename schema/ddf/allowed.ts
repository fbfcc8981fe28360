/** Allowed values as Microsoft's two dialects write them. Source: DDFv2Msft.xsd; the older dialect as found in its files. */
import type { AllowedValues } from './model';
import type { WarningLog } from './warnings';
import type { XmlElement } from './xml';

type Described = { readonly value: string; readonly description?: string };

/** Cap on the values of one list; longer ones are kept as text. */
const MAX_VALUES = 1_000;

/** Kinds of the newer dialect that are read, when they are as they should be. */
const UNDERSTOOD: ReadonlySet<string> = new Set(['ENUM', 'Flag', 'RegEx', 'Range']);

export function readAllowedValues(element: XmlElement, warnings: WarningLog): AllowedValues | undefined {
  return element.name === 'AllowedValues' ? readNew(element, warnings) : readOld(element);
}

function readNew(element: XmlElement, warnings: WarningLog): AllowedValues | undefined {
  const type = (element.attributes['ValueType'] ?? 'None').trim();
  const enums: Described[] = [];
  const texts: string[] = [];
  let delimiter: string | undefined;
  for (const child of element.children) {
    if (child.name === 'Enum') enums.push(describedValue(child));
    else if (child.name === 'List') delimiter = delimiterOf(child.attributes['Delimiter']);
    else if (child.name === 'Value') texts.push(child.text.trim());
    else if (child.name === 'AdmxBacked')
      texts.push(
        Object.entries(child.attributes)
          .map(([k, v]) => `${k}=${v}`)
          .join(' '),
      );
  }
  const text = texts.join('\n');
  switch (type) {
    case 'None':
      return undefined;
    case 'ENUM':
      if (enums.length === 0 || enums.length > MAX_VALUES) break;
      return { kind: 'enum', values: enums, ...(delimiter === undefined ? {} : { delimiter }) };
    case 'Flag':
      if (enums.length === 0 || enums.length > MAX_VALUES) break;
      return { kind: 'flags', values: enums };
    case 'RegEx':
      if (text === '') break;
      return { kind: 'pattern', pattern: text, ...(delimiter === undefined ? {} : { delimiter }) };
    case 'Range': {
      const ranges = readRanges(text);
      if (ranges && delimiter === undefined) return { kind: 'range', ranges, text };
      break;
    }
  }
  if (UNDERSTOOD.has(type)) warnings.add('ALLOWED_VALUES', element, `${type} ${text}`);
  return { kind: 'other', type, text };
}

/** `0xF000` and `\xF000` are how files write a character that no keyboard has. */
function delimiterOf(text: string | undefined): string | undefined {
  const code = /^(?:0x|\\x)([0-9a-f]{1,6})$/i.exec(text ?? '')?.[1];
  const point = code === undefined ? NaN : parseInt(code, 16);
  return point <= 0x10ffff ? String.fromCodePoint(point) : text || undefined;
}

/** `MinValue` and `MaxValue`, one of which may be empty. */
export function readBounds(low: string | undefined, high: string | undefined): AllowedValues | undefined {
  const min = readInteger(low);
  const max = readInteger(high);
  if (min === undefined && max === undefined) return undefined;
  return { kind: 'range', ranges: [{ min, max }], text: `[${min ?? ''}-${max ?? ''}]` };
}

/** `SupportedValues` with `low` and `high`, a comma list, or children. */
function readOld(element: XmlElement): AllowedValues | undefined {
  const { low, high, AllowedValues: list } = element.attributes;
  if (low !== undefined || high !== undefined) {
    const bounds = readBounds(low, high);
    if (bounds) return bounds;
  }
  if (list !== undefined) {
    const values = list
      .split(',', MAX_VALUES + 1)
      .map((value) => ({ value: value.trim() }))
      .filter(({ value }) => value !== '');
    if (values.length > 0 && values.length <= MAX_VALUES) return { kind: 'enum', values };
  }
  const values = element.children
    .filter((child) => child.name === 'SupportedValue')
    .map((child) => {
      const description = child.attributes['description']?.trim();
      return { value: (child.attributes['value'] ?? child.text).trim(), ...(description ? { description } : {}) };
    });
  return values.length > 0 && values.length <= MAX_VALUES ? { kind: 'enum', values } : undefined;
}

function describedValue(element: XmlElement): Described {
  const value = element.children.find((child) => child.name === 'Value')?.text.trim() ?? '';
  const description = element.children.find((child) => child.name === 'ValueDescription')?.text.trim();
  return description ? { value, description } : { value };
}

function readRanges(text: string): readonly { readonly min?: bigint; readonly max?: bigint }[] | undefined {
  if (text.length > 1_000) return undefined;
  const ranges: { readonly min?: bigint; readonly max?: bigint }[] = [];
  for (const part of text.split(/[\n,;]/)) {
    const match = /^\s*\[?\s*\(?(-?[0-9]{1,20})\)?\s*-\s*\(?(-?[0-9]{1,20})\)?\s*\]?\s*$/.exec(part);
    if (!match) return undefined;
    ranges.push({ min: BigInt(match[1] ?? 0), max: BigInt(match[2] ?? 0) });
  }
  return ranges;
}

function readInteger(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\s*-?[0-9]{1,20}\s*$/.test(text) ? BigInt(text.trim()) : undefined;
}
